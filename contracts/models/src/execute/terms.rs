//! What a version of an adapter fixes, and the checks on it.

use cosmwasm_std::{Deps, Env, Uint128, Uint64};
use datanets::client::Datanets;
use openledger_contract_kit::Digest;

use crate::{
    msg::{AdapterVersion, Split},
    state::{DATANETS, PARAMS},
    ContractError,
};

/// What a version of an adapter fixes.
pub struct Terms {
    pub datanet_version: u32,
    pub weights_digest: Digest,
    pub family_digest: Digest,
    pub prompt_price: Uint128,
    pub response_price: Uint128,
    pub split: Split,
}

impl Terms {
    /// Checks digests, prices and split, and asks the Datanets contract whether the version exists.
    pub fn check(&self, deps: Deps, datanet_id: u64) -> Result<(), ContractError> {
        require_digest("weights_digest", self.weights_digest)?;
        require_digest("family_digest", self.family_digest)?;
        let max = PARAMS.load(deps.storage)?.max_token_price;
        for (field, found) in [("prompt_price", self.prompt_price), ("response_price", self.response_price)] {
            if found > max {
                return Err(ContractError::Price { field, found, max });
            }
        }
        self.split.validate()?;

        let datanets = DATANETS.load(deps.storage)?;
        let version = self.datanet_version;
        Datanets::new(&datanets, deps.querier)
            .version(datanet_id, version)
            .map_err(|error| ContractError::DatanetVersion { datanet_id, version, cause: error.to_string() })?;
        Ok(())
    }

    /// As stored.
    pub fn into_version(self, env: &Env, adapter_id: Uint64, version: u32) -> AdapterVersion {
        AdapterVersion {
            adapter_id,
            version,
            datanet_version: self.datanet_version,
            weights_digest: self.weights_digest,
            family_digest: self.family_digest,
            prompt_price: self.prompt_price,
            response_price: self.response_price,
            split: self.split,
            published_at: super::now(env),
        }
    }

    /// True when nothing differs from an earlier version.
    pub fn same_as(&self, version: &AdapterVersion) -> bool {
        self.datanet_version == version.datanet_version
            && self.weights_digest == version.weights_digest
            && self.family_digest == version.family_digest
            && self.prompt_price == version.prompt_price
            && self.response_price == version.response_price
            && self.split == version.split
    }
}

/// Refuses the digest that commits to nothing.
pub fn require_digest(field: &'static str, digest: Digest) -> Result<(), ContractError> {
    if digest.is_zero() {
        return Err(ContractError::ZeroDigest { field });
    }
    Ok(())
}
