//! How other contracts talk to this one.
//!
//! Books are read from the raw state: absence is then a fact and not an error among others, and neither contract spends code
//! or gas on a query's JSON.

use cosmwasm_std::{to_json_binary, Addr, Binary, QuerierWrapper, StdResult, Uint128, Uint64, WasmMsg};

use crate::{
    msg::{BatchSummary, ChargeResponse, EpochResponse, ExecuteMsg, ReceiveMsg},
    state::{Config, Session, BATCHES, CHARGES, CONFIG, EPOCHS, RESTITUTED, SESSIONS},
};

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

    /// Addresses; fails when there is no such contract.
    pub fn config(&self, querier: &QuerierWrapper) -> StdResult<Config> {
        CONFIG.query(querier, self.address.clone())
    }

    /// One session.
    pub fn session(&self, querier: &QuerierWrapper, session_id: u64) -> StdResult<Option<Session>> {
        SESSIONS.query(querier, self.address.clone(), session_id)
    }

    /// One batch without its charges.
    pub fn batch(&self, querier: &QuerierWrapper, batch_id: u64) -> StdResult<Option<BatchSummary>> {
        BATCHES.query(querier, self.address.clone(), batch_id)
    }

    /// What a batch charged, by ascending session id; empty when there is none by that id.
    pub fn charges(&self, querier: &QuerierWrapper, batch_id: u64) -> StdResult<Vec<ChargeResponse>> {
        Ok(CHARGES.query(querier, self.address.clone(), batch_id)?.unwrap_or_default())
    }

    /// What the sessions of a batch got back after its epoch paid, whoever gave it.
    pub fn restituted(&self, querier: &QuerierWrapper, batch_id: u64) -> StdResult<Uint128> {
        let parts = RESTITUTED.query(querier, self.address.clone(), batch_id)?.unwrap_or_default();
        Ok(parts.into_iter().try_fold(Uint128::zero(), |sum, part| sum.checked_add(part))?)
    }

    /// One epoch; none when it was voided.
    pub fn epoch(&self, querier: &QuerierWrapper, epoch: u64) -> StdResult<Option<EpochResponse>> {
        EPOCHS.query(querier, self.address.clone(), epoch)
    }

    /// Arbiter: voids a false batch.
    pub fn void_batch(&self, batch_id: u64) -> StdResult<WasmMsg> {
        self.call(&ExecuteMsg::VoidBatch { batch_id: Uint64::new(batch_id) })
    }

    /// Arbiter: voids an epoch and those after it.
    pub fn void_epochs(&self, epoch: u64) -> StdResult<WasmMsg> {
        self.call(&ExecuteMsg::VoidEpochs { epoch: Uint64::new(epoch) })
    }

    /// Arbiter: a node submits no more.
    pub fn bar_node(&self, node: &Addr) -> StdResult<WasmMsg> {
        self.call(&ExecuteMsg::BarNode { node: node.to_string() })
    }

    fn call(&self, message: &ExecuteMsg) -> StdResult<WasmMsg> {
        Ok(WasmMsg::Execute { contract_addr: self.address.to_string(), msg: to_json_binary(message)?, funds: vec![] })
    }
}

/// Hook message of a cw20 `send` that makes good what a batch took from its sessions.
pub fn restitution_hook(batch_id: u64) -> StdResult<Binary> {
    to_json_binary(&ReceiveMsg::Restitution { batch_id: Uint64::new(batch_id) })
}
