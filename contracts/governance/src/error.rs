//! Everything that can be refused: what, why, and what to do.

use cosmwasm_std::{Addr, ConversionOverflowError, OverflowError, StdError, Uint128};
use openledger_contract_kit::KitError;
use thiserror::Error;

use crate::msg::{DepositState, Status};

/// Why a message was refused. Nothing has changed when one of these is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    /// Standard library.
    #[error("{0}")]
    Std(#[from] StdError),
    /// A rule that all contracts share.
    #[error("{0}")]
    Kit(#[from] KitError),
    /// A sum does not fit.
    #[error("{0}: the amount is beyond what the contract can count")]
    Overflow(#[from] OverflowError),
    /// A result does not fit.
    #[error("{0}: the amount is beyond what the contract can count")]
    Conversion(#[from] ConversionOverflowError),
    /// A parameter of governance outside its bounds.
    #[error("parameter {name} is {found}, it must be {min} to {max}")]
    ParamOutOfBounds {
        /// Parameter.
        name: &'static str,
        /// What was given.
        found: Uint128,
        /// Least.
        min: Uint128,
        /// Most.
        max: Uint128,
    },
    /// The staking contract bonds another token.
    #[error("the staking contract {staking} bonds {found}, deposits are in {token}: name the contract that bonds the same token")]
    StakingToken {
        /// Staking contract.
        staking: Addr,
        /// Its token.
        found: String,
        /// Ours.
        token: Addr,
    },
    /// Tokens of another contract.
    #[error("{sender} is not the token of deposits {token}: only its send is taken")]
    WrongToken {
        /// Who called.
        sender: Addr,
        /// Who may.
        token: Addr,
    },
    /// An amount of zero.
    #[error("the amount is zero: give at least one uopen")]
    ZeroAmount,
    /// No proposal by that id.
    #[error("proposal {proposal_id} does not exist: the query proposals lists those that do")]
    UnknownProposal {
        /// Asked for.
        proposal_id: u64,
    },
    /// Too large.
    #[error("the proposal has {found} bytes as JSON, at most {max} are accepted: shorten its text or its messages")]
    ProposalTooLarge {
        /// Bytes.
        found: usize,
        /// Bound.
        max: usize,
    },
    /// Nothing in a list.
    #[error("{what} is empty: name at least one")]
    Empty {
        /// Which list.
        what: &'static str,
    },
    /// The same entry twice.
    #[error("{what} holds {entry} twice: name it once")]
    Duplicate {
        /// Which list.
        what: &'static str,
        /// Entry.
        entry: String,
    },
    /// Nobody had power at the proposal's height.
    #[error("nobody could vote: there was no power at the start of block {height}; wait until there is")]
    NobodyCanVote {
        /// Height.
        height: u64,
    },
    /// A contract's message must be an object with one key.
    #[error("message {index} is no contract message: give an object with one key, the message's name")]
    NotAMessage {
        /// Position from 0.
        index: usize,
    },
    /// A message to this contract that no proposal may send.
    #[error("a proposal may not send {message} to governance itself: only its parameters, guardians and registry can be changed so")]
    SelfCall {
        /// Name of the message.
        message: String,
    },
    /// A message to the token that could reach deposits later.
    #[error("a proposal may not send {message} to the token of deposits: only transfer, send and burn are allowed, which cannot reach deposits")]
    TokenCall {
        /// Name of the message.
        message: String,
    },
    /// An expedited proposal about a Datanet.
    #[error("a proposal about a Datanet cannot be expedited: leave expedited false")]
    DatanetExpedited,
    /// The Datanet belongs to somebody else.
    #[error("Datanet {datanet_id} belongs to {owner}: its owner proposes this contract as owner first, then anyone sends accept_datanet_ownership")]
    DatanetNotOwned {
        /// Which.
        datanet_id: u64,
        /// Owner.
        owner: String,
    },
    /// A message that is not for a Datanet's owner.
    #[error("a proposal about a Datanet may not send {message}: the config answer lists what it may")]
    DatanetMessage {
        /// Name of the message.
        message: String,
    },
    /// A message about another Datanet.
    #[error("{message} is not about Datanet {datanet_id}: only its own contributors decide about a Datanet")]
    OtherDatanet {
        /// Name of the message.
        message: String,
        /// The proposal's Datanet.
        datanet_id: u64,
    },
    /// Not in the registry.
    #[error("{contract} is not in the registry: a proposal with register_contract enters it")]
    NotRegistered {
        /// Contract.
        contract: Addr,
    },
    /// No room in the registry.
    #[error("the registry has {max} contracts, which is the most: remove one first")]
    RegistryFull {
        /// Bound.
        max: u32,
    },
    /// A rule that contradicts itself.
    #[error("the rule of parameter {name} is wrong: bounds are for integers and numbers, min is at most max, and a number's max is at most 9007199254740991")]
    WrongRule {
        /// Parameter.
        name: String,
    },
    /// The contract has no pause.
    #[error("{contract} cannot be paused: the registry says so")]
    NotPausable {
        /// Contract.
        contract: Addr,
    },
    /// Pause outside its bounds.
    #[error("a pause of {found} s was refused: it must be 1 to {max} s")]
    PauseLength {
        /// Asked for.
        found: u64,
        /// Bound.
        max: u64,
    },
    /// The registry does not know the parameter.
    #[error("{contract} has no parameter {name} in the registry: the query registered_contract lists them")]
    UnknownParam {
        /// Contract.
        contract: Addr,
        /// Parameter.
        name: String,
    },
    /// The contract itself does not have the parameter.
    #[error("{contract} answers no parameter {name} in its config: the registry's entry does not fit its code")]
    NoSuchParam {
        /// Contract.
        contract: Addr,
        /// Parameter.
        name: String,
    },
    /// A value that the rule forbids.
    #[error("{value} is no value of parameter {name}: it must be {allowed}")]
    ParamValue {
        /// Parameter.
        name: String,
        /// What was given.
        value: String,
        /// What would do.
        allowed: String,
    },
    /// The contract's config cannot be read.
    #[error("{contract} does not answer its config as our contracts do: {reason}")]
    NoConfig {
        /// Contract.
        contract: Addr,
        /// Why.
        reason: String,
    },
    /// Deposit below what is needed.
    #[error("a deposit of {found} uopen is too small here: give at least {min}")]
    DepositTooSmall {
        /// Given.
        found: Uint128,
        /// Least.
        min: Uint128,
    },
    /// No deposits any more.
    #[error("proposal {proposal_id} takes no deposit: it is {status:?}")]
    NoDepositNow {
        /// Which.
        proposal_id: u64,
        /// Where it stands.
        status: Status,
    },
    /// No votes now.
    #[error("proposal {proposal_id} cannot be voted on: it is {status:?}")]
    NotVoting {
        /// Which.
        proposal_id: u64,
        /// Where it stands.
        status: Status,
    },
    /// No power.
    #[error("{account} had no power at the start of block {height}: only what was bonded, or accepted in the Datanet, before the proposal's own block votes")]
    NoPower {
        /// Sender.
        account: Addr,
        /// Height.
        height: u64,
    },
    /// Still open.
    #[error("proposal {proposal_id} cannot be closed yet: it is {status:?}")]
    NotOver {
        /// Which.
        proposal_id: u64,
        /// Where it stands.
        status: Status,
    },
    /// Nothing to close.
    #[error("proposal {proposal_id} is closed: its deposit is {deposit_state:?}")]
    AlreadyClosed {
        /// Which.
        proposal_id: u64,
        /// What became of the deposit.
        deposit_state: DepositState,
    },
    /// Not to be executed now.
    #[error("proposal {proposal_id} cannot be executed: it is {status:?}{}", match .from { Some(from) => format!(", from {from} (seconds) on it can"), None => String::new() })]
    NotExecutable {
        /// Which.
        proposal_id: u64,
        /// Where it stands.
        status: Status,
        /// When it can be, if it will.
        from: Option<u64>,
    },
    /// Something tried to enter during a run.
    #[error("proposal {proposal_id} is being executed: until it is done this contract takes nothing else")]
    Executing {
        /// Which.
        proposal_id: u64,
    },
    /// The run took money that belongs to depositors.
    #[error(
        "the proposal's messages leave {held} uopen, deposits are {deposits}: a proposal can spend only what is above"
    )]
    DepositsTouched {
        /// Left.
        held: Uint128,
        /// Owed.
        deposits: Uint128,
    },
    /// A reply that nobody waits for.
    #[error("reply {id} belongs to no message of this contract")]
    UnknownReply {
        /// Its id.
        id: u64,
    },
    /// The self-call succeeded without reaching its end.
    #[error("the run of proposal {proposal_id} did not reach its end")]
    RunIncomplete {
        /// Which.
        proposal_id: u64,
    },
}
