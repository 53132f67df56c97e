//! What wallets, sidecars and other contracts send to and read from the models contract.
//!
//! Ids, times and amounts are strings of integers (times in seconds since 1970, amounts in `uopen`), digests are
//! 64 lower-case hex digits.

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{
    ownership::{Ownership, ProposedOwner},
    Bps, Digest, Text,
};

pub use crate::{answers::*, split::Split};

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
    /// The cw20 OPEN: bonds and income. Fixed for good.
    pub token: String,
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
    /// Bond of a base model, in `uopen`; zero asks for none, the whole supply at most.
    pub base_bond: Uint128,
    /// Bond of an adapter, in `uopen`; zero asks for none, the whole supply at most.
    pub adapter_bond: Uint128,
    /// Part of its usage income that an adapter gets back from its bond; at most `min_take_bps`.
    pub rebate_bps: Bps,
    /// Least part of the fee that a split gives to the treasury; at most 9,000.
    pub min_take_bps: Bps,
    /// Seconds from retirement, or from a base model's leaving, until its bond is free; 1 to a year.
    pub bond_unlock_seconds: Uint64,
    /// Seconds in which a withdrawn base model still takes versions of adapters; 1 to a year.
    pub base_notice_seconds: Uint64,
    /// Seconds until a new payout account counts; at most 30 days.
    pub payout_delay_seconds: Uint64,
    /// Longest suspension of an adapter, in seconds; at most 30 days. Zero means that nobody can suspend.
    pub max_suspension_seconds: Uint64,
}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// Registers a base model. An account may register a digest once. Takes the bond by the sender's allowance.
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
    /// Puts a base model on the list of those that everybody may register adapters for.
    WhitelistBase {
        /// Which.
        base_id: Uint64,
    },
    /// Takes it from the list. Adapters that are registered for it stay and may publish versions.
    DelistBase {
        /// Which.
        base_id: Uint64,
    },
    /// Takes a base model away: no new adapter from now on, no new version after `base_notice_seconds`.
    WithdrawBase {
        /// Which.
        base_id: Uint64,
    },
    /// Pays a free bond to the base model's registrant or to the adapter's payout account.
    UnlockBond {
        /// Whose.
        bonded: Bonded,
    },
    /// Registers a LoRA adapter with its first version. The sender is its developer, and the base model is its own or on
    /// the list. Takes the bond by the sender's allowance.
    RegisterAdapter {
        /// Base model that the adapter was trained on.
        base_id: Uint64,
        /// 1 to 64 bytes.
        name: Name,
        /// SPDX expression that the adapter itself is under; the Datanet's if absent. Those of the Datanet and of the
        /// base model must allow it: [`crate::licence`].
        licence: Option<Licence>,
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
        /// Attribution index, if it has one.
        index: Option<Index>,
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
        /// Attribution index, if it has one.
        index: Option<Index>,
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
    /// Offers an adapter, with its bond and its income, to another account, and replaces an earlier offer.
    ProposeDeveloper {
        /// Which adapter.
        adapter_id: Uint64,
        /// Who may accept.
        account: String,
        /// First second at which it can no longer be accepted; at most 30 days ahead.
        expires_at: Uint64,
    },
    /// Becomes an adapter's developer, and its payout account after `payout_delay_seconds`.
    AcceptAdapter {
        /// Which.
        adapter_id: Uint64,
    },
    /// Names the account that an adapter's income and bond go to, after `payout_delay_seconds`.
    SetPayout {
        /// Which adapter.
        adapter_id: Uint64,
        /// Any account but this contract.
        account: String,
    },
    /// Asks nodes not to serve an adapter for a time. It must then be left in service for as long as it was not.
    Suspend {
        /// Which.
        adapter_id: Uint64,
        /// First second after the suspension; at most `max_suspension_seconds` ahead.
        until: Uint64,
    },
    /// Ends a suspension now.
    Resume {
        /// Which.
        adapter_id: Uint64,
    },
    /// Names the settlement contract, once: income counts as usage only when it comes from there.
    SetSettlement {
        /// Its address.
        settlement: String,
    },
    /// OPEN that was sent here by cw20 `send` with a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Takes an adapter out of service for good. Its versions stay readable. The bond is free after `bond_unlock_seconds`.
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

/// What OPEN sent here is for.
#[cw_serde]
pub enum ReceiveMsg {
    /// Income of an adapter's developer: paid on to its payout account.
    AdapterIncome {
        /// Which adapter.
        adapter_id: Uint64,
    },
}

/// What a bond stands behind.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Bonded {
    /// A base model, by id.
    Base(Uint64),
    /// An adapter, by id.
    Adapter(Uint64),
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
    /// The bond of a base model or an adapter; empty when there is none.
    #[returns(Bond)]
    Bond {
        /// Whose.
        bonded: Bonded,
    },
    /// What this contract holds and owes.
    #[returns(SolvencyResponse)]
    Solvency {},
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
