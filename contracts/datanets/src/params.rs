//! Parameters and their limits.

use cosmwasm_std::{Uint128, Uint64};

use crate::{msg::Params, ContractError};

/// Longest pause that can be allowed: 14 days.
pub const MAX_PAUSE_SECONDS: u64 = 14 * 24 * 60 * 60;
/// Clusters of one version, so that a version stays one item and one publication stays cheap.
pub const MAX_CLUSTERS: u32 = 256;
/// Undecided contributions of one member.
pub const MAX_PENDING: u32 = 64;

/// Longest delay of a payout account or a recovery: 30 days.
pub const MAX_DELAY_SECONDS: u64 = 30 * 24 * 60 * 60;
/// Longest time for an erasure: 365 days.
pub const MAX_SUNSET_SECONDS: u64 = 365 * 24 * 60 * 60;
/// Largest deposit or bond: all OPEN there is.
pub const MAX_AMOUNT: u64 = 1_000_000_000_000_000;

/// Amounts beyond 64 bits are far beyond [`MAX_AMOUNT`] too.
fn narrow(amount: Uint128) -> u64 {
    u64::try_from(amount.u128()).unwrap_or(u64::MAX)
}

impl Params {
    /// What a new deployment starts from.
    pub fn standard() -> Self {
        Self {
            max_pause_seconds: Uint64::new(86_400),
            max_clusters: MAX_CLUSTERS,
            max_rows: 1_000_000,
            max_pending: 16,
            payout_delay_seconds: Uint64::new(2 * 86_400),
            recovery_delay_seconds: Uint64::new(7 * 86_400),
            contribution_deposit: Uint128::zero(),
            datanet_bond: Uint128::zero(),
            commit_lifetime_seconds: Uint64::new(86_400),
            sunset_seconds: Uint64::new(MAX_DELAY_SECONDS),
        }
    }

    /// Checks every limit.
    pub fn validate(&self) -> Result<(), ContractError> {
        let rows = [
            ("max_pause_seconds", self.max_pause_seconds.u64(), 0, MAX_PAUSE_SECONDS),
            ("max_clusters", u64::from(self.max_clusters), 1, u64::from(MAX_CLUSTERS)),
            ("max_rows", u64::from(self.max_rows), 1, u64::from(u32::MAX)),
            ("max_pending", u64::from(self.max_pending), 1, u64::from(MAX_PENDING)),
            ("payout_delay_seconds", self.payout_delay_seconds.u64(), 0, MAX_DELAY_SECONDS),
            ("recovery_delay_seconds", self.recovery_delay_seconds.u64(), 1, MAX_DELAY_SECONDS),
            ("contribution_deposit", narrow(self.contribution_deposit), 0, MAX_AMOUNT),
            ("datanet_bond", narrow(self.datanet_bond), 0, MAX_AMOUNT),
            ("commit_lifetime_seconds", self.commit_lifetime_seconds.u64(), 1, MAX_DELAY_SECONDS),
            ("sunset_seconds", self.sunset_seconds.u64(), 0, MAX_SUNSET_SECONDS),
        ];
        for (name, found, min, max) in rows {
            if found < min || found > max {
                return Err(ContractError::Param { name, found, min, max });
            }
        }
        Ok(())
    }
}
