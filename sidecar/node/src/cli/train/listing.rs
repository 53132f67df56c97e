//! The flags that put a trained family on the chain.

use clap::Args;
use openledger_attribution::{Family, index::Index};
use openledger_chain::{ChainClient, Signer};
use openledger_protocol::Hash;
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
    #[arg(long, requires_all = ["family", "base_id", "datanet_id", "datanet_version", "prompt_price", "response_price"])]
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
}

/// Who registers, and where.
pub struct Desk {
    account: Signer,
    contracts: Contracts,
    listing: Listing,
}

impl Register {
    /// Connects to the chain and compares base and rows with it; `None` unless the family is to be registered.
    pub async fn desk(self, home: &Home, name: &str, base: Hash, content: Hash) -> Result<Option<Desk>, NodeError> {
        if !self.register {
            return Ok(None);
        }
        let missing = |flag: &str| NodeError::Config(format!("name {flag}"));
        let split = self.split.try_into().map_err(|_| missing("five parts in --split, divided by commas"))?;
        let listing = Listing {
            base_id: self.base_id.ok_or_else(|| missing("--base-id"))?,
            name: self.name.unwrap_or_else(|| name.to_owned()),
            datanet_id: self.datanet_id.ok_or_else(|| missing("--datanet-id"))?,
            datanet_version: self.datanet_version.ok_or_else(|| missing("--datanet-version"))?,
            prompt_price: self.prompt_price.ok_or_else(|| missing("--prompt-price"))?,
            response_price: self.response_price.ok_or_else(|| missing("--response-price"))?,
            split,
        };
        let config = home.config()?;
        let account = ChainClient::connect(&config.chain_grpc).await?.signer(home.account()?);
        let desk = Desk { account, contracts: config.contracts, listing };
        Registry::new(&desk.account, &desk.contracts).check(&desk.listing, base, content).await?;
        Ok(Some(desk))
    }
}

impl Desk {
    /// Sends the registration.
    pub async fn register(&self, family: &Family, index: &Index) -> Result<Value, NodeError> {
        let registry = Registry::new(&self.account, &self.contracts);
        let (adapter, sent) = registry.register(&self.listing, family, Some(index.facts())).await?;
        Ok(json!({ "adapter_id": adapter, "transaction": sent.hash, "height": sent.height, "gas_used": sent.gas_used }))
    }
}
