//! The tables, and the page in `docs/benchmarks`.

use std::{fmt::Write as _, fs, path::Path};

use serde_json::Value;

use crate::{
    Outcome,
    card::Card,
    cells::{NEW_TOKENS, PROMPT_TOKENS},
    date::today,
    parity::Parity,
    peers::{Cell, Measured},
};

pub fn parity(found: &[Parity]) -> String {
    let mut table = String::from(
        "| export on the card | largest difference to fp32 on the processor, of the largest logit | at most | greedy answers of one mixed \
         batch that are the golden ones |\n|---|---|---|---|\n",
    );
    for Parity { export, difference, allowed, equal, answers } in found {
        let _ = writeln!(table, "| {export} | {difference:.1e} | {allowed:.0e} | {equal} of {answers} |");
    }
    table
}

pub fn table(measured: &Measured) -> String {
    let mut table = String::from(
        "| rows | adapters | engine, tokens/s | PEFT, tokens/s | engine / PEFT | engine / its base | step, ms | bytes of a step, GB | at the \
         bandwidth, ms | step / that |\n|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for cell in &measured.cells {
        let base = measured.cells.iter().find(|base| base.rows == cell.rows && base.adapters == 0);
        let speed = middle(&cell.ours, "tokens_per_second");
        let peer = middle(&cell.peer, "tokens_per_second");
        let step = middle(&cell.ours, "step_ms");
        let bytes = step_bytes(cell);
        let least = bytes / measured.bytes_per_second * 1e3;
        let of_base = base.map_or(f64::NAN, |base| speed / middle(&base.ours, "tokens_per_second"));
        let _ = writeln!(
            table,
            "| {} | {} | {speed:.0} | {peer:.0} | {:.2} | {of_base:.2} | {step:.2} | {:.2} | {least:.2} | {:.1} |",
            cell.rows,
            cell.adapters,
            speed / peer,
            bytes / 1e9,
            step / least,
        );
    }
    table
}

/// What a step has to read once: the weights, the adapters in it, and the cache at half of the answer.
fn step_bytes(cell: &Cell) -> f64 {
    let number = |name: &str| middle(&cell.ours, name);
    let positions = PROMPT_TOKENS as f64 + NEW_TOKENS as f64 / 2.0;
    number("base_bytes") + number("adapter_bytes") + number("kv_bytes_per_token") * positions * cell.rows as f64
}

fn middle(values: &[Value], name: &str) -> f64 {
    let mut values: Vec<f64> = values.iter().filter_map(|value| value[name].as_f64()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Writes the page.
pub fn write(path: &Path, card: &Card, parity: &[Parity], measured: &Measured) -> Outcome<()> {
    let page = format!(
        "# The engine on a card

Command: `OPENLEDGER_PEER_PYTHON=… ORT_DYLIB_PATH=… cargo xtask gpu` (release profile). Date: {}. Card: {}, {}, driver {}.

The shape is that of Llama-3.2-1B with 32,000 tokens and random weights in fp16, exported for CUDA by the onnxruntime-genai builder; what
the words are worth is not measured here. Adapters have rank 16 on all seven modules; row `i` has adapter `i mod adapters`. Prompts have
{PROMPT_TOKENS} tokens and answers {NEW_TOKENS}. Every measurement is a process of its own; figures are medians of {} repeats, taken in turns.

- **engine**: a closed loop of clients on the engine's own interface, adapters in standard operators, attention by the model's own.
- **PEFT**: transformers with PEFT on the same card and weights, in fp16, one batch with `adapter_names`.
- **step**: the middle of the times between two tokens of an answer.
- **bytes of a step**: weights, adapters in the batch and cache at half of the answer, each read once. The standard form reads more: it
  copies an adapter for every row that has it.
- **bandwidth**: {:.2} TB/s, measured by adding one to 4 GiB of numbers on the card.

## Parity

{}
## Speed

{}",
        today(),
        card.name,
        card.memory,
        card.driver,
        measured.cells.first().map_or(0, |cell| cell.ours.len()),
        measured.bytes_per_second / 1e12,
        self::parity(parity),
        table(measured),
    );
    Ok(fs::write(path, page)?)
}
