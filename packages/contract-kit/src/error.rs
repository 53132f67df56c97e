//! Refusals that all contracts share. Each says what was refused, why, and what would be accepted.

use cosmwasm_std::{Addr, StdError};
use thiserror::Error;

/// A refusal by a shared rule.
#[derive(Debug, Error, PartialEq)]
pub enum KitError {
    /// Storage, parsing or address error of the standard library.
    #[error("{0}")]
    Std(#[from] StdError),

    /// The sender lacks the permission that the contract's table asks for.
    #[error("unauthorized: {sender} may not send {message}; it is for: {allowed}")]
    Unauthorized {
        /// Who sent.
        sender: Addr,
        /// Message variant.
        message: &'static str,
        /// Who may send it.
        allowed: String,
    },

    /// A stopped message arrived during a pause.
    #[error("paused: {message} is stopped until {until} (seconds since 1970); try again then")]
    Paused {
        /// Message variant.
        message: &'static str,
        /// End of the pause, exclusive.
        until: u64,
    },

    /// A pause must end in the future and within the contract's maximum.
    #[error("pause end {until} refused: it must be after {now} and at most {max_secs} s later")]
    PauseLength {
        /// End that was asked for.
        until: u64,
        /// Block time.
        now: u64,
        /// Longest pause allowed.
        max_secs: u64,
    },

    /// Pauses may not be chained: the contract must run at least as long as it was paused.
    #[error("pause refused: after the last pause the contract must run until {not_before}")]
    PauseTooSoon {
        /// First second at which a new pause may start.
        not_before: u64,
    },

    /// Nothing to end.
    #[error("not paused: there is no pause to end")]
    NotPaused,

    /// A hand-over needs an expiry in the future, at most [`crate::ownership::MAX_PROPOSAL_SECS`] away.
    #[error("ownership proposal end {expires_at} refused: it must be after {now} and at most {max_secs} s later")]
    ProposalLength {
        /// End that was asked for.
        expires_at: u64,
        /// Block time.
        now: u64,
        /// Longest proposal allowed.
        max_secs: u64,
    },

    /// Nobody was proposed.
    #[error("no ownership proposal: the owner must propose a new owner first")]
    NoProposal,

    /// The proposal's time is over.
    #[error("ownership proposal expired at {expires_at}, now is {now}: ask the owner for a new one")]
    ProposalExpired {
        /// End of the proposal, exclusive.
        expires_at: u64,
        /// Block time.
        now: u64,
    },

    /// Somebody else was proposed.
    #[error("unauthorized: {sender} was not proposed as owner, {proposed} was")]
    NotProposed {
        /// Who sent.
        sender: Addr,
        /// Who may accept.
        proposed: Addr,
    },

    /// A message that takes no coins came with coins.
    #[error("coins refused: this message takes none, and they would be lost")]
    UnexpectedFunds,

    /// A list is longer than its bound.
    #[error("{what}: {found} entries, at most {max} are accepted")]
    TooMany {
        /// Which list.
        what: &'static str,
        /// Length received.
        found: u64,
        /// Bound.
        max: u64,
    },

    /// The stored state belongs to another contract.
    #[error("migration refused: the state is of contract {found}, this code is {expected}")]
    MigrateOtherContract {
        /// Name in storage.
        found: String,
        /// Name of this code.
        expected: String,
    },

    /// The stored state is as new as this code or newer.
    #[error("migration refused: the state has version {found}, this code {code} is not newer")]
    MigrateNotNewer {
        /// Version in storage.
        found: String,
        /// Version of this code.
        code: String,
    },

    /// A counter or a sum left its range.
    #[error("overflow in {what}: the value does not fit")]
    Overflow {
        /// Which value.
        what: &'static str,
    },
}
