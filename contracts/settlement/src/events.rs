//! What happened, in enough detail to rebuild the state.

use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::event::Event;

use crate::{
    msg::{BatchStatus, BatchSummary, ChargeResponse, EpochResponse, Params},
    state::{Config, Session},
};

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum SettlementEvent {
    /// The contract began.
    Instantiated { owner: Addr, config: Config, params: Params },
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// A buyer locked money.
    SessionOpened { session_id: u64, session: Session },
    /// A buyer ended a session early.
    SessionClosed { session_id: u64, expires_at: u64, settles_at: u64 },
    /// What was left of a session went back.
    SessionSettled { session_id: u64, owner: Addr, amount: Uint128 },
    /// A node committed receipts.
    BatchSubmitted { batch: BatchSummary },
    /// A batch charged a session.
    SessionCharged { batch_id: u64, charge: ChargeResponse },
    /// An epoch accepted a batch.
    BatchAccepted { batch_id: u64, epoch: u64, total: Uint128 },
    /// Validators attested an epoch.
    EpochAccepted { epoch: EpochResponse },
    /// A node may submit no more.
    NodeBarred { node: Addr },
    /// Sessions of a false batch got money back after its epoch had paid.
    Restituted { batch_id: u64, amount: Uint128, from: Addr },
    /// The arbiter was named.
    ArbiterSet { arbiter: Addr },
    /// An epoch's acceptance was taken back; its batches wait again, until the deadline.
    EpochVoided { epoch: u64, round: u32, deadline: u64 },
    /// An epoch is tried again.
    RoundAdvanced { epoch: u64, round: u32 },
    /// A payee was paid.
    Claimed { payee: String, amount: Uint128, cumulative_amount: Uint128, epoch: u64 },
    /// A batch's money went back: it was not attested in time, or proven false.
    BatchRefunded { batch_id: u64, total: Uint128, status: BatchStatus },
    /// A refund reached a session.
    SessionRefunded { batch_id: u64, session_id: u64, amount: Uint128 },
    /// A pause began.
    Paused { until: u64 },
    /// A pause ended early.
    Unpaused,
    /// Other parameters.
    ParamsUpdated { params: Params },
    /// A next owner was proposed.
    OwnerProposed { account: Addr, expires_at: u64 },
    /// The owner changed.
    OwnerChanged { from: Addr, to: Addr },
}

impl Event for SettlementEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "settlement/instantiated",
            Self::Migrated { .. } => "settlement/migrated",
            Self::SessionOpened { .. } => "settlement/session_opened",
            Self::SessionClosed { .. } => "settlement/session_closed",
            Self::SessionSettled { .. } => "settlement/session_settled",
            Self::BatchSubmitted { .. } => "settlement/batch_submitted",
            Self::SessionCharged { .. } => "settlement/session_charged",
            Self::BatchAccepted { .. } => "settlement/batch_accepted",
            Self::EpochAccepted { .. } => "settlement/epoch_accepted",
            Self::NodeBarred { .. } => "settlement/node_barred",
            Self::Restituted { .. } => "settlement/restituted",
            Self::ArbiterSet { .. } => "settlement/arbiter_set",
            Self::EpochVoided { .. } => "settlement/epoch_voided",
            Self::RoundAdvanced { .. } => "settlement/round_advanced",
            Self::Claimed { .. } => "settlement/claimed",
            Self::BatchRefunded { .. } => "settlement/batch_refunded",
            Self::SessionRefunded { .. } => "settlement/session_refunded",
            Self::Paused { .. } => "settlement/paused",
            Self::Unpaused => "settlement/unpaused",
            Self::ParamsUpdated { .. } => "settlement/params_updated",
            Self::OwnerProposed { .. } => "settlement/owner_proposed",
            Self::OwnerChanged { .. } => "settlement/owner_changed",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Instantiated { owner, config, params } => {
                let mut all = vec![
                    ("owner", owner.to_string()),
                    ("token", config.token.to_string()),
                    ("staking", config.staking.to_string()),
                    ("models", config.models.to_string()),
                    ("treasury", config.treasury.to_string()),
                ];
                all.extend(param_attributes(params));
                all
            }
            Self::Migrated { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::SessionOpened { session_id, session } => session_attributes(*session_id, session),
            Self::SessionClosed { session_id, expires_at, settles_at } => vec![
                ("session_id", session_id.to_string()),
                ("expires_at", expires_at.to_string()),
                ("settles_at", settles_at.to_string()),
            ],
            Self::SessionSettled { session_id, owner, amount } => vec![
                ("session_id", session_id.to_string()),
                ("owner", owner.to_string()),
                ("amount", amount.to_string()),
            ],
            Self::BatchSubmitted { batch } => batch_attributes(batch),
            Self::SessionCharged { batch_id, charge } => vec![
                ("batch_id", batch_id.to_string()),
                ("session_id", charge.session_id.to_string()),
                ("amount", charge.amount.to_string()),
                ("cumulative_fee", charge.cumulative_fee.to_string()),
                ("voucher_amount", charge.voucher_amount.to_string()),
                ("voucher_sequence", charge.voucher_sequence.to_string()),
            ],
            Self::BatchAccepted { batch_id, epoch, total } => {
                vec![("batch_id", batch_id.to_string()), ("epoch", epoch.to_string()), ("total", total.to_string())]
            }
            Self::EpochAccepted { epoch } => epoch_attributes(epoch),
            Self::Claimed { payee, amount, cumulative_amount, epoch } => vec![
                ("payee", payee.clone()),
                ("amount", amount.to_string()),
                ("cumulative_amount", cumulative_amount.to_string()),
                ("epoch", epoch.to_string()),
            ],
            Self::RoundAdvanced { epoch, round } => {
                vec![("epoch", epoch.to_string()), ("round", round.to_string())]
            }
            Self::NodeBarred { node } => vec![("node", node.to_string())],
            Self::Restituted { batch_id, amount, from } => {
                vec![("batch_id", batch_id.to_string()), ("amount", amount.to_string()), ("from", from.to_string())]
            }
            Self::ArbiterSet { arbiter } => vec![("arbiter", arbiter.to_string())],
            Self::EpochVoided { epoch, round, deadline } => {
                vec![("epoch", epoch.to_string()), ("round", round.to_string()), ("deadline", deadline.to_string())]
            }
            Self::BatchRefunded { batch_id, total, status } => {
                vec![("batch_id", batch_id.to_string()), ("total", total.to_string()), ("status", status.to_string())]
            }
            Self::SessionRefunded { batch_id, session_id, amount } => vec![
                ("batch_id", batch_id.to_string()),
                ("session_id", session_id.to_string()),
                ("amount", amount.to_string()),
            ],
            Self::Paused { until } => vec![("until", until.to_string())],
            Self::Unpaused => Vec::new(),
            Self::ParamsUpdated { params } => param_attributes(params),
            Self::OwnerProposed { account, expires_at } => {
                vec![("account", account.to_string()), ("expires_at", expires_at.to_string())]
            }
            Self::OwnerChanged { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
        }
    }
}

fn session_attributes(session_id: u64, session: &Session) -> Vec<(&'static str, String)> {
    vec![
        ("session_id", session_id.to_string()),
        ("owner", session.owner.to_string()),
        ("session_public_key", session.session_public_key.to_string()),
        ("adapter_id", session.adapter_id.map(|id| id.to_string()).unwrap_or_default()),
        ("node", session.node.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("max_prompt_price", session.max_prompt_price.to_string()),
        ("max_response_price", session.max_response_price.to_string()),
        ("deposit", session.deposit.to_string()),
        ("opened_at", session.opened_at.to_string()),
        ("expires_at", session.expires_at.to_string()),
        ("settles_at", session.settles_at.to_string()),
    ]
}

fn batch_attributes(batch: &BatchSummary) -> Vec<(&'static str, String)> {
    vec![
        ("batch_id", batch.batch_id.to_string()),
        ("node", batch.node.to_string()),
        ("sequence", batch.sequence.to_string()),
        ("header_digest", batch.header_digest.to_string()),
        ("receipts_root", batch.receipts_root.to_string()),
        ("receipt_count", batch.receipt_count.to_string()),
        ("credits_root", batch.credits_root.to_string()),
        ("credit_count", batch.credit_count.to_string()),
        ("total", batch.total.to_string()),
        ("submitted_at", batch.submitted_at.to_string()),
        ("deadline", batch.deadline.to_string()),
    ]
}

fn epoch_attributes(epoch: &EpochResponse) -> Vec<(&'static str, String)> {
    let batch_ids: Vec<String> = epoch.batch_ids.iter().map(Uint64::to_string).collect();
    let absentees: Vec<String> = epoch.absentees.iter().map(u32::to_string).collect();
    vec![
        ("epoch", epoch.epoch.to_string()),
        ("round", epoch.round.to_string()),
        ("set_id", epoch.set_id.to_string()),
        ("statement_digest", epoch.statement_digest.to_string()),
        ("batch_ids", batch_ids.join(",")),
        ("payout_root", epoch.payout_root.to_string()),
        ("payout_total", epoch.payout_total.to_string()),
        ("payout_count", epoch.payout_count.to_string()),
        ("absentees", absentees.join(",")),
        ("signed_power", epoch.signed_power.to_string()),
        ("total_power", epoch.total_power.to_string()),
        ("accepted_at", epoch.accepted_at.to_string()),
        ("claimable_at", epoch.claimable_at.to_string()),
    ]
}

fn param_attributes(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("challenge_window_seconds", params.challenge_window_seconds.to_string()),
        ("attestation_deadline_seconds", params.attestation_deadline_seconds.to_string()),
        ("max_session_seconds", params.max_session_seconds.to_string()),
        ("settle_grace_seconds", params.settle_grace_seconds.to_string()),
        ("max_charges_per_batch", params.max_charges_per_batch.to_string()),
        ("max_batches_per_epoch", params.max_batches_per_epoch.to_string()),
        ("set_overlap", params.set_overlap.to_string()),
        ("set_overlap_seconds", params.set_overlap_seconds.to_string()),
        ("max_pause_seconds", params.max_pause_seconds.to_string()),
        ("round_seconds", params.round_seconds.to_string()),
        ("max_open_epochs", params.max_open_epochs.to_string()),
        ("exposure_factor", params.exposure_factor.to_string()),
    ]
}
