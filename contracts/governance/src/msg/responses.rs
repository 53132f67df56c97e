//! What queries answer. Part of [`crate::msg`], which re-exports it.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};

use super::{Action, Bps, Description, Json, Name, ParamRule, Params, Title, VoteOption};

/// Answer of `config`.
#[cw_serde]
pub struct ConfigResponse {
    /// Token of deposits.
    pub token: Addr,
    /// Staking contract.
    pub staking: Addr,
    /// Contract of the Datanets.
    pub datanets: Addr,
    /// Windows, deposits and majorities.
    pub params: Params,
    /// Messages that a proposal about one Datanet may send.
    pub datanet_messages: Vec<Name>,
    /// The proposal that is being executed, within its own execution only.
    pub executing: Option<Uint64>,
}

/// What kind of thing a proposal does.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum ActionKind {
    /// Records the will of the voters.
    Text,
    /// Sends messages.
    Messages,
    /// Changes parameters.
    ParamChange,
    /// Sends messages about one Datanet.
    Datanet,
    /// Pauses contracts.
    EmergencyPause,
}

/// Where a proposal stands.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Status {
    /// Waits for its deposit.
    DepositPeriod,
    /// Never reached its deposit. Over.
    DepositMissed,
    /// Being voted on.
    Voting,
    /// Too few voted. Over.
    QuorumMissed,
    /// Voted down. Over.
    Rejected,
    /// Voted down as an abuse. Over; the deposit burns.
    Vetoed,
    /// Passed, and there was nothing to execute. Over.
    Passed,
    /// Passed; waits for its time.
    Timelocked,
    /// Passed; anyone may execute it.
    Executable,
    /// Everything it said has happened. Over.
    Executed,
    /// A run failed and nothing of it happened. May be tried again until the time for execution is over.
    ExecutionFailed,
    /// Passed, and nobody executed it in time. Over.
    Expired,
}

/// What became of a deposit.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum DepositState {
    /// Held by this contract.
    Held,
    /// Given back.
    Returned,
    /// Burned after a veto.
    Burned,
}

/// Power by answer.
#[cw_serde]
#[derive(Default)]
pub struct Tally {
    /// For it.
    pub yes: Uint128,
    /// Against it.
    pub no: Uint128,
    /// Quorum only.
    pub abstain: Uint128,
    /// Against it as an abuse.
    pub veto: Uint128,
}

/// Windows and majorities of one proposal, fixed in its first block.
#[cw_serde]
pub struct Rules {
    /// Deposit that opens the vote.
    pub min_deposit: Uint128,
    /// Seconds of voting.
    pub voting_seconds: Uint64,
    /// Seconds of the expedited vote.
    pub expedited_voting_seconds: Uint64,
    /// Seconds between vote and execution.
    pub timelock_seconds: Uint64,
    /// The same after an expedited vote.
    pub expedited_timelock_seconds: Uint64,
    /// Seconds for execution.
    pub execution_seconds: Uint64,
    /// Part of all power that must vote.
    pub quorum: Bps,
    /// More than this part of the votes that are no abstentions must say yes.
    pub threshold: Bps,
    /// The same in the expedited vote.
    pub expedited_threshold: Bps,
    /// More than this part of all votes as vetoes burns the deposit.
    pub veto_threshold: Bps,
}

/// One account's part of a deposit.
#[cw_serde]
pub struct DepositEntry {
    /// Who.
    pub account: Addr,
    /// In `uopen`.
    pub amount: Uint128,
}

/// How the last run ended.
#[cw_serde]
pub enum RunOutcome {
    /// Everything happened.
    Done {
        /// When.
        at: Uint64,
    },
    /// Nothing happened.
    Failed {
        /// When.
        at: Uint64,
        /// What the chain said; at most 256 bytes.
        error: String,
        /// Runs so far.
        attempts: u32,
    },
}

/// A proposal without what it would do.
#[cw_serde]
pub struct ProposalSummary {
    /// From 1.
    pub proposal_id: Uint64,
    /// Who proposed.
    pub proposer: Addr,
    /// Title.
    pub title: Title,
    /// What it does.
    pub kind: ActionKind,
    /// The Datanet whose contributors vote; absent when staked OPEN votes.
    pub datanet_id: Option<Uint64>,
    /// Where it stands.
    pub status: Status,
    /// Whether the expedited majority and time hold now.
    pub expedited: bool,
    /// When it was proposed, in seconds.
    pub submitted_at: Uint64,
    /// Power counts as of the start of this block, which is the proposal's own.
    pub power_height: Uint64,
    /// All power at that height.
    pub total_power: Uint128,
    /// Windows and majorities.
    pub rules: Rules,
    /// First second at which it is too late for the minimum deposit.
    pub deposit_ends_at: Uint64,
    /// When voting began, in seconds.
    pub voting_starts_at: Option<Uint64>,
    /// First second at which no vote counts.
    pub voting_ends_at: Option<Uint64>,
    /// First second of execution, once passed.
    pub executable_at: Option<Uint64>,
    /// First second at which it can no longer be executed, once passed.
    pub expires_at: Option<Uint64>,
    /// Power by answer.
    pub tally: Tally,
    /// Sum of all deposits.
    pub deposited: Uint128,
    /// What became of them.
    pub deposit_state: DepositState,
    /// How the last run ended.
    pub outcome: Option<RunOutcome>,
}

/// Answer of `proposal`.
#[cw_serde]
pub struct ProposalResponse {
    /// Everything but what it would do.
    pub summary: ProposalSummary,
    /// What it is for.
    pub description: Description,
    /// What it would do.
    pub action: Action,
    /// Whose deposit it is; at most 16.
    pub deposits: Vec<DepositEntry>,
}

/// Answer of `proposals`.
#[cw_serde]
pub struct ProposalsResponse {
    /// By ascending id.
    pub proposals: Vec<ProposalSummary>,
}

/// A vote that was given.
#[cw_serde]
pub struct Ballot {
    /// The account, or `identity:<id>` for a proposal about a Datanet.
    pub voter: String,
    /// Account that sent it.
    pub account: Addr,
    /// The answer.
    pub vote: VoteOption,
    /// Power behind it.
    pub power: Uint128,
}

/// Answer of `vote`.
#[cw_serde]
pub struct VoteResponse {
    /// Absent when there is none.
    pub ballot: Option<Ballot>,
}

/// Answer of `votes`.
#[cw_serde]
pub struct VotesResponse {
    /// By voter.
    pub ballots: Vec<Ballot>,
}

/// Answer of `voting_power`.
#[cw_serde]
pub struct VotingPowerResponse {
    /// Under which name the account's vote is kept.
    pub voter: String,
    /// Power it votes with.
    pub power: Uint128,
    /// All power.
    pub total: Uint128,
}

/// Who may pause in an emergency.
#[cw_serde]
pub struct Guardian {
    /// Who.
    pub account: Addr,
    /// First second at which it no longer may.
    pub term_ends_at: Uint64,
}

/// Answer of `guardians`.
#[cw_serde]
pub struct GuardiansResponse {
    /// At most 5, those whose term is over included.
    pub guardians: Vec<Guardian>,
}

/// A contract of the registry.
#[cw_serde]
pub struct RegisteredContract {
    /// Its address.
    pub contract: Addr,
    /// What people call it.
    pub name: Name,
    /// Whether it has the messages `pause` and `unpause`.
    pub pausable: bool,
    /// Its parameters.
    pub params: Vec<ParamRule>,
}

/// Answer of `registry`.
#[cw_serde]
pub struct RegistryResponse {
    /// By address.
    pub contracts: Vec<RegisteredContract>,
}

/// One parameter's change.
#[cw_serde]
pub struct ParamDiff {
    /// Which parameter.
    pub name: Name,
    /// Its value now.
    pub from: Json,
    /// Its value when the proposal passes.
    pub to: Json,
}

/// Answer of `diff`.
#[cw_serde]
pub struct DiffResponse {
    /// Which contract; absent when the proposal changes no parameters.
    pub contract: Option<Addr>,
    /// By order of the proposal.
    pub changes: Vec<ParamDiff>,
}

/// What is known about one message of a proposal.
#[cw_serde]
pub struct CallCheck {
    /// Which contract.
    pub contract: Addr,
    /// Name of the message, `migrate` for a migration.
    pub message: String,
    /// Whether this contract holds the role that such a message may need: owner, or admin for a migration.
    pub authorised: bool,
    /// What was found.
    pub note: String,
}

/// Answer of `simulate`.
#[cw_serde]
pub struct SimulateResponse {
    /// Whether the contract would take the proposal.
    pub accepted: bool,
    /// Why not.
    pub refusal: Option<String>,
    /// Whether every message has the role behind it that it may need.
    pub authorised: bool,
    /// By order of the messages.
    pub calls: Vec<CallCheck>,
    /// What would change of the contract's parameters.
    pub changes: Vec<ParamDiff>,
    /// Size in bytes as JSON.
    pub size: Uint64,
    /// Deposit that opens the vote.
    pub min_deposit: Uint128,
    /// Least deposit that must come with the proposal.
    pub initial_deposit: Uint128,
    /// All power that could vote.
    pub total_power: Uint128,
    /// Power that must vote.
    pub quorum_power: Uint128,
    /// First moment of execution if the minimum came at once and the vote passed.
    pub earliest_execution: Uint64,
}

/// Answer of `solvency`. `deposits` is never above `held`.
#[cw_serde]
pub struct SolvencyResponse {
    /// Deposits that are neither returned nor burned.
    pub deposits: Uint128,
    /// Tokens on the contract's account.
    pub held: Uint128,
    /// Whether `held` covers them.
    pub solvent: bool,
}
