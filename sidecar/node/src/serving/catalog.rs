//! The adapters of this node: files on disk checked against what the chain registered.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use openledger_attribution::{
    AuditLane, Family,
    index::{Gradients, INDEX_FILE, Index, IndexLane},
};
use openledger_corpus::Datanet;
use openledger_engine::{Engine, gradient::GradientConfig};
use openledger_protocol::{Hash, fraud::score::IndexFacts};
use serde::{Deserialize, Serialize};

use super::{Audit, Lane};
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
    /// Folder of the adapter family: `adapters.json`, one PEFT folder per adapter, and `attribution.index` where the adapter's
    /// version registered one.
    pub family: PathBuf,
    /// Folder of the Datanet's rows, one file per contributor.
    pub datanet: PathBuf,
    /// The attribution index, when it is not in the family's folder.
    pub index: Option<PathBuf>,
}

/// An adapter that is ready to answer. Clones share the files.
#[derive(Clone)]
pub struct ServedAdapter {
    /// What the chain fixed.
    pub terms: Arc<AdapterTerms>,
    /// Its id in the engine.
    engine_id: String,
    /// What pays for its answers.
    lane: Lane,
    /// The audit lane beside an index, where somebody holds answers against it.
    audit: Option<Arc<Audit>>,
}

/// Served adapters by id.
pub struct Catalog {
    adapters: BTreeMap<u64, ServedAdapter>,
}

/// What a catalog is loaded with.
pub struct Loading<'a> {
    /// The model.
    pub engine: &'a Engine,
    /// The chain.
    pub network: &'a Network,
    /// How to open the gradient session, once an adapter is paid by an index.
    pub gradients: GradientConfig,
    /// Whether to load the counterfactual adapters of indexed adapters too: validators hold answers against them.
    pub audits: bool,
}

impl Catalog {
    /// Loads every source and refuses files that differ from the chain.
    pub async fn load(loading: Loading<'_>, sources: &[AdapterSource]) -> Result<Self, NodeError> {
        let mut adapters = BTreeMap::new();
        let mut gradients = None;
        for source in sources {
            let adapter = ServedAdapter::load(&loading, &mut gradients, source).await?;
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
    async fn load(
        loading: &Loading<'_>,
        gradients: &mut Option<Gradients>,
        source: &AdapterSource,
    ) -> Result<Self, NodeError> {
        let adapter_id = source.adapter_id;
        let mismatch = |problem: String| NodeError::AdapterMismatch { adapter_id, problem };
        let terms = loading.network.adapter(adapter_id, None).await?;
        let model = loading.engine.model();
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
        let clusters = clusters(&family, &terms, source).map_err(mismatch)?;
        if terms.index.is_none() {
            family.check_whole().map_err(|error| mismatch(error.to_string()))?;
        }
        let id = format!("adapter-{adapter_id}");
        let engine_id = family.full.id_under(&id);
        let indexed = match terms.index {
            None => None,
            Some(facts) => {
                let index = index(source, &facts, &clusters).map_err(mismatch)?;
                let gradients = match gradients {
                    Some(started) => started.clone(),
                    None => gradients.insert(Gradients::start(loading.gradients.clone())?).clone(),
                };
                let lane = IndexLane::load(loading.engine.clone(), gradients, engine_id.clone(), &family, index).await;
                Some(lane.map_err(|error| mismatch(error.to_string()))?)
            }
        };
        let audit = if indexed.is_none() || loading.audits {
            let lane = AuditLane::load(loading.engine.clone(), &id, family).await;
            Some(Arc::new(Audit::new(lane.map_err(|error| mismatch(error.to_string()))?, &clusters)))
        } else {
            let loaded = loading.engine.load_adapter(&engine_id, &family.full.folder, Some(family.full.digest)).await;
            loaded.map_err(|error| mismatch(error.to_string()))?;
            None
        };
        let (lane, audit) = match (indexed, audit) {
            (Some(lane), audit) => (Lane::Index(lane), audit),
            (None, Some(audit)) => (Lane::Audit(audit), None),
            (None, None) => return Err(mismatch("nothing says who made its answers".into())),
        };
        Ok(Self { terms: Arc::new(terms), engine_id, lane, audit })
    }

    /// Id of the served adapter in the engine.
    pub fn engine_id(&self) -> String {
        self.engine_id.clone()
    }

    /// What pays for its answers.
    pub fn lane(&self) -> &Lane {
        &self.lane
    }

    /// The audit lane beside the index.
    pub fn audit(&self) -> Option<&Audit> {
        self.audit.as_deref()
    }
}

/// Reads an index and holds it against the chain. Row i is that of cluster i: a receipt's scores are proven by place.
fn index(source: &AdapterSource, facts: &IndexFacts, clusters: &[String]) -> Result<Index, String> {
    let file = source.index.clone().unwrap_or_else(|| source.family.join(INDEX_FILE));
    let index = Index::read(&file).map_err(|error| error.to_string())?;
    if index.facts() != *facts {
        return Err("its attribution index is not the registered one".into());
    }
    if clusters != index.contributors {
        return Err("the rows of its attribution index are not in the order of the Datanet's clusters".into());
    }
    Ok(index)
}

/// Finds, for each cluster on chain, the contributor whose rows it is: the cluster names a rows root, the rows on disk have that root,
/// and the family knows what it would be without their contributor.
fn clusters(family: &Family, terms: &AdapterTerms, source: &AdapterSource) -> Result<Vec<String>, String> {
    let known: HashSet<&str> = family.contributors().collect();
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
            let unknown = || format!("no counterfactual adapter or tangent is about {contributor}");
            known.get(contributor).map(|name| (*name).to_owned()).ok_or_else(unknown)
        })
        .collect()
}
