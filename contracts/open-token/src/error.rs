//! Every refusal: what was refused, why, and what would be accepted.

use cosmwasm_std::{Addr, StdError, Uint128};
use openledger_contract_kit::KitError;
use thiserror::Error;

use crate::msg::TOTAL_SUPPLY;

/// A refusal. Nothing is stored when one is returned.
#[derive(Debug, Error, PartialEq)]
pub enum ContractError {
    /// Storage, parsing or address error of the standard library.
    #[error("{0}")]
    Std(#[from] StdError),

    /// A rule that all contracts share.
    #[error("{0}")]
    Kit(#[from] KitError),

    /// A rule of the cw20 standard: too small a balance or allowance, an expired allowance, a bad logo, and so on.
    #[error("{0}")]
    Cw20(#[from] cw20_base::ContractError),

    /// Minting does not exist.
    #[error("the supply of OPEN is fixed: there is no minter and there never will be one")]
    FixedSupply,

    /// The allocations must hand out the whole supply and nothing more.
    #[error("allocations add up to {found} uopen: they must add up to exactly {TOTAL_SUPPLY}")]
    SupplyMismatch {
        /// Sum received.
        found: Uint128,
    },

    /// An allocation of nothing is a mistake.
    #[error("allocation of {address} is zero: leave it out or give it an amount")]
    ZeroAllocation {
        /// Which account.
        address: Addr,
    },

    /// An account appears twice with the same terms.
    #[error("account {address} has two allocations with the same terms: add them up")]
    DuplicateAllocation {
        /// Which account.
        address: Addr,
    },

    /// Tokens that nobody could ever move.
    #[error("{address} cannot have an allocation: it is the vesting contract, and without terms the tokens would stay there")]
    AllocationToVesting {
        /// The vesting contract.
        address: Addr,
    },

    /// An allocation vests, and nothing was named that could hold it.
    #[error(
        "allocation of {address} vests, and `vesting` names no contract: deploy the vesting contract first and name it"
    )]
    VestingMissing {
        /// Which account.
        address: Addr,
    },
}
