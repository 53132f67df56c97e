//! What queries answer and what is stored of base models and adapters.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};

use crate::msg::{Architecture, Bps, Digest, Licence, Name, Ownership, Params, ProposedOwner, Split};

/// Owner, Datanets contract, parameters and pause.
#[cw_serde]
pub struct ConfigResponse {
    /// Owner and open proposal.
    pub ownership: Ownership,
    /// Contract that holds the Datanets.
    pub datanets: Addr,
    /// The cw20 OPEN.
    pub token: Addr,
    /// The settlement contract, once it is named.
    pub settlement: Option<Addr>,
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
    /// True while everybody may register adapters for it.
    pub shared: bool,
    /// First second at which it takes no new version; absent unless it was withdrawn.
    pub leaves_at: Option<Uint64>,
}

/// OPEN that stands behind a base model or an adapter.
#[cw_serde]
#[derive(Default)]
pub struct Bond {
    /// What is left of it, in `uopen`.
    pub amount: Uint128,
    /// Part of usage income that is given back from it; fixed when it was paid.
    pub rebate: Bps,
    /// First second at which it is free; absent while it is bound.
    pub unlocks_at: Option<Uint64>,
}

/// What this contract holds and owes, in `uopen`.
#[cw_serde]
pub struct SolvencyResponse {
    /// OPEN of this contract.
    pub balance: Uint128,
    /// Sum of all bonds; never more than the balance.
    pub bonded: Uint128,
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
    /// Who registered it or accepted it since: publishes versions and names the payout account.
    pub developer: Addr,
    /// Who may become its developer.
    pub proposed: Option<ProposedOwner>,
    /// Where income and bond go.
    pub payout: Payout,
    /// Base model.
    pub base_id: Uint64,
    /// Its name.
    pub name: Name,
    /// SPDX expression that it is under.
    pub licence: Licence,
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
    /// The last suspension, also when it is over.
    pub suspension: Option<Suspension>,
    /// Usage income so far, in `uopen`.
    pub earned: Uint128,
    /// When it was registered.
    pub registered_at: Uint64,
}

/// Where an adapter's income goes.
#[cw_serde]
pub struct Payout {
    /// Now, or until the next one counts.
    pub account: Addr,
    /// Named, and counts from its time on.
    pub next: Option<NextPayout>,
}

/// A payout account that was named.
#[cw_serde]
pub struct NextPayout {
    /// Which.
    pub account: Addr,
    /// First second at which it counts.
    pub from: Uint64,
}

/// A time in which nodes are asked not to serve an adapter.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct Suspension {
    /// First second.
    pub from: Uint64,
    /// First second after it.
    pub until: Uint64,
}

/// The attribution index of an adapter version: one int8 vector per cluster.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct Index {
    /// RFC 6962 root over the rows, each the cluster as 4 bytes, big-endian, then one byte per dimension.
    pub root: Digest,
    /// As many as the Datanet version has clusters.
    pub rows: u32,
    /// Of each row; 1 to 131,071.
    pub dimensions: u32,
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
    /// Attribution index: what the scores of receipts are held against.
    pub index: Option<Index>,
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
    /// Account that its income goes to now.
    pub payout: Addr,
    /// First second after the running suspension; absent when none runs.
    pub suspended_until: Option<Uint64>,
}

/// A page of adapters.
#[cw_serde]
pub struct AdaptersResponse {
    /// By ascending id.
    pub adapters: Vec<AdapterResponse>,
}
