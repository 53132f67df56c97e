//! What challengers and validators send to and read from the disputes contract.
//!
//! Amounts are strings in the token's smallest unit (`uopen`), ids and times are strings of integers (seconds since the Unix
//! epoch), digests and signatures are hex, fractions are basis points.

mod fraud;
mod responses;

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use fraud::*;
pub use openledger_contract_kit::{ownership::Ownership, BlsSignature, Bps, Digest};
pub use responses::*;
pub use settlement::msg::SumNode;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May update the parameters; handed over in two steps. Cannot decide a case.
    pub owner: String,
    /// The settlement contract whose batches and epochs are judged; token, staking and registries are those it names. Its owner
    /// must name this contract as arbiter, and the staking contract's owner must name it as slasher.
    pub settlement: String,
    /// Fractions and windows.
    pub params: Params,
}

/// Fractions and windows. Every limit is checked by [`Params::validate`](crate::params).
#[cw_serde]
pub struct Params {
    /// Part of a node's bond that a false batch costs.
    pub node_slash: Bps,
    /// Part of a validator's stake, its delegations included, that signing false payouts or two statements costs.
    pub validator_slash: Bps,
    /// Part of slashed money, after restitution, that goes to the challenger; the rest burns; 0 to 5000.
    pub reward: Bps,
    /// What opening a dispute takes; at least 1.
    pub dispute_bond: Uint128,
    /// Seconds that validators have for a verdict; 1 to 2,592,000.
    pub dispute_seconds: Uint64,
}

/// Everything that changes state.
#[cw_serde]
pub enum ExecuteMsg {
    /// Anyone: shows that a batch is false. Before its epoch pays it is voided and its sessions get everything back; later,
    /// they get what the slash brings. Its node may submit no more. Once per batch.
    ProveBatchFraud {
        /// Batch.
        batch_id: Uint64,
        /// What is wrong with it.
        proof: BatchFraud,
    },
    /// Anyone, before the epoch pays: shows that an epoch's payouts are false. It and those after it are voided, their
    /// batches wait for another epoch, and who signed is slashed and may validate no more.
    ProveEpochFraud {
        /// Epoch.
        epoch: Uint64,
        /// What is wrong with it.
        proof: EpochFraud,
    },
    /// Anyone: shows two statements for one round of one epoch. Validators that signed both are slashed and may validate no
    /// more. Once per validator and round.
    ProveEquivocation {
        /// One.
        first: SignedStatement,
        /// The other.
        second: SignedStatement,
    },
    /// Anyone, before the batch's epoch pays: asks the validators to execute an answer again. Takes `dispute_bond` by an
    /// allowance that the sender gave to this contract. Once per receipt, unless validators were silent.
    OpenDispute {
        /// Batch.
        batch_id: Uint64,
        /// The receipt in it.
        receipt: LeafOpening,
    },
    /// Anyone, with the signature of validators that hold more than two thirds of the newest set's power: ends a dispute.
    ResolveDispute {
        /// Dispute.
        dispute_id: Uint64,
        /// The newest set.
        set_id: Uint64,
        /// What the validators found.
        verdict: Verdict,
        /// Strictly ascending indexes of the set's members that did not sign.
        absentees: Vec<u32>,
        /// Aggregate signature of the `DisputeVerdict` digest, a compressed G2 point, 96 bytes in hex.
        signature: BlsSignature,
    },
    /// Anyone, after the deadline of a dispute without a verdict: gives its bond back.
    ExpireDispute {
        /// Dispute.
        dispute_id: Uint64,
    },
    /// The token, for a `send` with a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Owner: replaces the parameters. Open disputes keep their bond and deadline.
    UpdateParams {
        /// All of them.
        params: Params,
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
    /// The staking contract: what a case's culprits lost.
    Slashed {
        /// Case.
        case_id: Uint64,
    },
}

/// What validators find when they execute a disputed answer again.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Verdict {
    /// The receipt stands.
    Honest,
    /// The receipt is false.
    Fraud,
}

/// A statement about an epoch with the signature of one validator or more.
#[cw_serde]
pub struct SignedStatement {
    /// Epoch.
    pub epoch: Uint64,
    /// Round of the epoch.
    pub round: u32,
    /// Set of those who signed.
    pub set_id: Uint64,
    /// Batches; at most 64.
    pub batch_ids: Vec<Uint64>,
    /// Hash of the root over all payouts, 32 bytes in hex.
    pub payout_root: Digest,
    /// Sum of all payouts, in `uopen`.
    pub payout_total: Uint128,
    /// Number of payouts.
    pub payout_count: Uint64,
    /// Strictly ascending indexes of the set's members that did not sign: all but one for the signature of one.
    pub absentees: Vec<u32>,
    /// Aggregate signature of the others over the `EpochStatement` digest, 96 bytes in hex.
    pub signature: BlsSignature,
}

/// For the chain's own governance.
#[cw_serde]
pub enum SudoMsg {
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
    /// Addresses, owner and parameters.
    #[returns(ConfigResponse)]
    Config {},
    /// One case.
    #[returns(CaseResponse)]
    Case {
        /// From 1.
        case_id: Uint64,
    },
    /// Cases by ascending id.
    #[returns(CasesResponse)]
    Cases {
        /// Only ids after this one.
        start_after: Option<Uint64>,
        /// At most 30; 10 when absent.
        limit: Option<u32>,
    },
    /// One dispute.
    #[returns(DisputeResponse)]
    Dispute {
        /// From 1.
        dispute_id: Uint64,
    },
    /// Disputes by ascending id.
    #[returns(DisputesResponse)]
    Disputes {
        /// Only ids after this one.
        start_after: Option<Uint64>,
        /// At most 30; 10 when absent.
        limit: Option<u32>,
    },
    /// What the contract owes against what it holds.
    #[returns(SolvencyResponse)]
    Solvency {},
}
