//! Everything that can be refused: what, why, and what to do.

use cosmwasm_std::{Addr, OverflowError, StdError, Uint128};
use openledger_contract_kit::KitError;
use openledger_protocol::merkle_sum::MerkleError;
use staking::quorum::QuorumError;
use thiserror::Error;

use crate::msg::BatchStatus;

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
    /// Staking pays in another token.
    #[error("staking contract {staking} bonds token {found}, settlement pays in {token}: use the same token")]
    StakingToken { staking: Addr, found: Addr, token: Addr },

    // sessions
    /// An amount of zero.
    #[error("the amount is zero: lock at least one uopen")]
    ZeroAmount,
    /// Not a compressed key.
    #[error("the session key does not begin with 02 or 03: send the 33-byte compressed secp256k1 key")]
    SessionKeyNotCompressed,
    /// Expiry in the past or too far ahead.
    #[error("the session would expire at {expires_at}: choose a time after {now} and not after {latest} (seconds)")]
    ExpiryOutOfBounds { expires_at: u64, now: u64, latest: u64 },
    /// No session by that id.
    #[error("session {session_id} does not exist: ids come from open_session")]
    UnknownSession { session_id: u64 },
    /// Nothing left to close.
    #[error("session {session_id} expired at {expires_at} (seconds): settle_session returns what is left")]
    SessionExpired { session_id: u64, expires_at: u64 },
    /// Nodes may still submit.
    #[error("session {session_id} can be settled from {settles_at} (seconds) on: wait, or close it first")]
    NotYetSettleable { session_id: u64, settles_at: u64 },
    /// Nothing left to pay back.
    #[error("session {session_id} is settled and holds nothing: no refund came in since")]
    AlreadySettled { session_id: u64 },

    // batches
    /// A batch out of order.
    #[error("batch sequence {given} of node {node}: the next is {expected}")]
    SequenceNotNext { node: Addr, given: u64, expected: u64 },
    /// No charges, receipts or credits.
    #[error("the batch has no {what}: submit at least one")]
    EmptyBatch { what: &'static str },
    /// Sessions out of order or twice.
    #[error("charge of session {session_id} is out of order: list each session once, by ascending id")]
    ChargesNotAscending { session_id: u64 },
    /// The session's time is over.
    #[error("session {session_id} takes no charges since {settles_at} (seconds): submit before expiry plus grace")]
    SessionOver { session_id: u64, settles_at: u64 },
    /// The session is for another node.
    #[error("session {session_id} may be charged by {allowed} only, not by {node}")]
    NotThisNode { session_id: u64, node: Addr, allowed: Addr },
    /// The voucher was used, or an older one.
    #[error(
        "voucher {given} of session {session_id} is replayed: the last one charged was {last}, ask for a newer one"
    )]
    VoucherReplayed { session_id: u64, given: u64, last: u64 },
    /// The charge does not move forward.
    #[error("cumulative fee {given} of session {session_id} is not above {charged}, which is charged already")]
    NothingToCharge { session_id: u64, given: Uint128, charged: Uint128 },
    /// Charged beyond the buyer's promise.
    #[error(
        "cumulative fee {fee} of session {session_id} is above its voucher of {voucher}: ask for a larger voucher"
    )]
    VoucherOverdrawn { session_id: u64, fee: Uint128, voucher: Uint128 },
    /// Charged beyond the locked money.
    #[error("a charge of {charge} to session {session_id} is above what it holds, {available}")]
    SessionOverdrawn { session_id: u64, charge: Uint128, available: Uint128 },
    /// Not the session key's signature.
    #[error(
        "the voucher of session {session_id} is forged: its signature is not the session key's over the Voucher digest"
    )]
    VoucherForged { session_id: u64 },
    /// The second spelling of a signature.
    #[error("the voucher of session {session_id} has a signature with high s: send n - s instead")]
    VoucherHighS { session_id: u64 },
    /// Total and charges differ.
    #[error("the batch says {given} in total, its charges sum to {sum}: send the sum")]
    WrongTotal { given: Uint128, sum: Uint128 },
    /// No batch by that id.
    #[error("batch {batch_id} does not exist: ids come from submit_batch")]
    UnknownBatch { batch_id: u64 },
    /// The batch is done.
    #[error("batch {batch_id} is {status}, not pending")]
    BatchNotPending { batch_id: u64, status: BatchStatus },
    /// Too late to attest.
    #[error("batch {batch_id} had to be attested before {deadline} (seconds): refund_batch returns its money")]
    DeadlinePassed { batch_id: u64, deadline: u64 },
    /// Too early to refund.
    #[error("batch {batch_id} may still be attested before {deadline} (seconds): refund it from then on")]
    DeadlineAhead { batch_id: u64, deadline: u64 },

    // epochs
    /// An epoch out of order.
    #[error("epoch {given}: the next is {expected}")]
    EpochNotNext { given: u64, expected: u64 },
    /// A statement of another round.
    #[error("epoch {epoch} is in round {present}, the statement is for round {given}: validators sign it again for round {present}")]
    OtherRound { epoch: u64, given: u32, present: u32 },
    /// A round lasts.
    #[error("round {round} of epoch {epoch} lasts: the next may begin from {advances_at}")]
    RoundTooSoon { epoch: u64, round: u32, advances_at: u64 },
    /// A round without anything to sign does not end.
    #[error("no batch waits for epoch {epoch}: there is nothing to agree on")]
    NothingWaits { epoch: u64 },
    /// Too much would have to be undone at once.
    #[error("{max} epochs are within their challenge window: the next can be accepted from {next_at}")]
    TooManyOpenEpochs { max: u32, next_at: u64 },
    /// Money may have left.
    #[error("epoch {epoch} pays since {claimable_at}: it can be voided before only")]
    ChallengeTooLate { epoch: u64, claimable_at: u64 },
    /// The money went back already.
    #[error("batch {batch_id} is {status}: there is nothing to void")]
    NothingToVoid { batch_id: u64, status: BatchStatus },
    /// The arbiter is named once.
    #[error("{arbiter} judges fraud already: it cannot be replaced")]
    ArbiterIsSet { arbiter: Addr },
    /// Tokens for a batch that can still be voided, or was.
    #[error(
        "batch {batch_id} is {status} and can be undone: only an accepted batch whose epoch pays needs restitution"
    )]
    NoRestitution { batch_id: u64, status: BatchStatus },
    /// More than the sessions lost.
    #[error("restitution of {amount} for batch {batch_id}: its sessions miss {missing} at most")]
    TooMuchRestitution { batch_id: u64, amount: Uint128, missing: Uint128 },
    /// A node whose batch was proven false.
    #[error("a batch of {node} was proven false: it submits no more")]
    Barred { node: Addr },
    /// A node without a bond.
    #[error("{node} is no operator in the staking contract, or barred there: register_operator first")]
    NotAnOperator { node: Addr },
    /// More at stake than the bond answers for.
    #[error("batches of {node} that wait for an epoch would be {pending}: its bond of {bond} answers for {factor} times as much; bond more or wait")]
    BondTooSmall { node: Addr, pending: Uint128, bond: Uint128, factor: u32 },
    /// Nothing to accept.
    #[error("the epoch names no batch: accept at least one")]
    NoBatches,
    /// A tree without leaves pays nobody.
    #[error("the epoch names no payout: its batches credit at least one payee")]
    NoPayouts,
    /// Batches out of order or twice.
    #[error("batch {batch_id} is out of order: list each batch once, by ascending id")]
    BatchesNotAscending { batch_id: u64 },
    /// The staking contract has no such set.
    #[error("epoch set {set_id} cannot be read from the staking contract: {reason}")]
    UnknownSet { set_id: u64, reason: String },
    /// The set was superseded.
    #[error("epoch set {set_id} is too old, {latest} is current: have the current validators sign")]
    SetTooOld { set_id: u64, latest: u64 },
    /// The signatures do not count.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
    /// The new total is not the old one plus the batches.
    #[error("payout total {given}: the previous {previous} plus these batches' {batches} is {expected}")]
    WrongPayoutTotal { given: Uint128, previous: Uint128, batches: Uint128, expected: Uint128 },

    // claims
    /// No epoch by that number.
    #[error("epoch {epoch} does not exist: the newest is {latest}")]
    UnknownEpoch { epoch: u64, latest: u64 },
    /// No window has passed.
    #[error("no epoch can be claimed against yet: wait until the first challenge window has passed")]
    NothingClaimable,
    /// The leaf is not in the tree.
    #[error("the payout of {payee} is not proven against epoch {epoch}: {reason}; take the proof from that epoch")]
    InvalidPayoutProof { payee: String, epoch: u64, reason: MerkleError },
    /// No registry knows it.
    #[error("{payee:?} cannot be paid: {reason}")]
    UnknownPayee { payee: String, reason: String },
    /// Paid already.
    #[error("{payee} was paid {claimed} already, the proof is for {cumulative}: nothing to claim")]
    NothingToClaim { payee: String, claimed: Uint128, cumulative: Uint128 },
    /// More than all accepted batches brought in.
    #[error("paying {amount} is beyond the {unclaimed} that accepted epochs hold: the payout tree lowered somebody's cumulative amount")]
    PayoutsExhausted { amount: Uint128, unclaimed: Uint128 },
}
