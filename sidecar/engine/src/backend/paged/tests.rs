//! The paged graph against the original one, and against itself bit for bit.

use std::{
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use openledger_onnx_graph::{AttentionShape, LoraForm};

use super::*;
use crate::{
    Limits,
    backend::{Forward, RunRow},
    lora,
    model_folder::ModelFolder,
    slots::{Prepared, Source},
};

const ATTENTION: AttentionShape = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };
const BLOCK: usize = 16;
const BLOCKS: usize = 64;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn folder(form: LoraForm) -> (Runtime, ModelFolder) {
    let runtime = Runtime::load(None).unwrap();
    let folder = ModelFolder::read(&repository().join("examples/model"), form, &runtime.version).unwrap();
    (runtime, folder)
}

/// The example adapters in slots 1, 2, …
fn slots(sites: &Arc<[LoraSite]>, form: LoraForm) -> SlotTable {
    let limits = Limits::default();
    let mut table = SlotTable::new(Arc::clone(sites), &limits, form);
    let names = ["sotu/full", "wordnet/full", "sotu/without-lincoln"];
    let folders = names.map(|name| repository().join("examples/adapters").join(name));
    for folder in &folders {
        let prepared = Prepared::read(folder, None, None, sites, &limits, form).unwrap();
        table.load(&folder.display().to_string(), prepared, Source::of(folder)).unwrap();
    }
    table
}

fn paged(form: LoraForm, threads: usize) -> (PagedForward, SlotTable) {
    let (runtime, folder) = folder(form);
    let sites: Arc<[LoraSite]> = folder.sites.into();
    let setup = PagedSetup {
        attention: ATTENTION,
        threads,
        block_tokens: BLOCK,
        blocks: BLOCKS,
        vocab: folder.info.vocab_size,
    };
    let slots = slots(&sites, form);
    let forward = PagedForward::start(&runtime, folder.model, &folder.interface, sites, &setup).unwrap();
    (forward, slots)
}

/// Logits of every token of a text, by the original graph.
fn original(texts: &[(Vec<u32>, usize)]) -> Vec<Vec<Vec<f32>>> {
    let (runtime, folder) = folder(LoraForm::Operator);
    let sites: Arc<[LoraSite]> = folder.sites.into();
    let step = Arc::new(CurrentStep::default());
    let own = lora::operators(&step, 1).unwrap();
    let session = runtime.session(&folder.model, 1, Some(own)).unwrap();
    let slots = slots(&sites, LoraForm::Operator);
    let mut forward = Forward::new(session, folder.interface, sites, step, folder.info.vocab_size);
    let rows: Vec<RunRow<'_>> =
        texts.iter().map(|(tokens, slot)| RunRow { tokens, past: 0, slot: *slot, logits: 0 }).collect();
    let logits = forward.run(&rows, None, &slots).unwrap().logits;
    let (width, vocab) = (texts.iter().map(|text| text.0.len()).max().unwrap(), forward.vocab());
    let (_, values) = logits.try_extract_tensor::<f32>().unwrap();
    let of = |(row, text): (usize, &(Vec<u32>, usize))| {
        (0..text.0.len()).map(|at| values[(row * width + at) * vocab..][..vocab].to_vec()).collect()
    };
    texts.iter().enumerate().map(of).collect()
}

/// Texts under the base and three adapters.
fn texts(lengths: &[usize]) -> Vec<(Vec<u32>, usize)> {
    let token = |text: usize, at: usize| u32::try_from((at * 37 + text * 101 + at * at) % 1900 + 5).unwrap();
    let text = |(text, &length): (usize, &usize)| ((0..length).map(|at| token(text, at)).collect(), text % 4);
    lengths.iter().enumerate().map(text).collect()
}

/// Runs texts step by step: `shares` says how many tokens of which text are in each step. Returns
/// the logits of every token.
fn run(
    forward: &mut PagedForward,
    slots: &SlotTable,
    texts: &[(Vec<u32>, usize)],
    shares: &[Vec<(usize, usize)>],
) -> Vec<Vec<Vec<f32>>> {
    let mut next = 0;
    let blocks: Vec<Vec<u32>> = texts
        .iter()
        .map(|(tokens, _)| {
            let count = u32::try_from(tokens.len().div_ceil(BLOCK)).unwrap();
            next += count;
            (next - count..next).rev().collect()
        })
        .collect();
    let mut found: Vec<Vec<Vec<f32>>> = vec![Vec::new(); texts.len()];
    for step in shares {
        let rows: Vec<PagedRow<'_>> = step
            .iter()
            .map(|&(text, tokens)| {
                let past = found[text].len();
                PagedRow {
                    tokens: &texts[text].0[past..past + tokens],
                    past,
                    slot: texts[text].1,
                    blocks: &blocks[text],
                    logits: 0..tokens,
                }
            })
            .collect();
        let logits = forward.run(&rows, slots).unwrap();
        for (row, &(text, tokens)) in step.iter().enumerate() {
            found[text].extend((0..tokens).map(|at| logits.at(row, at).unwrap().to_vec()));
        }
    }
    assert!(found.iter().zip(texts).all(|(found, text)| found.len() == text.0.len()), "a test that ends early");
    found
}

/// One step after the other, each with up to `chunk` tokens of one text.
fn alone(text: usize, length: usize, chunk: usize) -> Vec<Vec<(usize, usize)>> {
    (0..length).step_by(chunk).map(|at| vec![(text, chunk.min(length - at))]).collect()
}

/// All texts at once: one takes long parts, one single tokens, one starts late.
fn mixed(lengths: &[usize], chunks: &[usize]) -> Vec<Vec<(usize, usize)>> {
    let mut done = vec![0; lengths.len()];
    let mut steps = Vec::new();
    while done != lengths {
        let mut step = Vec::new();
        for text in (0..lengths.len()).rev() {
            let tokens = chunks[text].min(lengths[text] - done[text]);
            if tokens > 0 && steps.len() >= text {
                step.push((text, tokens));
                done[text] += tokens;
            }
        }
        steps.push(step);
    }
    steps
}

fn assert_same(found: &[Vec<Vec<f32>>], expected: &[Vec<Vec<f32>>], what: &str) {
    for (text, (found, expected)) in found.iter().zip(expected).enumerate() {
        for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
            let same = found.iter().zip(expected).all(|(left, right)| left.to_bits() == right.to_bits());
            assert!(same, "{what}: text {text}, token {at}");
        }
    }
}

const LENGTHS: [usize; 5] = [70, 33, 5, 100, 18];

#[test]
fn steps_of_any_mix_say_what_the_original_graph_says() {
    let texts = texts(&LENGTHS);
    let expected = original(&texts);
    for form in [LoraForm::Operator, LoraForm::Standard] {
        let (mut forward, slots) = paged(form, 2);
        let found = run(&mut forward, &slots, &texts, &mixed(&LENGTHS, &[1, 7, 2, 40, 16]));
        let mut greatest = 0.0_f32;
        for (found, expected) in found.iter().flatten().flatten().zip(expected.iter().flatten().flatten()) {
            greatest = greatest.max((found - expected).abs());
        }
        assert!(greatest < 1e-4, "{form:?}: {greatest}");
    }
}

#[test]
fn chunks_neighbours_and_threads_change_no_bit() {
    let texts = texts(&LENGTHS);
    let (mut one, slots_of_one) = paged(LoraForm::Operator, 1);
    let whole: Vec<_> = LENGTHS.iter().enumerate().map(|(text, &length)| vec![(text, length)]).collect();
    let expected = run(&mut one, &slots_of_one, &texts, &whole);
    assert_ne!(expected[0][4], expected[3][4]);
    let (mut two, slots_of_two) = paged(LoraForm::Operator, 2);
    for (forward, slots, threads) in [(&mut one, &slots_of_one, 1), (&mut two, &slots_of_two, 2)] {
        for chunk in [1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 64, 100] {
            let steps: Vec<_> =
                LENGTHS.iter().enumerate().flat_map(|(text, &length)| alone(text, length, chunk)).collect();
            let found = run(forward, slots, &texts, &steps);
            assert_same(&found, &expected, &format!("chunks of {chunk}, {threads} threads"));
        }
        for chunks in [[1, 7, 2, 40, 16], [1, 1, 1, 1, 1], [64, 1, 1, 3, 1], [70, 33, 5, 100, 18]] {
            let found = run(forward, slots, &texts, &mixed(&LENGTHS, &chunks));
            assert_same(&found, &expected, &format!("mix {chunks:?}, {threads} threads"));
        }
    }
}

#[test]
fn only_chosen_tokens_have_logits_and_a_prefix_can_be_shared() {
    let texts = texts(&[40, 40]);
    let (mut forward, slots) = paged(LoraForm::Operator, 1);
    let expected = run(&mut forward, &slots, &texts, &[vec![(0, 40), (1, 40)]]);
    let row = |tokens: Range<usize>, blocks: &'static [u32], logits| PagedRow {
        tokens: &texts[0].0[tokens.clone()],
        past: tokens.start,
        slot: texts[0].1,
        blocks,
        logits,
    };
    // Nothing is asked of a part of a prompt.
    let none = forward.run(&[row(0..32, &[50, 51], 0..0)], &slots).unwrap();
    assert_eq!(none.at(0, 0).unwrap_err().code(), "INFERENCE_FAILED");
    // Two sequences go on from the same 32 tokens, each in a block of its own.
    let both = [row(32..40, &[50, 51, 52], 7..8), row(32..36, &[50, 51, 53], 1..4)];
    let logits = forward.run(&both, &slots).unwrap();
    assert_eq!(logits.at(0, 0).unwrap(), expected[0][39]);
    for at in 0..3 {
        assert_eq!(logits.at(1, at).unwrap(), expected[0][33 + at]);
    }
    assert!(logits.at(0, 1).is_err() && logits.at(1, 3).is_err() && logits.at(2, 0).is_err());
}

#[test]
fn rows_that_do_not_fit_are_refused_and_the_next_step_runs() {
    let texts = texts(&[4]);
    let tokens = &texts[0].0;
    let (mut forward, slots) = paged(LoraForm::Operator, 1);
    let row = |past, blocks: &'static [u32], logits: Range<usize>| PagedRow { tokens, past, slot: 0, blocks, logits };
    #[allow(clippy::reversed_empty_ranges)]
    let cases = [
        (vec![], "needs tokens"),
        (vec![row(0, &[], 0..1)], "blocks"),
        (vec![row(14, &[0], 0..1)], "blocks"),
        (vec![row(0, &[0], 0..5)], "were asked of"),
        (vec![row(0, &[0], 3..2)], "were asked of"),
        (vec![row(0, &[0], 3..4), row(0, &[0], 3..4)], "written by one sequence"),
        (vec![row(0, &[64], 0..1)], "beyond the 64 blocks"),
        (vec![row(usize::MAX, &[0], 0..1)], "too long"),
    ];
    for (rows, expected) in cases {
        let error = forward.run(&rows, &slots).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let positions: Vec<u32> = (0..40).collect();
    let beyond = PagedRow { tokens, past: 510, slot: 0, blocks: &positions, logits: 0..1 };
    let error = forward.run(&[beyond], &slots).err().unwrap().to_string();
    assert!(error.contains("rotary tables"), "{error}");
    assert_eq!(forward.cache_bytes(), 0, "what was refused took memory");
    forward.run(&[row(0, &[0], 3..4)], &slots).unwrap();
    assert!(forward.cache_bytes() > 0);
}
