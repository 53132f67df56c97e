//! How well scores say what data did: our methods and peers against real retraining.
//!
//! `cargo xtask bench attribution [--quick]`. `OPENLEDGER_PEER_PYTHON` names a Python with the packages of
//! `tests/peers/README.md`; without one only our own methods are measured.

mod attacks;
mod beside;
mod draws;
mod family;
mod metrics;
mod ours;
mod peers;
mod planted;
mod plot;
mod points;
mod removal;
mod report;
mod setting;
mod truth;

use std::{error::Error, path::PathBuf};

use attacks::Attacks;
use clap::Parser;
use report::Report;
use setting::Setting;
use truth::Truth;

/// Width of the methods' names in a plot, in pixels.
const NAMES: i32 = 300;

#[derive(Parser)]
struct Arguments {
    /// Fewer retrainings, draws and questions.
    #[arg(long)]
    quick: bool,
    /// End with one line of JSON for machines.
    #[arg(long)]
    json: bool,
    /// Folder with the base model.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/model"))]
    model: PathBuf,
    /// Folder with `datanet/` and `questions.jsonl`.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/attribution"))]
    data: PathBuf,
    /// Where retrainings are kept, by the digest of what decides them.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/attribution"))]
    cache: PathBuf,
    /// Threads of every side.
    #[arg(long, default_value_t = 2)]
    threads: usize,
    /// Only attacks whose names contain one of these. Without it the whole benchmark runs all of them, and a quick one none.
    #[arg(long, value_delimiter = ',')]
    attacks: Option<Vec<String>>,
    /// Only what needs no retraining without random rows: payout error by where gradients are taken, against leaving each
    /// contributor out, and what planted contributors are paid.
    #[arg(long)]
    points: bool,
    /// Only rows' tangents with so many draws each, against retraining without random tenths; the last beside the peers that are named.
    #[arg(long, value_delimiter = ',')]
    draws: Option<Vec<u32>>,
    /// Draws payout error and rows' scores as SVG.
    #[arg(long)]
    plot: Option<PathBuf>,
    /// Only these peers, by name.
    #[arg(long, value_delimiter = ',')]
    peers: Option<Vec<String>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let setting = Setting::prepare(&arguments).await?;
    if arguments.points {
        println!("{}", points::report(&setting)?);
    }
    if let Some(draws) = &arguments.draws {
        println!("{}", draws::report(&setting, draws, arguments.peers.as_deref())?);
    }
    if let Some(attacks) = &arguments.attacks {
        println!("{}", Attacks::of(&setting, &arguments.data, |name| attacks.iter().any(|part| name.contains(part)))?);
    }
    if arguments.points || arguments.draws.is_some() || arguments.attacks.is_some() {
        return Ok(());
    }
    let truth = Truth::of(&setting)?;
    let others = peers::all(&setting, arguments.peers.as_deref())?;
    let mut methods = ours::all(&setting)?;
    methods.extend(others);
    let attacks = Attacks::of(&setting, &arguments.data, |_| !setting.quick)?;
    let report = Report::of(&setting, &truth, &methods, attacks)?;
    println!("{}", report.to_markdown());
    if let Some(path) = &arguments.plot {
        plot::write(path, NAMES, &report.panels())?;
    }
    if arguments.json {
        println!("{}", report.bars());
    }
    Ok(())
}
