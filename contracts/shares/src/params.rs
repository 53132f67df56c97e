//! Bounds of the parameters.

use cosmwasm_std::Uint128;

use crate::{error::ContractError, msg::Params};

const MONTH: u64 = 2_592_000;
const MAX_PRICE: Uint128 = Uint128::new(1_000_000_000_000_000);
const MAX_SHARES: Uint128 = Uint128::new(1_000_000_000_000_000_000_000_000);

impl Params {
    /// Checks every bound that the fields' comments name.
    pub fn validate(&self) -> Result<(), ContractError> {
        within("price", self.price, !self.price.is_zero() && self.price <= MAX_PRICE, "1 to 10^15")?;
        within("max_backed_shares", self.max_backed_shares, self.max_backed_shares <= MAX_SHARES, "0 to 10^24")?;
        within(
            "max_contribution_shares",
            self.max_contribution_shares,
            self.max_contribution_shares <= MAX_SHARES,
            "0 to 10^24",
        )?;
        within(
            "max_contribution_shares_per_day",
            self.max_contribution_shares_per_day,
            !self.max_contribution_shares_per_day.is_zero(),
            "at least 1",
        )?;
        let month = |seconds: u64| (1..=MONTH).contains(&seconds);
        within("unback_seconds", self.unback_seconds, month(self.unback_seconds.u64()), "1 to 2592000")?;
        within("income_seconds", self.income_seconds, month(self.income_seconds.u64()), "1 to 2592000")?;
        within(
            "period_seconds",
            self.period_seconds,
            (3_600..=2_678_400).contains(&self.period_seconds.u64()),
            "3600 to 2678400",
        )?;
        within("max_slash", self.max_slash, self.max_slash.points() > 0, "1 to 10000")
    }

    /// Most shares that can exist at one time.
    pub fn supply_cap(&self) -> Result<Uint128, ContractError> {
        Ok(self.max_backed_shares.checked_add(self.max_contribution_shares)?)
    }
}

fn within(name: &'static str, given: impl ToString, holds: bool, allowed: &'static str) -> Result<(), ContractError> {
    if holds {
        Ok(())
    } else {
        Err(ContractError::ParamOutOfBounds { name, given: given.to_string(), allowed })
    }
}
