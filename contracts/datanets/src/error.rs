//! Every refusal: what was refused, why, and what would be accepted.

use cosmwasm_std::{Addr, OverflowError, StdError};
use openledger_contract_kit::{Digest, KitError};
use thiserror::Error;

/// A refusal. Nothing is stored when one is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    /// Storage, parsing or address error of the standard library.
    #[error("{0}")]
    Std(#[from] StdError),

    /// Amounts beyond 128 bits.
    #[error("{0}")]
    Overflow(#[from] OverflowError),

    /// A rule that all contracts share.
    #[error("{0}")]
    Kit(#[from] KitError),

    /// A parameter lies outside its limits.
    #[error("parameter {name} is {found}: it must be {min} to {max}")]
    Param {
        /// Which.
        name: &'static str,
        /// Value received.
        found: u64,
        /// Least.
        min: u64,
        /// Most.
        max: u64,
    },

    /// No such Datanet.
    #[error("Datanet {datanet_id} does not exist: list them with the query datanets")]
    UnknownDatanet {
        /// Id asked for.
        datanet_id: u64,
    },

    /// No such contribution.
    #[error("Datanet {datanet_id} has no contribution {contribution_id}: list them with the query contributions")]
    UnknownContribution {
        /// Datanet asked for.
        datanet_id: u64,
        /// Id asked for.
        contribution_id: u64,
    },

    /// No such version.
    #[error("Datanet {datanet_id} has no version {version}: its latest is {latest} (0: none is published)")]
    UnknownVersion {
        /// Datanet asked for.
        datanet_id: u64,
        /// Version asked for.
        version: u32,
        /// Latest version.
        latest: u32,
    },

    /// Not an SPDX expression.
    #[error("licence {found:?} is not an SPDX expression: write for example CC-BY-4.0 or MIT OR Apache-2.0")]
    Licence {
        /// Text received.
        found: String,
    },

    /// Not a media type.
    #[error("media type {found:?} is not of the form type/subtype without parameters")]
    MediaType {
        /// Text received.
        found: String,
    },

    /// Joined or asked before.
    #[error("{account} has joined Datanet {datanet_id}, asked to or is invited: nothing to do")]
    AlreadyJoined {
        /// Who.
        account: Addr,
        /// Datanet.
        datanet_id: u64,
    },

    /// Nothing to approve.
    #[error("{account} has no open application to Datanet {datanet_id}: it must send join first")]
    NotApplied {
        /// Who.
        account: Addr,
        /// Datanet.
        datanet_id: u64,
    },

    /// Row count outside its bounds.
    #[error("contribution has {found} rows: 1 to {max} are accepted")]
    Rows {
        /// Rows received.
        found: u32,
        /// Most.
        max: u32,
    },

    /// An all-zero digest commits to nothing.
    #[error("{field} is all zeros: give the digest of real content")]
    ZeroDigest {
        /// Which field.
        field: &'static str,
    },

    /// The reviewers are behind.
    #[error("{found} contributions of this member are undecided, at most {max} may be: wait for the review")]
    TooManyPending {
        /// Undecided now.
        found: u32,
        /// Most.
        max: u32,
    },

    /// The same rows were offered before.
    #[error("rows {rows_root} are contribution {contribution_id} of this Datanet already: the earliest one counts")]
    RowsKnown {
        /// Root received.
        rows_root: Digest,
        /// Contribution that has it.
        contribution_id: u64,
    },

    /// Decided before.
    #[error("contribution {contribution_id} is decided already: decisions are final")]
    Decided {
        /// Contribution.
        contribution_id: u64,
    },

    /// No room for another cluster.
    #[error("Datanet has {found} clusters, at most {max} are allowed: start another Datanet")]
    DatanetFull {
        /// Clusters now.
        found: u32,
        /// Most.
        max: u32,
    },

    /// The latest version has the same clusters.
    #[error("nothing to publish: no contribution was accepted since version {latest}")]
    NothingNew {
        /// Latest version.
        latest: u32,
    },

    /// The publisher saw other clusters than the chain has.
    #[error("content root {given} refused: the {clusters} accepted clusters give {computed} (see the query draft)")]
    ContentRoot {
        /// Root received.
        given: Digest,
        /// Root computed.
        computed: Digest,
        /// Clusters hashed.
        clusters: u32,
    },

    /// Proposed or serving already.
    #[error("{account} is a curator of this Datanet already")]
    AlreadyCurator {
        /// Who.
        account: Addr,
    },

    /// No such identity.
    #[error("identity {identity_id} does not exist")]
    UnknownIdentity {
        /// Id asked for.
        identity_id: u64,
    },

    /// Acts for nobody.
    #[error("{account} controls no identity: it must send create_identity first")]
    NoIdentity {
        /// Who.
        account: Addr,
    },

    /// One account controls one identity.
    #[error("{account} controls identity {identity_id} already: an account controls one at most")]
    IdentityKnown {
        /// Who.
        account: Addr,
        /// What it controls.
        identity_id: u64,
    },

    /// Named twice, or the controller itself.
    #[error("{guardian} cannot be guardian: guardians are different accounts, none of them the controller")]
    Guardian {
        /// Who.
        guardian: Addr,
    },

    /// More than there are guardians, or none.
    #[error("threshold {threshold} refused for {guardians} guardians: 1 to their number, or 0 without guardians")]
    Threshold {
        /// Value received.
        threshold: u32,
        /// Guardians received.
        guardians: u32,
    },

    /// Nothing to cancel.
    #[error("identity {identity_id} has no ordered change of its payout account, or it has come true")]
    NoPayoutOrdered {
        /// Which.
        identity_id: u64,
    },

    /// Nothing to veto or finish.
    #[error("identity {identity_id} has no recovery that enough guardians agree on")]
    NoRecovery {
        /// Which.
        identity_id: u64,
    },

    /// The controller may still veto.
    #[error("recovery can be finished from {ready_at} on, it is {now}: the controller may veto until then")]
    RecoveryEarly {
        /// Block time.
        now: u64,
        /// First second.
        ready_at: u64,
    },

    /// Nobody joins or contributes any more.
    #[error("Datanet {datanet_id} is retired: it takes nobody and nothing in")]
    Retired {
        /// Datanet asked for.
        datanet_id: u64,
    },

    /// Reviewers owe an answer.
    #[error("contribution {contribution_id} is not decided: decide on all contributions first")]
    Undecided {
        /// The first of them.
        contribution_id: u64,
    },

    /// The same commitment is open.
    #[error("commitment {commitment} is open already: use another salt")]
    CommitmentKnown {
        /// Value received.
        commitment: Digest,
    },

    /// The Datanet asks for commitments.
    #[error(
        "Datanet {datanet_id} takes rows only after a commitment: send commit first, then contribute with its salt"
    )]
    CommitmentNeeded {
        /// Datanet asked for.
        datanet_id: u64,
    },

    /// Nothing to open.
    #[error("no open commitment {commitment} of the sender: check rows, manifest and salt, or whether it has expired")]
    NoCommitment {
        /// Value computed.
        commitment: Digest,
    },

    /// Made in the same block.
    #[error("the commitment was made in this block ({height}): open it in a later one")]
    CommitmentNew {
        /// Its height.
        height: u64,
    },

    /// What happened is known, what will happen is not.
    #[error("height {height} is ahead: it is {now}")]
    HeightAhead {
        /// Height asked for.
        height: u64,
        /// Height now.
        now: u64,
    },

    /// Only what was taken in can be taken out.
    #[error("contribution {contribution_id} is no cluster of later versions: only accepted contributions are")]
    NotAccepted {
        /// Which.
        contribution_id: u64,
    },

    /// Nobody took it back.
    #[error("contribution {contribution_id} needs no erasure: it was not accepted and taken back")]
    NothingToErase {
        /// Which.
        contribution_id: u64,
    },

    /// Confirmed before.
    #[error("the erasure of contribution {contribution_id} is confirmed already")]
    Erased {
        /// Which.
        contribution_id: u64,
    },

    /// Once means once.
    #[error("the Datanet has shares already, at {address}")]
    SharesIssued {
        /// Their contract.
        address: Addr,
    },

    /// The Datanet has none.
    #[error("Datanet {datanet_id} has no shares: its owner issues them with issue_shares")]
    NoShares {
        /// Datanet asked for.
        datanet_id: u64,
    },

    /// The contract was created without.
    #[error("this contract knows no code for shares: Datanets cannot issue any")]
    NoSharesCode,

    /// The chain did not say where the new contract is.
    #[error("the chain reports no address of the shares contract")]
    NoSharesAddress,

    /// Terms of drawn reviewers outside their bounds.
    #[error("review terms: {0}")]
    ReviewTerms(&'static str),

    /// Owner and curators decide.
    #[error("Datanet {datanet_id} is not reviewed by drawn reviewers: its owner and curators decide")]
    NotReviewed {
        /// Datanet asked for.
        datanet_id: u64,
    },

    /// Drawn reviewers decide.
    #[error("Datanet {datanet_id} is reviewed by drawn reviewers: owner and curators cannot decide")]
    Reviewed {
        /// Datanet asked for.
        datanet_id: u64,
    },

    /// Bonded already.
    #[error("{account} is a reviewer of this Datanet already")]
    AlreadyReviewer {
        /// Who.
        account: Addr,
    },

    /// Drawn and needed.
    #[error("the reviewer is drawn for {duties} reviews that are not over: vote and wait for their end")]
    OnDuty {
        /// How many.
        duties: u32,
    },

    /// Nobody to draw.
    #[error("{found} reviewers can be drawn, {wanted} are needed: more have to bond")]
    FewReviewers {
        /// Wanted.
        wanted: u32,
        /// Found.
        found: u32,
    },

    /// No such review.
    #[error("contribution {contribution_id} has no open review")]
    NoReview {
        /// Which.
        contribution_id: u64,
    },

    /// Too late to vote.
    #[error("the vote on contribution {contribution_id} is over")]
    VotingOver {
        /// Which.
        contribution_id: u64,
    },

    /// Voted before.
    #[error("{reviewer} has voted already: votes are final")]
    Voted {
        /// Who.
        reviewer: Addr,
    },

    /// Not the time for it.
    #[error(
        "contribution {contribution_id} has no decision that can be appealed against now: one appeal, in its time"
    )]
    NoAppeal {
        /// Which.
        contribution_id: u64,
    },

    /// Not the one who was turned down.
    #[error("only the contributor, {contributor}, can appeal against a rejection")]
    NotAppellant {
        /// Who can.
        contributor: Addr,
    },

    /// The step's time is not over.
    #[error("the review of contribution {contribution_id} goes on until {until}")]
    ReviewOpen {
        /// Which.
        contribution_id: u64,
        /// First second at which it can be finished.
        until: u64,
    },

    /// Too late to take it back.
    #[error("reviewers have voted on contribution {contribution_id}: wait for their decision")]
    UnderReview {
        /// Which.
        contribution_id: u64,
    },

    /// Nobody asked it to come.
    #[error("{account} is not invited to Datanet {datanet_id}: its owner or a curator must send invite first")]
    NotInvited {
        /// Who.
        account: Addr,
        /// Datanet.
        datanet_id: u64,
    },

    /// Published, removed, merged, the same twice, or none.
    #[error("cluster {cluster} cannot be merged: two different clusters are, not published, removed or merged before")]
    CannotMerge {
        /// Index received.
        cluster: u32,
    },

    /// No money came.
    #[error("amount is zero")]
    ZeroAmount,

    /// Once means once.
    #[error("settlement is {settlement} already: it can be set once")]
    SettlementSet {
        /// Address stored.
        settlement: Addr,
    },

    /// Money must not circle.
    #[error("this contract itself can receive nothing for others: name another account")]
    ToItself,

    /// Neither proposed nor serving.
    #[error("{account} is neither curator nor proposed curator of this Datanet")]
    NotCurator {
        /// Who.
        account: Addr,
    },
}
