//! Prints how often attribution ranks the contributor first whose text a question was drawn from.
//!
//! `cargo run --release -p openledger-attribution --example rank1 -- [--quick] [--json]`

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    time::Instant,
};

use clap::Parser;
use openledger_attribution::{AuditError, AuditLane, Family, Question, rank_table, read_questions};
use openledger_engine::{Engine, EngineConfig};
use serde_json::json;

/// Lowest acceptable part of questions with the right contributor in first place.
const RATE_BAR: f64 = 0.9;
/// Fewest questions for the rate to mean anything.
const QUESTIONS_BAR: usize = 24;

#[derive(Parser)]
struct Arguments {
    /// Two questions per contributor instead of all.
    #[arg(long)]
    quick: bool,
    /// End with one line of JSON for machines.
    #[arg(long)]
    json: bool,
    /// Folder with model, adapters and questions.json.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples"))]
    examples: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut questions = read_questions(&arguments.examples.join("questions.json"))?;
    if arguments.quick {
        questions = some_of_each(questions, 2);
    }
    let engine = Engine::start(EngineConfig::new(arguments.examples.join("model")))?;
    let lanes = load_lanes(&engine, &arguments.examples, &questions).await?;
    let start = Instant::now();
    let table = rank_table(&lanes, &questions).await?;
    let seconds = start.elapsed().as_secs_f64();
    let (count, rate) = (table.rows.len(), table.rank_one_rate());
    println!("{}", table.to_markdown());
    println!("Nats; ONNX Runtime {}; {count} questions in {seconds:.1} s.", engine.model().ort_version);
    println!(
        "The right contributor is first for {:.1} % of the questions (bar: {:.0} %).",
        rate * 100.0,
        RATE_BAR * 100.0
    );
    if arguments.json {
        let bar =
            |name: &str, value: f64, bar: f64| json!({"name": name, "value": value, "bar": bar, "holds": value >= bar});
        let bars = [bar("rank_one_rate", rate, RATE_BAR), bar("questions", count as f64, QUESTIONS_BAR as f64)];
        println!("{}", json!({"bars": bars}));
    }
    Ok(())
}

async fn load_lanes(engine: &Engine, examples: &Path, questions: &[Question]) -> Result<Vec<AuditLane>, AuditError> {
    let datanets: BTreeSet<&str> = questions.iter().map(|question| question.datanet.as_str()).collect();
    let mut lanes = Vec::new();
    for datanet in datanets {
        let family = Family::read(&examples.join("adapters").join(datanet))?;
        lanes.push(AuditLane::load(engine.clone(), datanet, family).await?);
    }
    Ok(lanes)
}

fn some_of_each(questions: Vec<Question>, count: usize) -> Vec<Question> {
    let mut seen: HashMap<(String, String), usize> = HashMap::new();
    let mut keep = |question: &Question| {
        let of = seen.entry((question.datanet.clone(), question.contributor.clone())).or_default();
        *of += 1;
        *of <= count
    };
    questions.into_iter().filter(|question| keep(question)).collect()
}
