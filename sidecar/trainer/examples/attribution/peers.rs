//! Other people's methods, each in a process of its own.

use std::{error::Error, fs, path::Path, process::Command};

use serde::Deserialize;
use serde_json::json;

use crate::{ours::Method, setting::Setting};

/// Methods of `tests/peers/attribution.py`; those of `--quick` first.
const METHODS: [&str; 13] = [
    "bm25",
    "gradient",
    "ekfac",
    "magic",
    "datainf",
    "gradient-cosine",
    "embedding",
    "infini-gram",
    "logra",
    "trak",
    "bergson-ekfac",
    "bergson-ekfac-cg",
    "trackstar",
];
const QUICK: usize = 4;
/// Questions for which a method that works per question, for minutes, is run.
const FEW: usize = 16;

/// What a peer writes.
#[derive(Deserialize)]
struct Answer {
    package: String,
    version: String,
    #[serde(default)]
    scores: Vec<Vec<f64>>,
    #[serde(default)]
    variants: Vec<Variant>,
    questions: Vec<usize>,
    build_seconds: Option<f64>,
    question_seconds: Option<f64>,
    bytes_per_row: Option<f64>,
    #[serde(default)]
    settings: serde_json::Value,
}

/// The same method with another setting.
#[derive(Deserialize)]
struct Variant {
    damping: serde_json::Value,
    scores: Vec<Vec<f64>>,
}

pub fn all(setting: &Setting, only: Option<&[String]>) -> Result<Vec<Method>, Box<dyn Error>> {
    let Some(python) = std::env::var_os("OPENLEDGER_PEER_PYTHON") else {
        eprintln!("no peers: name a Python in OPENLEDGER_PEER_PYTHON (tests/peers/README.md)");
        return Ok(Vec::new());
    };
    let task = setting.cache.join("task.json");
    fs::write(&task, self::task(setting)?.to_string())?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/attribution.py");
    let mut methods = Vec::new();
    let names = if setting.quick { METHODS.get(..QUICK).unwrap_or_default() } else { &METHODS };
    for name in names.iter().filter(|name| only.is_none_or(|only| only.iter().any(|own| own == *name))) {
        let out = setting.cache.join(format!("{name}-{}.json", setting.questions.len()));
        if !out.exists() {
            eprintln!("peer {name}");
            let status = Command::new(&python)
                .arg(&script)
                .arg(name)
                .args([&task, &out])
                // Threads that wait sleep, as ours do: otherwise a busy machine costs a peer most of its time.
                .env("OMP_WAIT_POLICY", "PASSIVE")
                .status()?;
            if !status.success() {
                eprintln!("peer {name} failed: {status}; run it by hand to see why");
                continue;
            }
        }
        methods.extend(read(setting, name, &out)?);
    }
    Ok(methods)
}

fn task(setting: &Setting) -> Result<serde_json::Value, Box<dyn Error>> {
    let order = setting.order()?;
    let recipe = &setting.recipe;
    let rows = (0..setting.examples.len()).filter_map(|row| setting.examples.get(row)).zip(&setting.texts);
    let few = (setting.questions.len() / FEW).max(1);
    Ok(json!({
        "model": setting.model,
        "rank": recipe.rank,
        "alpha": recipe.alpha,
        "learning_rate": recipe.learning_rate,
        "betas": [recipe.betas.0, recipe.betas.1],
        "epsilon": recipe.epsilon,
        "weight_decay": recipe.weight_decay,
        "rates": (0..order.steps()).map(|at| recipe.rate(at, order.steps())).collect::<Vec<_>>(),
        "steps": (0..order.steps()).map(|at| order.step(at)).collect::<Vec<_>>(),
        "threads": setting.threads,
        "initial": setting.initial,
        "adapter": setting.adapter,
        "rows": rows
            .map(|(example, (prompt, completion))| {
                json!({
                    "tokens": example.tokens, "prompt": example.prompt_tokens,
                    "text_prompt": prompt, "text_completion": completion,
                })
            })
            .collect::<Vec<_>>(),
        "questions": setting
            .questions
            .iter()
            .map(|question| {
                json!({
                    "tokens": question.tokens, "prompt": question.prompt_tokens,
                    "text_prompt": question.prompt_text, "text_completion": question.answer_text,
                })
            })
            .collect::<Vec<_>>(),
        "questions_of_magic": (0..setting.questions.len()).step_by(few).collect::<Vec<_>>(),
    }))
}

/// One method for every setting that the peer tried.
fn read(setting: &Setting, name: &str, path: &Path) -> Result<Vec<Method>, Box<dyn Error>> {
    let answer: Answer = serde_json::from_slice(&fs::read(path)?)?;
    let rows = setting.examples.len();
    let mut found = Vec::new();
    let plain = (!answer.scores.is_empty()).then_some((None, answer.scores));
    let variants = answer.variants.into_iter().map(|variant| (Some(variant.damping), variant.scores));
    for (damping, scores) in plain.into_iter().chain(variants) {
        if scores.len() != answer.questions.len() || scores.iter().any(|own| own.len() != rows) {
            return Err(format!("{}: not one score for every row and question", path.display()).into());
        }
        if !scores.iter().flatten().all(|score| score.is_finite()) {
            eprintln!("peer {name}: damping {damping:?} gives scores that are not finite; left out");
            continue;
        }
        let mut method = Method::of_rows(setting, name, answer.questions.clone(), scores);
        method.build_seconds = answer.build_seconds.map(|seconds| seconds / rows as f64);
        method.question_seconds = answer.question_seconds;
        method.bytes = answer.bytes_per_row;
        let damping = damping.map_or_else(String::new, |damping| format!(", damping {damping}"));
        method.settings = format!("{} {}{damping}; {}", answer.package, answer.version, answer.settings);
        method.peer = true;
        found.push(method);
    }
    Ok(found)
}
