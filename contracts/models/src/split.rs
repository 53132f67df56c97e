//! The fee split of an adapter version.

use cosmwasm_schema::cw_serde;
use openledger_contract_kit::Bps;
use openledger_protocol::fees::{FeeError, SplitTable};
use thiserror::Error;

/// Least part of the fee that goes to contributors (and, where nothing is explained, to the commons).
pub const MIN_CONTRIBUTORS: u16 = 1_000;

/// Parts of the fee in basis points; together 10,000.
#[cw_serde]
#[derive(Copy, Eq)]
pub struct Split {
    /// Contributors by attribution, and the Datanet's commons for the unattributed part; at least 1,000.
    pub contributors: Bps,
    /// Developer of the adapter.
    pub developer: Bps,
    /// Operator of the node that served.
    pub node: Bps,
    /// Stakers.
    pub stakers: Bps,
    /// Treasury.
    pub treasury: Bps,
}

/// Why a split was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SplitError {
    /// The parts must cover the whole fee exactly.
    #[error("split refused: {0}")]
    Sum(FeeError),
    /// Contributors may not be cut out.
    #[error("split gives contributors {found} basis points: at least {MIN_CONTRIBUTORS} are required")]
    Contributors {
        /// Part received.
        found: u16,
    },
}

impl Split {
    /// Checks sum and bounds. That no part passes 10,000 is checked when it is parsed.
    pub fn validate(&self) -> Result<(), SplitError> {
        SplitTable::from(*self).validate().map_err(SplitError::Sum)?;
        if self.contributors.points() < MIN_CONTRIBUTORS {
            return Err(SplitError::Contributors { found: self.contributors.points() });
        }
        Ok(())
    }
}

impl From<Split> for SplitTable {
    fn from(split: Split) -> Self {
        Self {
            contributors: split.contributors.points(),
            developer: split.developer.points(),
            node: split.node.points(),
            stakers: split.stakers.points(),
            treasury: split.treasury.points(),
        }
    }
}
