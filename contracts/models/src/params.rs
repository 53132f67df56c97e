//! Parameters and their limits.

use cosmwasm_std::Uint128;

use crate::{msg::Params, ContractError};

/// Longest pause that can be allowed: 14 days.
pub const MAX_PAUSE_SECONDS: u64 = 14 * 24 * 60 * 60;
/// Highest price that can be allowed, in `uopen`: the whole supply. A fee of 2³² tokens of each kind then fits 128 bits.
pub const MAX_TOKEN_PRICE: Uint128 = Uint128::new(1_000_000_000_000_000);

impl Params {
    /// Checks every limit.
    pub fn validate(&self) -> Result<(), ContractError> {
        let rows = [
            ("max_pause_seconds", Uint128::from(self.max_pause_seconds), 0, Uint128::from(MAX_PAUSE_SECONDS)),
            ("max_token_price", self.max_token_price, 1, MAX_TOKEN_PRICE),
        ];
        for (name, found, min, max) in rows {
            let min = Uint128::new(min);
            if found < min || found > max {
                return Err(ContractError::Param { name, found, min, max });
            }
        }
        Ok(())
    }
}
