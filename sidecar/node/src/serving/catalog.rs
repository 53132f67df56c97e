//! The adapters of this node: files on disk checked against what the chain registered.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use openledger_attribution::{AuditLane, Family};
use openledger_corpus::Datanet;
use openledger_engine::Engine;
use openledger_protocol::Hash;
use serde::{Deserialize, Serialize};

use crate::{
    error::NodeError,
    network::{AdapterTerms, Network},
};

/// Where the files of an adapter lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterSource {
    /// Adapter in the models contract.
    pub adapter_id: u64,
    /// Folder of the adapter family: `adapters.json` and one PEFT folder per variant.
    pub family: PathBuf,
    /// Folder of the Datanet's rows, one file per contributor.
    pub datanet: PathBuf,
}

/// An adapter that is ready to answer. Clones share the files.
#[derive(Clone)]
pub struct ServedAdapter {
    /// What the chain fixed.
    pub terms: Arc<AdapterTerms>,
    /// The adapter, its counterfactuals and placebos, loaded.
    lane: AuditLane,
    /// Position in the family's contributors for each cluster of the Datanet version.
    positions: Arc<Vec<usize>>,
}

/// A measurement in the order of the Datanet version's clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterMeasurement {
    /// Loss of log-probability per cluster, in micro-nats.
    pub deltas: Vec<i64>,
    /// Noise floor, in micro-nats.
    pub floor: u64,
    /// What the adapter adds over its base, in micro-nats.
    pub lift: i64,
}

/// Served adapters by id.
pub struct Catalog {
    adapters: BTreeMap<u64, ServedAdapter>,
}

impl Catalog {
    /// Loads every source and refuses files that differ from the chain.
    pub async fn load(engine: &Engine, network: &Network, sources: &[AdapterSource]) -> Result<Self, NodeError> {
        let mut adapters = BTreeMap::new();
        for source in sources {
            let adapter = ServedAdapter::load(engine, network, source).await?;
            adapters.insert(source.adapter_id, adapter);
        }
        Ok(Self { adapters })
    }

    /// The adapter with this id.
    pub fn get(&self, adapter_id: u64) -> Result<ServedAdapter, NodeError> {
        self.adapters.get(&adapter_id).cloned().ok_or(NodeError::UnknownAdapter(adapter_id))
    }

    /// All adapters by ascending id.
    pub fn iter(&self) -> impl Iterator<Item = &ServedAdapter> {
        self.adapters.values()
    }
}

impl ServedAdapter {
    async fn load(engine: &Engine, network: &Network, source: &AdapterSource) -> Result<Self, NodeError> {
        let adapter_id = source.adapter_id;
        let mismatch = |problem: String| NodeError::AdapterMismatch { adapter_id, problem };
        let terms = network.adapter(adapter_id, None).await?;
        let model = engine.model();
        if terms.base_digest != model.base_digest {
            return Err(mismatch("it was trained on another base model".into()));
        }
        if terms.tokenizer_digest != model.tokenizer_digest {
            return Err(mismatch("it was registered with another tokenizer".into()));
        }
        let family = Family::read(&source.family).map_err(|error| mismatch(error.to_string()))?;
        if family.full.digest != terms.adapter_digest {
            return Err(mismatch("its weights are not the registered ones".into()));
        }
        if family.digest() != terms.family_digest {
            return Err(mismatch("its counterfactual adapters are not the registered ones".into()));
        }
        let positions = positions(&family, &terms, source).map_err(mismatch)?;
        let lane = AuditLane::load(engine.clone(), &format!("adapter-{adapter_id}"), family)
            .await
            .map_err(|error| mismatch(error.to_string()))?;
        Ok(Self { terms: Arc::new(terms), lane, positions: Arc::new(positions) })
    }

    /// Id of the served adapter in the engine.
    pub fn engine_id(&self) -> String {
        self.lane.served_id()
    }

    /// Measures who made `response`, cluster by cluster.
    pub async fn measure(&self, prompt: &[u32], response: &[u32]) -> Result<ClusterMeasurement, NodeError> {
        // Nothing was said, so nobody made it; or who is left out makes no difference, whatever is said.
        if response.is_empty() || self.lane.is_of_copies() {
            return Ok(ClusterMeasurement { deltas: vec![0; self.positions.len()], floor: 0, lift: 0 });
        }
        let measured = self
            .lane
            .attribute(prompt, response)
            .await
            .map_err(|error| NodeError::Internal(format!("the answer could not be attributed: {error}")))?;
        let by_contributor = measured.deltas();
        let deltas = self.positions.iter().filter_map(|position| by_contributor.get(*position).copied()).collect();
        Ok(ClusterMeasurement { deltas, floor: measured.floor(), lift: measured.lift() })
    }
}

/// Finds, for each cluster on chain, the counterfactual adapter that leaves its rows out: the cluster names a rows root, the
/// rows on disk have that root, and their contributor has an adapter.
fn positions(family: &Family, terms: &AdapterTerms, source: &AdapterSource) -> Result<Vec<usize>, String> {
    let datanet = Datanet::load(&source.datanet).map_err(|error| error.to_string())?;
    let by_root: BTreeMap<Hash, &str> = datanet
        .contributions
        .iter()
        .map(|contribution| (contribution.rows_root, contribution.contributor.as_str()))
        .collect();
    terms
        .cluster_roots
        .iter()
        .map(|root| {
            let contributor = by_root.get(root).ok_or_else(|| format!("no rows with root {}", hex::encode(root)))?;
            family
                .contributors()
                .position(|known| known == *contributor)
                .ok_or_else(|| format!("no counterfactual adapter leaves out {contributor}"))
        })
        .collect()
}
