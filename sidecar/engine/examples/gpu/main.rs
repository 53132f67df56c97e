//! The engine on a card: parity with the processor, and what adapters cost beside transformers with PEFT and the card's bandwidth.
//!
//! `cargo xtask gpu`, or `cargo run --release -p openledger-engine --example gpu -- [--quick]`, with `ORT_DYLIB_PATH` naming the
//! library of onnxruntime-gpu. `OPENLEDGER_PEER_PYTHON` names a Python with the packages of `tests/peers/README.md` and a torch for the
//! same card: it makes the model and runs the peer. Every measurement is a process of its own (`--run SPEC` is ours, `--bandwidth`
//! the card's). Without `--quick`, `docs/benchmarks/h200.md` is written, when everything else has succeeded. Where there is no usable
//! card the program says what is missing, ends well and writes nothing.

mod bandwidth;
mod card;
mod cells;
#[path = "../lora/date.rs"]
mod date;
mod ours;
mod parity;
mod peers;
mod report;

use std::{error::Error, path::Path};

use card::Card;
use openledger_engine::EngineError;
use peers::Bench;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => bench(false).await,
        ["--quick"] => bench(true).await,
        ["--run", spec] => ours::run(Path::new(spec)).await,
        ["--bandwidth"] => bandwidth::run(),
        other => Err(format!("unknown flags {other:?}; known are --quick, --run SPEC and --bandwidth").into()),
    }
}

async fn bench(quick: bool) -> Outcome<()> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let parity = match parity::compare(&repository.join("tests/golden")).await {
        Ok(parity) => parity,
        Err(error) => match error.downcast_ref::<EngineError>() {
            Some(missing @ EngineError::Provider { .. }) => {
                println!("gpu: not measured: {missing}");
                return Ok(());
            }
            _ => return Err(error),
        },
    };
    println!("{}", report::parity(&parity));
    parity::expect(&parity)?;
    let bench = match Bench::prepare(&repository)? {
        Some(bench) => bench,
        None => {
            println!("gpu: parity holds; not measured: OPENLEDGER_PEER_PYTHON names no Python that makes the model");
            return Ok(());
        }
    };
    let card = Card::find()?;
    let measured = bench.run(quick)?;
    println!("{}", report::table(&measured));
    if !quick {
        report::write(&repository.join("docs/benchmarks/h200.md"), &card, &parity, &measured)?;
    }
    Ok(())
}
