//! What wallets, sidecars and other contracts send to and read from the models contract.
//!
//! Ids, times and amounts are strings of integers (times in seconds since 1970, amounts in `uopen`), digests are
//! 64 lower-case hex digits.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Addr, Uint128, Uint64};
pub use openledger_contract_kit::{ownership::Ownership, Bps, Digest, Text};

pub use crate::split::Split;

/// Name of a base model or adapter.
pub type Name = Text<64>;
/// Architecture as its configuration names it, for example `LlamaForCausalLM`.
pub type Architecture = Text<64>;
/// SPDX licence expression, for example `Apache-2.0`.
pub type Licence = Text<64>;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// May change parameters and pause; handed over in two steps. Has no power over any adapter.
    pub owner: String,
    /// Contract that holds the Datanets. Fixed for good.
    pub datanets: String,
    /// Bounds and windows.
    pub params: Params,
}

/// Bounds and windows. Limits of each are in [`crate::params`].
#[cw_serde]
pub struct Params {
    /// Longest pause, in seconds; at most 1,209,600 (14 days). Zero means that nobody can pause.
    pub max_pause_seconds: Uint64,
    /// Highest price of one token, in `uopen`; 1 to 1,000,000,000,000,000 (the whole supply).
    pub max_token_price: Uint128,
}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// Registers a base model. An account may register a digest once.
    RegisterBase {
        /// 1 to 64 bytes.
        name: Name,
        /// SHA-256 over the base model's files.
        digest: Digest,
        /// SHA-256 of `tokenizer.json`.
        tokenizer_digest: Digest,
        /// As the model's configuration names it.
        architecture: Architecture,
        /// SPDX expression.
        licence: Licence,
    },
    /// Registers a LoRA adapter with its first version. The sender is its developer.
    RegisterAdapter {
        /// Base model that the adapter was trained on.
        base_id: Uint64,
        /// 1 to 64 bytes.
        name: Name,
        /// Datanet that the adapter was trained on.
        datanet_id: Uint64,
        /// Published version of that Datanet.
        datanet_version: u32,
        /// SHA-256 of the adapter's weights.
        weights_digest: Digest,
        /// SHA-256 of the manifest of its counterfactual and placebo adapters.
        family_digest: Digest,
        /// SHA-256 of the training manifest: code, seeds, hyper-parameters, environment.
        manifest_digest: Option<Digest>,
        /// Merkle root over the training transcript's checkpoints.
        transcript_root: Option<Digest>,
        /// Merkle root over the rows of the attribution index; needs `index_rows`.
        index_root: Option<Digest>,
        /// Rows of the attribution index, at least 1; needs `index_root`.
        index_rows: Option<Uint64>,
        /// Price of a prompt token, in `uopen`.
        prompt_price: Uint128,
        /// Price of a response token, in `uopen`.
        response_price: Uint128,
        /// Who gets what part of the fee.
        split: Split,
    },
    /// Publishes the next version of an adapter. Earlier versions stay as they are.
    PublishAdapterVersion {
        /// Which adapter.
        adapter_id: Uint64,
        /// Published version of the adapter's Datanet; not older than that of the latest adapter version.
        datanet_version: u32,
        /// SHA-256 of the adapter's weights.
        weights_digest: Digest,
        /// SHA-256 of the manifest of its counterfactual and placebo adapters.
        family_digest: Digest,
        /// SHA-256 of the training manifest: code, seeds, hyper-parameters, environment.
        manifest_digest: Option<Digest>,
        /// Merkle root over the training transcript's checkpoints.
        transcript_root: Option<Digest>,
        /// Merkle root over the rows of the attribution index; needs `index_rows`.
        index_root: Option<Digest>,
        /// Rows of the attribution index, at least 1; needs `index_root`.
        index_rows: Option<Uint64>,
        /// Price of a prompt token, in `uopen`.
        prompt_price: Uint128,
        /// Price of a response token, in `uopen`.
        response_price: Uint128,
        /// Who gets what part of the fee.
        split: Split,
        /// Whether it is served from now on; true if absent. Otherwise `Promote` does that later.
        promote: Option<bool>,
    },
    /// Changes prices or split of the served version: publishes it again, with the same digests, and serves that.
    SetTerms {
        /// Which adapter.
        adapter_id: Uint64,
        /// Price of a prompt token, in `uopen`; as before if absent.
        prompt_price: Option<Uint128>,
        /// Price of a response token, in `uopen`; as before if absent.
        response_price: Option<Uint128>,
        /// Who gets what part of the fee; as before if absent.
        split: Option<Split>,
    },
    /// Serves another version from now on.
    Promote {
        /// Which adapter.
        adapter_id: Uint64,
        /// Any of its versions but the one that is served.
        version: u32,
    },
    /// Serves again what was served before the last promotion. One step back: `Promote` names any other version.
    Rollback {
        /// Which adapter.
        adapter_id: Uint64,
    },
    /// Takes an adapter out of service for good. Its versions stay readable.
    Retire {
        /// Which adapter.
        adapter_id: Uint64,
    },
    /// Replaces the contract's parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Stops what the permission table marks as pausable.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Ends the pause now.
    Unpause {},
    /// Proposes the contract's next owner and replaces an earlier proposal.
    ProposeOwner {
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes the contract's owner.
    AcceptOwnership {},
}

/// For the chain's own governance: the emergency subset and parameters.
#[cw_serde]
pub enum SudoMsg {
    /// Replaces the contract's parameters.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Stops what the permission table marks as pausable.
    Pause {
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Ends the pause now.
    Unpause {},
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Owner, Datanets contract, parameters and pause.
    #[returns(ConfigResponse)]
    Config {},
    /// One base model.
    #[returns(Base)]
    Base {
        /// Which.
        id: Uint64,
    },
    /// Base models by ascending id.
    #[returns(BasesResponse)]
    Bases {
        /// Id to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// One adapter with its latest version.
    #[returns(AdapterResponse)]
    Adapter {
        /// Which.
        id: Uint64,
    },
    /// Adapters by ascending id, each with its latest version.
    #[returns(AdaptersResponse)]
    Adapters {
        /// Id to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// One version of an adapter.
    #[returns(AdapterVersion)]
    AdapterVersion {
        /// Which adapter.
        id: Uint64,
        /// Which version, from 1.
        version: u32,
    },
    /// Adapters trained on a Datanet by ascending id, each with its latest version.
    #[returns(AdaptersResponse)]
    AdaptersOfDatanet {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Adapter id to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
}

/// Owner, Datanets contract, parameters and pause.
#[cw_serde]
pub struct ConfigResponse {
    /// Owner and open proposal.
    pub ownership: Ownership,
    /// Contract that holds the Datanets.
    pub datanets: Addr,
    /// Bounds and windows.
    pub params: Params,
    /// First second after the running pause; absent when none runs.
    pub paused_until: Option<Uint64>,
}

/// A base model.
#[cw_serde]
pub struct Base {
    /// From 1.
    pub id: Uint64,
    /// Who registered it.
    pub registrant: Addr,
    /// Its name.
    pub name: Name,
    /// SHA-256 over the base model's files.
    pub digest: Digest,
    /// SHA-256 of `tokenizer.json`.
    pub tokenizer_digest: Digest,
    /// As the model's configuration names it.
    pub architecture: Architecture,
    /// SPDX expression.
    pub licence: Licence,
    /// When it was registered.
    pub registered_at: Uint64,
}

/// A page of base models.
#[cw_serde]
pub struct BasesResponse {
    /// By ascending id.
    pub bases: Vec<Base>,
}

/// What all versions of an adapter have in common.
#[cw_serde]
pub struct Adapter {
    /// From 1.
    pub id: Uint64,
    /// Who registered it, may publish versions and receives the developer's part.
    pub developer: Addr,
    /// Base model.
    pub base_id: Uint64,
    /// Its name.
    pub name: Name,
    /// Datanet that every version is trained on.
    pub datanet_id: Uint64,
    /// Latest version.
    pub latest_version: u32,
    /// Version that nodes serve.
    pub serving_version: u32,
    /// Version that was served before the last promotion; absent after a rollback.
    pub previous_version: Option<u32>,
    /// True once it was taken out of service.
    pub retired: bool,
    /// When it was registered.
    pub registered_at: Uint64,
}

/// One version of an adapter: fixed for good.
#[cw_serde]
pub struct AdapterVersion {
    /// Which adapter.
    pub adapter_id: Uint64,
    /// From 1, consecutive.
    pub version: u32,
    /// Published version of the adapter's Datanet.
    pub datanet_version: u32,
    /// SHA-256 of the weights.
    pub weights_digest: Digest,
    /// SHA-256 of the manifest of its counterfactual and placebo adapters.
    pub family_digest: Digest,
    /// SHA-256 of the training manifest: code, seeds, hyper-parameters, environment.
    pub manifest_digest: Option<Digest>,
    /// Merkle root over the training transcript's checkpoints.
    pub transcript_root: Option<Digest>,
    /// Merkle root over the rows of the attribution index.
    pub index_root: Option<Digest>,
    /// Rows of the attribution index.
    pub index_rows: Option<Uint64>,
    /// Price of a prompt token, in `uopen`.
    pub prompt_price: Uint128,
    /// Price of a response token, in `uopen`.
    pub response_price: Uint128,
    /// Who gets what part of the fee.
    pub split: Split,
    /// When it was published.
    pub published_at: Uint64,
}

/// One adapter with its latest version and the one that is served; both are often the same.
#[cw_serde]
pub struct AdapterResponse {
    /// What all versions have in common.
    pub adapter: Adapter,
    /// The latest version.
    pub latest: AdapterVersion,
    /// The version that nodes serve.
    pub serving: AdapterVersion,
}

/// A page of adapters.
#[cw_serde]
pub struct AdaptersResponse {
    /// By ascending id.
    pub adapters: Vec<AdapterResponse>,
}
