//! Serving beside its peers: ours and theirs in turns, on the same weights, prompts and adapters; ours on the engine and through
//! the gRPC of a node that is paid.
//!
//! `cargo xtask bench serving`, or `cargo run --release -p openledger-node --example serving -- [--quick] [--json] [--only PREFIX]`.
//! `OPENLEDGER_PEER_PYTHON` names a Python with the packages of `tests/peers/README.md`: it makes the models and runs the peers.
//! Every measurement is a process of its own (`--run SPEC` is ours). Without `--quick` the page and its plot below
//! `docs/benchmarks` are written; with `--only` they keep what the other cases gave last, with its date.

#[path = "../../../trainer/examples/attribution/plot.rs"]
mod bars;
mod cases;
#[path = "../../../engine/examples/lora/date.rs"]
mod date;
mod load;
mod measured;
mod network;
mod ours;
mod peers;
mod plot;
mod registry;
mod report;
mod results;
mod spec;

use std::{error::Error, path::Path};

use peers::Bench;
use results::Results;

/// What was asked for.
#[derive(Default)]
struct Flags {
    quick: bool,
    json: bool,
    /// Only the cases whose keys begin so.
    only: Option<String>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut flags = Flags::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => flags.quick = true,
            "--json" => flags.json = true,
            "--only" => flags.only = Some(arguments.next().ok_or("--only takes the beginning of a case's key")?),
            "--run" => {
                let spec = arguments.next().ok_or("--run takes the file of a specification")?;
                return ours::run(Path::new(&spec)).await;
            }
            other => return Err(format!("unknown flag {other}; known are --quick, --json, --only and --run").into()),
        }
    }
    bench(&flags)
}

fn bench(flags: &Flags) -> Result<(), Box<dyn Error>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let bench = Bench::prepare(&repository)?;
    let cases = cases::all(flags.quick);
    let asked: Vec<_> = match &flags.only {
        Some(prefix) => cases.iter().filter(|case| case.key.starts_with(prefix.as_str())).cloned().collect(),
        None => cases.clone(),
    };
    let mut results = if flags.quick { Results::default() } else { bench.earlier()? };
    results.put(bench.run(&asked)?);
    println!("{}", report::table(&cases, &results));
    println!("{}", report::ratios(&results));
    if !flags.quick {
        bench.keep(&results)?;
        let pages = repository.join("docs/benchmarks");
        plot::write(&pages.join("serving.svg"), &cases, &results)?;
        report::write(&pages.join("serving.md"), &cases, &results)?;
    }
    if flags.json {
        println!("{}", report::bars(&results));
    }
    Ok(())
}
