//! The table, the file in `docs/benchmarks` and the bars.

use std::{error::Error, fmt::Write as _, fs, path::Path};

use openledger_lora::Level;
use serde_json::{Value, json};

use crate::{adapters::RANK, cold::Cold, date::today, measure::Cell, stack::Shape};

/// The operator may never be slower than the standard form by more than the noise of the machine.
const SLOWER_BAR: f64 = 1.05;
/// What eight adapters in a batch of eight may cost against the base on the random stack.
const EIGHT_BAR: f64 = 1.35;

/// Rows, adapters, and what they are to cost at most against the base: the goal, which the bars above are not.
const TARGETS: [(usize, usize, f64); 2] = [(8, 8, 1.10), (32, 8, 1.05)];

/// Milliseconds that reading back a cold adapter of 20 MB is to take at most.
const COLD_TARGET_MS: f64 = 10.0;

pub fn table(cells: &[Cell]) -> String {
    let mut table = String::from(
        "| model | rows | adapters | base, ms a step | standard, ms | operator, ms | standard / base | operator / base | standard / operator |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for cell in cells {
        let [base, standard, operator] = [cell.base, cell.standard, cell.operator].map(Cell::step_ms);
        let _ = writeln!(
            table,
            "| {} | {} | {} | {base:.2} | {standard:.2} | {operator:.2} | {:.2} | {:.2} | {:.2} |",
            cell.model,
            cell.rows,
            cell.adapters,
            cell.standard_to_base,
            cell.operator_to_base,
            cell.standard_to_operator
        );
    }
    table
}

/// What a cold adapter takes.
pub fn cold(cold: &Cold) -> String {
    let Cold { rank, bytes, again_ms, first_ms } = cold;
    let megabytes = *bytes as f64 / 1e6;
    let verdict = if *again_ms <= COLD_TARGET_MS { "met" } else { "missed" };
    format!(
        "| adapter | read back, ms | at most | | loaded for the first time, ms |\n|---|---|---|---|---|\n| rank {rank}, {megabytes:.1} MB of bf16 | {again_ms:.1} | {COLD_TARGET_MS:.0} | {verdict} | {first_ms:.1} |\n\nWhat is read back was hashed when it was first loaded, and has length and time of change as then; a first load hashes the file.\n"
    )
}

/// One object with the bars, as `cargo xtask bench` reads it.
pub fn bars(cells: &[Cell]) -> Value {
    let worst = cells.iter().map(|cell| 1.0 / cell.standard_to_operator).fold(0.0, f64::max);
    let eight = on_the_stack(cells, 8, 8);
    let bar =
        |name: &str, value: f64, bar: f64| json!({"name": name, "value": value, "bar": bar, "holds": value <= bar});
    json!({"bars": [
        bar("operator_over_standard_worst", worst, SLOWER_BAR),
        bar("operator_over_base_8x8_stack", eight, EIGHT_BAR),
    ]})
}

/// Operator against base on the random stack; infinite when it was not measured.
fn on_the_stack(cells: &[Cell], rows: usize, adapters: usize) -> f64 {
    let found =
        cells.iter().find(|cell| cell.model == "random stack" && (cell.rows, cell.adapters) == (rows, adapters));
    found.map_or(f64::INFINITY, |cell| cell.operator_to_base)
}

fn targets(cells: &[Cell]) -> String {
    let line = |(rows, adapters, most): (usize, usize, f64)| {
        let found = on_the_stack(cells, rows, adapters);
        let verdict = if found <= most { "met" } else { "missed" };
        format!("| {rows} | {adapters} | {most:.2} | {found:.2} | {verdict} |\n")
    };
    TARGETS.map(line).concat()
}

/// Writes the page.
pub fn write(path: &Path, cells: &[Cell], cold: &Cold, shape: &Shape) -> Result<(), Box<dyn Error>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown").to_owned();
    let page = format!(
        "# LoRA: what adapters cost a step

Command: `cargo xtask bench lora` (release profile). Date: {}. {} of {}, {cores} cores, one thread per session; instruction set of the
operator: {}. Load average at the end: {load}.

In one run, base, standard operators and the operator take turns on the same prompts; times are medians over 5 to 61 rounds, ratios are
medians of the ratios within a round. A run is a batch of greedy answers through the engine's public interface (prompt of 4 tokens, 16 new ones), so
prefill, sampling and scheduling are in it; \"ms a step\" is that time divided by 16. Adapters have rank {RANK}, 16-bit weights and all seven
modules; row `i` uses adapter `i mod adapters`. \"Base\" is the operator's graph with no adapter active.

The random stack has the shape of a small Llama: hidden {}, {} layers, {} and {} heads, feed-forward {}; its {} MB of 32-bit weights do not
fit the cache, so a step reads them from memory. The example model does fit.

Read it with care: the machine was shared while this ran, and single numbers move by 10 % and more between runs. Weights are random, so
nothing here is a claim about quality.

{}
What serving is to reach, operator / base on the random stack:

| rows | adapters | at most | found | |
|---|---|---|---|---|
{}
## A cold adapter

From the file to matrices that a step can use; the file is in the page cache. Medians.

{}",
        today(),
        std::env::consts::ARCH,
        std::env::consts::OS,
        Level::best().name(),
        shape.hidden,
        shape.layers,
        shape.heads,
        shape.kv_heads,
        shape.feed_forward,
        shape.weight_bytes() / 1_000_000,
        table(cells),
        targets(cells),
        self::cold(cold),
    );
    fs::write(path, page)?;
    Ok(())
}
