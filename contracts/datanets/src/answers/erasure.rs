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
    /// Absent until somebody says that it is done.
    pub confirmed: Option<Confirmation>,
}

/// Somebody says that rows are erased.
#[cw_serde]
pub struct Confirmation {
    /// Who.
    pub by: Addr,
    /// SHA-256 of the record of the erasure.
    pub evidence: Digest,
    /// When.
    pub at: Uint64,
}

/// A page of erasures.
#[cw_serde]
pub struct ErasuresResponse {
    /// By contribution.
    pub erasures: Vec<Erasure>,
}
