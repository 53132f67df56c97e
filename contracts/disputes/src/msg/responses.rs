//! Answers to queries and data of responses.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::{ownership::Ownership, Digest};

use super::{Params, Verdict};

/// Data of the answer to `open_dispute`, as JSON.
#[cw_serde]
pub struct OpenDisputeData {
    /// The new dispute.
    pub dispute_id: Uint64,
}

/// Answer of `config`.
#[cw_serde]
pub struct ConfigResponse {
    /// Who may update parameters, and who was proposed next.
    pub ownership: Ownership,
    /// Whose batches and epochs are judged.
    pub settlement: Addr,
    /// Token of bonds and slashes.
    pub token: Addr,
    /// Whose validators sign and which slashes.
    pub staking: Addr,
    /// Fractions and windows.
    pub params: Params,
}

/// Who answers for a fraud.
#[cw_serde]
pub enum Culprit {
    /// A node, for a batch.
    Node {
        /// Its account.
        node: Addr,
        /// The batch.
        batch_id: Uint64,
    },
    /// Validators, for what they signed.
    Validators {
        /// The set to which the slash reaches back.
        set_id: Uint64,
        /// Their accounts, ascending.
        validators: Vec<Addr>,
    },
}

/// A proven fraud and what became of the money.
#[cw_serde]
pub struct CaseResponse {
    /// From 1.
    pub case_id: Uint64,
    /// Who showed it.
    pub challenger: Addr,
    /// Its name, such as `wrong_shares`.
    pub fraud: String,
    /// Who answers for it.
    pub culprit: Culprit,
    /// What the sessions of the batch could not get back by voiding, in `uopen`; restored first.
    pub due: Uint128,
    /// Slashed so far, in `uopen`: the sum of the next three.
    pub slashed: Uint128,
    /// Of it, given to the sessions.
    pub restored: Uint128,
    /// Of it, given to the challenger.
    pub rewarded: Uint128,
    /// Of it, burned.
    pub burned: Uint128,
    /// Time of the proof.
    pub proven_at: Uint64,
}

/// Answer of `cases`.
#[cw_serde]
pub struct CasesResponse {
    /// By ascending id.
    pub cases: Vec<CaseResponse>,
}

/// Where a dispute stands.
#[cw_serde]
pub enum DisputeStatus {
    /// Waits for a verdict.
    Open,
    /// The validators signed.
    Resolved {
        /// What they found.
        verdict: Verdict,
        /// Set that signed.
        set_id: Uint64,
        /// The case, for a fraud.
        case_id: Option<Uint64>,
    },
    /// The validators were silent; the bond went back.
    Expired,
}

/// A bonded request to execute an answer again.
#[cw_serde]
pub struct DisputeResponse {
    /// From 1.
    pub dispute_id: Uint64,
    /// Who asked and gave the bond.
    pub challenger: Addr,
    /// Batch of the receipt.
    pub batch_id: Uint64,
    /// Node that served the answer.
    pub node: Addr,
    /// Position of the receipt in the batch.
    pub index: Uint64,
    /// Digest of the receipt: what the verdict names.
    pub receipt_id: Digest,
    /// Locked, in `uopen`.
    pub bond: Uint128,
    /// Time of opening.
    pub opened_at: Uint64,
    /// From here on no verdict counts and the bond can go back.
    pub deadline: Uint64,
    /// Where it stands.
    pub status: DisputeStatus,
}

/// Answer of `disputes`.
#[cw_serde]
pub struct DisputesResponse {
    /// By ascending id.
    pub disputes: Vec<DisputeResponse>,
}

/// Answer of `solvency`. `bonds` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Bonds of open disputes.
    pub bonds: Uint128,
    /// Tokens on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers them.
    pub solvent: bool,
}
