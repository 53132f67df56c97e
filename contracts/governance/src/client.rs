//! How other contracts and clients talk to this one.

use cosmwasm_std::{Addr, QuerierWrapper, StdResult, Uint64};

use crate::msg::{
    ConfigResponse, DiffResponse, GuardiansResponse, NewProposal, ProposalResponse, QueryMsg, SimulateResponse,
    SolvencyResponse, VoteResponse, VotingPowerResponse,
};

/// A governance contract at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client<'a> {
    address: &'a Addr,
}

impl<'a> Client<'a> {
    /// Talks to the contract at `address`.
    pub fn new(address: &'a Addr) -> Self {
        Self { address }
    }

    /// Addresses and parameters.
    pub fn config(&self, querier: &QuerierWrapper) -> StdResult<ConfigResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Config {})
    }

    /// One proposal; fails when there is none by that id.
    pub fn proposal(&self, querier: &QuerierWrapper, proposal_id: u64) -> StdResult<ProposalResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Proposal { proposal_id: Uint64::new(proposal_id) })
    }

    /// One vote, if it was given.
    pub fn vote(&self, querier: &QuerierWrapper, proposal_id: u64, voter: &str) -> StdResult<VoteResponse> {
        let question = QueryMsg::Vote { proposal_id: Uint64::new(proposal_id), voter: voter.to_owned() };
        querier.query_wasm_smart(self.address, &question)
    }

    /// With how much power an account can vote on a proposal.
    pub fn voting_power(
        &self,
        querier: &QuerierWrapper,
        proposal_id: u64,
        account: &Addr,
    ) -> StdResult<VotingPowerResponse> {
        let question = QueryMsg::VotingPower { proposal_id: Uint64::new(proposal_id), account: account.to_string() };
        querier.query_wasm_smart(self.address, &question)
    }

    /// Who may pause in an emergency.
    pub fn guardians(&self, querier: &QuerierWrapper) -> StdResult<GuardiansResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Guardians {})
    }

    /// What a proposal would change of a contract's parameters.
    pub fn diff(&self, querier: &QuerierWrapper, proposal_id: u64) -> StdResult<DiffResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Diff { proposal_id: Uint64::new(proposal_id) })
    }

    /// What would become of a proposal.
    pub fn simulate(&self, querier: &QuerierWrapper, proposal: NewProposal) -> StdResult<SimulateResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Simulate { proposal })
    }

    /// What the contract owes against what it holds.
    pub fn solvency(&self, querier: &QuerierWrapper) -> StdResult<SolvencyResponse> {
        querier.query_wasm_smart(self.address, &QueryMsg::Solvency {})
    }
}
