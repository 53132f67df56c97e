//! What wallets, guardians and other contracts send to and read from the governance contract.
//!
//! Amounts are strings in the token's smallest unit (`uopen`), ids, heights and times are strings of integers (seconds since
//! the Unix epoch). Messages that a proposal would send are plain JSON objects, so that who signs or votes sees them.

mod responses;

use cosmwasm_schema::{cw_serde, QueryResponses};
use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
pub use openledger_contract_kit::{Bps, Text};
pub use responses::*;

pub use crate::json::Json;

/// A proposal's title.
pub type Title = Text<128>;
/// What a proposal is for. A link and a digest may point to more.
pub type Description = Text<4096>;
/// A short name: of a contract, a parameter, a message.
pub type Name = Text<64>;

/// Creates the contract.
#[cw_serde]
pub struct InstantiateMsg {
    /// The cw20 token of deposits (OPEN).
    pub token: String,
    /// Staking contract whose bonds vote. Must hold the same token.
    pub staking: String,
    /// Contract of the Datanets, whose contributors vote on their Datanet.
    pub datanets: String,
    /// Contract of base models and adapters; its parameters enter the registry when it is named.
    pub models: Option<String>,
    /// Settlement contract; its parameters enter the registry when it is named.
    pub settlement: Option<String>,
    /// Contract that judges fraud; its parameters enter the registry when it is named.
    pub disputes: Option<String>,
    /// Windows, deposits and majorities.
    pub params: Params,
    /// May pause for a bounded time until its term of `guardian_term_seconds` ends. Nobody if absent.
    pub guardian: Option<String>,
}

/// Windows, deposits and majorities. Every limit is checked by [`Params::validate`](crate::params). A proposal keeps those of
/// its own first block.
#[cw_serde]
pub struct Params {
    /// Deposit that opens the vote, in `uopen`; 1 to 1,000,000,000,000,000 (the whole supply).
    pub min_deposit: Uint128,
    /// The same for an expedited proposal; at least `min_deposit`.
    pub expedited_min_deposit: Uint128,
    /// The same for a proposal about one Datanet; 1 to 1,000,000,000,000,000.
    pub datanet_min_deposit: Uint128,
    /// Part of the minimum that must come with the proposal itself; 0 to 10,000. Never below a sixteenth.
    pub initial_deposit: Bps,
    /// Seconds in which the minimum must be reached; 1 to 2,592,000.
    pub deposit_seconds: Uint64,
    /// Seconds of voting; 10 to 2,592,000.
    pub voting_seconds: Uint64,
    /// Seconds of voting of an expedited proposal; 5 to 2,592,000 and less than `voting_seconds`.
    pub expedited_voting_seconds: Uint64,
    /// Seconds between the end of the vote and the first moment of execution; 0 to 2,592,000.
    pub timelock_seconds: Uint64,
    /// The same when an expedited proposal passed as such; at most `timelock_seconds`.
    pub expedited_timelock_seconds: Uint64,
    /// Seconds in which a passed proposal can be executed; 1 to 2,592,000.
    pub execution_seconds: Uint64,
    /// Part of all power that must vote, abstentions included; 100 to 9,000.
    pub quorum: Bps,
    /// More than this part of the votes that are no abstentions must say yes; 5,000 to 9,000.
    pub threshold: Bps,
    /// The same within the expedited time; above `threshold`, at most 9,500.
    pub expedited_threshold: Bps,
    /// More than this part of all votes as vetoes rejects the proposal and burns its deposit; 1,000 to 5,000.
    pub veto_threshold: Bps,
    /// Part of a Datanet's power that must vote on a proposal about it; 100 to 9,000.
    pub datanet_quorum: Bps,
    /// Longest emergency pause, in seconds; 1 to 1,209,600 (14 days). The paused contract's own limit holds as well.
    pub max_pause_seconds: Uint64,
    /// Seconds after which a guardian's power ends unless a proposal renews it; 1 to 31,536,000.
    pub guardian_term_seconds: Uint64,
}

/// Everything that changes state. Who may send what: [`crate::permissions`].
#[cw_serde]
pub enum ExecuteMsg {
    /// Proposes, with a deposit by an allowance that the sender gave to this contract. Event and data carry the id.
    Propose {
        /// What.
        proposal: NewProposal,
        /// In `uopen`.
        deposit: Uint128,
    },
    /// Adds to a deposit by allowance, until the minimum is reached.
    Deposit {
        /// Which proposal.
        proposal_id: Uint64,
        /// In `uopen`.
        amount: Uint128,
    },
    /// The token only: a cw20 `send`; the hook message is a [`ReceiveMsg`].
    Receive(Cw20ReceiveMsg),
    /// Votes with the power that the sender had before the proposal's block. May be changed until voting ends.
    Vote {
        /// Which proposal.
        proposal_id: Uint64,
        /// The answer.
        vote: VoteOption,
    },
    /// Returns the deposit of a proposal whose vote is over, or burns it after a veto.
    Close {
        /// Which proposal.
        proposal_id: Uint64,
    },
    /// Runs a passed proposal after its timelock: all of it or nothing. After a failed run it may be tried again until the
    /// time for execution is over.
    Execute {
        /// Which proposal.
        proposal_id: Uint64,
    },
    /// A guardian: pauses contracts for a bounded time. A pause ends by itself and never stops an exit.
    EmergencyPause {
        /// 1 to 8 pausable contracts of the registry.
        contracts: Vec<String>,
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// A guardian: ends pauses early.
    EndEmergencyPause {
        /// 1 to 8 pausable contracts of the registry.
        contracts: Vec<String>,
    },
    /// Takes over a contract of the registry whose owner proposed this contract as the next owner.
    AcceptOwnership {
        /// Which contract.
        contract: String,
    },
    /// Takes over a Datanet whose owner proposed this contract as the next owner. Its contributors decide from then on.
    AcceptDatanetOwnership {
        /// Which Datanet.
        datanet_id: Uint64,
    },
    /// A passed proposal: replaces the parameters of governance itself.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// A passed proposal: replaces the guardians. Everybody named gets a new term.
    SetGuardians {
        /// At most 5, no account twice.
        guardians: Vec<String>,
    },
    /// A passed proposal: enters a contract in the registry, or replaces its entry.
    RegisterContract {
        /// Which contract.
        contract: String,
        /// What people call it.
        name: Name,
        /// Whether it has the messages `pause` and `unpause`.
        pausable: bool,
        /// Its parameters; at most 64.
        params: Vec<ParamRule>,
    },
    /// A passed proposal: removes a contract from the registry.
    UnregisterContract {
        /// Which contract.
        contract: String,
    },
    /// A passed proposal: replaces the list of messages that a proposal about one Datanet may send.
    SetDatanetMessages {
        /// Names as in JSON; 1 to 32.
        messages: Vec<Name>,
    },
    /// This contract to itself: sends all messages of the proposal that is being executed.
    RunProposal {
        /// Which proposal.
        proposal_id: Uint64,
    },
    /// This contract to itself, after the last message of a run: checks that every deposit is still there.
    EndRun {},
}

/// Hook messages of a cw20 `send` to this contract.
#[cw_serde]
pub enum ReceiveMsg {
    /// Proposes, with the sent tokens as deposit.
    Propose {
        /// What.
        proposal: NewProposal,
    },
    /// Adds the sent tokens to a deposit.
    Deposit {
        /// Which proposal.
        proposal_id: Uint64,
    },
}

/// For the chain's own governance: the emergency subset and parameters.
#[cw_serde]
pub enum SudoMsg {
    /// Pauses contracts for a bounded time.
    Pause {
        /// 1 to 8 pausable contracts of the registry.
        contracts: Vec<String>,
        /// First second after the pause; at most `max_pause_seconds` ahead.
        until: Uint64,
    },
    /// Replaces the parameters of governance itself.
    UpdateParams {
        /// All of them.
        params: Params,
    },
    /// Replaces the guardians, for a lost or stolen key. Everybody named gets a new term.
    ReplaceGuardians {
        /// At most 5, no account twice.
        guardians: Vec<String>,
    },
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}

/// What somebody proposes. At most 16,384 bytes as JSON.
#[cw_serde]
pub struct NewProposal {
    /// 1 to 128 bytes.
    pub title: Title,
    /// 1 to 4,096 bytes.
    pub description: Description,
    /// Shorter vote with a higher majority and deposit; becomes an ordinary vote when the majority is missed. An emergency
    /// pause is always expedited, a proposal about a Datanet never.
    pub expedited: bool,
    /// What happens when it passes.
    pub action: Action,
}

/// What a proposal does.
#[cw_serde]
pub enum Action {
    /// Nothing but the recorded will of the voters.
    Text {},
    /// Sends messages as this contract, in order, all or none.
    Messages {
        /// 1 to 16.
        messages: Vec<Call>,
    },
    /// Changes parameters of a contract of the registry; all others stay as they are at execution.
    ParamChange {
        /// Which contract.
        contract: String,
        /// 1 to 32, no parameter twice.
        changes: Vec<ParamChange>,
    },
    /// Sends messages about one Datanet that this contract owns. Its contributors vote.
    Datanet {
        /// Which Datanet.
        datanet_id: Uint64,
        /// 1 to 16 messages of the Datanets contract, each about this Datanet.
        messages: Vec<Json>,
    },
    /// Pauses contracts from the moment of execution on.
    EmergencyPause {
        /// 1 to 8 pausable contracts of the registry.
        contracts: Vec<String>,
        /// Length of the pause; 1 to `max_pause_seconds`.
        seconds: Uint64,
    },
}

/// One message of a proposal.
#[cw_serde]
pub enum Call {
    /// Executes a contract.
    Execute {
        /// Which contract.
        contract: String,
        /// The message, as the contract's schema describes it.
        message: Json,
    },
    /// Moves a contract, whose admin this contract is, to other code.
    Migrate {
        /// Which contract.
        contract: String,
        /// Stored code.
        new_code_id: Uint64,
        /// The migrate message, as the new code's schema describes it.
        message: Json,
    },
}

/// A new value of one parameter.
#[cw_serde]
pub struct ParamChange {
    /// Which parameter.
    pub name: Name,
    /// Its new value, as the contract writes it in JSON.
    pub value: Json,
}

/// An answer to a proposal.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum VoteOption {
    /// For it.
    Yes,
    /// Against it.
    No,
    /// Counts for the quorum only.
    Abstain,
    /// Against it, and the proposal is an abuse: its deposit should burn.
    Veto,
}

/// What a parameter may be.
#[cw_serde]
pub struct ParamRule {
    /// As in the contract's parameters.
    pub name: Name,
    /// How JSON writes it.
    pub kind: ParamKind,
    /// Least value of an integer or a number.
    pub min: Option<Uint128>,
    /// Largest value of an integer or a number.
    pub max: Option<Uint128>,
}

/// How JSON writes a parameter.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum ParamKind {
    /// A string of decimal digits: amounts, times, ids.
    Integer,
    /// A number: counts and basis points.
    Number,
    /// `true` or `false`.
    Flag,
    /// An account's address.
    Account,
    /// Text of at most 256 bytes.
    Text,
}

/// Everything that can be read.
#[cw_serde]
#[derive(QueryResponses)]
pub enum QueryMsg {
    /// Addresses and parameters.
    #[returns(ConfigResponse)]
    Config {},
    /// One proposal with all it would do.
    #[returns(ProposalResponse)]
    Proposal {
        /// Which.
        proposal_id: Uint64,
    },
    /// Proposals by ascending id, without what they would do.
    #[returns(ProposalsResponse)]
    Proposals {
        /// Id to start after.
        start_after: Option<Uint64>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// One vote, if it was given.
    #[returns(VoteResponse)]
    Vote {
        /// Which proposal.
        proposal_id: Uint64,
        /// The account, or `identity:<id>` for a proposal about a Datanet.
        voter: String,
    },
    /// Votes by voter.
    #[returns(VotesResponse)]
    Votes {
        /// Which proposal.
        proposal_id: Uint64,
        /// Voter to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// With how much power an account can vote on a proposal.
    #[returns(VotingPowerResponse)]
    VotingPower {
        /// Which proposal.
        proposal_id: Uint64,
        /// Whose.
        account: String,
    },
    /// Who may pause in an emergency, and until when.
    #[returns(GuardiansResponse)]
    Guardians {},
    /// Contracts of the registry by address.
    #[returns(RegistryResponse)]
    Registry {
        /// Address to start after.
        start_after: Option<String>,
        /// Entries; 10 if absent, 30 at most.
        limit: Option<u32>,
    },
    /// One contract of the registry with its parameters' rules.
    #[returns(RegisteredContract)]
    RegisteredContract {
        /// Which.
        contract: String,
    },
    /// What a proposal would change of a contract's parameters, against the values of now.
    #[returns(DiffResponse)]
    Diff {
        /// Which proposal.
        proposal_id: Uint64,
    },
    /// What would become of a proposal, as far as it shows without executing anything.
    #[returns(SimulateResponse)]
    Simulate {
        /// What would be proposed.
        proposal: NewProposal,
    },
    /// What the contract owes against what it holds.
    #[returns(SolvencyResponse)]
    Solvency {},
}
