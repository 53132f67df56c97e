//! What adapters cost a step: base, standard operators and our operator, in one interleaved run.
//!
//! `cargo xtask bench lora`, or
//! `cargo run --release -p openledger-engine --example lora -- [--quick] [--json]`.
//! Without `--quick` it writes `docs/benchmarks/lora.md`.

mod adapters;
mod cold;
mod date;
mod measure;
mod report;
mod stack;

use std::{error::Error, path::Path};

use measure::{Cell, Subject};

/// Rows of a batch and distinct adapters in it.
const CELLS: [(usize, usize); 6] = [(1, 1), (8, 1), (8, 8), (32, 1), (32, 8), (32, 32)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = arguments.iter().find(|flag| !["--quick", "--json"].contains(&flag.as_str())) {
        return Err(format!("unknown flag {unknown}; known are --quick and --json").into());
    }
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let (quick, json) = (has("--quick"), has("--json"));
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let work = tempfile::tempdir()?;

    let example = work.path().join("example");
    stack::copy_without_eos(&repository.join("examples/model"), &example)?;
    let shape = stack::Shape::of_example();
    let mut cells = measure_model("example model", &example, &shape, work.path(), quick).await?;

    let shape = if quick { stack::Shape::small() } else { stack::Shape::beyond_cache() };
    let folder = work.path().join("stack");
    stack::write(&folder, &shape, &repository.join("examples/model/tokenizer.json"))?;
    cells.extend(measure_model("random stack", &folder, &shape, work.path(), quick).await?);

    let cold = cold::measure(&folder, &shape, work.path(), quick).await?;

    println!("{}\n{}", report::table(&cells), report::cold(&cold));
    if !quick {
        report::write(&repository.join("docs/benchmarks/lora.md"), &cells, &cold, &shape)?;
    }
    if json {
        println!("{}", report::bars(&cells));
    }
    Ok(())
}

async fn measure_model(
    model: &'static str,
    folder: &Path,
    shape: &stack::Shape,
    work: &Path,
    quick: bool,
) -> Result<Vec<Cell>, Box<dyn Error>> {
    let count = CELLS.iter().map(|cell| cell.1).max().unwrap_or(1);
    let written = adapters::write(&work.join(format!("adapters of {model}")), shape, count, adapters::RANK)?;
    let subject = Subject::start(folder, &written).await?;
    let mut cells = Vec::new();
    for (rows, adapters) in CELLS {
        cells.push(subject.measure(model, rows, adapters, quick).await?);
    }
    Ok(cells)
}
