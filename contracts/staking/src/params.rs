//! Bounds of the parameters.

use crate::{
    error::ContractError,
    msg::{Commission, Params},
};

const YEAR: u64 = 31_536_000;
const DAY: u64 = 86_400;

impl Params {
    /// Checks every bound that the fields' comments name.
    pub fn validate(&self) -> Result<(), ContractError> {
        within(
            "unbonding_seconds",
            self.unbonding_seconds.u64(),
            (1..=YEAR).contains(&self.unbonding_seconds.u64()),
            "1 to 31536000",
        )?;
        within("min_self_bond", self.min_self_bond, !self.min_self_bond.is_zero(), "at least 1")?;
        within("max_validators", self.max_validators, (1..=100).contains(&self.max_validators), "1 to 100")?;
        within(
            "max_unbonding_entries",
            self.max_unbonding_entries,
            (1..=32).contains(&self.max_unbonding_entries),
            "1 to 32",
        )?;
        within(
            "snapshot_interval_seconds",
            self.snapshot_interval_seconds.u64(),
            self.snapshot_interval_seconds.u64() <= DAY,
            "0 to 86400",
        )?;
        within("max_delegations", self.max_delegations, (1..=16).contains(&self.max_delegations), "1 to 16")?;
        within("jail_seconds", self.jail_seconds, self.jail_seconds.u64() <= YEAR, "0 to 31536000")?;
        within("min_operator_bond", self.min_operator_bond, !self.min_operator_bond.is_zero(), "at least 1")
    }
}

fn within(name: &'static str, given: impl ToString, holds: bool, allowed: &'static str) -> Result<(), ContractError> {
    if holds {
        Ok(())
    } else {
        Err(ContractError::ParamOutOfBounds { name, given: given.to_string(), allowed })
    }
}

impl Commission {
    /// The limits hold each other.
    pub fn validate(&self) -> Result<(), ContractError> {
        if self.rate > self.max_rate {
            return Err(ContractError::CommissionTooHigh { rate: self.rate, max: self.max_rate });
        }
        if self.max_change > self.max_rate {
            return Err(ContractError::CommissionStepTooHigh { step: self.max_change, max: self.max_rate });
        }
        Ok(())
    }
}
