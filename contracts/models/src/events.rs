//! Typed events; together they are enough to rebuild the state. `tests/messages/golden/testdata/events.golden` shows each.

use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::event;

use crate::msg::{Adapter, AdapterVersion, Base, Bond, Bonded, Params};

/// Everything this contract tells indexers.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The contract exists.
    Instantiated { owner: &'a Addr, datanets: &'a Addr, token: &'a Addr, params: &'a Params },
    /// A base model was registered.
    BaseRegistered(&'a Base),
    /// A base model went on the list of shared ones, or from it.
    BaseListed { id: u64, shared: bool },
    /// A base model takes no new adapters, and no new versions from `leaves_at` on.
    BaseWithdrawn { id: u64, leaves_at: Uint64 },
    /// A bond was paid.
    BondPaid { bonded: Bonded, from: &'a Addr, bond: &'a Bond },
    /// A bond is free from a time on.
    BondReleased { bonded: Bonded, unlocks_at: Uint64 },
    /// A bond was paid back.
    BondUnlocked { bonded: Bonded, account: &'a Addr, amount: Uint128 },
    /// An adapter was registered; its first version follows in the same response.
    AdapterRegistered(&'a Adapter),
    /// A version of an adapter was fixed.
    AdapterVersionPublished(&'a AdapterVersion),
    /// A version is served from now on.
    AdapterPromoted { id: u64, version: u32, previous: Option<u32> },
    /// An adapter was offered.
    DeveloperProposed { id: u64, account: &'a Addr, expires_at: Uint64 },
    /// An adapter changed hands; a payout event follows in the same response.
    DeveloperChanged { id: u64, from: &'a Addr, to: &'a Addr },
    /// An account receives the adapter's income from a time on.
    PayoutSet { id: u64, account: &'a Addr, from: Uint64 },
    /// Nodes are asked not to serve an adapter.
    AdapterSuspended { id: u64, from: Uint64, until: Uint64 },
    /// A suspension was ended early.
    AdapterResumed { id: u64, at: Uint64 },
    /// Income was paid on, and `rebate` from the bond with it; it counts as usage when it came from settlement.
    IncomePaid { id: u64, from: &'a Addr, account: &'a Addr, amount: Uint128, rebate: Uint128, usage: bool },
    /// The settlement contract was named.
    SettlementSet { settlement: &'a Addr },
    /// An adapter is out of service for good.
    AdapterRetired { id: u64 },
    /// Bounds and windows changed.
    ParamsUpdated(&'a Params),
    /// A pause began.
    Paused { until: Uint64 },
    /// The pause was ended early.
    Unpaused,
    /// The contract's next owner was proposed.
    OwnerProposed { account: &'a Addr, expires_at: Uint64 },
    /// The contract changed hands.
    OwnerChanged { from: &'a Addr, to: &'a Addr },
    /// New code runs.
    Migrated { from: &'a str, to: &'a str },
}

impl event::Event for Event<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "models/instantiated",
            Self::BaseRegistered(_) => "models/base_registered",
            Self::BaseListed { .. } => "models/base_listed",
            Self::BaseWithdrawn { .. } => "models/base_withdrawn",
            Self::BondPaid { .. } => "models/bond_paid",
            Self::BondReleased { .. } => "models/bond_released",
            Self::BondUnlocked { .. } => "models/bond_unlocked",
            Self::AdapterRegistered(_) => "models/adapter_registered",
            Self::AdapterVersionPublished(_) => "models/adapter_version_published",
            Self::AdapterPromoted { .. } => "models/adapter_promoted",
            Self::DeveloperProposed { .. } => "models/developer_proposed",
            Self::DeveloperChanged { .. } => "models/developer_changed",
            Self::PayoutSet { .. } => "models/payout_set",
            Self::AdapterSuspended { .. } => "models/adapter_suspended",
            Self::AdapterResumed { .. } => "models/adapter_resumed",
            Self::IncomePaid { .. } => "models/income_paid",
            Self::SettlementSet { .. } => "models/settlement_set",
            Self::AdapterRetired { .. } => "models/adapter_retired",
            Self::ParamsUpdated(_) => "models/params_updated",
            Self::Paused { .. } => "models/paused",
            Self::Unpaused => "models/unpaused",
            Self::OwnerProposed { .. } => "models/owner_proposed",
            Self::OwnerChanged { .. } => "models/owner_changed",
            Self::Migrated { .. } => "models/migrated",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Instantiated { owner, datanets, token, params } => {
                let mut all = vec![
                    ("owner", owner.to_string()),
                    ("datanets", datanets.to_string()),
                    ("token", token.to_string()),
                ];
                all.extend(of_params(params));
                all
            }
            Self::BaseRegistered(base) => vec![
                ("base_id", base.id.to_string()),
                ("registrant", base.registrant.to_string()),
                ("name", base.name.to_string()),
                ("digest", base.digest.to_string()),
                ("tokenizer_digest", base.tokenizer_digest.to_string()),
                ("architecture", base.architecture.to_string()),
                ("licence", base.licence.to_string()),
            ],
            Self::BaseListed { id, shared } => vec![("base_id", id.to_string()), ("shared", shared.to_string())],
            Self::BaseWithdrawn { id, leaves_at } => {
                vec![("base_id", id.to_string()), ("leaves_at", leaves_at.to_string())]
            }
            Self::BondPaid { bonded, from, bond } => vec![
                of_bonded(bonded),
                ("from", from.to_string()),
                ("amount", bond.amount.to_string()),
                ("rebate_bps", bond.rebate.to_string()),
            ],
            Self::BondReleased { bonded, unlocks_at } => {
                vec![of_bonded(bonded), ("unlocks_at", unlocks_at.to_string())]
            }
            Self::BondUnlocked { bonded, account, amount } => {
                vec![of_bonded(bonded), ("account", account.to_string()), ("amount", amount.to_string())]
            }
            Self::AdapterRegistered(adapter) => vec![
                ("adapter_id", adapter.id.to_string()),
                ("developer", adapter.developer.to_string()),
                ("base_id", adapter.base_id.to_string()),
                ("name", adapter.name.to_string()),
                ("licence", adapter.licence.to_string()),
                ("datanet_id", adapter.datanet_id.to_string()),
            ],
            Self::AdapterVersionPublished(version) => of_version(version),
            Self::AdapterPromoted { id, version, previous } => {
                vec![("adapter_id", id.to_string()), ("version", version.to_string()), ("previous", text(previous))]
            }
            Self::DeveloperProposed { id, account, expires_at } => vec![
                ("adapter_id", id.to_string()),
                ("account", account.to_string()),
                ("expires_at", expires_at.to_string()),
            ],
            Self::DeveloperChanged { id, from, to } => {
                vec![("adapter_id", id.to_string()), ("from", from.to_string()), ("to", to.to_string())]
            }
            Self::PayoutSet { id, account, from } => {
                vec![("adapter_id", id.to_string()), ("account", account.to_string()), ("from", from.to_string())]
            }
            Self::AdapterSuspended { id, from, until } => {
                vec![("adapter_id", id.to_string()), ("from", from.to_string()), ("until", until.to_string())]
            }
            Self::AdapterResumed { id, at } => vec![("adapter_id", id.to_string()), ("at", at.to_string())],
            Self::IncomePaid { id, from, account, amount, rebate, usage } => vec![
                ("adapter_id", id.to_string()),
                ("from", from.to_string()),
                ("account", account.to_string()),
                ("amount", amount.to_string()),
                ("rebate", rebate.to_string()),
                ("usage", usage.to_string()),
            ],
            Self::SettlementSet { settlement } => vec![("settlement", settlement.to_string())],
            Self::AdapterRetired { id } => vec![("adapter_id", id.to_string())],
            Self::ParamsUpdated(params) => of_params(params),
            Self::Paused { until } => vec![("until", until.to_string())],
            Self::Unpaused => vec![],
            Self::OwnerProposed { account, expires_at } => {
                vec![("account", account.to_string()), ("expires_at", expires_at.to_string())]
            }
            Self::OwnerChanged { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
            Self::Migrated { from, to } => vec![("from", from.to_owned()), ("to", to.to_owned())],
        }
    }
}

fn of_params(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("max_pause_seconds", params.max_pause_seconds.to_string()),
        ("max_token_price", params.max_token_price.to_string()),
        ("base_bond", params.base_bond.to_string()),
        ("adapter_bond", params.adapter_bond.to_string()),
        ("rebate_bps", params.rebate_bps.to_string()),
        ("min_take_bps", params.min_take_bps.to_string()),
        ("bond_unlock_seconds", params.bond_unlock_seconds.to_string()),
        ("base_notice_seconds", params.base_notice_seconds.to_string()),
        ("payout_delay_seconds", params.payout_delay_seconds.to_string()),
        ("max_suspension_seconds", params.max_suspension_seconds.to_string()),
    ]
}

fn of_bonded(bonded: Bonded) -> (&'static str, String) {
    match bonded {
        Bonded::Base(id) => ("base_id", id.to_string()),
        Bonded::Adapter(id) => ("adapter_id", id.to_string()),
    }
}

fn of_version(version: &AdapterVersion) -> Vec<(&'static str, String)> {
    vec![
        ("adapter_id", version.adapter_id.to_string()),
        ("version", version.version.to_string()),
        ("datanet_version", version.datanet_version.to_string()),
        ("weights_digest", version.weights_digest.to_string()),
        ("family_digest", version.family_digest.to_string()),
        ("manifest_digest", text(version.manifest_digest)),
        ("transcript_root", text(version.transcript_root)),
        ("index_root", text(version.index.map(|index| index.root))),
        ("index_rows", text(version.index.map(|index| index.rows))),
        ("index_dimensions", text(version.index.map(|index| index.dimensions))),
        ("prompt_price", version.prompt_price.to_string()),
        ("response_price", version.response_price.to_string()),
        ("contributors_bps", version.split.contributors.to_string()),
        ("developer_bps", version.split.developer.to_string()),
        ("node_bps", version.split.node.to_string()),
        ("stakers_bps", version.split.stakers.to_string()),
        ("treasury_bps", version.split.treasury.to_string()),
    ]
}

/// Nothing becomes the empty text, which the chain's event leaves out.
fn text(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
