//! How others talk to this contract.

use cosmwasm_std::{Addr, QuerierWrapper, StdResult, Uint64};

use crate::msg::{CaseResponse, ConfigResponse, DisputeResponse, QueryMsg};

/// A disputes contract at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    address: &'a Addr,
}

impl<'a> Client<'a> {
    /// Talks to the contract at `address`.
    pub fn new(address: &'a Addr) -> Self {
        Self { address }
    }

    /// Addresses, owner and parameters.
    pub fn config(&self, querier: &QuerierWrapper) -> StdResult<ConfigResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Config {})
    }

    /// One case; fails when there is none by that id.
    pub fn case(&self, querier: &QuerierWrapper, case_id: u64) -> StdResult<CaseResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Case { case_id: Uint64::new(case_id) })
    }

    /// One dispute; fails when there is none by that id.
    pub fn dispute(&self, querier: &QuerierWrapper, dispute_id: u64) -> StdResult<DisputeResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Dispute { dispute_id: Uint64::new(dispute_id) })
    }
}
