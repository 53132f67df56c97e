//! `openledger keys`.

use clap::Subcommand;
use openledger_chain::Key;
use serde_json::json;

use super::{Output, print};
use crate::{bls::BlsKey, error::NodeError, home::Home};

/// Manage keys.
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make an account key, or recover one from words on standard input.
    Add {
        /// Name; the sidecar signs with "operator".
        #[arg(default_value = crate::home::ACCOUNT)]
        name: String,
        /// Read a mnemonic from standard input instead of making one.
        #[arg(long)]
        recover: bool,
    },
    /// Show an account's address and public key.
    Show {
        /// Name.
        #[arg(default_value = crate::home::ACCOUNT)]
        name: String,
    },
    /// Make the BLS12-381 key that signs epochs, or show the public key of the one there is.
    Bls,
}

impl Keys {
    pub fn run(self, home: &Home, output: Output) -> Result<(), NodeError> {
        match self {
            Self::Add { name, recover } => add(home, &checked(name)?, recover, output),
            Self::Show { name } => {
                let key = Key::load(&home.key_file(&checked(name)?))?;
                show(&key, output);
                Ok(())
            }
            Self::Bls => bls(home, output),
        }
    }
}

/// A name becomes a file name.
fn checked(name: String) -> Result<String, NodeError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 64 || !name.chars().all(plain) {
        return Err(NodeError::Config("a key's name has 1 to 64 letters, digits, - and _".into()));
    }
    Ok(name)
}

fn add(home: &Home, name: &str, recover: bool, output: Output) -> Result<(), NodeError> {
    let key = if recover {
        let mut words = String::new();
        std::io::stdin().read_line(&mut words).map_err(|error| NodeError::Config(error.to_string()))?;
        Key::from_mnemonic(name, words.trim())?
    } else {
        Key::generate(name)?
    };
    key.save(&home.key_file(name))?;
    show(&key, output);
    if !recover {
        eprintln!("Write these words down; whoever has them has the account:\n{}", key.mnemonic());
    }
    Ok(())
}

fn show(key: &Key, output: Output) {
    let public_key = hex::encode(key.public_key());
    print(
        output,
        &format!("{}: {} ({public_key})", key.name(), key.address()),
        &json!({ "name": key.name(), "address": key.address(), "public_key": public_key }),
    );
}

fn bls(home: &Home, output: Output) -> Result<(), NodeError> {
    let path = home.bls_file();
    let key = if path.exists() {
        BlsKey::load(&path)?
    } else {
        let key = BlsKey::generate()?;
        key.save(&path)?;
        key
    };
    let public_key = hex::encode(key.public_key());
    print(output, &format!("bls: {public_key}"), &json!({ "bls_public_key": public_key }));
    Ok(())
}
