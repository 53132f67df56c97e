//! What a step costs in the original and in the paged form; not a test, so it is asked for:
//! `cargo test --release -p openledger-engine --lib backend::paged::measure -- --ignored --nocapture`.
//! The figures are in `docs/benchmarks/paged.md`.

use std::{path::Path, time::Instant};

use openledger_onnx_graph::LoraForm;

use super::*;
use crate::{
    Limits,
    backend::{CacheRow, Forward, RunRow},
    lora,
    model_folder::ModelFolder,
};

#[allow(dead_code, reason = "the other example uses the rest")]
#[path = "../../../examples/lora/stack.rs"]
mod stack;

const BLOCK: usize = 16;
/// Steps of each form that are measured, in turn; the first ones are not counted.
const DECODE: usize = 25;
const PREFILL: usize = 9;
const SKIPPED: usize = 2;

struct Both {
    original: Forward,
    paged: PagedForward,
    slots: SlotTable,
}

fn both(shape: &stack::Shape, folder: &Path) -> Both {
    let runtime = Runtime::load(None).unwrap();
    let read = || ModelFolder::read(folder, LoraForm::Operator, &runtime.version).unwrap();
    let first = read();
    let sites: Arc<[LoraSite]> = first.sites.into();
    let step = Arc::new(CurrentStep::default());
    let own = lora::operators(&step, 0).unwrap();
    let session = runtime.session(&first.model, 0, Some(own)).unwrap();
    let vocab = first.info.vocab_size;
    let original = Forward::new(session, first.interface, Arc::clone(&sites), step, vocab);
    let second = read();
    let attention = AttentionShape { heads: shape.heads, kv_heads: shape.kv_heads, head_size: shape.head_size };
    let setup = PagedSetup { attention, threads: 0, block_tokens: BLOCK, blocks: 2048, vocab };
    let slots = SlotTable::new(Arc::clone(&sites), &Limits::default(), LoraForm::Operator);
    let paged = PagedForward::start(&runtime, second.model, &second.interface, sites, &setup).unwrap();
    Both { original, paged, slots }
}

/// Milliseconds: a tenth, the middle and nine tenths of the runs.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.drain(..SKIPPED);
    values.sort_by(f64::total_cmp);
    [1, 5, 9].map(|tenth| values[(values.len() - 1) * tenth / 10] * 1e3)
}

fn report(what: &str, original: Vec<f64>, paged: Vec<f64>) {
    let ratios = paged.iter().zip(&original).map(|(paged, original)| paged / original / 1e3).collect();
    let [[low, middle, high], [own_low, own, own_high], [_, ratio, _]] = [original, paged, ratios].map(spread);
    println!("| {what} | {middle:.2} ({low:.2}-{high:.2}) | {own:.2} ({own_low:.2}-{own_high:.2}) | {ratio:.2} |");
}

fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = run();
    (start.elapsed().as_secs_f64(), result)
}

fn blocks(row: usize, tokens: usize) -> Vec<u32> {
    let each = tokens.div_ceil(BLOCK);
    (row * each..(row + 1) * each).map(|block| u32::try_from(block).unwrap()).collect()
}

fn decode(both: &mut Both, rows: usize, past: usize) {
    let prompt: Vec<u32> = (0..past).map(|at| u32::try_from(at % 2000).unwrap()).collect();
    let own: Vec<Vec<u32>> = (0..rows).map(|row| blocks(row, past + DECODE)).collect();
    // One after the other: all at once would need gigabytes of logits.
    let mut caches = Vec::new();
    for own in &own {
        let run =
            both.original.run(&[RunRow { tokens: &prompt, past: 0, slot: 0, logits: 1 }], None, &both.slots).unwrap();
        caches.push(run.cache);
        let row = PagedRow { tokens: &prompt, past: 0, slot: 0, blocks: own, logits: 0..0 };
        both.paged.run(&[row], &both.slots).unwrap();
    }
    let joined: Vec<CacheRow<'_>> = caches.iter().map(|from| CacheRow { from, row: 0, length: past }).collect();
    let mut cache = Some(both.original.gather(&joined).unwrap());
    let (mut original, mut paged) = (Vec::new(), Vec::new());
    for step in past..past + DECODE {
        let steps: Vec<_> = (0..rows).map(|_| RunRow { tokens: &[7], past: step, slot: 0, logits: 1 }).collect();
        let (seconds, run) = timed(|| both.original.run(&steps, cache.take(), &both.slots).unwrap());
        original.push(seconds);
        cache = Some(run.cache);
        let steps: Vec<_> =
            own.iter().map(|own| PagedRow { tokens: &[7], past: step, slot: 0, blocks: own, logits: 0..1 }).collect();
        let (seconds, found) = timed(|| both.paged.run(&steps, &both.slots).unwrap());
        paged.push(seconds);
        let logits = run.logits.try_extract_tensor::<f32>().unwrap().1;
        let pairs = logits.iter().zip(found.at(0, 0).unwrap());
        let apart = pairs.map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-3, "{apart}");
    }
    report(&format!("decode, {rows} rows, past {past}"), original, paged);
}

fn prefill(both: &mut Both, tokens: usize) {
    let prompt: Vec<u32> = (0..tokens).map(|at| u32::try_from(at % 2000).unwrap()).collect();
    let own = blocks(0, tokens);
    let (mut original, mut paged) = (Vec::new(), Vec::new());
    for _ in 0..PREFILL {
        let row = RunRow { tokens: &prompt, past: 0, slot: 0, logits: 1 };
        original.push(timed(|| both.original.run(&[row], None, &both.slots).unwrap()).0);
        let row = PagedRow { tokens: &prompt, past: 0, slot: 0, blocks: &own, logits: tokens - 1..tokens };
        paged.push(timed(|| both.paged.run(&[row], &both.slots).unwrap()).0);
    }
    report(&format!("prefill, {tokens} tokens"), original, paged);
}

#[test]
#[ignore = "a measurement of minutes, for a quiet machine"]
fn a_step_in_both_forms() {
    let shape = stack::Shape::beyond_cache();
    let work = tempfile::tempdir().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    stack::write(work.path(), &shape, &repository.join("examples/model/tokenizer.json")).unwrap();
    let mut both = both(&shape, work.path());
    println!("| step | original, ms | paged, ms | paged to original |\n|---|---|---|---|");
    for rows in [1, 8, 32] {
        for past in [100, 500] {
            decode(&mut both, rows, past);
        }
    }
    for tokens in [128, 512] {
        prefill(&mut both, tokens);
    }
}
