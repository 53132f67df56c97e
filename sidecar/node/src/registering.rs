//! Puts an adapter on the models contract's list.

use cosmwasm_std::{Uint64, Uint128};
use cw20::Cw20ExecuteMsg;
use models::msg as model;
use openledger_attribution::Family;
use openledger_chain::{
    Signer, TxOutcome,
    contracts::{Datanets, Models},
};
use openledger_protocol::{Hash, fraud::score::IndexFacts};
use serde_json::Value;

use crate::{error::NodeError, network::Contracts};

/// What an adapter is registered as.
#[derive(Debug, Clone)]
pub struct Listing {
    /// Base model that it was trained on.
    pub base_id: u64,
    /// Name for people, 1 to 64 bytes.
    pub name: String,
    /// Datanet that it was trained on.
    pub datanet_id: u64,
    /// Published version of the Datanet.
    pub datanet_version: u32,
    /// In uopen a token.
    pub prompt_price: u128,
    /// In uopen a token.
    pub response_price: u128,
    /// Basis points of contributors, developer, node, stakers and treasury.
    pub split: [u16; 5],
}

/// The models contract as a developer sees it.
pub struct Registry<'a> {
    account: &'a Signer,
    contracts: &'a Contracts,
    models: Models,
}

impl<'a> Registry<'a> {
    /// The registry that an account writes to.
    pub fn new(account: &'a Signer, contracts: &'a Contracts) -> Self {
        let models = Models::new(account.client().clone(), &contracts.models);
        Self { account, contracts, models }
    }

    /// Compares base and rows with what the chain says of them, so that nobody trains for nothing. `rows` are the contributors' rows
    /// roots in any order. Returns those of the version's clusters in their order.
    ///
    /// # Errors
    /// [`NodeError::Config`] naming what differs, and errors of the chain.
    pub async fn check(&self, listing: &Listing, base: Hash, rows: &[Hash]) -> Result<Vec<Hash>, NodeError> {
        let registered = self.models.base(Uint64::new(listing.base_id)).await?;
        if registered.digest != model::Digest::new(base) {
            let reason = format!("the model's files are not those of base {} on the chain", listing.base_id);
            return Err(NodeError::Config(reason));
        }
        let datanets = Datanets::new(self.account.client().clone(), &self.contracts.datanets);
        let clusters = datanets.clusters(Uint64::new(listing.datanet_id), listing.datanet_version).await?.clusters;
        let clusters: Vec<Hash> = clusters.iter().map(|cluster| cluster.rows_root.into_bytes()).collect();
        let sorted = |roots: &[Hash]| {
            let mut sorted = roots.to_vec();
            sorted.sort_unstable();
            sorted
        };
        if sorted(&clusters) != sorted(rows) {
            let (id, version) = (listing.datanet_id, listing.datanet_version);
            let reason = format!("the rows are not those of version {version} of Datanet {id} on the chain");
            return Err(NodeError::Config(reason));
        }
        Ok(clusters)
    }

    /// Registers a family's adapter with its index, and gives the bond that the contract asks for. Returns its id.
    ///
    /// # Errors
    /// [`NodeError::Config`] for a name, price or split that the contract cannot take; errors of the chain.
    pub async fn register(
        &self,
        listing: &Listing,
        family: &Family,
        index: Option<IndexFacts>,
    ) -> Result<(u64, TxOutcome), NodeError> {
        let wrong = |error: &dyn std::fmt::Display| NodeError::Config(error.to_string());
        let bps = |points: u16| model::Bps::new(points).map_err(|error| wrong(&error));
        let [contributors, developer, node, stakers, treasury] = listing.split;
        let register = model::ExecuteMsg::RegisterAdapter {
            base_id: Uint64::new(listing.base_id),
            licence: None,
            name: model::Name::new(listing.name.as_str()).map_err(|error| wrong(&error))?,
            datanet_id: Uint64::new(listing.datanet_id),
            datanet_version: listing.datanet_version,
            weights_digest: model::Digest::new(family.full.digest),
            family_digest: model::Digest::new(family.digest()),
            manifest_digest: None,
            transcript_root: None,
            index: index.map(|index| model::Index {
                root: model::Digest::new(index.root),
                rows: index.rows,
                dimensions: index.dimensions,
            }),
            prompt_price: Uint128::new(listing.prompt_price),
            response_price: Uint128::new(listing.response_price),
            split: model::Split {
                contributors: bps(contributors)?,
                developer: bps(developer)?,
                node: bps(node)?,
                stakers: bps(stakers)?,
                treasury: bps(treasury)?,
            },
        };
        let value =
            |message: serde_json::Result<Value>| message.map_err(|error| NodeError::Internal(error.to_string()));
        let mut calls = Vec::new();
        let bond = self.models.config().await?.params.adapter_bond;
        if !bond.is_zero() {
            let allow = Cw20ExecuteMsg::IncreaseAllowance {
                spender: self.contracts.models.clone(),
                amount: bond,
                expires: None,
            };
            calls.push((self.contracts.open_token.as_str(), value(serde_json::to_value(&allow))?, vec![]));
        }
        calls.push((self.contracts.models.as_str(), value(serde_json::to_value(&register))?, vec![]));
        let outcome = self.account.execute_many(&calls).await?;
        Ok((id(&outcome, "adapter_id")?.u64(), outcome))
    }
}

/// An id that a contract's event carries.
pub fn id(outcome: &TxOutcome, key: &str) -> Result<Uint64, NodeError> {
    outcome
        .events
        .iter()
        .filter(|event| event.kind.starts_with("wasm"))
        .find_map(|event| event.get(key))
        .and_then(|value| value.parse::<u64>().ok())
        .map(Uint64::new)
        .ok_or_else(|| NodeError::Config(format!("transaction {} reports no {key}", outcome.hash)))
}
