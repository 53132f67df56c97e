//! The verbs and their flags. What a verb does lives in its module.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::bench::BenchArgs;
use crate::devnet::DevnetArgs;
use crate::gpu::GpuArgs;
use crate::pins::{WASMD_LINES, WasmdLine};
use crate::workspace::Workspace;
use crate::{
    artifacts, bench, ci, deny, devnet, e2e, economy, gpu, mutants, process, proto, schema, setup, test, vm, wasmd,
};

/// Every developer command of OpenLedger.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Get what the other verbs need: wasm target, rust-src, ONNX Runtime. Each verb runs it first.
    Setup,
    /// Play the whole story: chain, contracts, Datanets, answers, attribution, attestation, claims.
    Devnet(DevnetArgs),
    /// The real chain node that the story can also run on.
    Wasmd {
        #[command(subcommand)]
        action: WasmdAction,
    },
    /// The artifacts in the chain's virtual machine, without a node.
    Vm {
        #[command(subcommand)]
        action: VmAction,
    },
    /// Build the contracts reproducibly into artifacts/ and validate them.
    Artifacts(CheckArgs),
    /// Write the JSON schema of each contract into schema/.
    Schema(CheckArgs),
    /// Generate the protocol crate's messages and the descriptor set from proto/.
    Proto(CheckArgs),
    /// Run every test a developer needs to trust a change.
    Test,
    /// Run everything that must hold before a change lands.
    Ci {
        /// A step to leave out because it ran already; may be given several times.
        #[arg(long)]
        skip: Vec<String>,
    },
    /// Run what takes too long for every change: the machine's suite, all lines of wasmd, a million random actions, mutants,
    /// rows on a cluster.
    Nightly,
    /// Play random actions over the contracts, a million if not told otherwise, and compare with a plain model.
    Economy {
        /// Flags of the player: --actions, --history, --seed, --check-every.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        flags: Vec<OsString>,
    },
    /// Change the contracts' money paths one expression at a time and see that a test notices (hours).
    Mutants {
        /// One contract; all that move money when absent.
        contract: Option<String>,
    },
    /// Check licences, sources and bans of every dependency.
    Deny,
    /// Measure something and hold it against its bar.
    Bench(BenchArgs),
    /// Compare the engine on a card with the processor, and measure it; without a card it says so and does nothing.
    Gpu(GpuArgs),
    /// Run one end-to-end story and check its outcome.
    E2e {
        /// Which story.
        name: String,
    },
    /// Run a program that ends when this process' parent does.
    #[command(hide = true)]
    Bound {
        /// Process id of the parent at the time of the call.
        parent: u32,
        /// The program and its arguments.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true)]
        command: Vec<OsString>,
    },
}

#[derive(Subcommand)]
enum WasmdAction {
    /// Compile the pinned wasmd from Go modules (about three minutes the first time).
    Build(LineArgs),
    /// Start one node on loopback and print its endpoints as JSON; ctrl-c stops it.
    Start(LineArgs),
    /// Drive every contract on a fresh node by CosmJS and the chain's governance, and record the gas of every message.
    Test {
        #[command(flatten)]
        line: LineArgs,
        /// Write docs/benchmarks/gas.md.
        #[arg(long)]
        write: bool,
    },
}

#[derive(Subcommand)]
enum VmAction {
    /// Store, create, call and ask the contracts in the machine, with its gas (minutes the first time).
    Test {
        /// Write tests/vm/gas anew.
        #[arg(long)]
        write: bool,
    },
}

#[derive(Args)]
struct LineArgs {
    /// Which line of wasmd.
    #[arg(long, default_value = WASMD_LINES[0].name, value_parser = wasmd::line)]
    line: &'static WasmdLine,
}

#[derive(Args)]
struct CheckArgs {
    /// Compare with what is committed instead of writing it.
    #[arg(long)]
    check: bool,
}

impl Cli {
    /// Runs the verb. A verb that relays another program's exit status returns it.
    pub fn run(self) -> Result<ExitCode> {
        if let Verb::Bound { parent, command } = &self.verb {
            return process::become_bound(*parent, command);
        }
        let workspace = Workspace::locate()?;
        let ready = setup::run(&workspace)?;
        match self.verb {
            Verb::Setup => ready.report(),
            Verb::Devnet(args) => return devnet::run(&ready, &args),
            Verb::Wasmd { action } => match action {
                WasmdAction::Build(args) => wasmd::build(&workspace, args.line).map(|_| ())?,
                WasmdAction::Start(args) => return wasmd::start(&workspace, args.line),
                WasmdAction::Test { line, write } => wasmd::test(&ready, line.line, write)?,
            },
            Verb::Vm { action: VmAction::Test { write } } => vm::test(&workspace, write)?,
            Verb::Artifacts(args) if args.check => artifacts::check(&workspace)?,
            Verb::Artifacts(_) => artifacts::write(&workspace)?,
            Verb::Schema(args) => schema::run(&workspace, args.check)?,
            Verb::Proto(args) => proto::run(&workspace, args.check)?,
            Verb::Test => test::run(&ready)?,
            Verb::Ci { skip } => ci::run(&ready, &skip)?,
            Verb::Nightly => {
                test::cluster(&ready)?;
                wasmd::nightly(&ready)?;
                economy::run(&ready, &[])?;
                mutants::run(&workspace, None)?;
            }
            Verb::Economy { flags } => economy::run(&ready, &flags)?,
            Verb::Mutants { contract } => mutants::run(&workspace, contract.as_deref())?,
            Verb::Deny => deny::run(&workspace)?,
            Verb::Bench(args) => bench::run(&ready, &args)?,
            Verb::Gpu(args) => gpu::run(&ready, &args)?,
            Verb::E2e { name } => e2e::run(&ready, &name)?,
            Verb::Bound { .. } => {}
        }
        Ok(ExitCode::SUCCESS)
    }
}
