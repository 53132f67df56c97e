//! What happened, in enough detail to rebuild the state.

use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::event::Event;

use crate::{
    msg::{CaseResponse, Culprit, DisputeResponse, Params, Verdict},
    state::Config,
};

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum DisputesEvent {
    /// The contract began.
    Instantiated { owner: Addr, config: Config, params: Params },
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// A fraud was shown.
    FraudProven { case: CaseResponse, detail: String },
    /// A case's culprits lost money.
    Slashed { case_id: u64, amount: Uint128, restored: Uint128, rewarded: Uint128, burned: Uint128 },
    /// The staking contract refused to slash.
    SlashRefused { case_id: u64, reason: String },
    /// Validators are asked for a verdict.
    DisputeOpened { dispute: DisputeResponse },
    /// They signed one.
    DisputeResolved { dispute_id: u64, verdict: Verdict, set_id: u64, case_id: Option<Uint64> },
    /// They were silent.
    DisputeExpired { dispute_id: u64 },
    /// Other parameters.
    ParamsUpdated { params: Params },
    /// A next owner was proposed.
    OwnerProposed { account: Addr, expires_at: u64 },
    /// The owner changed.
    OwnerChanged { from: Addr, to: Addr },
}

impl Event for DisputesEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "disputes/instantiated",
            Self::Migrated { .. } => "disputes/migrated",
            Self::FraudProven { .. } => "disputes/fraud_proven",
            Self::Slashed { .. } => "disputes/slashed",
            Self::SlashRefused { .. } => "disputes/slash_refused",
            Self::DisputeOpened { .. } => "disputes/dispute_opened",
            Self::DisputeResolved { .. } => "disputes/dispute_resolved",
            Self::DisputeExpired { .. } => "disputes/dispute_expired",
            Self::ParamsUpdated { .. } => "disputes/params_updated",
            Self::OwnerProposed { .. } => "disputes/owner_proposed",
            Self::OwnerChanged { .. } => "disputes/owner_changed",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Instantiated { owner, config, params } => {
                let mut all = vec![
                    ("owner", owner.to_string()),
                    ("settlement", config.settlement.to_string()),
                    ("token", config.token.to_string()),
                    ("staking", config.staking.to_string()),
                    ("models", config.models.to_string()),
                    ("treasury", config.treasury.to_string()),
                ];
                all.extend(param_attributes(params));
                all
            }
            Self::Migrated { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::FraudProven { case, detail } => case_attributes(case, detail),
            Self::Slashed { case_id, amount, restored, rewarded, burned } => vec![
                ("case_id", case_id.to_string()),
                ("amount", amount.to_string()),
                ("restored", restored.to_string()),
                ("rewarded", rewarded.to_string()),
                ("burned", burned.to_string()),
            ],
            Self::SlashRefused { case_id, reason } => {
                vec![("case_id", case_id.to_string()), ("reason", reason.clone())]
            }
            Self::DisputeOpened { dispute } => vec![
                ("dispute_id", dispute.dispute_id.to_string()),
                ("challenger", dispute.challenger.to_string()),
                ("batch_id", dispute.batch_id.to_string()),
                ("node", dispute.node.to_string()),
                ("index", dispute.index.to_string()),
                ("receipt_id", dispute.receipt_id.to_string()),
                ("bond", dispute.bond.to_string()),
                ("opened_at", dispute.opened_at.to_string()),
                ("deadline", dispute.deadline.to_string()),
            ],
            Self::DisputeResolved { dispute_id, verdict, set_id, case_id } => vec![
                ("dispute_id", dispute_id.to_string()),
                ("verdict", verdict_name(*verdict).to_owned()),
                ("set_id", set_id.to_string()),
                ("case_id", case_id.map(|id| id.to_string()).unwrap_or_default()),
            ],
            Self::DisputeExpired { dispute_id } => vec![("dispute_id", dispute_id.to_string())],
            Self::ParamsUpdated { params } => param_attributes(params),
            Self::OwnerProposed { account, expires_at } => {
                vec![("account", account.to_string()), ("expires_at", expires_at.to_string())]
            }
            Self::OwnerChanged { from, to } => vec![("from", from.to_string()), ("to", to.to_string())],
        }
    }
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Honest => "honest",
        Verdict::Fraud => "fraud",
    }
}

fn case_attributes(case: &CaseResponse, detail: &str) -> Vec<(&'static str, String)> {
    let mut all = vec![
        ("case_id", case.case_id.to_string()),
        ("challenger", case.challenger.to_string()),
        ("fraud", case.fraud.clone()),
        ("detail", detail.to_owned()),
    ];
    match &case.culprit {
        Culprit::Node { node, batch_id } => {
            all.extend([("node", node.to_string()), ("batch_id", batch_id.to_string())]);
        }
        Culprit::Validators { set_id, validators } => {
            let names: Vec<&str> = validators.iter().map(Addr::as_str).collect();
            all.extend([("set_id", set_id.to_string()), ("validators", names.join(","))]);
        }
    }
    all.extend([("due", case.due.to_string()), ("proven_at", case.proven_at.to_string())]);
    all
}

fn param_attributes(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("node_slash", params.node_slash.to_string()),
        ("validator_slash", params.validator_slash.to_string()),
        ("reward", params.reward.to_string()),
        ("dispute_bond", params.dispute_bond.to_string()),
        ("dispute_seconds", params.dispute_seconds.to_string()),
    ]
}
