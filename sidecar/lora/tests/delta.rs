//! The products against plain arithmetic in 64 bits, and against themselves bit for bit.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use half::bf16;
use openledger_lora::{
    Adapter, Layer, Level, LoraError, MAX_RANK, Matrices, Module, Part, RunTasks, Sequential, StepPlan,
};
use proptest::prelude::*;

/// Numbers in -0.5..0.5 from a fixed stream.
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    fn floats(&mut self, count: usize) -> Vec<f32> {
        (0..count).map(|_| self.next()).collect()
    }

    fn halves(&mut self, count: usize) -> Vec<bf16> {
        (0..count).map(|_| bf16::from_f32(self.next())).collect()
    }

    fn module(&mut self, rank: usize, inputs: usize, outputs: usize) -> Module {
        let (a, b) = (rank * inputs, rank * outputs);
        let matrices = if self.next() < 0.2 {
            Matrices::Bf16 { a: self.halves(a), b: self.halves(b) }
        } else {
            Matrices::F32 { a: self.floats(a), b: self.floats(b) }
        };
        Module::new([rank, inputs, outputs], matrices, 0.5 + self.next().abs()).unwrap()
    }
}

/// Threads of the standard library, one per task.
struct Threads(usize);

impl RunTasks for Threads {
    fn threads(&self) -> usize {
        self.0
    }

    fn run(&self, count: usize, task: &(dyn Fn(usize) + Sync)) {
        std::thread::scope(|scope| {
            for index in 0..count {
                scope.spawn(move || task(index));
            }
        });
    }
}

/// `y + scale B (A x)` of one token in 64 bits.
fn reference(adapter: &Adapter, widths: &[usize], x: &[f32], y: &[f32]) -> Vec<f64> {
    let mut expected: Vec<f64> = y.iter().copied().map(f64::from).collect();
    let mut start = 0;
    for (site, width) in widths.iter().enumerate() {
        if let Some(module) = adapter.module(site) {
            let wide = |values: Vec<bf16>| values.iter().map(|value| value.to_f64()).collect::<Vec<f64>>();
            let (a, b): (Vec<f64>, Vec<f64>) = match module.matrices() {
                Matrices::Bf16 { a, b } => (wide(a), wide(b)),
                Matrices::F32 { a, b } => {
                    (a.iter().map(|v| (*v).into()).collect(), b.iter().map(|v| (*v).into()).collect())
                }
            };
            for rank in 0..module.rank() {
                let row = &a[rank * x.len()..][..x.len()];
                let hidden: f64 = row.iter().zip(x).map(|(a, x)| a * f64::from(*x)).sum();
                for column in 0..*width {
                    let b = b[rank * width + column];
                    expected[start + column] += hidden * f64::from(module.scale()) * b;
                }
            }
        }
        start += width;
    }
    expected
}

#[derive(Debug)]
struct Batch {
    adapters: Vec<Arc<Adapter>>,
    widths: Vec<usize>,
    inputs: usize,
    layer: Layer,
    slots: Vec<i64>,
    tokens: usize,
    x: Vec<f32>,
    y: Vec<f32>,
}

impl Batch {
    /// Slot 0 is the base; slot `i` has rank `ranks[i - 1]` and leaves out every third part.
    fn new(seed: u64, inputs: usize, widths: &[usize], ranks: &[usize], slots: &[i64], tokens: usize) -> Self {
        let mut stream = Stream(seed | 1);
        let adapters = ranks
            .iter()
            .enumerate()
            .map(|(index, &rank)| {
                let held = widths.iter().enumerate().filter(|(part, _)| widths.len() == 1 || (part + index) % 3 != 2);
                Arc::new(Adapter::new(held.map(|(part, &width)| (part, stream.module(rank, inputs, width)))))
            })
            .collect();
        let parts = widths.iter().enumerate().map(|(site, &out_features)| Part { site, out_features });
        let count = slots.len() * tokens;
        Self {
            adapters,
            widths: widths.to_vec(),
            inputs,
            layer: Layer::new(parts.collect()).unwrap(),
            slots: slots.to_vec(),
            tokens,
            x: stream.floats(count * inputs),
            y: stream.floats(count * widths.iter().sum::<usize>()),
        }
    }

    fn adapter(&self, slot: i64) -> Option<Arc<Adapter>> {
        self.adapters.get(usize::try_from(slot).ok()?.checked_sub(1)?).cloned()
    }

    fn run(&self, level: Level, threads: &dyn RunTasks) -> Vec<f32> {
        let plan = StepPlan::new(&self.slots, |slot| self.adapter(slot));
        let mut y = self.y.clone();
        self.layer.add(&plan, self.inputs, &self.x, &mut y, level, threads).unwrap();
        y
    }

    /// Row `row` in a batch of its own.
    fn alone(&self, row: usize, level: Level) -> Vec<f32> {
        let plan = StepPlan::new(&self.slots[row..=row], |slot| self.adapter(slot));
        let (x, y) = (self.tokens * self.inputs, self.tokens * self.layer.out_features());
        let mut out = self.y[row * y..][..y].to_vec();
        self.layer.add(&plan, self.inputs, &self.x[row * x..][..x], &mut out, level, &Sequential).unwrap();
        out
    }
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

fn batch() -> impl Strategy<Value = Batch> {
    let sizes = (1..70_usize, prop::collection::vec(1..150_usize, 1..4), 1..5_usize);
    let ranks = prop::collection::vec(1..=MAX_RANK, 1..5);
    (any::<u64>(), sizes, ranks).prop_flat_map(|(seed, (inputs, widths, tokens), ranks)| {
        prop::collection::vec(0..=ranks.len() as i64, 1..12)
            .prop_map(move |slots| Batch::new(seed, inputs, &widths, &ranks, &slots, tokens))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_row_gets_its_own_adapters_product(batch in batch()) {
        let out = batch.run(Level::best(), &Sequential);
        let width = batch.layer.out_features();
        for (token, out) in out.chunks_exact(width).enumerate() {
            let y = &batch.y[token * width..][..width];
            match batch.adapter(batch.slots[token / batch.tokens]) {
                None => prop_assert_eq!(bits(out), bits(y)),
                Some(adapter) => {
                    let x = &batch.x[token * batch.inputs..][..batch.inputs];
                    for (out, expected) in out.iter().zip(reference(&adapter, &batch.widths, x, y)) {
                        prop_assert!((f64::from(*out) - expected).abs() < 2e-5, "{} {}", out, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn neither_neighbours_nor_threads_nor_instructions_change_a_bit(batch in batch()) {
        let together = bits(&batch.run(Level::best(), &Sequential));
        for level in Level::available() {
            prop_assert_eq!(&bits(&batch.run(level, &Sequential)), &together, "{}", level.name());
        }
        let alone: Vec<u32> =
            (0..batch.slots.len()).flat_map(|row| bits(&batch.alone(row, Level::best()))).collect();
        prop_assert_eq!(&alone, &together);
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    // Above the threshold from which work is shared.
    let slots = [1, 2, 0, 1, 1, 3, 2, 1, 1];
    let batch = Batch::new(7, 129, &[200, 33], &[16, 5, 128], &slots, 23);
    let expected = bits(&batch.run(Level::best(), &Sequential));
    for threads in [1, 2, 3, 8] {
        assert_eq!(bits(&batch.run(Level::best(), &Threads(threads))), expected, "{threads}");
    }
    assert_ne!(expected, bits(&batch.y));
}

#[test]
fn a_batch_without_adapters_is_left_alone() {
    let batch = Batch::new(3, 8, &[8], &[4], &[0, 0, 9, -1], 2);
    assert_eq!(bits(&batch.run(Level::best(), &Threads(2))), bits(&batch.y));
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let batch = Batch::new(5, 8, &[8], &[4], &[1, 1], 2);
    let plan = StepPlan::new(&batch.slots, |slot| batch.adapter(slot));
    let mut y = batch.y.clone();
    let mut add = |inputs: usize, x: &[f32], short: usize| {
        let end = y.len() - short;
        let result = batch.layer.add(&plan, inputs, x, &mut y[..end], Level::best(), &Sequential);
        (result.unwrap_err(), y == batch.y)
    };
    let (error, unchanged) = add(8, &batch.x[1..], 0);
    assert!(matches!(error, LoraError::Length { what: "x", .. }) && unchanged, "{error}");
    let (error, unchanged) = add(8, &batch.x, 1);
    assert!(matches!(error, LoraError::Length { what: "y", .. }) && unchanged, "{error}");
    let (error, unchanged) = add(4, &batch.x[..16], 0);
    assert!(matches!(error, LoraError::Shape { site: 0, .. }) && unchanged, "{error}");
    let ones = |a: usize, b: usize| Matrices::exact(vec![1.0; a], vec![1.0; b]);
    let rank = |rank: usize| Module::new([rank, 1, 1], ones(rank, rank), 1.0);
    assert!(matches!(rank(0), Err(LoraError::Rank { .. })));
    assert!(matches!(rank(MAX_RANK + 1), Err(LoraError::Rank { .. })));
    assert!(rank(MAX_RANK).is_ok());
    assert!(matches!(Module::new([1, 2, 1], ones(1, 1), 1.0), Err(LoraError::Length { .. })));
    assert!(matches!(Module::new([2, usize::MAX, 1], ones(0, 0), 1.0), Err(LoraError::Overflow)));
    assert!(Layer::new(vec![]).is_err());
}
