//! What queries tell about money and commitments.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Uint128, Uint64};

use crate::msg::Digest;

/// Income that a Datanet ever received. This contract passes it on at once.
#[cw_serde]
#[derive(Default)]
pub struct IncomeResponse {
    /// From the settlement contract, in `uopen`.
    pub usage: Uint128,
    /// From others, in `uopen`.
    pub gifts: Uint128,
}

/// What the contract owes against what it holds.
#[cw_serde]
pub struct SolvencyResponse {
    /// Deposits of undecided contributions, in `uopen`.
    pub deposits: Uint128,
    /// Bonds of Datanets, in `uopen`.
    pub bonds: Uint128,
    /// Bonds of reviewers, in `uopen`.
    pub reviewers: Uint128,
    /// Deposits of open appeals, in `uopen`.
    pub appeals: Uint128,
    /// OPEN on the contract's account, in `uopen`.
    pub held: Uint128,
    /// Whether `held` covers all four.
    pub solvent: bool,
}

/// A commitment to rows.
#[cw_serde]
pub struct Commitment {
    /// See [`crate::commitment`].
    pub commitment: Digest,
    /// What the contribution that opens it gets.
    pub precedence: Uint64,
    /// Height at which it was made; a later block can open it.
    pub height: Uint64,
    /// First second at which it can no longer be opened.
    pub expires_at: Uint64,
}

/// Commitments of a member.
#[cw_serde]
pub struct CommitmentsResponse {
    /// By precedence.
    pub commitments: Vec<Commitment>,
}
