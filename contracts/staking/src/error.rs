//! Everything that can be refused: what, why, and what to do.

use cosmwasm_std::{
    Addr, CheckedMultiplyRatioError, ConversionOverflowError, DivideByZeroError, OverflowError, StdError, Uint128,
};
use openledger_contract_kit::{Bps, KitError};
use thiserror::Error;

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
    /// A share of nothing.
    #[error("{0}: nobody is bonded")]
    DivideByZero(#[from] DivideByZeroError),
    /// A share of nothing, or beyond what can be counted.
    #[error("{0}: the amount is beyond what the contract can count")]
    Ratio(#[from] CheckedMultiplyRatioError),
    /// A parameter outside its bounds.
    #[error("parameter {name} is {given}, it must be {allowed}")]
    ParamOutOfBounds {
        /// Parameter.
        name: &'static str,
        /// What was given.
        given: String,
        /// Bounds.
        allowed: &'static str,
    },
    /// An amount of zero.
    #[error("the amount is zero: give at least one uopen")]
    ZeroAmount,
    /// The sender registered before.
    #[error("{validator} is registered already: use bond_more, or another account for another key")]
    AlreadyRegistered {
        /// Sender.
        validator: Addr,
    },
    /// Nobody by that address.
    #[error("{validator} is not a validator: register_validator comes first")]
    NotRegistered {
        /// Address.
        validator: Addr,
    },
    /// Nothing to change.
    #[error("neither endpoint nor moniker nor description given: name at least one to change")]
    NothingToUpdate,
    /// Bond below the minimum.
    #[error("a bond of {bonded} uopen is below the minimum of {minimum}: bond more, or take everything out")]
    BondTooSmall {
        /// What would be bonded.
        bonded: Uint128,
        /// Least self-bond.
        minimum: Uint128,
    },
    /// Not a candidate for sets.
    #[error("{validator} is jailed or without a self-bond: delegate to another validator")]
    NotCandidate {
        /// Chosen.
        validator: Addr,
    },
    /// Everything that the shares stood for was slashed.
    #[error("everything behind these shares was slashed, so no amount can be told in them: undelegate everything")]
    WorthlessShares,
    /// Too many validators.
    #[error("{max} delegations are open, which is the most: undelegate one first")]
    TooManyDelegations {
        /// Bound.
        max: u32,
    },
    /// No delegation there.
    #[error("{delegator} has no stake with {validator}: delegate first")]
    NoDelegation {
        /// Sender.
        delegator: Addr,
        /// Named.
        validator: Addr,
    },
    /// Above its limit.
    #[error("a commission of {rate} basis points is above the maximum of {max}: choose a lower one")]
    CommissionTooHigh {
        /// Asked for.
        rate: Bps,
        /// Limit, fixed at registration.
        max: Bps,
    },
    /// Above its limit.
    #[error("a commission cannot rise by {step} basis points, at most by {max}: choose a smaller step")]
    CommissionStepTooHigh {
        /// Asked for.
        step: Bps,
        /// Limit, fixed at registration.
        max: Bps,
    },
    /// Too early for the next change.
    #[error("the commission can change again at {not_before} (seconds): wait")]
    CommissionTooSoon {
        /// First moment.
        not_before: u64,
    },
    /// Out for ever.
    #[error("{validator} is out for ever: only exits are open")]
    Tombstoned {
        /// Sender.
        validator: Addr,
    },
    /// Nothing to end.
    #[error("{validator} is not jailed")]
    NotJailed {
        /// Sender.
        validator: Addr,
    },
    /// Too early.
    #[error("{validator} is jailed until {until} (seconds): wait")]
    StillJailed {
        /// Sender.
        validator: Addr,
        /// First moment.
        until: u64,
    },
    /// Named before.
    #[error("{slasher} is the slasher: it is named once")]
    SlasherSet {
        /// The slasher.
        slasher: Addr,
    },
    /// Nobody to slash.
    #[error("no validator named: name at least one")]
    NobodyNamed,
    /// Twice in one slash.
    #[error("{validator} is named twice: name each validator once")]
    NamedTwice {
        /// The validator.
        validator: Addr,
    },
    /// Registered before.
    #[error("{operator} is an operator already: use bond_operator")]
    OperatorRegistered {
        /// Sender.
        operator: Addr,
    },
    /// Nobody by that address.
    #[error("{operator} is not an operator: register_operator comes first")]
    NotOperator {
        /// Address.
        operator: Addr,
    },
    /// Out for ever.
    #[error("{operator} is barred: only exits are open")]
    OperatorBarred {
        /// Sender.
        operator: Addr,
    },
    /// Another validator has this key, or had it.
    #[error("this BLS key belongs to {owner}: make a new key")]
    DuplicateKey {
        /// Who registered it.
        owner: Addr,
    },
    /// The point at infinity as a key.
    #[error("the BLS public key is the identity point, which signs nothing: make a new key")]
    IdentityKey,
    /// Not a point of the group.
    #[error("the BLS public key is no point of the G1 subgroup: send the 48-byte compressed key")]
    InvalidKey,
    /// The point at infinity as a signature.
    #[error("the proof of possession is the identity point: sign the ProofOfPossession digest with the key")]
    IdentitySignature,
    /// The proof does not verify.
    #[error("the proof of possession is not this key's signature for this account on this chain and contract: sign the ProofOfPossession digest under the POP domain")]
    InvalidProofOfPossession,
    /// More than is bonded.
    #[error("{requested} uopen asked for, {bonded} bonded: unbond at most what is bonded")]
    UnbondTooMuch {
        /// Asked for.
        requested: Uint128,
        /// Bonded.
        bonded: Uint128,
    },
    /// Redelegated stake that may still be slashed.
    #[error("the stake that came from {from} answers for it until {until} (seconds): take out less, or wait")]
    StillAnswers {
        /// Validator that it left.
        from: Addr,
        /// First moment without it, as far as the sets made so far tell.
        until: u64,
    },
    /// More slashes than one message reads.
    #[error(
        "there are more slashes of {from} than one message reads: send settle_redelegations for {validator} first"
    )]
    SlashesUnread {
        /// Validator that the stake went to.
        validator: Addr,
        /// Validator that it left.
        from: Addr,
    },
    /// Too many liens.
    #[error("{max} redelegations to {validator} are open, which is the most: the next ends at {next} (seconds)")]
    TooManyRedelegations {
        /// Validator that the stake would go to.
        validator: Addr,
        /// Bound.
        max: usize,
        /// When the next one ends, as far as the sets made so far tell.
        next: u64,
    },
    /// No redelegation has ended or was slashed.
    #[error("no redelegation can be settled: {}", match .next { Some(next) => format!("the next ends at {next} (seconds)"), None => "there is none".to_owned() })]
    NothingToSettle {
        /// When the next one ends.
        next: Option<u64>,
    },
    /// From a validator to itself.
    #[error("{validator} has this stake already: name another validator to redelegate to")]
    SameValidator {
        /// Named twice.
        validator: Addr,
    },
    /// A self-bond does not move.
    #[error("a self-bond neither leaves nor comes by redelegation: use unbond, bond_more")]
    SelfBond,
    /// Too many open entries.
    #[error("{max} unbonding entries are open, which is the most: withdraw those that are due first")]
    TooManyUnbondings {
        /// Bound.
        max: u32,
    },
    /// Nothing is due.
    #[error("no unbonding entry is due: {}", match .next { Some(next) => format!("the next is at {next} (seconds)"), None => "there is none".to_owned() })]
    NothingDue {
        /// When the next one is due.
        next: Option<u64>,
    },
    /// The newest set still counts money that wants to leave.
    #[error("epoch set {set_id} still counts {power} uopen of {validator}, {bonded} are bonded: send snapshot first")]
    StillInSet {
        /// Newest set.
        set_id: u64,
        /// Who withdraws.
        validator: Addr,
        /// Its power in the set.
        power: Uint128,
        /// Its bond now.
        bonded: Uint128,
    },
    /// Same validators and powers as the newest set.
    #[error("epoch set {set_id} is current: nothing changed since, so no new one is needed")]
    SetUnchanged {
        /// Newest set.
        set_id: u64,
    },
    /// Too early for the next set.
    #[error("the next epoch set can be made at {not_before} (seconds): wait")]
    SnapshotTooSoon {
        /// First moment.
        not_before: u64,
    },
    /// The first set needs validators.
    #[error("no validator is bonded: register one first")]
    NoValidators,
    /// No set by that id.
    #[error("epoch set {set_id} does not exist: the newest is {latest}")]
    UnknownSet {
        /// Asked for.
        set_id: u64,
        /// Newest; zero when none.
        latest: u64,
    },
    /// No rewards.
    #[error("{account} has no rewards to claim: wait for the next funding")]
    NoRewards {
        /// Sender.
        account: Addr,
    },
    /// Tokens of another contract.
    #[error("{sender} is not the bonded token {token}: only its send is taken")]
    WrongToken {
        /// Who called.
        sender: Addr,
        /// Who may.
        token: Addr,
    },
}
