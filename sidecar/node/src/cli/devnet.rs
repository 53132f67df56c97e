//! `openledger devnet`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::{Output, start::stop_on_signal};
use crate::{
    devnet::{Story, Target},
    error::NodeError,
};

/// Play the whole loop on a development chain.
#[derive(Debug, Args)]
pub struct Devnet {
    /// The chain: the embedded simulation, or a running wasmd.
    #[arg(long, value_enum, default_value_t = Chain::Embedded)]
    chain: Chain,
    /// End after the story instead of staying up.
    #[arg(long)]
    once: bool,
    /// Print one JSON object as the last line of standard output.
    #[arg(long)]
    json: bool,
    /// gRPC address of the wasmd node.
    #[arg(long, required_if_eq("chain", "wasmd"))]
    grpc: Option<String>,
    /// CometBFT RPC address of the wasmd node.
    #[arg(long)]
    rpc: Option<String>,
    /// File with the mnemonic of an account that has fee coins on the wasmd node.
    #[arg(long, required_if_eq("chain", "wasmd"))]
    faucet_mnemonic_file: Option<PathBuf>,
    /// Folder with the contracts' wasm.
    #[arg(long, default_value = "artifacts")]
    artifacts: PathBuf,
    /// Folder with the example model, adapters and Datanets.
    #[arg(long, default_value = "examples")]
    examples: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Chain {
    Embedded,
    Wasmd,
}

impl Devnet {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        let target = match (self.chain, self.grpc, self.faucet_mnemonic_file) {
            (Chain::Wasmd, Some(grpc), Some(faucet)) => Target::Node { grpc, rpc: self.rpc, faucet },
            _ => Target::Embedded,
        };
        let scratch = tempfile::tempdir().map_err(|error| NodeError::Config(format!("no scratch folder: {error}")))?;
        let story = Story {
            target,
            examples: self.examples,
            artifacts: self.artifacts,
            scratch: scratch.path().to_owned(),
            // One of each kind: paid by an index, and by the audit lane.
            indexed: ["wordnet".to_owned()].into(),
        };
        let played = story.play().await?;
        let json = self.json || output == Output::Json;
        if json {
            eprintln!("{}", played.report.text());
            println!("{}", played.report.json());
        } else {
            println!("{}", played.report.text());
        }
        if !played.report.conserved() {
            return Err(NodeError::Config("the story lost or made money: see the report".into()));
        }
        if !self.once {
            eprintln!("{}\nRunning until stopped (ctrl-c).", played.report.addresses());
            let stop = CancellationToken::new();
            stop_on_signal(stop)?.await;
        }
        played.sidecars.stop().await
    }
}
