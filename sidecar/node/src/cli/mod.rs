//! The command line, with the words that operators of Cosmos chains know.

mod audit;
mod bond;
mod datanet;
mod devnet;
mod evidence;
mod family;
mod gov;
mod index;
mod init;
mod keys;
mod model;
mod queue;
mod start;
mod train;
mod version;
mod work;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::{Parser, Subcommand, ValueEnum};
use tokio_util::sync::CancellationToken;

use crate::{error::NodeError, home::Home};

/// OpenLedger: pays the people whose data made the answer.
#[derive(Debug, Parser)]
#[command(name = "openledger", version, propagate_version = true)]
pub struct Cli {
    /// Home folder.
    #[arg(long, global = true, env = "OPENLEDGER_HOME", default_value = "~/.openledger")]
    home: PathBuf,
    /// How results are printed.
    #[arg(long, global = true, env = "OPENLEDGER_OUTPUT", value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people.
    Text,
    /// One JSON object on standard output.
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Create a home folder with a commented configuration.
    Init,
    /// Run the sidecar until it is stopped.
    Start,
    /// Manage keys.
    #[command(subcommand)]
    Keys(keys::Keys),
    /// Bond OPEN as a validator or a node.
    #[command(subcommand)]
    Bond(bond::Bond),
    /// Propose to the chain's own governance.
    #[command(subcommand)]
    Gov(gov::Gov),
    /// Look at models before serving them.
    #[command(subcommand)]
    Model(model::Model),
    /// Play the whole loop on a development chain: paid, attributed, attested and claimed answers.
    Devnet(devnet::Devnet),
    /// Train a LoRA adapter on a Datanet, or replay what a trainer says it did.
    Train(Box<train::Train>),
    /// Do parts of what `openledger train --family --queue` and `openledger audit --queue` ask for, beside any number of other workers.
    Work(work::Work),
    /// Measure finished answers by the adapters of a family, exactly: what each contributor's share of their fees would be.
    Audit(audit::Audit),
    /// Build and read the indexes that say which contributors moved an answer.
    #[command(subcommand)]
    Index(index::Index),
    /// Check, convert and compare the rows of a Datanet.
    #[command(subcommand)]
    Datanet(datanet::Datanet),
    /// Find where the words of an answer stand in a Datanet: for people, never for money.
    Evidence(evidence::Evidence),
    /// Show versions.
    Version,
}

impl Cli {
    /// Runs the command; the exit code is zero only when it succeeded.
    pub fn run(self) -> ExitCode {
        let filter = tracing_subscriber::EnvFilter::try_from_env("OPENLEDGER_LOG")
            .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,openledger=info"));
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
        let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => {
                eprintln!("error: cannot start: {error}");
                return ExitCode::FAILURE;
            }
        };
        match runtime.block_on(self.dispatch()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error [{}]: {error}\n  fix: {}", error.reason(), error.fix());
                ExitCode::FAILURE
            }
        }
    }

    async fn dispatch(self) -> Result<(), NodeError> {
        let home = Home::at(expand(&self.home));
        match self.command {
            Command::Init => init::run(&home, self.output),
            Command::Start => start::run(&home).await,
            Command::Keys(keys) => keys.run(&home, self.output),
            Command::Bond(bond) => bond.run(&home, self.output).await,
            Command::Gov(gov) => gov.run(&home, self.output).await,
            Command::Model(model) => model.run(self.output).await,
            Command::Devnet(devnet) => devnet.run(self.output).await,
            Command::Train(train) => train.run(&home, self.output).await,
            Command::Work(work) => work.run(self.output).await,
            Command::Audit(audit) => audit.run(self.output).await,
            Command::Index(index) => index.run(self.output).await,
            Command::Datanet(datanet) => datanet.run(self.output).await,
            Command::Evidence(evidence) => evidence.run(self.output),
            Command::Version => version::run(self.output),
        }
    }
}

/// The shell expands `~` only where it sees it; a default value never passes a shell.
fn expand(path: &std::path::Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

/// Work that occupies a thread for as long as it takes.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
) -> Result<T, NodeError> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| NodeError::Internal(format!("the work ended early: {error}")))?
}

/// A flag that SIGINT and SIGTERM raise.
fn stop_flag() -> Result<Arc<AtomicBool>, NodeError> {
    let stop = Arc::new(AtomicBool::new(false));
    let (watched, flag) = (start::stop_on_signal(CancellationToken::new())?, Arc::clone(&stop));
    tokio::spawn(async move {
        watched.await;
        flag.store(true, Ordering::Relaxed);
    });
    Ok(stop)
}

/// Prints `text`, or `json` when asked for.
fn print(output: Output, text: &str, json: &serde_json::Value) {
    match output {
        Output::Text => println!("{text}"),
        Output::Json => println!("{json}"),
    }
}
