//! How other contracts talk to this one.

use cosmwasm_std::{Addr, Binary, QuerierWrapper, StdResult, Uint64};

use crate::msg::{ConfigResponse, EpochSet, QueryMsg, ReceiveMsg};

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
        querier.query_wasm_smart(self.address, &QueryMsg::Set { set_id: Uint64::new(set_id) })
    }

    /// The newest epoch set; fails before the first.
    pub fn latest_set(&self, querier: &QuerierWrapper) -> StdResult<EpochSet> {
        querier.query_wasm_smart(self.address, &QueryMsg::LatestSet {})
    }

    /// Hook message of a cw20 `send` that funds rewards.
    pub fn fund_rewards_hook() -> StdResult<Binary> {
        cosmwasm_std::to_json_binary(&ReceiveMsg::FundRewards {})
    }
}
