//! Answers to queries and data of responses.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::{ownership::Ownership, Digest, PublicKey33};

use super::Params;

/// Data of the answer to `open_session`, as JSON.
#[cw_serde]
pub struct OpenSessionData {
    /// The new session.
    pub session_id: Uint64,
}

/// Data of the answer to `submit_batch`, as JSON.
#[cw_serde]
pub struct SubmitBatchData {
    /// The new batch.
    pub batch_id: Uint64,
}

/// Answer of `config`.
#[cw_serde]
pub struct ConfigResponse {
    /// Who may pause and update parameters, and who was proposed next.
    pub ownership: Ownership,
    /// Token of all payments.
    pub token: Addr,
    /// Whose sets attest.
    pub staking: Addr,
    /// Base models and adapters.
    pub models: Addr,
    /// Account of the treasury's share.
    pub treasury: Addr,
    /// Contract that judges fraud; null until it is named.
    pub arbiter: Option<Addr>,
    /// Windows and bounds.
    pub params: Params,
    /// First moment after the pause; null when not paused.
    pub paused_until: Option<Uint64>,
}

/// A buyer's locked money. `available = deposit + refunded - charged - paid_back`.
#[cw_serde]
pub struct SessionResponse {
    /// From 1.
    pub session_id: Uint64,
    /// Who gets back what is left.
    pub owner: Addr,
    /// Compressed secp256k1 key, 33 bytes in hex.
    pub session_public_key: PublicKey33,
    /// The only adapter that may be charged for; any when null.
    pub adapter_id: Option<Uint64>,
    /// The only account that may submit charges; any when null.
    pub node: Option<Addr>,
    /// Highest price of a prompt token, in `uopen`.
    pub max_prompt_price: Uint128,
    /// Highest price of a response token, in `uopen`.
    pub max_response_price: Uint128,
    /// Locked at opening, in `uopen`.
    pub deposit: Uint128,
    /// Charged by all batches so far, refunded ones included: the last `cumulative_fee`.
    pub charged: Uint128,
    /// Given back by refunded batches.
    pub refunded: Uint128,
    /// Sent back to the owner.
    pub paid_back: Uint128,
    /// What can still be charged or settled.
    pub available: Uint128,
    /// Sequence of the last voucher charged; zero before the first.
    pub voucher_sequence: Uint64,
    /// Time of opening.
    pub opened_at: Uint64,
    /// From this time on no answer may be charged.
    pub expires_at: Uint64,
    /// Submission of charges ends and settlement begins.
    pub settles_at: Uint64,
    /// Whether it was settled; final.
    pub settled: bool,
}

/// Answer of `sessions`.
#[cw_serde]
pub struct SessionsResponse {
    /// By ascending id.
    pub sessions: Vec<SessionResponse>,
}

/// Where a batch stands.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum BatchStatus {
    /// Waits for its epoch.
    Pending,
    /// Part of an epoch.
    Accepted,
    /// Not attested in time; the money went back.
    Refunded,
    /// Proven false; the money went back.
    Voided,
}

impl BatchStatus {
    /// First part of the key of the index by status.
    pub(crate) const fn key(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Accepted => 1,
            Self::Refunded => 2,
            Self::Voided => 3,
        }
    }
}

impl std::fmt::Display for BatchStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Refunded => "refunded",
            Self::Voided => "voided",
        })
    }
}

/// A node's commitment to receipts.
#[cw_serde]
pub struct BatchSummary {
    /// From 1.
    pub batch_id: Uint64,
    /// Account of the node.
    pub node: Addr,
    /// Sequence of the node.
    pub sequence: Uint64,
    /// Digest of the `BatchHeader`, 32 bytes in hex.
    pub header_digest: Digest,
    /// RFC 6962 root over the receipts.
    pub receipts_root: Digest,
    /// Number of receipts.
    pub receipt_count: Uint64,
    /// Hash of the Merkle-sum root over the credits.
    pub credits_root: Digest,
    /// Number of credits.
    pub credit_count: Uint64,
    /// Sum of the charges, in `uopen`.
    pub total: Uint128,
    /// Where it stands.
    pub status: BatchStatus,
    /// Epoch that accepted it.
    pub epoch: Option<Uint64>,
    /// Time of submission.
    pub submitted_at: Uint64,
    /// Attestation ends and refunds begin.
    pub deadline: Uint64,
}

/// Answer of `batch`.
#[cw_serde]
pub struct BatchResponse {
    /// The commitment.
    pub batch: BatchSummary,
    /// What it charged, by ascending session id.
    pub charges: Vec<ChargeResponse>,
}

/// What a batch charged to one session.
#[cw_serde]
pub struct ChargeResponse {
    /// Session that paid.
    pub session_id: Uint64,
    /// Charged by this batch, in `uopen`.
    pub amount: Uint128,
    /// Total charged to the session after this batch.
    pub cumulative_fee: Uint128,
    /// Cumulative amount of the voucher.
    pub voucher_amount: Uint128,
    /// Sequence of the voucher.
    pub voucher_sequence: Uint64,
}

/// Answer of `batches`.
#[cw_serde]
pub struct BatchesResponse {
    /// By ascending id.
    pub batches: Vec<BatchSummary>,
}

/// An accepted epoch.
#[cw_serde]
pub struct EpochResponse {
    /// From 1.
    pub epoch: Uint64,
    /// Round in which it was accepted.
    pub round: u32,
    /// Set that signed.
    pub set_id: Uint64,
    /// Digest of the `EpochStatement`, 32 bytes in hex.
    pub statement_digest: Digest,
    /// Batches it accepted.
    pub batch_ids: Vec<Uint64>,
    /// Hash of the Merkle-sum root over all payouts.
    pub payout_root: Digest,
    /// Sum of all payouts since the beginning, in `uopen`.
    pub payout_total: Uint128,
    /// Number of payouts: leaves of the payout tree.
    pub payout_count: Uint64,
    /// Ascending indexes of the set's members that did not sign; everybody else answers for the payouts.
    pub absentees: Vec<u32>,
    /// Power that signed.
    pub signed_power: Uint128,
    /// Power of the whole set.
    pub total_power: Uint128,
    /// Time of acceptance.
    pub accepted_at: Uint64,
    /// First moment of claims against it.
    pub claimable_at: Uint64,
}

/// Answer of `latest_epoch` and `claimable_epoch`.
#[cw_serde]
pub struct MaybeEpochResponse {
    /// Null when there is none.
    pub epoch: Option<EpochResponse>,
}

/// Answer of `claimed`.
#[cw_serde]
pub struct ClaimedResponse {
    /// Paid so far, in `uopen`.
    pub claimed: Uint128,
}

/// Answer of `round`.
#[cw_serde]
pub struct RoundResponse {
    /// The next epoch.
    pub epoch: Uint64,
    /// Its present round, from 0. A validator signs one statement per epoch and round.
    pub round: u32,
    /// When the round began; zero before the first epoch.
    pub began_at: Uint64,
    /// From when on anybody may begin the next round; absent while no batch waits.
    pub advances_at: Option<Uint64>,
}

/// Answer of `solvency`. `sessions + pending + unclaimed + refunds` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Available in sessions that are not settled.
    pub sessions: Uint128,
    /// In batches that wait for their epoch.
    pub pending: Uint128,
    /// Accepted and not yet claimed.
    pub unclaimed: Uint128,
    /// Given back to sessions that were already settled and not yet sent to their owners.
    pub refunds: Uint128,
    /// Tokens on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers the four.
    pub solvent: bool,
}

/// Answer of `node`.
#[cw_serde]
pub struct NodeResponse {
    /// Sequence of its last batch; zero before the first.
    pub last_sequence: Uint64,
    /// Its last batch; null before the first.
    pub last_batch_id: Option<Uint64>,
    /// Total of its batches that wait for an epoch, in `uopen`.
    pub pending: Uint128,
    /// Whether one of its batches was proven false; it submits no more.
    pub barred: bool,
}
