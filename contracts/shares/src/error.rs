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
    /// A rule of the cw20 standard: too small a balance or allowance, an expired allowance, a bad logo, and so on.
    #[error("{0}")]
    Cw20(#[from] cw20_base::ContractError),
    /// A sum does not fit.
    #[error("{0}: the amount is beyond what the contract can count")]
    Overflow(#[from] OverflowError),
    /// A result does not fit.
    #[error("{0}: the amount is beyond what the contract can count")]
    Conversion(#[from] ConversionOverflowError),
    /// A share of nothing.
    #[error("{0}: there is nothing to share")]
    DivideByZero(#[from] DivideByZeroError),
    /// A fraction does not fit.
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
    /// A text outside its bounds.
    #[error("{field} has {found} bytes: at most {max} are accepted")]
    TooLong {
        /// Which text.
        field: &'static str,
        /// Bytes received.
        found: usize,
        /// Bound.
        max: usize,
    },
    /// An amount of zero.
    #[error("the amount is zero: give at least one")]
    ZeroAmount,
    /// Tokens or shares would be lost in this contract.
    #[error(
        "the shares contract cannot receive what it pays or its own shares, they would be lost: name another account"
    )]
    ToItself,
    /// The deposit is below the price of the smallest unit.
    #[error("{amount} uopen buy no share at {price} uopen a share: stake more")]
    NoShares {
        /// What was given.
        amount: Uint128,
        /// Price of a whole share.
        price: Uint128,
    },
    /// Fewer shares than the sender wants.
    #[error("{shares} shares would come out, the message asks for at least {min_shares}: look at the price again")]
    TooFewShares {
        /// What would come out.
        shares: Uint128,
        /// What the sender wants.
        min_shares: Uint128,
    },
    /// No more shares against backing.
    #[error("{shares} shares asked for, {left} more can be issued against backing: stake less or wait")]
    BackingFull {
        /// What was asked for.
        shares: Uint128,
        /// What is left.
        left: Uint128,
    },
    /// Slashed so often that units can no longer be counted.
    #[error("this pool was slashed so often that it takes no new stake: withdrawing still works")]
    PoolWornOut,
    /// More than the sender's backing.
    #[error("{requested} shares asked back, {backed} were issued for this account's backing: ask for at most that")]
    UnbackTooMuch {
        /// What was asked for.
        requested: Uint128,
        /// What was issued.
        backed: Uint128,
    },
    /// The part is worth nothing.
    #[error("{shares} shares stand for less than one uopen of backing: give more back at once")]
    WorthNothing {
        /// What was asked for.
        shares: Uint128,
    },
    /// Nothing is due.
    #[error("no released backing is due: {}", match .next { Some(next) => format!("the next is at {next} (seconds)"), None => "there is none".to_owned() })]
    NothingDue {
        /// When the next is due.
        next: Option<u64>,
    },
    /// No income.
    #[error("{account} has no income to claim: wait for the next payment")]
    NoIncome {
        /// Sender.
        account: Addr,
    },
    /// The same contribution again.
    #[error("contribution {contribution_id} has minted {minted} shares already: each mints once")]
    AlreadyMinted {
        /// Which.
        contribution_id: u64,
        /// What it brought.
        minted: Uint128,
    },
    /// A cap is reached.
    #[error(
        "{amount} shares asked for, {left} can be minted for contributions now: mint less, or wait for the next day"
    )]
    MintCap {
        /// What was asked for.
        amount: Uint128,
        /// What is left.
        left: Uint128,
    },
    /// A message of this contract's own among those of cw20; `dispatch` never lets it come to this.
    #[error("this is no message of the cw20 standard: send it to the contract's own actions")]
    NotStandard,
    /// Too large a slash.
    #[error("a slash of {fraction} basis points is above the bound of {max} (and zero slashes nothing)")]
    SlashOutOfBounds {
        /// What was asked for.
        fraction: Bps,
        /// Bound.
        max: Bps,
    },
    /// Too large a part for the commons.
    #[error("a commons part of {part} basis points is above the {max} that holders were promised at the issue")]
    CommonsPartTooLarge {
        /// What was asked for.
        part: Bps,
        /// Bound.
        max: Bps,
    },
}
