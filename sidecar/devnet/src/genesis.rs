//! What the chain starts from.

use std::{
    fs,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use cosmwasm_std::Coin;
use serde::{Deserialize, Serialize};

use crate::error::DevnetError;

/// An account that owns coins from the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenesisAccount {
    /// Bech32 with prefix `wasm`.
    pub address: String,
    /// Native coins.
    pub coins: Vec<Coin>,
}

/// The chain's beginning; it is written once and read on every later start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    /// Signed into every transaction.
    pub chain_id: String,
    /// The denomination fees are paid in.
    pub fee_denom: String,
    /// Unix nanoseconds.
    pub time_ns: u64,
    /// Accounts with coins.
    pub accounts: Vec<GenesisAccount>,
}

impl Genesis {
    /// Reads the genesis of a home, or writes it there the first time.
    ///
    /// # Errors
    /// [`DevnetError::Genesis`] when the home holds another chain or other accounts.
    pub fn settle(self, path: &Path) -> Result<Self, DevnetError> {
        let failed = |reason: String| DevnetError::Genesis { reason: format!("{}: {reason}", path.display()) };
        if path.exists() {
            let text = fs::read(path).map_err(|error| failed(error.to_string()))?;
            let stored: Self = serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
            let same = stored.chain_id == self.chain_id
                && stored.fee_denom == self.fee_denom
                && (self.accounts.is_empty() || self.accounts == stored.accounts);
            return if same {
                Ok(stored)
            } else {
                Err(failed(
                    "this home holds a chain with another id or other accounts; choose another home or remove it"
                        .to_owned(),
                ))
            };
        }
        let text = serde_json::to_vec_pretty(&self).map_err(|error| failed(error.to_string()))?;
        // A half-written genesis must never be found: write aside, then rename.
        let aside = path.with_extension("new");
        fs::write(&aside, text)
            .and_then(|()| fs::File::open(&aside)?.sync_all())
            .and_then(|()| fs::rename(&aside, path))
            .map_err(|error| failed(error.to_string()))?;
        Ok(self)
    }

    /// A genesis of this moment.
    pub fn now(chain_id: &str, fee_denom: &str, accounts: Vec<GenesisAccount>) -> Self {
        let time_ns = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .ok()
            .and_then(|since| u64::try_from(since.as_nanos()).ok())
            .unwrap_or(0);
        Self { chain_id: chain_id.to_owned(), fee_denom: fee_denom.to_owned(), time_ns, accounts }
    }
}
