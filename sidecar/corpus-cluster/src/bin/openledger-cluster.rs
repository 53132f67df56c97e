//! `openledger-cluster`: the scheduler and the executors that find near-duplicate rows on many machines.

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf, process::ExitCode, thread, time::Duration};

use clap::{Args, Parser, Subcommand};
use openledger_corpus_cluster::{
    ClusterError,
    servers::{Executor, Scheduler},
};

/// Finds rows that say the same thing, on many machines: one scheduler, and executors beside it.
///
/// Neither asks who calls. Keep them on loopback or in a network of your own machines.
#[derive(Debug, Parser)]
#[command(name = "openledger-cluster", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Divide questions among executors.
    Scheduler(SchedulerArgs),
    /// Work for a scheduler.
    Executor(ExecutorArgs),
}

#[derive(Debug, Args)]
struct SchedulerArgs {
    /// Address to listen at.
    #[arg(long, default_value = "127.0.0.1:50050")]
    bind: SocketAddr,
    /// Seconds of silence after which an executor counts as lost.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=86_400))]
    executor_timeout: u64,
}

#[derive(Debug, Args)]
struct ExecutorArgs {
    /// Address to listen at, for other executors and for whoever asks.
    #[arg(long, default_value = "127.0.0.1:50051")]
    bind: SocketAddr,
    /// Name under which the others reach this executor, where it is not the address it listens at.
    #[arg(long)]
    external_host: Option<String>,
    /// Host of the scheduler.
    #[arg(long, default_value = "127.0.0.1")]
    scheduler_host: String,
    /// Port of the scheduler.
    #[arg(long, default_value_t = 50_050)]
    scheduler_port: u16,
    /// Parts that run at the same time; all cores where none is given.
    #[arg(long)]
    cores: Option<NonZeroUsize>,
    /// Folder for what stages pass on, which is text of rows; a temporary one where none is given.
    #[arg(long)]
    work: Option<PathBuf>,
    /// Memory of all parts together, in MiB; 70 % of the machine's where none is given.
    #[arg(long)]
    memory_mib: Option<u32>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("OPENLEDGER_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(cli.command.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error [{}]: {error}", error.code());
            ExitCode::FAILURE
        }
    }
}

impl Command {
    async fn run(self) -> Result<(), ClusterError> {
        match self {
            Self::Scheduler(args) => args.run().await,
            Self::Executor(args) => args.run().await,
        }
    }
}

impl SchedulerArgs {
    async fn run(self) -> Result<(), ClusterError> {
        let scheduler = Scheduler { bind: self.bind, executor_timeout: Duration::from_secs(self.executor_timeout) };
        eprintln!("scheduler at df://{}", self.bind);
        tokio::select! {
            ended = scheduler.serve() => ended,
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    }
}

impl ExecutorArgs {
    async fn run(self) -> Result<(), ClusterError> {
        let temporary = |source| ClusterError::Folder { folder: std::env::temp_dir(), source };
        let own = match &self.work {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("openledger-executor-").tempdir().map_err(temporary)?),
        };
        let work = self.work.or_else(|| own.as_ref().map(|folder| folder.path().to_path_buf())).unwrap_or_default();
        let cores = self.cores.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZeroUsize::MIN);
        eprintln!("executor at {} for df://{}:{}", self.bind, self.scheduler_host, self.scheduler_port);
        let executor = Executor {
            bind: self.bind,
            external_host: self.external_host,
            scheduler_host: self.scheduler_host,
            scheduler_port: self.scheduler_port,
            cores,
            work,
            memory_bytes: self.memory_mib.map(|mib| u64::from(mib) << 20),
            keep: Duration::from_secs(24 * 3600),
        };
        executor.serve().await
    }
}
