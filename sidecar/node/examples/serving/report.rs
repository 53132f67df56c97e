//! The table, the ratios against the goals, and the page.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};

use crate::{
    cases::Case,
    date::today,
    peers::RESIDENT,
    results::{Results, Spread},
};

/// What is compared.
struct Goal {
    name: &'static str,
    ours: &'static str,
    other: &'static str,
    /// The least that ours has to be of the other; absent when it is told for information.
    least: Option<f64>,
}

const fn goal(name: &'static str, ours: &'static str, other: &'static str, least: f64) -> Goal {
    Goal { name, ours, other, least: Some(least) }
}

const fn told(name: &'static str, ours: &'static str, other: &'static str) -> Goal {
    Goal { name, ours, other, least: None }
}

const GOALS: [Goal; 18] = [
    goal(
        "32 clients, 8 adapters, paid over gRPC: against PEFT's mixed batch",
        "135m-32x8-once-paid",
        "135m-32x8-peft",
        8.0,
    ),
    goal("32 clients, 8 adapters, engine: against PEFT's mixed batch", "135m-32x8-once", "135m-32x8-peft", 8.0),
    goal("32 clients, 8 adapters, engine: against onnxruntime-genai's base", "135m-32x8", "135m-32-genai", 1.5),
    told("32 clients, 8 adapters: paid over gRPC against the engine alone", "135m-32x8-paid", "135m-32x8"),
    told("8 clients, 8 adapters: paid over gRPC against the engine alone", "135m-8x8-paid", "135m-8x8"),
    told("8 clients, 8 adapters, 1B int4: paid over gRPC against the engine alone", "1b-8x8-paid", "1b-8x8"),
    told(
        "32 clients, 8 adapters over gRPC: attributed against not attributed",
        "135m-32x8-attributed",
        "135m-32x8-paid",
    ),
    goal("32 clients, none active: against a graph without LoRA sites", "135m-32-base", "135m-32-plain", 0.99),
    goal("8 clients, none active: against a graph without LoRA sites", "135m-8-base", "135m-8-plain", 0.99),
    goal("32 clients, 8 adapters: against our own base", "135m-32x8", "135m-32-base", 0.95),
    goal("8 clients, 8 adapters: against our own base", "135m-8x8", "135m-8-base", 0.90),
    goal("8 clients, 8 adapters, 1B int4: against our own base", "1b-8x8", "1b-8-base", 0.90),
    goal("2,000 registered adapters against 8 (Zipf)", "135m-zipf-2000", "135m-zipf-8", 0.95),
    goal("8 clients, 8 adapters, 1B int4, engine: against llama.cpp", "1b-8x8", "1b-8x8-llama", 4.0),
    goal("8 clients, 8 adapters, 1B int4, paid over gRPC: against llama.cpp", "1b-8x8-paid", "1b-8x8-llama", 4.0),
    goal("one client, base, 1B int4: against llama.cpp", "1b-1-base", "1b-1-base-llama", 1.0),
    goal("one client, one adapter, 1B int4: against llama.cpp", "1b-1", "1b-1-llama", 1.0),
    goal("one client, one adapter, 1B int4: against our own base", "1b-1", "1b-1-base", 0.90),
];

/// Most that reading an adapter back may take, in milliseconds.
const LOAD_MS: f64 = 10.0;

pub fn table(cases: &[Case], results: &Results) -> String {
    let mut table = String::from(
        "| shape | who | clients | adapters | tokens/s | range | first token, ms (p50, p95) | between tokens, ms (p50, p95) | receipt after the last token, ms (p50, p95) | date |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for case in cases {
        let Some(speed) = Spread::of(results.speeds(case.key)) else { continue };
        let pair = |name: &str| {
            let at = |index: usize| Spread::of(results.all(case.key, |value| value[name][index].as_f64()));
            match (at(0), at(1)) {
                (Some(half), Some(most)) => format!("{:.0}, {:.0}", half.median, most.median),
                _ => "not seen".to_owned(),
            }
        };
        let adapters = match case.registered {
            0 => "none".to_owned(),
            registered => format!("{registered} ({:?})", case.popularity),
        };
        let _ = writeln!(
            table,
            "| {} | {} | {} | {adapters} | {:.1} | {:.1} to {:.1} | {} | {} | {} | {} |",
            case.shape,
            case.side.name(),
            case.clients,
            speed.median,
            speed.low,
            speed.high,
            pair("first_token_ms"),
            pair("inter_token_ms"),
            pair("receipt_ms"),
            results.date(case.key).unwrap_or_default(),
        );
    }
    table
}

pub fn ratios(results: &Results) -> String {
    let mut table = String::from("| compared | ratio | range | goal | |\n|---|---|---|---|---|\n");
    for Goal { name, ours, other, least } in &GOALS {
        let Some(ratio) = results.ratio(ours, other) else { continue };
        let (least, verdict) = match least {
            Some(least) => (format!("{least:.2}"), if ratio.median >= *least { "met" } else { "missed" }),
            None => (String::new(), ""),
        };
        let _ = writeln!(
            table,
            "| {name} | {:.2} | {:.2} to {:.2} | {least} | {verdict} |",
            ratio.median, ratio.low, ratio.high
        );
    }
    if let Some(load) = Spread::of(results.all("135m-zipf-2000", |value| value["mean_load_ms"].as_f64())) {
        let verdict = if load.median <= LOAD_MS { "met" } else { "missed" };
        let _ = writeln!(
            table,
            "| reading an adapter of 10 MB back from the page cache while 32 clients are served, mean, ms | {:.1} | {:.1} to {:.1} | at most {LOAD_MS} | {verdict} |",
            load.median, load.low, load.high
        );
    }
    table
}

/// One object with the bars, as `cargo xtask bench` reads it: what must not get lost. The goals are in the page.
pub fn bars(results: &Results) -> Value {
    let bar = |name: &str, ours: &str, other: &str, least: f64| {
        let ratio = results.ratio(ours, other).map(|ratio| ratio.median);
        json!({ "name": name, "value": ratio, "bar": least, "holds": ratio.is_none_or(|ratio| ratio >= least) })
    };
    json!({ "bars": [
        bar("mixed_over_peft", "135m-32x8-once", "135m-32x8-peft", 4.0),
        bar("paid_over_peft", "135m-32x8-once-paid", "135m-32x8-peft", 4.0),
        bar("mixed_over_genai_base", "135m-32x8", "135m-32-genai", 1.0),
        bar("mixed_over_llama", "1b-8x8", "1b-8x8-llama", 2.0),
        bar("mixed_over_base_8x8", "135m-8x8", "135m-8-base", 0.75),
        bar("paid_over_engine_8x8", "135m-8x8-paid", "135m-8x8", 0.75),
        bar("none_active_over_plain_8", "135m-8-base", "135m-8-plain", 0.9),
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

![Tokens a second, side by side](serving.svg)

Everybody has the same random weights, prompts and adapters (rank 16 on all seven modules, numbers of 16 bits); what the words are
worth is not measured here. Cases take turns, repeat by repeat, each in a process of its own; figures are medians over three or five
repeats, with the range beside them, and ratios are medians of the ratios within a repeat. Prompts have 64 tokens and answers 48.
Each client asks twice, one after the other, and once before the clock starts; beside PEFT once; with Zipf six times, and six times
before, so that memory holds what it would hold. Shapes: 135M is SmolLM2-135M in 32 bits, 1B is
Llama-3.2-1B with 32,000 tokens in 4 bits (Q4_0 for llama.cpp). \"2,000 registered\" are 2,000 adapters of different scales over eight
files, at most {RESIDENT} of them in memory.

- **engine**: a closed loop of clients on the engine's own interface, in one process.
- **gRPC, paid**: what a user sees. A node serves the public API on loopback beside an embedded development chain; its adapters are
  registered there. Every client has a connection, a session with money in it, and signs a voucher for each question; the node
  checks session and voucher on the chain, streams, and signs and stores the receipt after the text, while the client asks again. Node,
  chain, validators and clients share the two cores. The clock stops when the last text ends; all receipts are then waited for, and a
  batch charges them on the chain. A family of adapters is needed to register one; here its variants are copies of the adapter, so
  that every answer is scored twice only, by adapter and base.
- **gRPC, paid and attributed**: the same with the smallest family that tells something, one contributor left out and one placebo:
  for its receipt every answer is scored by the adapter, its base and both variants, 4 times its 112 tokens.
- **without LoRA sites**: the graph as it was exported. The engine's other cases without adapters run the graph with sites.
- llama.cpp's server runs in process with a closed loop of clients; PEFT and onnxruntime-genai have no queue, so they get the clients'
  requests as one batch.

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
