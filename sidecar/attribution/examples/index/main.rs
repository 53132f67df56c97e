//! Compares the index with the audit lane on the example families, and says what the index costs.
//!
//! `cargo run --release -p openledger-attribution --example index -- [--quick] [--json]`

mod beside;
mod cost;
mod drift;
mod quality;

use std::path::PathBuf;

use clap::Parser;
use openledger_attribution::read_questions;
use openledger_engine::{Engine, EngineConfig};
use serde_json::json;

/// Lowest acceptable part of answers of which index and audit lane put the same contributor first.
const FIRST_BAR: f64 = 0.9;
/// Longest scan of 100,000 rows of 1,024 dimensions on one thread, in milliseconds.
const SCAN_BAR: f64 = 5.0;
/// Longest time to the first token while answers are attributed, over that without: "nothing" within the noise of such machines.
const FIRST_TOKEN_BAR: f64 = 1.05;
/// Most prefills that the query of an answer costs.
const REQUEST_BAR: f64 = 2.5;

#[derive(Parser)]
struct Arguments {
    /// A third of the questions, and a smaller scan that is held to the bar in proportion.
    #[arg(long)]
    quick: bool,
    /// End with one line of JSON for machines.
    #[arg(long)]
    json: bool,
    /// Folder with model, adapters and questions.json.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"))]
    examples: PathBuf,
    /// Folder with `onnx/` and `adapters/0` of a larger model, to time a request there too.
    #[arg(long)]
    larger: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut questions = read_questions(&arguments.examples.join("questions.json"))?;
    if arguments.quick {
        questions = questions.into_iter().step_by(3).collect();
    }
    let model = arguments.examples.join("model");
    let engine = Engine::start(EngineConfig { threads: 1, ..EngineConfig::new(&model) })?;
    let mut first = f64::INFINITY;
    for datanet in ["sotu", "wordnet"] {
        let own: Vec<_> = questions.iter().filter(|question| question.datanet == datanet).cloned().collect();
        let found = quality::measure(&engine, &arguments.examples, datanet, &own).await?;
        println!("{}", found.to_markdown());
        first = first.min(found.same_first());
    }
    let scan = cost::scan(if arguments.quick { 20_000 } else { 100_000 })?;
    println!("{}", scan.to_markdown());
    let drift = drift::measure(&arguments.examples, &questions)?;
    println!("{}", drift.to_markdown());
    let request = cost::request(&engine, &arguments.examples).await?;
    println!("{}", request.to_markdown());
    let beside = beside::measure(&arguments.examples).await?;
    println!("{}", beside.to_markdown());
    if let Some(folder) = &arguments.larger {
        println!("{}", cost::larger(folder).await?.to_markdown());
    }
    if arguments.json {
        let low =
            |name: &str, value: f64, bar: f64| json!({"name": name, "value": value, "bar": bar, "holds": value <= bar});
        let bars = [
            json!({"name": "queries_agree", "value": drift.holds(), "bar": true, "holds": drift.holds()}),
            json!({"name": "same_first", "value": first, "bar": FIRST_BAR, "holds": first >= FIRST_BAR}),
            low("scan_ms", scan.best_for_100_000(), SCAN_BAR),
            low("request_prefills", request.prefills(), REQUEST_BAR),
            low("first_token_beside_attribution", beside.first_token(), FIRST_TOKEN_BAR),
        ];
        println!("{}", json!({"bars": bars}));
    }
    Ok(())
}
