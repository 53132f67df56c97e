//! What buyers, nodes, validators and payees send to and read from the settlement contract.
//!
//! Amounts are strings in the token's smallest unit (`uopen`), ids, sequences and times are strings of integers (seconds
//! since the Unix epoch), digests, keys and signatures are hex.

mod responses;

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{ownership::Ownership, BlsSignature, Digest, PublicKey33, Signature64};
pub use responses::*;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May pause for a bounded time and update the parameters; handed over in two steps. Cannot move anybody's money.
    pub owner: String,
    /// The cw20 token that buyers pay with (OPEN).
    pub token: String,
    /// Staking contract whose epoch sets attest, and which receives the stakers' share. Must hold the same token.
    pub staking: String,
    /// Contract of base models and adapters; published here so that clients find it.
    pub models: String,
    /// Account of the treasury's share; published here so that nodes and validators credit the same one.
    pub treasury: String,
    /// Windows and bounds.
    pub params: Params,
}

/// Windows and bounds. Every limit is checked by [`Params::validate`](crate::params).
#[cw_serde]
pub struct Params {
    /// Seconds between the acceptance of an epoch and the first claim against it; 0 to 2,592,000, at most the staking
    /// contract's `unbonding_seconds`, so that a bond is there when a fraud is shown.
    pub challenge_window_seconds: Uint64,
    /// Seconds that validators have to attest a batch; from then on it can be refunded; 1 to 2,592,000.
    pub attestation_deadline_seconds: Uint64,
    /// Longest life of a session; 1 to 31,536,000.
    pub max_session_seconds: Uint64,
    /// Seconds after a session's expiry in which nodes may still submit its last vouchers; 0 to 2,592,000.
    pub settle_grace_seconds: Uint64,
    /// Most sessions that one batch may charge; 1 to 64.
    pub max_charges_per_batch: u32,
    /// Most batches that one epoch may accept; 1 to 64.
    pub max_batches_per_epoch: u32,
    /// How many sets before the newest may still attest; 0 to 4.
    pub set_overlap: u32,
    /// How long a set may still attest after the next one was made; 0 to 2,592,000, at most the staking contract's
    /// `unbonding_seconds`, so that whoever attests still has a bond at stake.
    pub set_overlap_seconds: Uint64,
    /// Longest pause of `open_session`; 1 to 2,592,000.
    pub max_pause_seconds: Uint64,
    /// Seconds that validators have to agree on a statement before anybody may begin the next round of the same epoch;
    /// 1 to 2,592,000.
    pub round_seconds: Uint64,
    /// Most epochs that may be within their challenge window at one time; 1 to 16.
    pub max_open_epochs: u32,
    /// Most that a node may have in batches without an epoch, as a multiple of its bond in the staking contract; 0 when nodes
    /// need no bond; 0 to 10,000.
    pub exposure_factor: u32,
}

/// Everything that changes state.
#[cw_serde]
pub enum ExecuteMsg {
    /// Anyone, unless paused: locks money for answers. Takes `amount` by an allowance that the sender gave to this
    /// contract. The answer's event and data carry the session id.
    OpenSession {
        /// Budget, in `uopen`; not zero.
        amount: Uint128,
        /// Compressed secp256k1 key that will sign vouchers, 33 bytes in hex.
        session_public_key: PublicKey33,
        /// The only adapter that may be charged for; any when absent.
        adapter_id: Option<Uint64>,
        /// The only account that may submit this session's charges; any when absent.
        node: Option<String>,
        /// Highest price of a prompt token, in `uopen`.
        max_prompt_price: Uint128,
        /// Highest price of a response token, in `uopen`.
        max_response_price: Uint128,
        /// From this second on no answer may be charged; at most `max_session_seconds` ahead.
        expires_at: Uint64,
    },
    /// Owner of the session: ends it now. Nodes keep `settle_grace_seconds` to submit what they served.
    CloseSession {
        /// Session.
        session_id: Uint64,
    },
    /// Anyone, once the session and its grace are over: sends what is left to the session's owner. Again after a refund.
    SettleSession {
        /// Session.
        session_id: Uint64,
    },
    /// A node that is not barred and, unless `exposure_factor` is 0, bonded in the staking contract: commits receipts and moves their money from sessions to
    /// pending.
    SubmitBatch {
        /// One more than the node's last batch; starts at 1.
        sequence: Uint64,
        /// RFC 6962 root over the receipts, 32 bytes in hex.
        receipts_root: Digest,
        /// Number of receipts; not zero.
        receipt_count: Uint64,
        /// Hash of the Merkle-sum root over the credits, 32 bytes in hex.
        credits_root: Digest,
        /// Number of credits; not zero.
        credit_count: Uint64,
        /// Sum of the charges, in `uopen`.
        total: Uint128,
        /// By strictly ascending session id.
        charges: Vec<Charge>,
    },
    /// Anyone, with the signature of validators that hold more than two thirds of the power: accepts batches and a new
    /// payout root.
    AcceptEpoch {
        /// One more than the last; starts at 1.
        epoch: Uint64,
        /// The present round of this epoch.
        round: u32,
        /// Set that signed.
        set_id: Uint64,
        /// Pending batches, strictly ascending.
        batch_ids: Vec<Uint64>,
        /// Hash of the Merkle-sum root over all payouts, 32 bytes in hex.
        payout_root: Digest,
        /// Previous total plus the totals of these batches, in `uopen`.
        payout_total: Uint128,
        /// Number of payouts: leaves of the payout tree.
        payout_count: Uint64,
        /// Strictly ascending indexes of the set's members that did not sign.
        absentees: Vec<u32>,
        /// Aggregate signature of the `EpochStatement` digest, a compressed G2 point, 96 bytes in hex.
        signature: BlsSignature,
    },
    /// Anyone, `round_seconds` after the epoch's present round began and a batch has been waiting: begins its next round, in
    /// which validators may sign another statement. For when they are split, or what they signed can no longer be accepted.
    AdvanceRound {},
    /// The arbiter, before the batch's epoch pays: voids a false batch. Its sessions get their money back, the epoch that
    /// accepted it and those after it are voided too.
    VoidBatch {
        /// Batch.
        batch_id: Uint64,
    },
    /// The arbiter, before the epoch pays: voids an epoch with false payouts and those after it. Their batches wait for
    /// another epoch.
    VoidEpochs {
        /// The first.
        epoch: Uint64,
    },
    /// The arbiter: a node submits no more batches.
    BarNode {
        /// Account of the node.
        node: String,
    },
    /// The token, for a `send` with a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Anyone: pays a payee everything it earned up to the newest epoch whose challenge window has passed.
    Claim {
        /// Who is paid: an account, `identity:N`, `adapter:N` or `datanet:N`. The money goes to whom the registry names now.
        payee: String,
        /// All that the payee earned, in `uopen`, as in the payout tree.
        cumulative_amount: Uint128,
        /// Path from the payee's leaf to the payout root.
        proof: PayoutProof,
    },
    /// Anyone, after the deadline of a batch that was not accepted: gives its charges back to the sessions.
    RefundBatch {
        /// Batch.
        batch_id: Uint64,
    },
    /// Owner: stops `open_session` for a bounded time. Batches, refunds, settlements, epochs and claims go on.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead. The contract must then run as long again.
        until: Uint64,
    },
    /// Owner: ends a pause early.
    Unpause {},
    /// Owner: replaces the parameters. Sessions, batches and epochs keep the times they were given.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Owner, once: names the contract that judges fraud.
    SetArbiter {
        /// Contract of disputes.
        arbiter: String,
    },
    /// Owner: proposes the next owner and replaces an earlier proposal.
    ProposeOwner {
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// The proposed owner: becomes owner.
    AcceptOwnership {},
}

/// What tokens sent to this contract are for. Tokens sent otherwise are refused.
#[cw_serde]
pub enum ReceiveMsg {
    /// Anyone: makes good what a false batch, found after its epoch paid, took from its sessions. Shared in proportion to
    /// its charges; at most the batch's total in all.
    Restitution {
        /// The batch.
        batch_id: Uint64,
    },
}

/// What a batch charges to one session, with the buyer's latest voucher.
#[cw_serde]
pub struct Charge {
    /// Session that pays.
    pub session_id: Uint64,
    /// Total charged to the session so far, this batch included, in `uopen`; above the last batch's.
    pub cumulative_fee: Uint128,
    /// Cumulative amount of the voucher, in `uopen`; at least `cumulative_fee`.
    pub voucher_amount: Uint128,
    /// Sequence of the voucher; above the session's last, or the same again where the session is bound to this node.
    pub voucher_sequence: Uint64,
    /// Session key's signature of the `Voucher` digest, r and s, 64 bytes in hex, low s.
    pub voucher_signature: Signature64,
}

/// Inclusion proof in the Merkle-sum tree of payouts.
#[cw_serde]
pub struct PayoutProof {
    /// Position of the leaf, from 0.
    pub index: Uint64,
    /// Siblings from the leaf upwards; at most 64.
    pub siblings: Vec<SumNode>,
}

/// Node of a Merkle-sum tree.
#[cw_serde]
pub struct SumNode {
    /// Sum of the leaves below, in `uopen`.
    pub sum: Uint128,
    /// 32 bytes in hex.
    pub hash: Digest,
}

/// For the chain's own governance.
#[cw_serde]
pub enum SudoMsg {
    /// Stops `open_session` for a bounded time.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead. The contract must then run as long again.
        until: Uint64,
    },
    /// Ends a pause early.
    Unpause {},
    /// Replaces the parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Replaces the owner at once, for a lost or stolen owner key.
    ReplaceOwner {
        /// New owner.
        owner: String,
    },
}

/// Moves the contract to newer code.
#[cw_serde]
pub struct MigrateMsg {}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Addresses, parameters and pause.
    #[returns(ConfigResponse)]
    Config {},
    /// One session.
    #[returns(SessionResponse)]
    Session {
        /// From 1.
        session_id: Uint64,
    },
    /// Sessions of one owner by ascending id.
    #[returns(SessionsResponse)]
    Sessions {
        /// Their owner.
        owner: String,
        /// Only ids after this one.
        start_after: Option<Uint64>,
        /// At most 30; 10 when absent.
        limit: Option<u32>,
    },
    /// One batch with its charges.
    #[returns(BatchResponse)]
    Batch {
        /// From 1.
        batch_id: Uint64,
    },
    /// Batches of one status by ascending id.
    #[returns(BatchesResponse)]
    Batches {
        /// Their status.
        status: BatchStatus,
        /// Only ids after this one.
        start_after: Option<Uint64>,
        /// At most 30; 10 when absent.
        limit: Option<u32>,
    },
    /// One epoch.
    #[returns(EpochResponse)]
    Epoch {
        /// From 1.
        epoch: Uint64,
    },
    /// The newest epoch; null before the first.
    #[returns(MaybeEpochResponse)]
    LatestEpoch {},
    /// The epoch that claims are checked against now; null before the first window has passed.
    #[returns(MaybeEpochResponse)]
    ClaimableEpoch {},
    /// Which epoch and round the next statement must be for.
    #[returns(RoundResponse)]
    Round {},
    /// What a payee has been paid so far.
    #[returns(ClaimedResponse)]
    Claimed {
        /// Payee.
        payee: String,
    },
    /// What the contract owes against what it holds.
    #[returns(SolvencyResponse)]
    Solvency {},
    /// A node's last batch.
    #[returns(NodeResponse)]
    Node {
        /// Account of the node.
        address: String,
    },
}
