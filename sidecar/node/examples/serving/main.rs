//! Serving beside its peers: ours and theirs in turns, on the same weights, prompts and adapters.
//!
//! `cargo xtask bench serving`, or `cargo run --release -p openledger-engine --example serving -- [--quick] [--json]`.
//! `OPENLEDGER_PEER_PYTHON` names a Python with the packages of `tests/peers/README.md`: it makes the models and runs the peers.
//! Every measurement is a process of its own (`--run SPEC` is ours). Without `--quick` the result is written to
//! `docs/benchmarks/serving.md`.

mod cases;
#[path = "../lora/date.rs"]
mod date;
mod load;
mod ours;
mod peers;
mod report;
mod spec;

use std::{error::Error, path::Path};

use peers::Bench;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--run", spec] => return ours::run(Path::new(spec)).await,
        flags => {
            if let Some(unknown) = flags.iter().find(|flag| !["--quick", "--json"].contains(flag)) {
                return Err(format!("unknown flag {unknown}; known are --quick, --json and --run SPEC").into());
            }
        }
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let bench = Bench::prepare(&repository)?;
    let cases = cases::all(has("--quick"));
    let results = bench.run(&cases)?;
    println!("{}", report::table(&cases, &results));
    println!("{}", report::ratios(&results));
    if !has("--quick") {
        report::write(&repository.join("docs/benchmarks/serving.md"), &cases, &results)?;
    }
    if has("--json") {
        println!("{}", report::bars(&results));
    }
    Ok(())
}
