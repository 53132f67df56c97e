//! Fills the Datanets from files and registers the adapters that were trained on them.

use std::{collections::BTreeMap, path::PathBuf};

use cosmwasm_std::{Uint64, Uint128};
use datanets::msg as net;
use models::msg as model;
use openledger_attribution::Family;
use openledger_chain::TxOutcome;
use openledger_engine::ModelInfo;

use super::{
    accounts::Accounts,
    examples::{ExampleDatanet, Examples},
};
use crate::{error::NodeError, network::Contracts};

/// Price of a prompt token in the story, in uopen.
pub const PROMPT_PRICE: u128 = 20;
/// Price of a response token in the story, in uopen.
pub const RESPONSE_PRICE: u128 = 150;

/// A registered adapter.
#[derive(Debug, Clone)]
pub struct RegisteredAdapter {
    /// Id in the models contract.
    pub adapter_id: u64,
    /// Datanet that it is trained on.
    pub datanet: String,
    /// Folder of the adapter family.
    pub family: PathBuf,
    /// Folder of the rows.
    pub rows: PathBuf,
}

/// Creates both Datanets, contributes and accepts their rows, publishes a version and registers an adapter each.
pub async fn fill(
    examples: &Examples,
    accounts: &Accounts,
    contracts: &Contracts,
    info: &ModelInfo,
) -> Result<Vec<RegisteredAdapter>, NodeError> {
    let register = model::ExecuteMsg::RegisterBase {
        name: text("openledger-tiny")?,
        digest: model::Digest::new(info.base_digest),
        tokenizer_digest: model::Digest::new(info.tokenizer_digest),
        architecture: text("llama")?,
        licence: text("Apache-2.0")?,
    };
    let outcome = accounts.founder.execute(&contracts.models, &register, vec![]).await?;
    let base_id = id(&outcome, "base_id")?;
    // The founder owns the registry here: everybody may build on this base model.
    accounts.founder.execute(&contracts.models, &model::ExecuteMsg::WhitelistBase { base_id }, vec![]).await?;
    let mut adapters = Vec::new();
    for datanet in &examples.datanets {
        let (datanet_id, version) = publish(datanet, accounts, contracts).await?;
        let family = Family::read(&datanet.family).map_err(|error| NodeError::Config(error.to_string()))?;
        let developer = of(&accounts.developers, &datanet.name)?;
        let bps = |points| model::Bps::new(points).map_err(|error| NodeError::Config(error.to_string()));
        let register = model::ExecuteMsg::RegisterAdapter {
            base_id,
            licence: None,
            name: text(&datanet.name)?,
            datanet_id,
            datanet_version: version,
            weights_digest: model::Digest::new(family.full.digest),
            family_digest: model::Digest::new(family.digest()),
            manifest_digest: None,
            transcript_root: None,
            index: None,
            prompt_price: Uint128::new(PROMPT_PRICE),
            response_price: Uint128::new(RESPONSE_PRICE),
            split: model::Split {
                contributors: bps(6_000)?,
                developer: bps(1_500)?,
                node: bps(1_500)?,
                stakers: bps(500)?,
                treasury: bps(500)?,
            },
        };
        let outcome = developer.execute(&contracts.models, &register, vec![]).await?;
        adapters.push(RegisteredAdapter {
            adapter_id: id(&outcome, "adapter_id")?.u64(),
            datanet: datanet.name.clone(),
            family: datanet.family.clone(),
            rows: datanet.folder.clone(),
        });
    }
    Ok(adapters)
}

async fn publish(
    datanet: &ExampleDatanet,
    accounts: &Accounts,
    contracts: &Contracts,
) -> Result<(Uint64, u32), NodeError> {
    let owner = of(&accounts.owners, &datanet.name)?;
    let commons = accounts.commons.get(&datanet.name).cloned().unwrap_or_default();
    let create = net::ExecuteMsg::Create {
        name: text(&datanet.name)?,
        description: text(&format!("example Datanet {}", datanet.name))?,
        licence: text(&datanet.licence)?,
        commons,
        membership: net::Membership::Open,
        commit_reveal: None,
        review: None,
    };
    let outcome = owner.execute(&contracts.datanets, &create, vec![]).await?;
    let datanet_id = id(&outcome, "datanet_id")?;
    for contribution in &datanet.rows.contributions {
        let key = (datanet.name.clone(), contribution.contributor.clone());
        let contributor = of(&accounts.contributors, &key)?;
        let join = net::ExecuteMsg::Join { datanet_id };
        let contribute = net::ExecuteMsg::Contribute {
            datanet_id,
            rows_root: net::Digest::new(contribution.rows_root),
            rows: u32::try_from(contribution.rows.len()).unwrap_or(u32::MAX),
            media_type: text("application/jsonl")?,
            manifest: net::Digest::new(contribution.manifest_digest),
            salt: None,
        };
        let address = contracts.datanets.as_str();
        let outcome = contributor.execute_many(&[(address, join, vec![]), (address, contribute, vec![])]).await?;
        let contribution_id = id(&outcome, "contribution_id")?;
        let accept = net::ExecuteMsg::Accept { datanet_id, contribution_id };
        owner.execute(&contracts.datanets, &accept, vec![]).await?;
    }
    let content_root = net::Digest::new(datanet.rows.content_root());
    owner.execute(&contracts.datanets, &net::ExecuteMsg::PublishVersion { datanet_id, content_root }, vec![]).await?;
    Ok((datanet_id, 1))
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

fn of<'a, K: Ord, V>(map: &'a BTreeMap<K, V>, key: &K) -> Result<&'a V, NodeError> {
    map.get(key).ok_or_else(|| NodeError::Config("an account of the story is missing".into()))
}

fn text<const MAX: usize>(value: &str) -> Result<datanets::msg::Text<MAX>, NodeError> {
    datanets::msg::Text::new(value).map_err(|error| NodeError::Config(error.to_string()))
}
