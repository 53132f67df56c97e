//! What the contract remembers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Storage, Uint128};
use cw_storage_plus::{Item, Map};
use openledger_contract_kit::{ownership::Ownership, KitError};

use crate::{
    error::ContractError,
    msg::{CaseResponse, DisputeResponse, Params},
};

/// Fixed at instantiation.
pub const CONFIG: Item<Config> = Item::new("config");
/// Owner and proposed owner.
pub const OWNERSHIP: Item<Ownership> = Item::new("ownership");
/// Fractions and windows.
pub const PARAMS: Item<Params> = Item::new("params");
/// Proven frauds by id.
pub const CASES: Map<u64, CaseResponse> = Map::new("cases");
/// Last case id given.
pub const LAST_CASE: Item<u64> = Item::new("last_case");
/// Case of a batch that was proven false: there is one at most.
pub const CASE_OF_BATCH: Map<u64, u64> = Map::new("case_of_batch");
/// Case of a validator that signed two statements, by epoch and round: there is one at most.
pub const CASE_OF_ROUND: Map<(&Addr, u64, u32), u64> = Map::new("case_of_round");
/// Disputes by id.
pub const DISPUTES: Map<u64, DisputeResponse> = Map::new("disputes");
/// Last dispute id given.
pub const LAST_DISPUTE: Item<u64> = Item::new("last_dispute");
/// Dispute of a receipt, by batch and digest, that is open or has its verdict.
pub const DISPUTE_OF_RECEIPT: Map<(u64, &[u8]), u64> = Map::new("dispute_of_receipt");
/// Bonds of open disputes, in `uopen`.
pub const BONDS: Item<Uint128> = Item::new("bonds");

/// Addresses.
#[cw_serde]
pub struct Config {
    /// Whose batches and epochs are judged.
    pub settlement: Addr,
    /// Token of bonds and slashes.
    pub token: Addr,
    /// Whose validators sign and which slashes.
    pub staking: Addr,
    /// Base models and adapters.
    pub models: Addr,
    /// Account of the treasury's share.
    pub treasury: Addr,
}

/// The next id of a counter.
pub fn next(storage: &mut dyn Storage, counter: &Item<u64>) -> Result<u64, ContractError> {
    let last = counter.may_load(storage)?.unwrap_or_default();
    let next = last.checked_add(1).ok_or(KitError::Overflow { what: "id" })?;
    counter.save(storage, &next)?;
    Ok(next)
}

/// The case, or a typed error.
pub fn load_case(storage: &dyn Storage, case_id: u64) -> Result<CaseResponse, ContractError> {
    CASES.may_load(storage, case_id)?.ok_or(ContractError::UnknownCase { case_id })
}

/// The dispute, or a typed error.
pub fn load_dispute(storage: &dyn Storage, dispute_id: u64) -> Result<DisputeResponse, ContractError> {
    DISPUTES.may_load(storage, dispute_id)?.ok_or(ContractError::UnknownDispute { dispute_id })
}
