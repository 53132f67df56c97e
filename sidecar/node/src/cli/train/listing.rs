//! The flags that put a trained family on the chain.

use std::collections::HashMap;

use clap::{Args, ValueEnum};
use openledger_attribution::{
    AuditError, Family,
    index::{Index, IndexError},
};
use openledger_chain::{ChainClient, Signer};
use openledger_protocol::Hash;
use openledger_trainer::Opened;
use serde_json::{Value, json};

use crate::{
    error::NodeError,
    home::Home,
    network::Contracts,
    registering::{Listing, Registry},
};

/// How the family is registered.
#[derive(Debug, Args)]
pub struct Register {
    /// Register the adapter with its index, by the account of the home folder.
    #[arg(
        long,
        requires_all = ["family", "base_id", "datanet_id", "datanet_version", "prompt_price", "response_price"],
        conflicts_with = "detach"
    )]
    register: bool,
    /// Name on the chain; the Datanet's folder when absent.
    #[arg(long, requires = "register")]
    name: Option<String>,
    /// Id of the base model in the models contract.
    #[arg(long, requires = "register")]
    base_id: Option<u64>,
    /// Id of the Datanet.
    #[arg(long, requires = "register")]
    datanet_id: Option<u64>,
    /// Published version of the Datanet: its rows have to be those of the folder.
    #[arg(long, requires = "register")]
    datanet_version: Option<u32>,
    /// Price of a prompt token in uopen.
    #[arg(long, requires = "register")]
    prompt_price: Option<u128>,
    /// Price of an answer's token in uopen.
    #[arg(long, requires = "register")]
    response_price: Option<u128>,
    /// Basis points of the fee for contributors, developer, node, stakers and treasury; 10,000 together.
    #[arg(long, requires = "register", value_delimiter = ',', default_value = "6000,1500,1500,500,500")]
    split: Vec<u16>,
    /// What pays for the adapter's answers. Unless said, the index where it divides at most a fifth of the fee otherwise
    /// than the audit lane does, else the audit lane. A family with a tail is always paid by its index.
    #[arg(long, requires = "register", value_enum)]
    paid_by: Option<PaidBy>,
}

/// What pays for an adapter's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PaidBy {
    /// One gradient and the registered index: scores can be proven false on chain.
    Index,
    /// A forward pass under every counterfactual adapter: exact, and as costly as there are contributors.
    Audit,
}

/// Part of the fee that an index may divide otherwise than the audit lane before the audit lane pays unless told otherwise.
const INDEX_ERROR: f64 = 0.2;

/// Who registers, and where.
pub struct Desk {
    account: Signer,
    contracts: Contracts,
    listing: Listing,
    paid_by: Option<PaidBy>,
    /// Contributors in the order of the version's clusters.
    clusters: Vec<String>,
}

impl Register {
    /// Connects to the chain and compares base and rows with it; `None` unless the family is to be registered.
    pub async fn desk(self, home: &Home, opened: &Opened) -> Result<Option<Desk>, NodeError> {
        if !self.register {
            return Ok(None);
        }
        let missing = |flag: &str| NodeError::Config(format!("name {flag}"));
        let split = self.split.try_into().map_err(|_| missing("five parts in --split, divided by commas"))?;
        let listing = Listing {
            base_id: self.base_id.ok_or_else(|| missing("--base-id"))?,
            name: self.name.unwrap_or_else(|| opened.name.clone()),
            datanet_id: self.datanet_id.ok_or_else(|| missing("--datanet-id"))?,
            datanet_version: self.datanet_version.ok_or_else(|| missing("--datanet-version"))?,
            prompt_price: self.prompt_price.ok_or_else(|| missing("--prompt-price"))?,
            response_price: self.response_price.ok_or_else(|| missing("--response-price"))?,
            split,
        };
        let config = home.config()?;
        let account = ChainClient::connect(&config.chain_grpc).await?.signer(home.account()?);
        let base = opened.session.model().base_digest;
        let roots = Registry::new(&account, &config.contracts).check(&listing, base, &opened.roots).await?;
        let known: HashMap<&Hash, &String> = opened.roots.iter().zip(opened.examples.contributors()).collect();
        let clusters = roots.iter().map(|root| known.get(root).map(|name| String::clone(name)));
        let clusters = clusters.collect::<Option<Vec<_>>>();
        let clusters = clusters.ok_or_else(|| missing("a Datanet with the rows of every cluster of the version"))?;
        Ok(Some(Desk { account, contracts: config.contracts, listing, paid_by: self.paid_by, clusters }))
    }
}

impl Desk {
    /// Contributors in the order in which the chain has them.
    pub fn clusters(&self) -> &[String] {
        &self.clusters
    }

    /// Refuses to let the audit lane pay for a family with a tail, before it is trained.
    pub fn check_tail(&self, contributors: usize) -> Result<(), NodeError> {
        if contributors > 0 && self.paid_by == Some(PaidBy::Audit) {
            return Err(IndexError::from(AuditError::Tail { contributors }).into());
        }
        Ok(())
    }

    /// Sends the registration. `error` is the part of the fee that the index divides otherwise than the audit lane.
    pub async fn register(&self, family: &Family, index: &Index, error: f64) -> Result<Value, NodeError> {
        let registry = Registry::new(&self.account, &self.contracts);
        self.check_tail(family.tail.len())?;
        // Only the index knows something of a tail.
        let indexed = error <= INDEX_ERROR || !family.tail.is_empty();
        let judged = if indexed { PaidBy::Index } else { PaidBy::Audit };
        let (facts, paid_by) = match self.paid_by.unwrap_or(judged) {
            PaidBy::Index => (Some(index.facts()), "index"),
            PaidBy::Audit => (None, "audit"),
        };
        let (adapter, sent) = registry.register(&self.listing, family, facts).await?;
        Ok(json!({
            "adapter_id": adapter, "paid_by": paid_by, "transaction": sent.hash, "height": sent.height,
            "gas_used": sent.gas_used,
        }))
    }
}
