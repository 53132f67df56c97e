//! How other contracts talk to this one.

use cosmwasm_std::{Addr, QuerierWrapper, StdResult, Uint64};

use crate::msg::{BatchResponse, ConfigResponse, EpochResponse, QueryMsg, SessionResponse, SolvencyResponse};

/// A settlement contract at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    address: &'a Addr,
}

impl<'a> Client<'a> {
    /// Talks to the contract at `address`.
    pub fn new(address: &'a Addr) -> Self {
        Self { address }
    }

    /// Addresses, parameters and pause.
    pub fn config(&self, querier: &QuerierWrapper) -> StdResult<ConfigResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Config {})
    }

    /// One session; fails when there is none by that id.
    pub fn session(&self, querier: &QuerierWrapper, session_id: u64) -> StdResult<SessionResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Session { session_id: Uint64::new(session_id) })
    }

    /// One batch; fails when there is none by that id.
    pub fn batch(&self, querier: &QuerierWrapper, batch_id: u64) -> StdResult<BatchResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Batch { batch_id: Uint64::new(batch_id) })
    }

    /// One epoch; fails when there is none by that number.
    pub fn epoch(&self, querier: &QuerierWrapper, epoch: u64) -> StdResult<EpochResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Epoch { epoch: Uint64::new(epoch) })
    }

    /// What the contract owes against what it holds.
    pub fn solvency(&self, querier: &QuerierWrapper) -> StdResult<SolvencyResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Solvency {})
    }
}
