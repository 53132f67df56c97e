//! What happened, in enough detail to rebuild the state.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::event::Event;

use crate::{
    msg::{Ballot, Guardian, Name, ParamDiff, ParamRule, Params, RegisteredContract, Status, Tally, VoteOption},
    state::{Config, Proposal},
};

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum GovernanceEvent {
    /// The contract began.
    Instantiated { config: Config, params: Params },
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// Somebody proposed. Text and action are in the message and in the query.
    Proposed { proposal_id: u64, proposal: Proposal },
    /// A deposit came in.
    Deposited { proposal_id: u64, from: Addr, amount: Uint128, total: Uint128 },
    /// The minimum was reached.
    VotingStarted { proposal_id: u64, expedited: bool, ends_at: u64 },
    /// The expedited majority was missed.
    BecameOrdinary { proposal_id: u64, ends_at: u64 },
    /// Somebody voted, or changed its vote.
    Voted { proposal_id: u64, ballot: Ballot, before: Option<VoteOption> },
    /// The end of a vote was recorded.
    Closed { proposal_id: u64, status: Status, tally: Tally },
    /// Part of a deposit went back.
    DepositReturned { proposal_id: u64, to: Addr, amount: Uint128 },
    /// A deposit burned.
    DepositBurned { proposal_id: u64, amount: Uint128 },
    /// A proposal changed a parameter.
    ParamChanged { proposal_id: u64, contract: Addr, change: ParamDiff },
    /// Everything a proposal said has happened.
    Executed { proposal_id: u64 },
    /// Nothing a proposal said has happened.
    ExecutionFailed { proposal_id: u64, error: String, attempts: u32 },
    /// A contract was paused, by a guardian, a proposal or the chain's governance (both as this contract).
    Paused { contract: Addr, by: Addr, until: u64 },
    /// A pause was ended early.
    PauseEnded { contract: Addr, by: Addr },
    /// This contract became owner of a contract.
    OwnershipAccepted { contract: Addr },
    /// This contract became owner of a Datanet.
    DatanetAccepted { datanet_id: u64 },
    /// Other parameters of governance.
    ParamsUpdated { params: Params },
    /// Other guardians, or new terms.
    GuardiansSet { guardians: Vec<Guardian> },
    /// A contract entered the registry.
    ContractRegistered { entry: RegisteredContract },
    /// A contract left the registry.
    ContractUnregistered { contract: Addr },
    /// Other messages about a Datanet.
    DatanetMessagesSet { messages: Vec<Name> },
}

impl Event for GovernanceEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "governance/instantiated",
            Self::Migrated { .. } => "governance/migrated",
            Self::Proposed { .. } => "governance/proposed",
            Self::Deposited { .. } => "governance/deposited",
            Self::VotingStarted { .. } => "governance/voting_started",
            Self::BecameOrdinary { .. } => "governance/became_ordinary",
            Self::Voted { .. } => "governance/voted",
            Self::Closed { .. } => "governance/closed",
            Self::DepositReturned { .. } => "governance/deposit_returned",
            Self::DepositBurned { .. } => "governance/deposit_burned",
            Self::ParamChanged { .. } => "governance/param_changed",
            Self::Executed { .. } => "governance/executed",
            Self::ExecutionFailed { .. } => "governance/execution_failed",
            Self::Paused { .. } => "governance/paused",
            Self::PauseEnded { .. } => "governance/pause_ended",
            Self::OwnershipAccepted { .. } => "governance/ownership_accepted",
            Self::DatanetAccepted { .. } => "governance/datanet_accepted",
            Self::ParamsUpdated { .. } => "governance/params_updated",
            Self::GuardiansSet { .. } => "governance/guardians_set",
            Self::ContractRegistered { .. } => "governance/contract_registered",
            Self::ContractUnregistered { .. } => "governance/contract_unregistered",
            Self::DatanetMessagesSet { .. } => "governance/datanet_messages_set",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Instantiated { config, params } => {
                let mut all = vec![
                    ("token", config.token.to_string()),
                    ("staking", config.staking.to_string()),
                    ("datanets", config.datanets.to_string()),
                ];
                all.extend(param_attributes(params));
                all
            }
            Self::Migrated { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::Proposed { proposal_id, proposal } => proposal_attributes(*proposal_id, proposal),
            Self::Deposited { proposal_id, from, amount, total } => vec![
                ("proposal_id", proposal_id.to_string()),
                ("from", from.to_string()),
                ("amount", amount.to_string()),
                ("total", total.to_string()),
            ],
            Self::VotingStarted { proposal_id, expedited, ends_at } => vec![
                ("proposal_id", proposal_id.to_string()),
                ("expedited", expedited.to_string()),
                ("ends_at", ends_at.to_string()),
            ],
            Self::BecameOrdinary { proposal_id, ends_at } => {
                vec![("proposal_id", proposal_id.to_string()), ("ends_at", ends_at.to_string())]
            }
            Self::Voted { proposal_id, ballot, before } => vec![
                ("proposal_id", proposal_id.to_string()),
                ("voter", ballot.voter.clone()),
                ("account", ballot.account.to_string()),
                ("vote", json_name(&ballot.vote)),
                ("power", ballot.power.to_string()),
                ("before", before.as_ref().map(json_name).unwrap_or_default()),
            ],
            Self::Closed { proposal_id, status, tally } => vec![
                ("proposal_id", proposal_id.to_string()),
                ("status", json_name(status)),
                ("yes", tally.yes.to_string()),
                ("no", tally.no.to_string()),
                ("abstain", tally.abstain.to_string()),
                ("veto", tally.veto.to_string()),
            ],
            Self::DepositReturned { proposal_id, to, amount } => {
                vec![("proposal_id", proposal_id.to_string()), ("to", to.to_string()), ("amount", amount.to_string())]
            }
            Self::DepositBurned { proposal_id, amount } => {
                vec![("proposal_id", proposal_id.to_string()), ("amount", amount.to_string())]
            }
            Self::ParamChanged { proposal_id, contract, change } => vec![
                ("proposal_id", proposal_id.to_string()),
                ("contract", contract.to_string()),
                ("param", change.name.to_string()),
                ("from", change.from.to_string()),
                ("to", change.to.to_string()),
            ],
            Self::Executed { proposal_id } => vec![("proposal_id", proposal_id.to_string())],
            Self::ExecutionFailed { proposal_id, error, attempts } => vec![
                ("proposal_id", proposal_id.to_string()),
                ("error", error.clone()),
                ("attempts", attempts.to_string()),
            ],
            Self::Paused { contract, by, until } => {
                vec![("contract", contract.to_string()), ("by", by.to_string()), ("until", until.to_string())]
            }
            Self::PauseEnded { contract, by } => vec![("contract", contract.to_string()), ("by", by.to_string())],
            Self::OwnershipAccepted { contract } | Self::ContractUnregistered { contract } => {
                vec![("contract", contract.to_string())]
            }
            Self::DatanetAccepted { datanet_id } => vec![("datanet_id", datanet_id.to_string())],
            Self::ParamsUpdated { params } => param_attributes(params),
            Self::GuardiansSet { guardians } => {
                let accounts: Vec<&str> = guardians.iter().map(|guardian| guardian.account.as_str()).collect();
                let term = guardians.first().map(|guardian| guardian.term_ends_at.to_string()).unwrap_or_default();
                vec![("guardians", accounts.join(",")), ("term_ends_at", term)]
            }
            Self::ContractRegistered { entry } => {
                let rules: Vec<String> = entry.params.iter().map(rule_text).collect();
                vec![
                    ("contract", entry.contract.to_string()),
                    ("name", entry.name.to_string()),
                    ("pausable", entry.pausable.to_string()),
                    ("params", rules.join(",")),
                ]
            }
            Self::DatanetMessagesSet { messages } => {
                let names: Vec<&str> = messages.iter().map(|name| name.as_str()).collect();
                vec![("messages", names.join(","))]
            }
        }
    }
}

/// `name:kind:min:max`.
fn rule_text(rule: &ParamRule) -> String {
    let bound = |value: Option<Uint128>| value.map(|value| value.to_string()).unwrap_or_default();
    format!("{}:{}:{}:{}", rule.name, json_name(&rule.kind), bound(rule.min), bound(rule.max))
}

/// A unit variant as JSON writes it.
fn json_name<T: cosmwasm_schema::serde::Serialize>(value: &T) -> String {
    cosmwasm_std::to_json_string(value).unwrap_or_default().trim_matches('"').to_owned()
}

fn proposal_attributes(proposal_id: u64, proposal: &Proposal) -> Vec<(&'static str, String)> {
    let rules = &proposal.rules;
    vec![
        ("proposal_id", proposal_id.to_string()),
        ("proposer", proposal.proposer.to_string()),
        ("title", proposal.title.to_string()),
        ("kind", json_name(&proposal.kind)),
        ("datanet_id", proposal.datanet_id.map(|id| id.to_string()).unwrap_or_default()),
        ("expedited", proposal.expedited.to_string()),
        ("submitted_at", proposal.submitted_at.to_string()),
        ("power_height", proposal.power_height.to_string()),
        ("total_power", proposal.total_power.to_string()),
        ("deposit_ends_at", proposal.deposit_ends_at.to_string()),
        ("min_deposit", rules.min_deposit.to_string()),
        ("voting_seconds", rules.voting_seconds.to_string()),
        ("expedited_voting_seconds", rules.expedited_voting_seconds.to_string()),
        ("timelock_seconds", rules.timelock_seconds.to_string()),
        ("expedited_timelock_seconds", rules.expedited_timelock_seconds.to_string()),
        ("execution_seconds", rules.execution_seconds.to_string()),
        ("quorum", rules.quorum.to_string()),
        ("threshold", rules.threshold.to_string()),
        ("expedited_threshold", rules.expedited_threshold.to_string()),
        ("veto_threshold", rules.veto_threshold.to_string()),
    ]
}

fn param_attributes(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("min_deposit", params.min_deposit.to_string()),
        ("expedited_min_deposit", params.expedited_min_deposit.to_string()),
        ("datanet_min_deposit", params.datanet_min_deposit.to_string()),
        ("initial_deposit", params.initial_deposit.to_string()),
        ("deposit_seconds", params.deposit_seconds.to_string()),
        ("voting_seconds", params.voting_seconds.to_string()),
        ("expedited_voting_seconds", params.expedited_voting_seconds.to_string()),
        ("timelock_seconds", params.timelock_seconds.to_string()),
        ("expedited_timelock_seconds", params.expedited_timelock_seconds.to_string()),
        ("execution_seconds", params.execution_seconds.to_string()),
        ("quorum", params.quorum.to_string()),
        ("threshold", params.threshold.to_string()),
        ("expedited_threshold", params.expedited_threshold.to_string()),
        ("veto_threshold", params.veto_threshold.to_string()),
        ("datanet_quorum", params.datanet_quorum.to_string()),
        ("max_pause_seconds", params.max_pause_seconds.to_string()),
        ("guardian_term_seconds", params.guardian_term_seconds.to_string()),
    ]
}
