//! How other contracts talk to this one.
//!
//! Epoch sets are read from the raw state: a set of 100 validators is 20 KB of JSON, and a smart query would load this
//! contract only to parse it and write it out again, at a third of what an epoch costs.

use cosmwasm_std::{to_json_binary, Addr, Binary, QuerierWrapper, StdError, StdResult, Uint128, WasmMsg};
use openledger_contract_kit::Bps;

use crate::{
    msg::{ConfigResponse, EpochSet, ExecuteMsg, PowerResponse, QueryMsg, ReceiveMsg},
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

    /// Slasher: takes a part of validators' stake for what they did in a set.
    pub fn slash_validators(
        &self,
        case_id: u64,
        set_id: u64,
        validators: &[Addr],
        fraction: Bps,
        tombstone: bool,
    ) -> StdResult<WasmMsg> {
        self.call(&ExecuteMsg::SlashValidators {
            case_id: case_id.into(),
            set_id: set_id.into(),
            validators: validators.iter().map(Addr::to_string).collect(),
            fraction,
            tombstone,
        })
    }

    /// Slasher: takes a part of an operator's bond.
    pub fn slash_operator(&self, case_id: u64, operator: &Addr, fraction: Bps, bar: bool) -> StdResult<WasmMsg> {
        self.call(&ExecuteMsg::SlashOperator { case_id: case_id.into(), operator: operator.to_string(), fraction, bar })
    }

    fn call(&self, message: &ExecuteMsg) -> StdResult<WasmMsg> {
        Ok(WasmMsg::Execute { contract_addr: self.address.to_string(), msg: to_json_binary(message)?, funds: vec![] })
    }

    /// Hook message of a cw20 `send` that funds rewards.
    pub fn fund_rewards_hook() -> StdResult<Binary> {
        to_json_binary(&ReceiveMsg::FundRewards {})
    }
}
