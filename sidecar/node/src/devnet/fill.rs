//! Fills the Datanets from files and registers the adapters that were trained on them.

use std::{collections::BTreeMap, path::PathBuf};

use cosmwasm_std::Uint64;
use datanets::msg as net;
use models::msg as model;
use openledger_attribution::{
    Family,
    index::{DEFAULT_DIMENSIONS, Index},
};
use openledger_engine::{
    ModelInfo,
    gradient::{GradientConfig, GradientSession, stored_targets},
};

use super::{
    Story,
    accounts::Accounts,
    examples::{ExampleDatanet, Examples},
};
use crate::{
    error::NodeError,
    network::Contracts,
    registering::{Listing, Registry, id},
};

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
    /// Its attribution index, where it is paid by one.
    pub index: Option<PathBuf>,
}

/// Creates both Datanets, contributes and accepts their rows, publishes a version and registers an adapter each.
pub async fn fill(
    examples: &Examples,
    accounts: &Accounts,
    contracts: &Contracts,
    info: &ModelInfo,
    story: &Story,
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
    let model_dir = examples.model.clone();
    let gradients = GradientConfig { model_dir, ort_library: None, threads: 1, targets: Vec::new() };
    for datanet in &examples.datanets {
        let (datanet_id, version) = publish(datanet, accounts, contracts).await?;
        let family = Family::read(&datanet.family).map_err(|error| NodeError::Config(error.to_string()))?;
        let developer = of(&accounts.developers, &datanet.name)?;
        let index = if story.indexed.contains(&datanet.name) {
            let targets = stored_targets(&family.full.folder)?;
            let session = GradientSession::open(&GradientConfig { targets, ..gradients.clone() })?;
            let file = story.scratch.join(format!("{}.index", datanet.name));
            let clusters = datanet.rows.contributions.iter().map(|contribution| contribution.contributor.as_str());
            let index = Index::build(&session, &family, DEFAULT_DIMENSIONS)?.arranged(clusters)?;
            index.write(&file)?;
            Some((index.facts(), file))
        } else {
            None
        };
        let (facts, file) = index.unzip();
        let listing = Listing {
            base_id: base_id.u64(),
            name: datanet.name.clone(),
            datanet_id: datanet_id.u64(),
            datanet_version: version,
            prompt_price: PROMPT_PRICE,
            response_price: RESPONSE_PRICE,
            split: [6_000, 1_500, 1_500, 500, 500],
        };
        let registry = Registry::new(developer, contracts);
        let rows: Vec<openledger_protocol::Hash> =
            datanet.rows.contributions.iter().map(|contribution| contribution.rows_root).collect();
        registry.check(&listing, info.base_digest, &rows).await?;
        let (adapter_id, _) = registry.register(&listing, &family, facts).await?;
        adapters.push(RegisteredAdapter {
            adapter_id,
            datanet: datanet.name.clone(),
            family: datanet.family.clone(),
            rows: datanet.folder.clone(),
            index: file,
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

fn of<'a, K: Ord, V>(map: &'a BTreeMap<K, V>, key: &K) -> Result<&'a V, NodeError> {
    map.get(key).ok_or_else(|| NodeError::Config("an account of the story is missing".into()))
}

fn text<const MAX: usize>(value: &str) -> Result<datanets::msg::Text<MAX>, NodeError> {
    datanets::msg::Text::new(value).map_err(|error| NodeError::Config(error.to_string()))
}
