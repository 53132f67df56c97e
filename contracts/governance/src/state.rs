//! What the contract remembers.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Storage, Uint128, Uint64};
use cw_storage_plus::{Item, Map};

use crate::{
    error::ContractError,
    msg::{
        Action, ActionKind, Ballot, DepositEntry, DepositState, Description, Guardian, Name, Params,
        RegisteredContract, Rules, RunOutcome, Tally, Title,
    },
};

/// Fixed at instantiation.
pub const CONFIG: Item<Config> = Item::new("config");
/// Windows, deposits and majorities of proposals to come.
pub const PARAMS: Item<Params> = Item::new("params");
/// Sum of the deposits held.
pub const DEPOSITS: Item<Uint128> = Item::new("deposits");
/// Last id given to a proposal.
pub const LAST_PROPOSAL: Item<u64> = Item::new("last_proposal");
/// What votes and deposits change.
pub const PROPOSALS: Map<u64, Proposal> = Map::new("proposals");
/// What never changes and is large, apart so that a vote does not read it.
pub const BODIES: Map<u64, Body> = Map::new("bodies");
/// Votes by proposal and voter: an account, or `identity:<id>`.
pub const BALLOTS: Map<(u64, &str), Ballot> = Map::new("ballots");
/// At most 5.
pub const GUARDIANS: Item<Vec<Guardian>> = Item::new("guardians");
/// Contracts whose parameters and pauses are known. At most 32.
pub const REGISTRY: Map<&Addr, RegisteredContract> = Map::new("registry");
/// Entries of the registry.
pub const REGISTRY_SIZE: Item<u32> = Item::new("registry_size");
/// Messages that a proposal about one Datanet may send. At most 32.
pub const DATANET_MESSAGES: Item<Vec<Name>> = Item::new("datanet_messages");
/// The run in progress. Exists within an execution only, and only one can: while it exists, nothing but the run itself
/// enters this contract.
pub const RUN: Item<Run> = Item::new("run");

/// Addresses.
#[cw_serde]
pub struct Config {
    /// Token of deposits.
    pub token: Addr,
    /// Staking contract.
    pub staking: Addr,
    /// Contract of the Datanets.
    pub datanets: Addr,
}

/// A proposal without its text and action.
#[cw_serde]
pub struct Proposal {
    /// Who proposed.
    pub proposer: Addr,
    /// Title.
    pub title: Title,
    /// What it does.
    pub kind: ActionKind,
    /// The Datanet whose contributors vote.
    pub datanet_id: Option<Uint64>,
    /// Block time of the proposal, seconds.
    pub submitted_at: Uint64,
    /// Power counts as of the start of this block.
    pub power_height: Uint64,
    /// All power then.
    pub total_power: Uint128,
    /// Windows and majorities.
    pub rules: Rules,
    /// Proposed as expedited and not yet known to have missed the expedited majority.
    pub expedited: bool,
    /// First moment at which it is too late for the minimum deposit.
    pub deposit_ends_at: Uint64,
    /// When the minimum was reached.
    pub voting_starts_at: Option<Uint64>,
    /// Power by answer.
    pub tally: Tally,
    /// At most 16.
    pub deposits: Vec<DepositEntry>,
    /// Sum of `deposits`.
    pub deposited: Uint128,
    /// What became of them.
    pub deposit_state: DepositState,
    /// How the last run ended.
    pub outcome: Option<RunOutcome>,
}

/// Text and action of a proposal.
#[cw_serde]
pub struct Body {
    /// What it is for.
    pub description: Description,
    /// What it would do.
    pub action: Action,
}

/// A run in progress.
#[cw_serde]
pub struct Run {
    /// Of which proposal.
    pub proposal_id: Uint64,
    /// How far it got.
    pub step: Step,
    /// Runs that failed before this one.
    pub attempts: u32,
}

/// How far a run got.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Step {
    /// The self-call is on its way.
    Prepared,
    /// The proposal's messages are being sent.
    Running,
    /// All were sent and the deposits are there.
    Ended,
}

/// The proposal, or a typed error.
pub fn load_proposal(storage: &dyn Storage, proposal_id: u64) -> Result<Proposal, ContractError> {
    PROPOSALS.may_load(storage, proposal_id)?.ok_or(ContractError::UnknownProposal { proposal_id })
}

/// Text and action of a proposal, or a typed error.
pub fn load_body(storage: &dyn Storage, proposal_id: u64) -> Result<Body, ContractError> {
    BODIES.may_load(storage, proposal_id)?.ok_or(ContractError::UnknownProposal { proposal_id })
}

/// The contract's entry in the registry, or a typed error.
pub fn load_registered(storage: &dyn Storage, contract: &Addr) -> Result<RegisteredContract, ContractError> {
    REGISTRY.may_load(storage, contract)?.ok_or_else(|| ContractError::NotRegistered { contract: contract.clone() })
}

impl Proposal {
    /// Runs that failed so far.
    pub fn attempts(&self) -> u32 {
        match self.outcome {
            Some(RunOutcome::Failed { attempts, .. }) => attempts,
            _ => 0,
        }
    }
}
