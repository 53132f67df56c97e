//! How other contracts talk to this one.
//!
//! Epoch sets are read from the raw state: a set of 100 validators is 20 KB of JSON, and a smart query would load this
//! contract only to parse it and write it out again, at a third of what an epoch costs.

use cosmwasm_std::{Addr, Binary, QuerierWrapper, StdError, StdResult, Uint128};

use crate::{
    msg::{ConfigResponse, EpochSet, PowerResponse, QueryMsg, ReceiveMsg},
    state::{Operator, LATEST_SET, OPERATORS, SETS},
};

/// A staking contract at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    address: &'a Addr,
}

impl<'a> Client<'a> {
    /// Talks to the contract at `address`.
    pub fn new(address: &'a Addr) -> Self {
        Self { address }
    }

    /// Token, owner and parameters.
    pub fn config(&self, querier: &QuerierWrapper) -> StdResult<ConfigResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Config {})
    }

    /// One epoch set; fails when there is none by that id.
    pub fn set(&self, querier: &QuerierWrapper, set_id: u64) -> StdResult<EpochSet> {
        let set = SETS.query(querier, self.address.clone(), set_id)?;
        set.ok_or_else(|| StdError::not_found(format!("epoch set {set_id}")))
    }

    /// Id of the newest epoch set; fails before the first.
    pub fn latest_set_id(&self, querier: &QuerierWrapper) -> StdResult<u64> {
        LATEST_SET.query(querier, self.address.clone())
    }

    /// One node operator, if it ever registered. Its bond and whether it is barred say what it may submit.
    pub fn operator(&self, querier: &QuerierWrapper, operator: &Addr) -> StdResult<Option<Operator>> {
        OPERATORS.query(querier, self.address.clone(), operator)
    }

    /// Bonded tokens of `account` at the start of block `height`.
    pub fn power_at(&self, querier: &QuerierWrapper, account: &Addr, height: u64) -> StdResult<Uint128> {
        let msg = QueryMsg::PowerAt { account: account.to_string(), height: Some(height.into()) };
        Ok(querier.query_wasm_smart::<PowerResponse>(self.address, &msg)?.power)
    }

    /// All bonded tokens at the start of block `height`.
    pub fn total_power_at(&self, querier: &QuerierWrapper, height: u64) -> StdResult<Uint128> {
        let msg = QueryMsg::TotalPowerAt { height: Some(height.into()) };
        Ok(querier.query_wasm_smart::<PowerResponse>(self.address, &msg)?.power)
    }

    /// Hook message of a cw20 `send` that funds rewards.
    pub fn fund_rewards_hook() -> StdResult<Binary> {
        cosmwasm_std::to_json_binary(&ReceiveMsg::FundRewards {})
    }
}
