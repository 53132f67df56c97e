//! The table, the ratios against the goals, and the page.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};

use crate::{cases::Case, date::today, peers::Results};

/// What is compared: name, ours, the other, and the least that ours has to be of it.
const GOALS: [(&str, &str, &str, f64); 8] = [
    ("32 clients, 8 adapters, 135M: against PEFT's mixed batch", "135m-32x8-once", "135m-32x8-peft", 8.0),
    ("32 clients, 8 adapters, 135M: against onnxruntime-genai's base", "135m-32x8", "135m-32-genai", 1.5),
    ("32 clients, 8 adapters against our own base", "135m-32x8", "135m-32-base", 0.95),
    ("8 clients, 8 adapters against our own base", "135m-8x8", "135m-8-base", 0.90),
    ("2,000 registered adapters against 8 (Zipf)", "135m-zipf-2000", "135m-zipf-8", 0.95),
    ("8 clients, 8 adapters, 1B int4: against llama.cpp", "1b-8x8", "1b-8x8-llama", 4.0),
    ("one client, base, 1B int4: against llama.cpp", "1b-1-base", "1b-1-base-llama", 1.0),
    ("one client, one adapter, 1B int4: against llama.cpp", "1b-1", "1b-1-llama", 1.0),
];

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (Some(low), Some(high)) = (values.get(values.len().saturating_sub(1) / 2), values.get(values.len() / 2)) else {
        return f64::NAN;
    };
    (low + high) / 2.0
}

fn all(results: &Results, key: &str, pick: impl Fn(&Value) -> Option<f64>) -> f64 {
    median(results.get(key).into_iter().flatten().filter_map(pick).collect())
}

fn speed(results: &Results, key: &str) -> f64 {
    all(results, key, |value| value["tokens_per_second"].as_f64())
}

pub fn table(cases: &[Case], results: &Results) -> String {
    let mut table = String::from(
        "| shape | who | clients | adapters | tokens/s | range | first token, ms (p50, p95) | between tokens, ms (p50, p95) |\n|---|---|---|---|---|---|---|---|\n",
    );
    for case in cases {
        let speeds: Vec<f64> = results
            .get(case.key)
            .into_iter()
            .flatten()
            .filter_map(|value| value["tokens_per_second"].as_f64())
            .collect();
        let range = speeds.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), one| (low.min(*one), high.max(*one)));
        let pair = |name: &str| {
            let at = |index: usize| all(results, case.key, |value| value[name][index].as_f64());
            if at(0).is_finite() { format!("{:.0}, {:.0}", at(0), at(1)) } else { "not seen".to_owned() }
        };
        let _ = writeln!(
            table,
            "| {} | {} | {} | {} | {:.1} | {:.1} to {:.1} | {} | {} |",
            case.shape,
            case.side.name(),
            case.clients,
            if case.registered == 0 {
                "none".to_owned()
            } else {
                format!("{} ({:?})", case.registered, case.popularity)
            },
            median(speeds),
            range.0,
            range.1,
            pair("first_token_ms"),
            pair("inter_token_ms"),
        );
    }
    table
}

pub fn ratios(results: &Results) -> String {
    let mut table = String::from("| compared | ratio | goal | |\n|---|---|---|---|\n");
    for (name, ours, other, goal) in GOALS {
        let ratio = speed(results, ours) / speed(results, other);
        if ratio.is_finite() {
            let verdict = if ratio >= goal { "met" } else { "missed" };
            let _ = writeln!(table, "| {name} | {ratio:.2} | {goal:.2} | {verdict} |");
        }
    }
    let load = all(results, "135m-zipf-2000", |value| value["mean_load_ms"].as_f64());
    if load.is_finite() {
        let verdict = if load <= 10.0 { "met" } else { "missed" };
        let _ = writeln!(
            table,
            "| reading an adapter back from the page cache, mean, ms | {load:.1} | at most 10 | {verdict} |"
        );
    }
    table
}

/// One object with the bars, as `cargo xtask bench` reads it: what must not get lost. The goals are in the page.
pub fn bars(results: &Results) -> Value {
    let bar = |name: &str, ours: &str, other: &str, least: f64| {
        let ratio = speed(results, ours) / speed(results, other);
        json!({ "name": name, "value": ratio, "bar": least, "holds": !ratio.is_finite() || ratio >= least })
    };
    json!({ "bars": [
        bar("mixed_over_peft", "135m-32x8-once", "135m-32x8-peft", 4.0),
        bar("mixed_over_genai_base", "135m-32x8", "135m-32-genai", 1.0),
        bar("mixed_over_llama", "1b-8x8", "1b-8x8-llama", 2.0),
        bar("mixed_over_base_8x8", "135m-8x8", "135m-8-base", 0.75),
    ] })
}

/// Writes the page.
pub fn write(path: &Path, cases: &[Case], results: &Results) -> Result<(), Box<dyn Error>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    let page = format!(
        "# Serving beside its peers

Command: `OPENLEDGER_PEER_PYTHON=… cargo xtask bench serving` (release profile). Date: {}. {} of {}, {cores} cores, all of them for
whoever runs. Load average at the end: {load}.

Everybody has the same random weights, prompts and adapters (rank 16 on all seven modules, numbers of 16 bits); what the words are
worth is not measured here. Cases take turns, each in a process of its own; figures are medians over up to three repeats, with the
range beside them. Ours, and llama.cpp's server, are closed loops of clients through their in-process interfaces; PEFT and
onnxruntime-genai have no queue, so they get the clients' requests as one batch. Prompts have 64 tokens and answers 48; beside
PEFT each client asks once. Shapes: 135M is SmolLM2-135M in 32 bits, 1B is Llama-3.2-1B with 32,000 tokens in 4 bits (Q4_0 for llama.cpp). \"2,000
registered\" are 2,000 adapters of different scales over eight files, at most 128 of them in memory.

{}
{}",
        today(),
        std::env::consts::ARCH,
        std::env::consts::OS,
        table(cases, results),
        ratios(results),
    );
    fs::write(path, page)?;
    Ok(())
}
