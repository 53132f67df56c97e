//! Everything that can be refused: what, why, and what to do.

use cosmwasm_std::{Addr, OverflowError, StdError};
use openledger_contract_kit::KitError;
use openledger_protocol::fraud::Rejected;
use settlement::msg::BatchStatus;
use staking::quorum::QuorumError;
use thiserror::Error;

/// Why a message was refused. Nothing has changed when one of these is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    /// Standard library.
    #[error("{0}")]
    Std(#[from] StdError),
    /// A rule that all contracts share.
    #[error("{0}")]
    Kit(#[from] KitError),
    /// A sum does not fit or would fall below zero.
    #[error("{0}: the amounts do not add up within 128 bits")]
    Overflow(#[from] OverflowError),
    /// A parameter outside its bounds.
    #[error("parameter {name} is {given}, it must be {allowed}")]
    ParamOutOfBounds { name: &'static str, given: u64, allowed: &'static str },

    // proofs
    /// A proof that shows nothing.
    #[error("the proof shows no fraud: {0}")]
    NotProven(#[from] Rejected),
    /// No batch by that id.
    #[error("batch {batch_id} does not exist: ids come from submit_batch")]
    UnknownBatch { batch_id: u64 },
    /// No epoch by that number.
    #[error("epoch {epoch} does not exist, or was voided")]
    UnknownEpoch { epoch: u64 },
    /// The money went back already.
    #[error("batch {batch_id} is {status}: there is nothing to prove about it any more")]
    NothingAtStake { batch_id: u64, status: BatchStatus },
    /// Judged already.
    #[error("batch {batch_id} was proven false in case {case_id}: once is enough")]
    AlreadyProven { batch_id: u64, case_id: u64 },
    /// A proof that comes when money may have left.
    #[error("epoch {epoch} pays since {claimable_at}: this is taken before only")]
    TooLate { epoch: u64, claimable_at: u64 },
    /// The other batch came later.
    #[error("batch {other_batch_id} came after batch {batch_id}: the later one is at fault, prove it against that")]
    LaterBatch { batch_id: u64, other_batch_id: u64 },
    /// The other batch has a leaf that is no receipt.
    #[error("the opened leaf of batch {other_batch_id} is no receipt: prove that against it")]
    OtherBatchBroken { other_batch_id: u64 },
    /// No adapter version by that number.
    #[error("version {version} of adapter {adapter_id} was never registered: prove that")]
    UnknownAdapter { adapter_id: u64, version: u32 },
    /// The registries do not know what a receipt names.
    #[error("the terms of adapter {adapter_id}, version {version} cannot be read: {reason}")]
    UnknownTerms { adapter_id: u64, version: u32, reason: String },

    // what validators sign
    /// The staking contract has no such set.
    #[error("epoch set {set_id} cannot be read from the staking contract: {reason}")]
    UnknownSet { set_id: u64, reason: String },
    /// A verdict of another set.
    #[error("set {set_id} does not judge, set {newest} does: have its members sign")]
    OtherSet { set_id: u64, newest: u64 },
    /// The signatures do not count.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// Nobody signed both.
    #[error("no validator signed both statements and is not judged for this round already")]
    NobodySignedBoth,

    // disputes
    /// No dispute by that id.
    #[error("dispute {dispute_id} does not exist: ids come from open_dispute")]
    UnknownDispute { dispute_id: u64 },
    /// One at a time, and one verdict for ever.
    #[error("the receipt is the matter of dispute {dispute_id} already")]
    AlreadyDisputed { dispute_id: u64 },
    /// A leaf that is no receipt needs no dispute.
    #[error("the leaf is no receipt: prove_batch_fraud decides that at once")]
    NeedsNoDispute,
    /// It has ended.
    #[error("dispute {dispute_id} has ended")]
    DisputeEnded { dispute_id: u64 },
    /// A verdict that comes too late.
    #[error("dispute {dispute_id} had to be decided before {deadline} (seconds): expire_dispute gives its bond back")]
    DeadlinePassed { dispute_id: u64, deadline: u64 },
    /// Validators may still sign.
    #[error("dispute {dispute_id} may still be decided before {deadline} (seconds)")]
    DeadlineAhead { dispute_id: u64, deadline: u64 },

    // cases
    /// No case by that id.
    #[error("case {case_id} does not exist")]
    UnknownCase { case_id: u64 },
    /// Slashed money comes from staking.
    #[error("{sender} sent slashed tokens: only the staking contract slashes")]
    NotStaking { sender: Addr },
}
