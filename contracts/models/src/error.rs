//! Every refusal: what was refused, why, and what would be accepted.

use cosmwasm_std::{StdError, Uint128};
use openledger_contract_kit::{Digest, KitError};
use thiserror::Error;

pub use crate::split::SplitError;

/// A refusal. Nothing is stored when one is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    /// Storage, parsing or address error of the standard library.
    #[error("{0}")]
    Std(#[from] StdError),

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

    /// A root without a count, a count without a root, or no rows.
    #[error("index_root and index_rows belong together: give both, with at least one row, or neither")]
    Index,

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

    /// Out of service for good.
    #[error("adapter {id} is retired: register a new adapter")]
    Retired {
        /// Which.
        id: u64,
    },
}
