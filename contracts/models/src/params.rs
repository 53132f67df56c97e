//! Parameters and their limits.

use cosmwasm_std::Uint128;

use crate::{msg::Params, ContractError};

/// Longest pause that can be allowed: 14 days.
pub const MAX_PAUSE_SECONDS: u64 = 14 * 24 * 60 * 60;
/// Highest price that can be allowed, in `uopen`: the whole supply. A fee of 2³² tokens of each kind then fits 128 bits.
pub const MAX_TOKEN_PRICE: Uint128 = Uint128::new(1_000_000_000_000_000);

/// Least treasury part that can be asked for: the rest still holds the contributors' least part.
pub const MAX_MIN_TAKE: u16 = 10_000 - crate::split::MIN_CONTRIBUTORS;
/// Longest notice and longest lock of a free bond: 365 days.
pub const MAX_LOCK_SECONDS: u64 = 365 * 24 * 60 * 60;
/// Longest payout delay and longest suspension: 30 days.
pub const MAX_DELAY_SECONDS: u64 = 30 * 24 * 60 * 60;

impl Params {
    /// Checks every limit.
    pub fn validate(&self) -> Result<(), ContractError> {
        let rows = [
            ("max_pause_seconds", Uint128::from(self.max_pause_seconds), 0, Uint128::from(MAX_PAUSE_SECONDS)),
            ("max_token_price", self.max_token_price, 1, MAX_TOKEN_PRICE),
            ("base_bond", self.base_bond, 0, MAX_TOKEN_PRICE),
            ("adapter_bond", self.adapter_bond, 0, MAX_TOKEN_PRICE),
            ("min_take_bps", self.min_take_bps.points().into(), 0, MAX_MIN_TAKE.into()),
            // More would let a developer gain by asking its own adapter: SECURITY.md, Mathematics.
            ("rebate_bps", self.rebate_bps.points().into(), 0, self.min_take_bps.points().into()),
            ("bond_unlock_seconds", self.bond_unlock_seconds.into(), 1, MAX_LOCK_SECONDS.into()),
            ("base_notice_seconds", self.base_notice_seconds.into(), 1, MAX_LOCK_SECONDS.into()),
            ("payout_delay_seconds", self.payout_delay_seconds.into(), 0, MAX_DELAY_SECONDS.into()),
            ("max_suspension_seconds", self.max_suspension_seconds.into(), 0, MAX_DELAY_SECONDS.into()),
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
