//! Bounds of the parameters.

use crate::{error::ContractError, msg::Params};

const MONTH: u64 = 2_592_000;

impl Params {
    /// Checks every bound that the fields' comments name. Fractions are checked by their type.
    pub fn validate(&self) -> Result<(), ContractError> {
        if self.dispute_bond.is_zero() {
            return Err(ContractError::ParamOutOfBounds { name: "dispute_bond", given: 0, allowed: "at least 1" });
        }
        let given = self.dispute_seconds.u64();
        if !(1..=MONTH).contains(&given) {
            return Err(ContractError::ParamOutOfBounds { name: "dispute_seconds", given, allowed: "1 to 2592000" });
        }
        // All of what is left may not go to the challenger: a culprit who proves its own fraud first must lose.
        let given = u64::from(self.reward.points());
        if given > 5_000 {
            return Err(ContractError::ParamOutOfBounds { name: "reward", given, allowed: "0 to 5000" });
        }
        Ok(())
    }
}
