//! Prices, and the table that divides a fee between the parties to an answer.

use alloc::vec::Vec;

use crate::shares::{ShareError, largest_remainder};

/// One, in basis points.
pub const BASIS_POINTS: u16 = 10_000;

/// How a fee is divided, in basis points. Fixed per adapter version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SplitTable {
    /// Owners of the data, by attribution; the unattributed part goes to the Datanet's commons.
    pub contributors: u16,
    /// Owner of the adapter.
    pub developer: u16,
    /// Operator of the node.
    pub node: u16,
    /// Stakers.
    pub stakers: u16,
    /// Treasury.
    pub treasury: u16,
}

/// A divided fee, in uopen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeSplit {
    /// To be divided by attribution.
    pub contributors: u128,
    /// Owner of the adapter.
    pub developer: u128,
    /// Operator of the node.
    pub node: u128,
    /// Stakers.
    pub stakers: u128,
    /// Treasury.
    pub treasury: u128,
}

/// Why a fee cannot be computed or divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeeError {
    /// The table does not sum to 10,000.
    #[error("the split table sums to {0} basis points instead of {BASIS_POINTS}")]
    TableSum(u32),
    /// Tokens times price leaves 128 bits.
    #[error("tokens times price does not fit 128 bits")]
    Overflow,
    /// Division failed.
    #[error(transparent)]
    Share(#[from] ShareError),
}

impl SplitTable {
    /// Checks that the table hands out exactly everything.
    pub fn validate(&self) -> Result<(), FeeError> {
        let sum =
            self.weights().iter().fold(0u32, |sum, part| sum.saturating_add(u32::try_from(*part).unwrap_or(u32::MAX)));
        if sum == u32::from(BASIS_POINTS) { Ok(()) } else { Err(FeeError::TableSum(sum)) }
    }

    /// Divides `fee` by the largest-remainder rule.
    pub fn split(&self, fee: u128) -> Result<FeeSplit, FeeError> {
        self.validate()?;
        let parts: Vec<u128> = largest_remainder(&self.weights(), fee)?;
        match parts.as_slice() {
            [contributors, developer, node, stakers, treasury] => Ok(FeeSplit {
                contributors: *contributors,
                developer: *developer,
                node: *node,
                stakers: *stakers,
                treasury: *treasury,
            }),
            _ => Err(FeeError::Share(ShareError::NoWeight)),
        }
    }

    fn weights(&self) -> [u64; 5] {
        [self.contributors, self.developer, self.node, self.stakers, self.treasury].map(u64::from)
    }
}

/// Price of an answer: `prompt_tokens * prompt_price + response_tokens * response_price`, in uopen.
pub fn fee(
    prompt_tokens: u32,
    prompt_price: u128,
    response_tokens: u32,
    response_price: u128,
) -> Result<u128, FeeError> {
    let prompt = prompt_price.checked_mul(u128::from(prompt_tokens)).ok_or(FeeError::Overflow)?;
    let response = response_price.checked_mul(u128::from(response_tokens)).ok_or(FeeError::Overflow)?;
    prompt.checked_add(response).ok_or(FeeError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: SplitTable =
        SplitTable { contributors: 6000, developer: 1500, node: 1500, stakers: 500, treasury: 500 };

    #[test]
    fn a_table_must_hand_out_everything() {
        assert_eq!(SplitTable { treasury: 499, ..TABLE }.split(1), Err(FeeError::TableSum(9_999)));
        assert_eq!(SplitTable { treasury: u16::MAX, ..TABLE }.validate(), Err(FeeError::TableSum(75_035)));
    }

    #[test]
    fn an_absurd_price_is_an_error() {
        assert_eq!(fee(2, u128::MAX, 0, 0), Err(FeeError::Overflow));
        assert_eq!(fee(3, 10, 5, 20), Ok(130));
    }

    proptest! {
        #[test]
        fn nothing_is_lost(amount in 0u128..1_000_000_000_000_000) {
            let split = TABLE.split(amount).unwrap();
            prop_assert_eq!(split.contributors + split.developer + split.node + split.stakers + split.treasury, amount);
        }
    }
}
