//! What wallets and contracts send to and read from OPEN: exactly the cw20 standard, but for instantiation.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::Uint128;

pub use cw20_base::msg::{ExecuteMsg, QueryMsg};

/// Name, fixed.
pub const NAME: &str = "OpenLedger";
/// Symbol, fixed. The smallest unit is called `uopen`.
pub const SYMBOL: &str = "OPEN";
/// Decimal places, fixed: 1 OPEN is 1,000,000 `uopen`.
pub const DECIMALS: u8 = 6;
/// All there will ever be: 1,000,000,000 OPEN, in `uopen`.
pub const TOTAL_SUPPLY: Uint128 = Uint128::new(1_000_000_000_000_000);
/// Accounts that can receive tokens at instantiation.
pub const MAX_ALLOCATIONS: usize = 64;

/// Creates the token with all of its supply.
#[cw_serde]
pub struct InstantiateMsg {
    /// Who gets what: 1 to 64 different accounts, no zero amount, together exactly [`TOTAL_SUPPLY`].
    pub allocations: Vec<Allocation>,
    /// May set project, description and logo, which wallets show. Nobody if absent.
    pub marketing: Option<String>,
}

/// One account's part of the supply.
#[cw_serde]
pub struct Allocation {
    /// Account.
    pub address: String,
    /// In `uopen`.
    pub amount: Uint128,
}

/// Migrates from an older version.
#[cw_serde]
pub struct MigrateMsg {}
