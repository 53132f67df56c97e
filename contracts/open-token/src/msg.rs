//! What wallets and contracts send to and read from OPEN: exactly the cw20 standard, but for instantiation.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Uint128, Uint64};

pub use cw20_base::msg::{ExecuteMsg, QueryMsg};

/// Name, fixed.
pub const NAME: &str = "OpenLedger";
/// Symbol, fixed. The smallest unit is called `uopen`.
pub const SYMBOL: &str = "OPEN";
/// Decimal places, fixed: 1 OPEN is 1,000,000 `uopen`.
pub const DECIMALS: u8 = 6;
/// All there will ever be: 1,000,000,000 OPEN, in `uopen`.
pub const TOTAL_SUPPLY: Uint128 = Uint128::new(1_000_000_000_000_000);
/// Allocations that the supply can be cut into.
pub const MAX_ALLOCATIONS: usize = 64;

/// Creates the token with all of its supply.
#[cw_serde]
pub struct InstantiateMsg {
    /// Who gets what: 1 to 64 allocations, no zero amount, together exactly [`TOTAL_SUPPLY`]. An account may have several
    /// as long as their terms differ.
    pub allocations: Vec<Allocation>,
    /// May set project, description and logo, which wallets show. Nobody if absent.
    pub marketing: Option<String>,
    /// The vesting contract; needed when an allocation vests. It must be on chain before the token is.
    pub vesting: Option<String>,
}

/// One part of the supply.
#[cw_serde]
pub struct Allocation {
    /// Account.
    pub address: String,
    /// In `uopen`.
    pub amount: Uint128,
    /// When it is paid. At once if absent.
    pub vesting: Option<VestingTerms>,
}

/// Terms of an allocation that vests: nothing before the cliff, then in proportion to the time since the start. The vesting
/// contract checks them; the token does not come into being when it refuses.
#[cw_serde]
pub struct VestingTerms {
    /// Vesting is counted from here (seconds since 1970); at most ten years ahead or back.
    pub starts_at: Uint64,
    /// Nothing is paid before this many seconds after the start; at most the duration.
    pub cliff_seconds: Uint64,
    /// Everything has vested this many seconds after the start; 1 to 315,360,000 (ten years), with its end ahead.
    pub duration_seconds: Uint64,
    /// May stop it and gets back what has not vested. Nobody if absent.
    pub revoker: Option<String>,
}

impl Allocation {
    /// Paid at once.
    pub fn new(address: impl Into<String>, amount: Uint128) -> Self {
        Self { address: address.into(), amount, vesting: None }
    }
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}
