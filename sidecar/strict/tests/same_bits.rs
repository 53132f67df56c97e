//! The same bits with any number of threads, on any instruction set, in any batch, and as committed.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_engine::gradient::GradientRun;
use openledger_simd::Level;
use openledger_strict::StrictOptions;
use support::{all_options, digest, example_model, models, open, repository, run};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn threads_and_instruction_sets_change_no_bit() {
    let options = all_options();
    assert!(options.len() >= 3 * Level::available().len());
    let mut digests: Vec<(StrictOptions, String)> = Vec::new();
    for options in options {
        let found = run(&mut open(example_model(), options), &[0, 1, 2]).unwrap();
        digests.push((options, digest(&found)));
    }
    for (options, digest) in &digests {
        assert_eq!(*digest, digests[0].1, "{} with {} threads", options.level.name(), options.threads);
    }
}

#[test]
fn a_row_has_the_same_bits_alone_and_in_any_batch() {
    for model_dir in models() {
        let mut session = open(model_dir.clone(), StrictOptions::default());
        let alone: Vec<GradientRun> = (0..3).map(|row| run(&mut session, &[row]).unwrap()).collect();
        for batch in [vec![0, 1], vec![2, 0, 1], vec![2, 2]] {
            let together = run(&mut session, &batch).unwrap();
            for (place, row) in batch.iter().enumerate() {
                let same = |a: &[f32], b: &[f32]| bits(a) == bits(b);
                assert!(same(&together.log_probs[place], &alone[*row].log_probs[0]), "{model_dir:?} {batch:?} {row}");
                assert!(same(&together.gradients[place], &alone[*row].gradients[0]), "{model_dir:?} {batch:?} {row}");
            }
        }
    }
}

/// The digests hold for every machine and compiler. They change only with the arithmetic, whose name then changes.
#[test]
fn digests_are_the_committed_ones() {
    let committed = include_str!("digests.txt");
    let mut found = format!("{}\n", openledger_strict::ARITHMETIC);
    for model_dir in models() {
        let run = run(&mut open(model_dir.clone(), StrictOptions::default()), &[0, 1, 2]).unwrap();
        let name = model_dir.strip_prefix(repository()).unwrap().display().to_string();
        found += &format!("{}  {name}\n", digest(&run));
    }
    assert_eq!(found, committed, "the arithmetic has changed: if it is meant to, change its name too");
}
