//! Everything that can be refused: what, why, and what to do.

use cosmwasm_std::{Addr, CheckedMultiplyRatioError, OverflowError, StdError, Uint128};
use openledger_contract_kit::KitError;
use thiserror::Error;

use crate::schedule::MAX_SECONDS;

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
    /// A fraction does not fit.
    #[error("{0}: the amount is beyond what the contract can count")]
    Ratio(#[from] CheckedMultiplyRatioError),
    /// No such grant.
    #[error("there is no grant {grant_id}: look up the recipient's grants for their ids")]
    NoSuchGrant {
        /// Id asked for.
        grant_id: u64,
    },
    /// A grant of nothing.
    #[error("the amount is zero: send at least one")]
    ZeroAmount,
    /// The token reported tokens that it does not show in the balance.
    #[error("token {token} says that this contract holds {held}, with this grant it would owe {owed}: tokens that take a fee on the way cannot vest")]
    NotCovered {
        /// Which token.
        token: Addr,
        /// Its word.
        held: Uint128,
        /// What would be owed.
        owed: Uint128,
    },
    /// Duration out of bounds.
    #[error("duration_seconds is {found}, it must be 1 to {MAX_SECONDS} (ten years); it is given in seconds")]
    DurationOutOfBounds {
        /// What was given.
        found: u64,
    },
    /// The cliff lies after the end.
    #[error("cliff_seconds is {cliff}, the whole duration is {duration}: the cliff must not be longer")]
    CliffAfterEnd {
        /// Seconds to the cliff.
        cliff: u64,
        /// Seconds to the end.
        duration: u64,
    },
    /// Start out of bounds.
    #[error("starts_at is {found}, now is {now}: at most {MAX_SECONDS} (ten years) may lie between; it is given in seconds since 1970")]
    StartOutOfBounds {
        /// What was given.
        found: u64,
        /// Block time.
        now: u64,
    },
    /// Everything would have vested already.
    #[error("all of it would have vested at {ended_at}, now is {now}: pay the recipient by a plain transfer instead")]
    AlreadyOver {
        /// End of the schedule.
        ended_at: u64,
        /// Block time.
        now: u64,
    },
    /// Tokens would be lost there.
    #[error("{account} cannot be {role}: tokens that go to this contract or to the token itself are lost")]
    WouldBeLost {
        /// Which account.
        account: Addr,
        /// As what.
        role: &'static str,
    },
    /// One account in both roles could take everything at once.
    #[error("{account} cannot be recipient and revoker of one grant: it could take all of it at once")]
    RecipientIsRevoker {
        /// Which account.
        account: Addr,
    },
    /// Nothing to pay.
    #[error("grant {grant_id} has nothing to release now: {}", match .from { Some(from) => format!("ask again from {from} (seconds since 1970) on"), None => "everything was paid".to_owned() })]
    NothingToRelease {
        /// Which grant.
        grant_id: u64,
        /// When it can have something; none when all is paid.
        from: Option<u64>,
    },
    /// Nothing to take back.
    #[error("all of grant {grant_id} has vested: there is nothing to revoke")]
    FullyVested {
        /// Which grant.
        grant_id: u64,
    },
    /// No proposal for a grant that is over.
    #[error("grant {grant_id} is over, everything was paid or returned: there is nothing to hand over")]
    Over {
        /// Which grant.
        grant_id: u64,
    },
}
