//! How other contracts talk to this one.
//!
//! Epoch sets are read from the raw state: a set of 100 validators is 20 KB of JSON, and a smart query would load this
//! contract only to parse it and write it out again, at a third of what an epoch costs.

use cosmwasm_std::{Addr, Binary, QuerierWrapper, StdError, StdResult};

use crate::{
    msg::{ConfigResponse, EpochSet, QueryMsg, ReceiveMsg},
    state::{LATEST_SET, SETS},
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

    /// Hook message of a cw20 `send` that funds rewards.
    pub fn fund_rewards_hook() -> StdResult<Binary> {
        cosmwasm_std::to_json_binary(&ReceiveMsg::FundRewards {})
    }
}
