//! The home folder: `config/` for what an operator edits or backs up, `data/` for what the process writes.

use std::{
    fs,
    path::{Path, PathBuf},
};

use openledger_chain::Key;

use crate::{bls::BlsKey, config::Config, error::NodeError, ledger::Ledger};

/// Name of the account key.
pub const ACCOUNT: &str = "operator";

/// A home folder.
#[derive(Debug, Clone)]
pub struct Home(PathBuf);

impl Home {
    /// The folder at `path`; nothing is touched.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Creates the folders and a commented configuration; refuses a folder that has one.
    pub fn init(&self) -> Result<(), NodeError> {
        let config = self.config_file();
        if config.exists() {
            return Err(NodeError::Config(format!("{} exists already; nothing was changed", config.display())));
        }
        for folder in [self.0.join("config"), self.0.join("data")] {
            fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        }
        fs::write(&config, crate::config::TEMPLATE).map_err(|error| failed(&config, &error))
    }

    /// The configuration.
    pub fn config(&self) -> Result<Config, NodeError> {
        let path = self.config_file();
        let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
        let mut config =
            Config::parse(&text).map_err(|error| NodeError::Config(format!("{}: {error}", path.display())))?;
        config.resolve(&self.0);
        Ok(config)
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.0.join("config/openledger.toml")
    }

    /// Where an account key of this name lies.
    pub fn key_file(&self, name: &str) -> PathBuf {
        self.0.join("config").join(format!("{name}.json"))
    }

    /// The operator's account.
    pub fn account(&self) -> Result<Key, NodeError> {
        Ok(Key::load(&self.key_file(ACCOUNT))?)
    }

    /// Where the BLS key lies.
    pub fn bls_file(&self) -> PathBuf {
        self.0.join("config/bls.key")
    }

    /// The validator's signing key.
    pub fn bls_key(&self) -> Result<BlsKey, NodeError> {
        BlsKey::load(&self.bls_file())
    }

    /// The store, created when absent.
    pub async fn ledger(&self) -> Result<Ledger, NodeError> {
        let folder = self.0.join("data");
        fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
        Ledger::open(&folder.join("ledger.sqlite")).await
    }
}

fn failed(path: &Path, error: &std::io::Error) -> NodeError {
    NodeError::Config(format!("{}: {error}", path.display()))
}
