//! What the chain says: addresses, sessions, batches, epochs and the terms of adapters.

use std::{collections::BTreeMap, sync::Arc};

use cosmwasm_std::Uint64;
use openledger_chain::{
    ChainClient, ChainError,
    contracts::{Datanets, Models, Settlement, Staking},
};
use openledger_protocol::{Hash, Scope, credits::Payees, fees::SplitTable, fraud::score::IndexFacts, payee::Payee};
use serde::{Deserialize, Serialize};
use settlement::msg::{
    BatchResponse, BatchStatus, BatchSummary, EpochResponse, NodeResponse, Params, RoundResponse, SessionResponse,
};
use staking::msg::{EpochSet, ValidatorResponse};
use tokio::sync::Mutex;

use crate::error::NodeError;

/// Addresses of the contracts of one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contracts {
    /// OPEN.
    pub open_token: String,
    /// Datanets.
    pub datanets: String,
    /// Base models and adapters.
    pub models: String,
    /// Validators.
    pub staking: String,
    /// Sessions, batches, epochs and claims.
    pub settlement: String,
    /// Fraud proofs and disputes.
    pub disputes: String,
}

/// A chain and its OpenLedger contracts.
#[derive(Debug, Clone)]
pub struct Network {
    client: ChainClient,
    contracts: Contracts,
    settlement: Settlement,
    staking: Staking,
    models: Models,
    datanets: Datanets,
    treasury: String,
    /// Terms of versions, which never change on chain.
    terms: Arc<Mutex<BTreeMap<(u64, u32), AdapterTerms>>>,
}

/// What the chain fixes about one version of an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdapterTerms {
    /// Adapter in the models contract.
    pub adapter_id: u64,
    /// Version of the adapter.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// Datanet that trained it.
    pub datanet_id: u64,
    /// Rows roots of the Datanet version's clusters, in order.
    pub cluster_roots: Vec<Hash>,
    /// Digest of the base model, SHA-256.
    pub base_digest: Hash,
    /// Digest of the tokenizer.
    pub tokenizer_digest: Hash,
    /// Digest of the weights.
    pub adapter_digest: Hash,
    /// Digest of the manifest of counterfactual and placebo adapters.
    pub family_digest: Hash,
    /// The attribution index, where the version registered one: its answers are paid by it.
    pub index: Option<IndexFacts>,
    /// Price of a prompt token, in uopen.
    pub prompt_price: u128,
    /// Price of a response token, in uopen.
    pub response_price: u128,
    /// How a fee is divided.
    pub split: SplitTable,
    /// Who can be paid; the node's account is filled in per receipt.
    pub payees: Payees,
}

impl Network {
    /// Reads the addresses that settlement publishes and checks that they are the configured ones.
    pub async fn connect(client: ChainClient, contracts: Contracts) -> Result<Self, NodeError> {
        let settlement = Settlement::new(client.clone(), &contracts.settlement);
        let models = Models::new(client.clone(), &contracts.models);
        let config = settlement.config().await?;
        for (name, configured, published) in [
            ("open_token", &contracts.open_token, &config.token),
            ("staking", &contracts.staking, &config.staking),
            ("models", &contracts.models, &config.models),
        ] {
            if configured != published.as_str() {
                return Err(NodeError::Config(format!(
                    "contracts.{name} is {configured}, but the settlement contract works with {published}"
                )));
            }
        }
        if config.arbiter.as_ref().is_none_or(|arbiter| arbiter.as_str() != contracts.disputes) {
            let arbiter = config.arbiter.as_ref().map_or("nobody", |arbiter| arbiter.as_str());
            return Err(NodeError::Config(format!(
                "contracts.disputes is {}, but the settlement contract obeys {arbiter}",
                contracts.disputes
            )));
        }
        let registry = models.config().await?;
        if contracts.datanets != registry.datanets.as_str() {
            return Err(NodeError::Config(format!(
                "contracts.datanets is {}, but the models contract works with {}",
                contracts.datanets, registry.datanets
            )));
        }
        Ok(Self {
            staking: Staking::new(client.clone(), &contracts.staking),
            datanets: Datanets::new(client.clone(), &contracts.datanets),
            treasury: config.treasury.into_string(),
            terms: Arc::default(),
            client,
            contracts,
            settlement,
            models,
        })
    }

    /// Account that a payee's money goes to when it is claimed now.
    pub async fn recipient(&self, payee: &str) -> Result<String, NodeError> {
        let not_found = || NodeError::NotFound { kind: "payee", id: payee.to_owned() };
        Ok(match payee.parse::<Payee>().map_err(|_| not_found())? {
            Payee::Account(account) => account,
            Payee::Identity(id) => self.datanets.identity(id.into()).await?.payout.into_string(),
            Payee::Adapter(id) => {
                let payout = self.models.adapter(id.into()).await?.adapter.payout;
                let now = self.client.latest_block().await?.seconds();
                let next = payout.next.filter(|next| next.from.u64() <= now);
                next.map_or(payout.account, |next| next.account).into_string()
            }
            Payee::Datanet(id) => {
                let datanet = self.datanets.datanet(id.into()).await?;
                datanet.shares.map_or(datanet.commons, |shares| shares.address).into_string()
            }
        })
    }

    /// The chain.
    pub fn client(&self) -> &ChainClient {
        &self.client
    }

    /// The contracts.
    pub fn contracts(&self) -> &Contracts {
        &self.contracts
    }

    /// Scope of everything that settlement checks.
    pub fn scope(&self) -> Scope {
        Scope { chain_id: self.client.chain_id().into(), contract: self.contracts.settlement.clone() }
    }

    /// One session.
    pub async fn session(&self, session_id: u64) -> Result<SessionResponse, NodeError> {
        let answer = self.settlement.session(session_id.into()).await;
        answer.map_err(|error| absent(error, "session", session_id))
    }

    /// One batch.
    pub async fn batch(&self, batch_id: u64) -> Result<BatchResponse, NodeError> {
        self.settlement.batch(batch_id.into()).await.map_err(|error| absent(error, "batch", batch_id))
    }

    /// Batches of one node that wait for an epoch and can still be attested at `now`, oldest first, at most `most`.
    pub async fn pending_batches(&self, node: &str, now: u64, most: usize) -> Result<Vec<BatchSummary>, NodeError> {
        let mut found: Vec<BatchSummary> = Vec::new();
        let mut start_after = None;
        loop {
            let page = self.settlement.batches(BatchStatus::Pending, start_after, Some(30)).await?;
            let Some(last) = page.batches.last() else { return Ok(found) };
            start_after = Some(last.batch_id);
            let ours = |batch: &BatchSummary| batch.node.as_str() == node && batch.deadline.u64() > now;
            found.extend(page.batches.into_iter().filter(ours));
            if found.len() >= most {
                found.truncate(most);
                return Ok(found);
            }
        }
    }

    /// The settlement contract's windows and bounds.
    pub async fn params(&self) -> Result<Params, NodeError> {
        Ok(self.settlement.config().await?.params)
    }

    /// A node's last batch.
    pub async fn last_batch_of(&self, node: &str) -> Result<NodeResponse, NodeError> {
        Ok(self.settlement.node(node.into()).await?)
    }

    /// The newest accepted epoch.
    pub async fn latest_epoch(&self) -> Result<Option<EpochResponse>, NodeError> {
        Ok(self.settlement.latest_epoch().await?.epoch)
    }

    /// Which epoch and round the next statement must be for.
    pub async fn round(&self) -> Result<RoundResponse, NodeError> {
        Ok(self.settlement.round().await?)
    }

    /// One accepted epoch.
    pub async fn epoch(&self, epoch: u64) -> Result<EpochResponse, NodeError> {
        self.settlement.epoch(epoch.into()).await.map_err(|error| absent(error, "epoch", epoch))
    }

    /// The newest validator set.
    pub async fn latest_set(&self) -> Result<EpochSet, NodeError> {
        Ok(self.staking.latest_set().await?)
    }

    /// A validator set.
    pub async fn set(&self, set_id: u64) -> Result<EpochSet, NodeError> {
        self.staking.set(set_id.into()).await.map_err(|error| absent(error, "validator set", set_id))
    }

    /// One validator.
    pub async fn validator(&self, address: &str) -> Result<ValidatorResponse, NodeError> {
        Ok(self.staking.validator(address.into()).await?)
    }

    /// The terms of an adapter's version; the newest when `version` is absent.
    pub async fn adapter(&self, adapter_id: u64, version: Option<u32>) -> Result<AdapterTerms, NodeError> {
        if let Some(version) = version
            && let Some(known) = self.terms.lock().await.get(&(adapter_id, version))
        {
            return Ok(known.clone());
        }
        let terms = self.read_terms(adapter_id, version).await?;
        self.terms.lock().await.insert((adapter_id, terms.version), terms.clone());
        Ok(terms)
    }

    async fn read_terms(&self, adapter_id: u64, version: Option<u32>) -> Result<AdapterTerms, NodeError> {
        let missing = |error| absent(error, "adapter", adapter_id);
        let id = Uint64::from(adapter_id);
        let answer = self.models.adapter(id).await.map_err(missing)?;
        let adapter = answer.adapter;
        let terms = match version {
            Some(version) if version != answer.serving.version => {
                self.models.adapter_version(id, version).await.map_err(missing)?
            }
            _ => answer.serving,
        };
        let base = self.models.base(adapter.base_id).await?;
        let datanet_id = adapter.datanet_id;
        let clusters = self.datanets.clusters(datanet_id, terms.datanet_version).await?.clusters;
        Ok(AdapterTerms {
            adapter_id,
            version: terms.version,
            name: adapter.name.to_string(),
            datanet_id: datanet_id.u64(),
            cluster_roots: clusters.iter().map(|cluster| cluster.rows_root.into_bytes()).collect(),
            base_digest: base.digest.into_bytes(),
            tokenizer_digest: base.tokenizer_digest.into_bytes(),
            adapter_digest: terms.weights_digest.into_bytes(),
            family_digest: terms.family_digest.into_bytes(),
            index: terms.index.map(|index| IndexFacts {
                root: index.root.into_bytes(),
                rows: index.rows,
                dimensions: index.dimensions,
            }),
            prompt_price: terms.prompt_price.u128(),
            response_price: terms.response_price.u128(),
            split: terms.split.into(),
            payees: Payees {
                contributors: clusters.iter().map(|cluster| identity(cluster.identity_id.u64())).collect(),
                commons: Payee::Datanet(datanet_id.u64()).to_string(),
                developer: Payee::Adapter(adapter_id).to_string(),
                node: String::new(),
                stakers: self.contracts.staking.clone(),
                treasury: self.treasury.clone(),
            },
        })
    }
}

fn identity(identity_id: u64) -> String {
    Payee::Identity(identity_id).to_string()
}

/// A contract's refusal of an id is "not found"; anything else stays what it is.
fn absent(error: ChainError, kind: &'static str, id: u64) -> NodeError {
    match error {
        ChainError::Query { .. } => NodeError::NotFound { kind, id: id.to_string() },
        other => NodeError::Chain(other),
    }
}
