//! What the registry knows from the first block on: the parameters of our own contracts and the messages about a Datanet.
//!
//! The bounds are those that the contracts check themselves, without the ones between two parameters. A row that a
//! contract's code does not have yet does no harm: a change of it is refused. A proposal can replace every entry.

use cosmwasm_std::{StdError, StdResult, Uint128};

use crate::{
    msg::{Name, ParamKind, ParamRule},
    params::SUPPLY,
};

const HOUR: u128 = 3_600;
const DAY: u128 = 24 * HOUR;
const MONTH: u128 = 30 * DAY;
const YEAR: u128 = 365 * DAY;
const FORTNIGHT: u128 = 14 * DAY;
const BPS: u128 = 10_000;

/// Name, kind, least and largest value.
pub type Row = (&'static str, ParamKind, u128, u128);
use ParamKind::{Integer, Number};

/// Parameters of the staking contract.
pub const STAKING: &[Row] = &[
    ("unbonding_seconds", Integer, 1, YEAR),
    ("min_self_bond", Integer, 1, SUPPLY),
    ("max_validators", Number, 1, 100),
    ("max_unbonding_entries", Number, 1, 32),
    ("max_delegations", Number, 1, 16),
    ("snapshot_interval_seconds", Integer, 0, DAY),
    ("jail_seconds", Integer, 0, YEAR),
    ("min_operator_bond", Integer, 1, SUPPLY),
];

/// Parameters of the settlement contract.
pub const SETTLEMENT: &[Row] = &[
    ("challenge_window_seconds", Integer, 0, MONTH),
    ("attestation_deadline_seconds", Integer, 1, MONTH),
    ("max_session_seconds", Integer, 1, YEAR),
    ("settle_grace_seconds", Integer, 0, MONTH),
    ("max_charges_per_batch", Number, 1, 64),
    ("max_batches_per_epoch", Number, 1, 64),
    ("set_overlap", Number, 0, 4),
    ("set_overlap_seconds", Integer, 0, MONTH),
    ("max_pause_seconds", Integer, 1, MONTH),
    ("round_seconds", Integer, 1, MONTH),
    ("max_open_epochs", Number, 1, 16),
    ("exposure_factor", Number, 0, 10_000),
];

/// Parameters of the disputes contract.
pub const DISPUTES: &[Row] = &[
    ("node_slash", Number, 0, BPS),
    ("validator_slash", Number, 0, BPS),
    ("reward", Number, 0, 5_000),
    ("dispute_bond", Integer, 1, SUPPLY),
    ("dispute_seconds", Integer, 1, MONTH),
];

/// Parameters of the Datanets contract.
pub const DATANETS: &[Row] = &[
    ("max_pause_seconds", Integer, 0, FORTNIGHT),
    ("max_clusters", Number, 1, 256),
    ("max_rows", Number, 1, 4_294_967_295),
    ("max_pending", Number, 1, 64),
    ("payout_delay_seconds", Integer, 0, MONTH),
    ("recovery_delay_seconds", Integer, 1, MONTH),
    ("contribution_deposit", Integer, 0, SUPPLY),
    ("datanet_bond", Integer, 0, SUPPLY),
    ("commit_lifetime_seconds", Integer, 1, MONTH),
    ("sunset_seconds", Integer, 0, YEAR),
];

/// Parameters of the models contract.
pub const MODELS: &[Row] = &[
    ("max_pause_seconds", Integer, 0, FORTNIGHT),
    ("max_token_price", Integer, 1, SUPPLY),
    ("base_bond", Integer, 0, SUPPLY),
    ("adapter_bond", Integer, 0, SUPPLY),
    ("rebate_bps", Number, 0, BPS),
    ("min_take_bps", Number, 0, 9_000),
    ("bond_unlock_seconds", Integer, 1, YEAR),
    ("base_notice_seconds", Integer, 1, YEAR),
    ("payout_delay_seconds", Integer, 0, MONTH),
    ("max_suspension_seconds", Integer, 0, MONTH),
];

/// Parameters of this contract.
pub const GOVERNANCE: &[Row] = &[
    ("min_deposit", Integer, 1, SUPPLY),
    ("expedited_min_deposit", Integer, 1, SUPPLY),
    ("datanet_min_deposit", Integer, 1, SUPPLY),
    ("initial_deposit", Number, 0, BPS),
    ("deposit_seconds", Integer, 1, MONTH),
    ("voting_seconds", Integer, 10, MONTH),
    ("expedited_voting_seconds", Integer, 5, MONTH),
    ("timelock_seconds", Integer, 0, MONTH),
    ("expedited_timelock_seconds", Integer, 0, MONTH),
    ("execution_seconds", Integer, 1, MONTH),
    ("quorum", Number, 100, 9_000),
    ("threshold", Number, 5_000, 9_000),
    ("expedited_threshold", Number, 5_001, 9_500),
    ("veto_threshold", Number, 1_000, 5_000),
    ("datanet_quorum", Number, 100, 9_000),
    ("max_pause_seconds", Integer, 1, FORTNIGHT),
    ("guardian_term_seconds", Integer, 1, YEAR),
];

/// Messages of the Datanets contract that its table gives to a Datanet's owner.
pub const DATANET_MESSAGES: &[&str] = &[
    "approve_member",
    "accept",
    "reject",
    "publish_version",
    "invite",
    "merge_clusters",
    "confirm_erasure",
    "issue_shares",
    "set_commons_part",
    "retire_datanet",
    "propose_datanet_owner",
    "propose_curator",
    "remove_curator",
];

/// The rules as the registry keeps them.
pub fn rules(rows: &[Row]) -> StdResult<Vec<ParamRule>> {
    let rule = |(name, kind, min, max): &Row| {
        Ok(ParamRule {
            name: name_of(name)?,
            kind: *kind,
            min: Some(Uint128::new(*min)),
            max: Some(Uint128::new(*max)),
        })
    };
    rows.iter().map(rule).collect()
}

/// A short name.
pub fn name_of(name: &str) -> StdResult<Name> {
    Name::new(name).map_err(|error| StdError::generic_err(error.to_string()))
}
