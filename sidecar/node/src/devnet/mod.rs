//! The whole loop on a development chain: contracts up, Datanets filled, adapters registered, validators bonded, questions
//! paid and answered, receipts batched, an epoch attested, everybody paid.

pub mod accounts;
pub mod ask;
pub mod chain;
mod deploy;
pub mod examples;
pub mod fill;
mod report;
mod settle;
pub mod sidecars;

use std::{collections::BTreeSet, path::PathBuf};

pub use chain::Target;
pub use report::Report;

use openledger_engine::Engine;

use crate::{error::NodeError, network::Contracts};

/// What the story is played with.
#[derive(Debug, Clone)]
pub struct Story {
    /// The chain.
    pub target: Target,
    /// Folder with the example model, adapters, Datanets and questions.
    pub examples: PathBuf,
    /// Folder with the contracts' wasm.
    pub artifacts: PathBuf,
    /// Where homes and stores are kept.
    pub scratch: PathBuf,
    /// Datanets whose adapters are registered with an attribution index and paid by it; the audit lane pays for the others.
    pub indexed: BTreeSet<String>,
}

/// A chain with OpenLedger on it: contracts deployed, Datanets filled, adapters registered, nobody serving yet.
pub struct Stage {
    /// The chain; ends when dropped.
    pub chain: chain::Chain,
    /// The people.
    pub accounts: accounts::Accounts,
    /// The contracts.
    pub contracts: Contracts,
    /// The example files.
    pub examples: examples::Examples,
    /// Registered adapters.
    pub adapters: Vec<fill::RegisteredAdapter>,
    /// The loaded model.
    pub engine: Engine,
    /// Where homes and stores are kept.
    pub scratch: PathBuf,
    /// Receipts that each validator executes again, in thousandths.
    pub sample_per_mille: u16,
}

/// Half: a story has few receipts.
const SAMPLE: u16 = 500;

/// A played story whose node and validators still run.
pub struct Played {
    /// What happened.
    pub report: Report,
    /// Everything the story was played on.
    pub stage: Stage,
    /// Node and validators; end when dropped.
    pub sidecars: sidecars::Sidecars,
}

impl Story {
    /// Sets the stage with the example files.
    pub async fn set(&self) -> Result<Stage, NodeError> {
        let examples = examples::Examples::read(&self.examples)?;
        step("loading the model");
        let engine = sidecars::engine(&examples).await?;
        self.set_with(examples, engine).await
    }

    /// Sets the stage with other files of the same kind, and an engine that has loaded their model.
    pub async fn set_with(&self, examples: examples::Examples, engine: Engine) -> Result<Stage, NodeError> {
        step("starting the chain");
        let chain = chain::Chain::start(&self.target, &self.scratch, &self.artifacts).await?;
        let accounts = accounts::Accounts::create(&chain, &examples).await?;
        step("storing and instantiating the contracts");
        let contracts = deploy::contracts(&chain, &accounts, &self.artifacts).await?;
        accounts.hand_out_open(&contracts).await?;
        step("filling the Datanets and registering the adapters");
        let adapters = fill::fill(&examples, &accounts, &contracts, engine.model(), self).await?;
        Ok(Stage {
            chain,
            accounts,
            contracts,
            examples,
            adapters,
            engine,
            scratch: self.scratch.clone(),
            sample_per_mille: SAMPLE,
        })
    }

    /// Plays every step and returns what happened; any step that fails ends the story.
    pub async fn play(&self) -> Result<Played, NodeError> {
        let stage = self.set().await?;
        step("bonding four validators and starting their sidecars");
        let mut sidecars = sidecars::Sidecars::start(&stage).await?;
        step("asking six questions over gRPC");
        let session = ask::Session::open(&stage).await?;
        let answers = session.ask_all(&stage, &sidecars.node_url).await?;
        step("committing the batch; one validator goes away; the others attest");
        sidecars.stop_last_validator().await?;
        let settled = settle::settle(&stage, sidecars.operator(), &session).await?;
        let report = Report::new(&stage, answers, settled, &sidecars.node_url)?;
        Ok(Played { report, stage, sidecars })
    }
}

/// Tells a person what goes on; standard output belongs to the result.
fn step(text: &str) {
    eprintln!("… {text}");
}
