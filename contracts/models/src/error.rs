//! Every refusal: what was refused, why, and what would be accepted.

use cosmwasm_std::{Addr, OverflowError, StdError, Uint128, Uint64};
use openledger_contract_kit::{Digest, KitError};
use thiserror::Error;

pub use crate::{licence::LicenceError, split::SplitError};

/// A refusal. Nothing is stored when one is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    /// Storage, parsing or address error of the standard library.
    #[error("{0}")]
    Std(#[from] StdError),

    /// A sum left its range.
    #[error("{0}")]
    Overflow(#[from] OverflowError),

    /// A rule that all contracts share.
    #[error("{0}")]
    Kit(#[from] KitError),

    /// The split does not cover the fee or cuts contributors out.
    #[error("{0}")]
    Split(#[from] SplitError),

    /// A parameter lies outside its limits.
    #[error("parameter {name} is {found}: it must be {min} to {max}")]
    Param {
        /// Which.
        name: &'static str,
        /// Value received.
        found: Uint128,
        /// Least.
        min: Uint128,
        /// Most.
        max: Uint128,
    },

    /// No such base model.
    #[error("base model {id} does not exist: list them with the query bases")]
    UnknownBase {
        /// Id asked for.
        id: u64,
    },

    /// No such adapter.
    #[error("adapter {id} does not exist: list them with the query adapters")]
    UnknownAdapter {
        /// Id asked for.
        id: u64,
    },

    /// No such version.
    #[error("adapter {id} has no version {version}: its latest is {latest}")]
    UnknownAdapterVersion {
        /// Adapter asked for.
        id: u64,
        /// Version asked for.
        version: u32,
        /// Latest version.
        latest: u32,
    },

    /// The Datanets contract does not know the version.
    #[error("Datanet {datanet_id} version {version} cannot be used, the Datanets contract answers: {cause}")]
    DatanetVersion {
        /// Datanet.
        datanet_id: u64,
        /// Version.
        version: u32,
        /// Answer of the Datanets contract.
        cause: String,
    },

    /// Versions of an adapter follow its Datanet forward.
    #[error("Datanet version {given} is older than {latest}, which the latest adapter version was trained on")]
    DatanetVersionOlder {
        /// Version received.
        given: u32,
        /// Version of the latest adapter version.
        latest: u32,
    },

    /// The same account registered the same files.
    #[error("you registered base model {digest} already, as id {id}")]
    BaseKnown {
        /// Digest received.
        digest: Digest,
        /// Id it has.
        id: u64,
    },

    /// A new version must differ in at least one of its terms.
    #[error("nothing to publish: version {latest} has the same Datanet version, digests, prices and split")]
    NothingNew {
        /// Latest version.
        latest: u32,
    },

    /// An all-zero digest commits to nothing.
    #[error("{field} is all zeros: give the digest of real content")]
    ZeroDigest {
        /// Which field.
        field: &'static str,
    },

    /// Scores are counted by cluster.
    #[error("the index has {found} rows and the Datanet version {clusters} clusters: give the index of that version")]
    IndexRows {
        /// Rows received.
        found: u32,
        /// Clusters of the Datanet version.
        clusters: u32,
    },

    /// A dot product must fit.
    #[error("the index has {found} dimensions: 1 to {max} are accepted")]
    IndexDimensions {
        /// Dimensions received.
        found: u32,
        /// Most.
        max: usize,
    },

    /// Prices are bounded so that fees always fit.
    #[error("{field} is {found} uopen: at most {max} is accepted")]
    Price {
        /// Which field.
        field: &'static str,
        /// Price received.
        found: Uint128,
        /// Most.
        max: Uint128,
    },

    /// Already so.
    #[error("adapter {id} serves version {version} already")]
    Serving {
        /// Which.
        id: u64,
        /// Its version.
        version: u32,
    },

    /// Nothing to go back to.
    #[error("adapter {id} has no promotion to roll back: name a version with promote")]
    NoPrevious {
        /// Which.
        id: u64,
    },

    /// Too little for the treasury.
    #[error("split gives the treasury {found} basis points: at least {min} are required")]
    Take {
        /// Part received.
        found: u16,
        /// Least.
        min: u16,
    },

    /// The licence does not let the adapter be built and sold.
    #[error("the licence of the {of}, {licence}, is refused: {cause}")]
    Licence {
        /// Whose.
        of: &'static str,
        /// As written.
        licence: String,
        /// Why.
        cause: LicenceError,
    },

    /// Only the registrant may build on a base model that is not on the list.
    #[error("base model {id} is not on the list of shared ones: register it yourself, or build on one that is")]
    NotShared {
        /// Which.
        id: u64,
    },

    /// Already so.
    #[error("base model {id} is on the list of shared ones already")]
    Shared {
        /// Which.
        id: u64,
    },

    /// The base model goes or is gone.
    #[error("base model {id} was withdrawn: it takes no new adapters, and no new versions from {leaves_at} on")]
    Withdrawn {
        /// Which.
        id: u64,
        /// First second without it.
        leaves_at: Uint64,
    },

    /// No bond, or it was paid back.
    #[error("there is no bond to unlock")]
    NoBond,

    /// The bond is bound.
    #[error("the bond is still bound: retire the adapter, or withdraw the base model, first")]
    Bound,

    /// The bond is not free yet.
    #[error("the bond is free from {unlocks_at} on (seconds since 1970)")]
    Locked {
        /// First second at which it is free.
        unlocks_at: Uint64,
    },

    /// Money would be lost.
    #[error("this contract cannot be a payout account: name one that can use the money")]
    PayoutHere,

    /// Nothing to pay on.
    #[error("no OPEN came with the message")]
    ZeroAmount,

    /// A suspension must end in the future and within the maximum.
    #[error("suspension end {until} refused: it must be after {now} and at most {max} s later")]
    SuspensionLength {
        /// End asked for.
        until: Uint64,
        /// Block time.
        now: u64,
        /// Longest.
        max: Uint64,
    },

    /// An adapter must be in service as long as it was suspended.
    #[error("adapter {id} was suspended: it cannot be again before {not_before}")]
    SuspendedLately {
        /// Which.
        id: u64,
        /// First second of a new suspension.
        not_before: u64,
    },

    /// Nothing to end.
    #[error("adapter {id} is not suspended")]
    NotSuspended {
        /// Which.
        id: u64,
    },

    /// The settlement contract is named once.
    #[error("the settlement contract is {settlement} for good")]
    SettlementSet {
        /// Which.
        settlement: Addr,
    },

    /// Out of service for good.
    #[error("adapter {id} is retired: register a new adapter")]
    Retired {
        /// Which.
        id: u64,
    },
}
