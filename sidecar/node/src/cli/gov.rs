//! `openledger gov`: proposals to the chain's own governance.

use std::{fs, path::PathBuf};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use openledger_chain::ChainClient;
use serde_json::{Value, json};

use super::{Output, print};
use crate::{
    error::NodeError,
    gov::{Cover, Kind, Proposal, Tried},
    home::Home,
};

/// Draft proposals to the chain's own governance.
#[derive(Debug, Subcommand)]
pub enum Gov {
    /// Write a proposal's JSON, show what it changes and try it on the node.
    Draft(Draft),
}

/// A proposal about one contract.
#[derive(Debug, Args)]
pub struct Draft {
    #[command(subcommand)]
    kind: DraftKind,
    /// Title; made from the kind when absent.
    #[arg(long, global = true)]
    title: Option<String>,
    /// What it does and why; the title when absent.
    #[arg(long, global = true)]
    summary: Option<String>,
    /// Coins that the proposer locks.
    #[arg(long, global = true, default_value = "10000000ustake")]
    deposit: String,
    /// Ask for the shorter vote with the higher threshold.
    #[arg(long, global = true)]
    expedited: bool,
    /// gRPC address of the chain; that of the configuration when absent.
    #[arg(long, global = true)]
    grpc: Option<String>,
    /// Where the proposal is written.
    #[arg(long, global = true, default_value = "proposal.json")]
    file: PathBuf,
    /// Write it although the node cannot try it or says that it would fail.
    #[arg(long, global = true)]
    no_simulate: bool,
}

#[derive(Debug, Subcommand)]
enum DraftKind {
    /// Change parameters of a contract.
    Params {
        /// Name in the configuration (settlement, staking, ...) or address.
        contract: String,
        /// `field=value`, one or more.
        #[arg(required = true)]
        set: Vec<String>,
    },
    /// Pause a contract for a bounded time; exits stay open.
    Pause {
        /// Name in the configuration or address.
        contract: String,
        /// Length of the pause in seconds, counted from now: leave room for the vote.
        #[arg(long)]
        seconds: u64,
    },
    /// End a pause early.
    Unpause {
        /// Name in the configuration or address.
        contract: String,
    },
    /// Replace a contract's owner at once, for a lost or stolen key.
    ReplaceOwner {
        /// Name in the configuration or address.
        contract: String,
        /// Account or contract that becomes the owner.
        owner: String,
    },
    /// Move a contract to stored code; the gov account must be its admin.
    Migrate {
        /// Name in the configuration or address.
        contract: String,
        /// Stored code.
        #[arg(long)]
        code_id: u64,
        /// Message for the migration.
        #[arg(long, default_value = "{}", value_parser = json_value)]
        msg: Value,
    },
    /// Keep codes compiled in every node's memory, so that calls of their contracts pay no gas for loading them.
    PinCodes {
        /// Stored codes, one or more.
        #[arg(required = true)]
        code_ids: Vec<u64>,
    },
    /// Call a contract as the gov account.
    Execute {
        /// Name in the configuration or address.
        contract: String,
        /// The message.
        #[arg(long, value_parser = json_value)]
        msg: Value,
    },
}

fn json_value(text: &str) -> Result<Value, serde_json::Error> {
    serde_json::from_str(text)
}

impl Gov {
    pub async fn run(self, home: &Home, output: Output) -> Result<(), NodeError> {
        let Self::Draft(draft) = self;
        draft.run(home, output).await
    }
}

impl Draft {
    async fn run(self, home: &Home, output: Output) -> Result<(), NodeError> {
        let grpc = match &self.grpc {
            Some(grpc) => grpc.clone(),
            None => home.config()?.chain_grpc,
        };
        let client = ChainClient::connect(&grpc).await?;
        let proposal = self.proposal(&client, home).await?;
        let tried = match proposal.simulate(&client).await {
            Ok(tried) => tried,
            Err(error) if self.no_simulate => {
                tracing::warn!("{error}");
                None
            }
            Err(error) => return Err(error),
        };
        let file = proposal.to_json()?;
        let text = serde_json::to_string_pretty(&file).map_err(|error| NodeError::Config(error.to_string()))?;
        fs::write(&self.file, text + "\n")
            .map_err(|error| NodeError::Config(format!("{}: {error}", self.file.display())))?;
        let changes: Vec<Value> = proposal
            .changes
            .iter()
            .map(|change| json!({ "field": change.field, "before": change.before, "after": change.after }))
            .collect();
        print(
            output,
            &shown(&self.file, &proposal, tried.as_ref(), client.chain_id()),
            &json!({ "file": self.file, "proposal": file, "changes": changes, "simulated": tried }),
        );
        Ok(())
    }

    async fn proposal(&self, client: &ChainClient, home: &Home) -> Result<Proposal, NodeError> {
        let address = |name: &str| address(home, name);
        let (contract, kind, title) = match &self.kind {
            DraftKind::PinCodes { code_ids } => {
                let list = code_ids.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                return Proposal::pin(client, code_ids.clone(), self.cover(format!("Pin codes {list}"))).await;
            }
            DraftKind::Params { contract, set } => {
                (address(contract)?, Kind::Params(set.clone()), format!("Change parameters of {contract}"))
            }
            DraftKind::Pause { contract, seconds } => {
                let now = client.latest_block().await?.seconds();
                let until = now.saturating_add(*seconds);
                (address(contract)?, Kind::Pause { until }, format!("Pause {contract}"))
            }
            DraftKind::Unpause { contract } => {
                (address(contract)?, Kind::Unpause, format!("End the pause of {contract}"))
            }
            DraftKind::ReplaceOwner { contract, owner } => {
                (address(contract)?, Kind::ReplaceOwner(owner.clone()), format!("Replace the owner of {contract}"))
            }
            DraftKind::Migrate { contract, code_id, msg } => {
                let kind = Kind::Migrate { code_id: *code_id, msg: msg.clone() };
                (address(contract)?, kind, format!("Migrate {contract} to code {code_id}"))
            }
            DraftKind::Execute { contract, msg } => {
                (address(contract)?, Kind::Execute(msg.clone()), format!("Call {contract}"))
            }
        };
        Proposal::draft(client, &contract, kind, self.cover(title)).await
    }

    fn cover(&self, title: String) -> Cover {
        let title = self.title.clone().unwrap_or(title);
        let summary = self.summary.clone().unwrap_or_else(|| title.clone());
        Cover { title, summary, deposit: self.deposit.clone(), expedited: self.expedited }
    }
}

/// A contract by its name in the configuration, or by its address.
fn address(home: &Home, name: &str) -> Result<String, NodeError> {
    if name.starts_with(&format!("{}1", openledger_chain::BECH32_PREFIX)) {
        return Ok(name.to_owned());
    }
    let contracts = serde_json::to_value(home.config()?.contracts).unwrap_or_default();
    let known = || contracts.as_object().map(|names| names.keys().cloned().collect::<Vec<_>>().join(", "));
    match contracts.get(name).and_then(Value::as_str) {
        Some("") | None => Err(NodeError::BadRequest {
            field: "contract",
            problem: format!(
                "{name:?} is no address and no contract of the configuration; those are: {}",
                known().unwrap_or_default()
            ),
        }),
        Some(address) => Ok(address.to_owned()),
    }
}

fn shown(file: &std::path::Path, proposal: &Proposal, tried: Option<&Tried>, chain_id: &str) -> String {
    let mut text = String::new();
    if !proposal.changes.is_empty() {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(["parameter", "now", "proposed"]);
        for change in &proposal.changes {
            table.add_row([change.field.clone(), plain(&change.before), plain(&change.after)]);
        }
        text.push_str(&format!("{table}\n"));
    }
    match tried {
        Some(Tried { sender, gas }) => {
            text.push_str(&format!("Tried on {chain_id} as {sender}: it would succeed now, with {gas} gas.\n"));
        }
        None => text.push_str(&format!(
            "Not tried: {chain_id} simulates nothing for module accounts, and the contract's owner cannot do the same.\n"
        )),
    }
    let file = file.display();
    text.push_str(&format!(
        "Wrote {file}. Next: <chain binary> tx gov submit-proposal {file} --from <key> --chain-id {chain_id}"
    ));
    text
}

/// A JSON value without the quotes of a string.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
