//! Bounds of the parameters.

use crate::{error::ContractError, msg::Params};

const YEAR: u64 = 31_536_000;
const MONTH: u64 = 2_592_000;

impl Params {
    /// Checks every bound that the fields' comments name, except the one against the staking contract.
    pub fn validate(&self) -> Result<(), ContractError> {
        let windows = [
            ("challenge_window_seconds", self.challenge_window_seconds, 0, MONTH, "0 to 2592000"),
            ("attestation_deadline_seconds", self.attestation_deadline_seconds, 1, MONTH, "1 to 2592000"),
            ("max_session_seconds", self.max_session_seconds, 1, YEAR, "1 to 31536000"),
            ("settle_grace_seconds", self.settle_grace_seconds, 0, MONTH, "0 to 2592000"),
            ("set_overlap_seconds", self.set_overlap_seconds, 0, MONTH, "0 to 2592000"),
            ("max_pause_seconds", self.max_pause_seconds, 1, MONTH, "1 to 2592000"),
            ("round_seconds", self.round_seconds, 1, MONTH, "1 to 2592000"),
        ];
        for (name, given, least, most, allowed) in windows {
            within(name, given.u64(), least, most, allowed)?;
        }
        within("max_charges_per_batch", self.max_charges_per_batch.into(), 1, 64, "1 to 64")?;
        within("max_batches_per_epoch", self.max_batches_per_epoch.into(), 1, 64, "1 to 64")?;
        within("max_open_epochs", self.max_open_epochs.into(), 1, 16, "1 to 16")?;
        within("exposure_factor", self.exposure_factor.into(), 0, 10_000, "0 to 10000")?;
        within("set_overlap", self.set_overlap.into(), 0, 4, "0 to 4")
    }

    /// A superseded set may sign, and what it signed may be challenged, only while its members' bonds cannot have left.
    pub fn validate_against_unbonding(&self, unbonding_seconds: u64) -> Result<(), ContractError> {
        let allowed = "at most unbonding_seconds of the staking contract";
        within("set_overlap_seconds", self.set_overlap_seconds.u64(), 0, unbonding_seconds, allowed)?;
        within("challenge_window_seconds", self.challenge_window_seconds.u64(), 0, unbonding_seconds, allowed)
    }
}

fn within(name: &'static str, given: u64, least: u64, most: u64, allowed: &'static str) -> Result<(), ContractError> {
    if (least..=most).contains(&given) {
        Ok(())
    } else {
        Err(ContractError::ParamOutOfBounds { name, given, allowed })
    }
}
