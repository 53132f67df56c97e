//! What a version of an adapter fixes, and the checks on it.

use cosmwasm_std::{Deps, Env, Storage, Uint128, Uint64};
use datanets::client::Datanets;
use openledger_contract_kit::{Bps, Digest};
use openledger_protocol::dot::MAX_DIMENSIONS;

use crate::{
    licence::LicenceError,
    msg::{AdapterVersion, Index, Licence, Params, Split},
    state::{DATANETS, PARAMS},
    ContractError,
};

/// What a version of an adapter fixes.
#[derive(PartialEq)]
pub struct Terms {
    pub datanet_version: u32,
    pub weights_digest: Digest,
    pub family_digest: Digest,
    pub manifest_digest: Option<Digest>,
    pub transcript_root: Option<Digest>,
    pub index: Option<Index>,
    pub prompt_price: Uint128,
    pub response_price: Uint128,
    pub split: Split,
}

impl Terms {
    /// Checks digests, prices and split, and asks the Datanets contract whether the version exists.
    pub fn check(&self, deps: Deps, datanet_id: u64, promised: Bps) -> Result<(), ContractError> {
        let digests = [
            ("weights_digest", Some(self.weights_digest)),
            ("family_digest", Some(self.family_digest)),
            ("manifest_digest", self.manifest_digest),
            ("transcript_root", self.transcript_root),
            ("index_root", self.index.map(|index| index.root)),
        ];
        for (field, digest) in digests {
            digest.map_or(Ok(()), |digest| require_digest(field, digest))?;
        }
        self.check_price(deps.storage, promised)?;

        let datanets = DATANETS.load(deps.storage)?;
        let version = self.datanet_version;
        let found = Datanets::new(&datanets, deps.querier)
            .version(datanet_id, version)
            .map_err(|error| ContractError::DatanetVersion { datanet_id, version, cause: error.to_string() })?;
        self.index.map_or(Ok(()), |index| check_index(index, found.clusters))
    }

    /// Checks prices and split. `promised` is the rebate of the adapter's bond.
    pub fn check_price(&self, storage: &dyn Storage, promised: Bps) -> Result<(), ContractError> {
        let Params { max_token_price: max, min_take_bps, .. } = PARAMS.load(storage)?;
        for (field, found) in [("prompt_price", self.prompt_price), ("response_price", self.response_price)] {
            if found > max {
                return Err(ContractError::Price { field, found, max });
            }
        }
        self.split.validate()?;
        let (found, min) = (self.split.treasury, min_take_bps.max(promised));
        if found < min {
            return Err(ContractError::Take { found: found.points(), min: min.points() });
        }
        Ok(())
    }

    /// What an earlier version fixed.
    pub fn of(version: &AdapterVersion) -> Self {
        Self {
            datanet_version: version.datanet_version,
            weights_digest: version.weights_digest,
            family_digest: version.family_digest,
            manifest_digest: version.manifest_digest,
            transcript_root: version.transcript_root,
            index: version.index,
            prompt_price: version.prompt_price,
            response_price: version.response_price,
            split: version.split,
        }
    }

    /// As stored.
    pub fn into_version(self, env: &Env, adapter_id: Uint64, version: u32) -> AdapterVersion {
        AdapterVersion {
            adapter_id,
            version,
            datanet_version: self.datanet_version,
            weights_digest: self.weights_digest,
            family_digest: self.family_digest,
            manifest_digest: self.manifest_digest,
            transcript_root: self.transcript_root,
            index: self.index,
            prompt_price: self.prompt_price,
            response_price: self.response_price,
            split: self.split,
            published_at: super::now(env),
        }
    }
}

/// A receipt has one score per cluster and one per row, so there is one row per cluster.
fn check_index(index: Index, clusters: u32) -> Result<(), ContractError> {
    if index.rows != clusters {
        return Err(ContractError::IndexRows { found: index.rows, clusters });
    }
    let (found, max) = (index.dimensions, MAX_DIMENSIONS);
    if found == 0 || usize::try_from(found).map_or(true, |found| found > max) {
        return Err(ContractError::IndexDimensions { found, max });
    }
    Ok(())
}

/// Refuses the digest that commits to nothing.
pub fn require_digest(field: &'static str, digest: Digest) -> Result<(), ContractError> {
    if digest.is_zero() {
        return Err(ContractError::ZeroDigest { field });
    }
    Ok(())
}

/// Says whose licence was refused.
pub fn licence<'a>(of: &'static str, licence: &'a Licence) -> impl Fn(LicenceError) -> ContractError + 'a {
    move |cause| ContractError::Licence { of, licence: licence.to_string(), cause }
}
