//! Rows that were taken back.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint64};
use openledger_contract_kit::Digest;

/// What has to be erased, and whether it was.
#[cw_serde]
pub struct Erasure {
    /// Which contribution.
    pub contribution_id: Uint64,
    /// Its cluster, which later versions have without rows.
    pub cluster: u32,
    /// Published versions up to this one have the rows; 0 when none has.
    pub last_version: u32,
    /// When it was taken back.
    pub requested_at: Uint64,
    /// First second at which nobody may hold its rows or serve what was trained on them.
    pub sunset_at: Uint64,
    /// Who says that it is done; absent until somebody does.
    pub confirmed_by: Option<Addr>,
    /// SHA-256 of the record of the erasure.
    pub evidence: Option<Digest>,
}

/// A page of erasures.
#[cw_serde]
pub struct ErasuresResponse {
    /// By contribution.
    pub erasures: Vec<Erasure>,
}
