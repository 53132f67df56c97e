//! The layer against plain arithmetic in 64 bits, and against itself bit for bit.

#![allow(clippy::unwrap_used)]

use openledger_attention::{
    Attention, AttentionError, AttentionPlan, KvLayout, LayerCache, Qkv, Rotary, RotaryTables, Span,
};
use openledger_simd::{Level, RunTasks, Sequential};
use proptest::prelude::*;

const POSITIONS: usize = 1024;

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

/// Numbers in -2..2 from a fixed stream.
fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 22) as f32 - 2.0
    };
    (0..count).map(|_| next()).collect()
}

#[derive(Debug, Clone)]
struct Shape {
    kv_heads: usize,
    group: usize,
    head_size: usize,
    block_tokens: usize,
    window: Option<usize>,
    softcap: Option<f32>,
    rotary: Option<Rotary>,
}

impl Shape {
    fn heads(&self) -> usize {
        self.kv_heads * self.group
    }

    fn width(&self) -> usize {
        (self.heads() + 2 * self.kv_heads) * self.head_size
    }

    fn layer(&self) -> Attention {
        let mut layer = Attention::new(self.heads(), self.kv_heads, self.head_size).unwrap();
        if let Some(window) = self.window {
            layer = layer.with_window(window);
        }
        if let Some(softcap) = self.softcap {
            layer = layer.with_softcap(softcap);
        }
        if let Some(rotary) = self.rotary {
            layer = layer.with_rotary(rotary);
        }
        layer
    }

    fn pairs(&self) -> usize {
        // Part of the head stays as it is in some models.
        (self.head_size / 2).div_ceil(2)
    }

    fn cos_sin(&self) -> [Vec<f32>; 2] {
        let angle = |at: usize| {
            let (position, pair) = (at / self.pairs(), at % self.pairs());
            position as f32 * 0.7_f32.powi(i32::try_from(pair).unwrap())
        };
        let all: Vec<f32> = (0..POSITIONS * self.pairs()).map(angle).collect();
        [all.iter().map(|a| a.cos()).collect(), all.iter().map(|a| a.sin()).collect()]
    }

    /// All tokens of one sequence at once, in 64 bits: [tokens, heads head_size].
    fn reference(&self, packed: &[f32]) -> Vec<f64> {
        let (size, width) = (self.head_size, self.width());
        let tokens = packed.len() / width;
        let [cos, sin] = self.cos_sin();
        let head = |token: usize, head: usize, turned: bool| -> Vec<f64> {
            let own: Vec<f64> =
                packed[token * width + head * size..][..size].iter().map(|value| f64::from(*value)).collect();
            let (Some(rotary), true) = (self.rotary, turned) else {
                return own;
            };
            let mut out = own.clone();
            let pairs = self.pairs();
            for pair in 0..pairs {
                let (i, j) = if rotary.interleaved { (2 * pair, 2 * pair + 1) } else { (pair, pair + pairs) };
                let (cos, sin) = (f64::from(cos[token * pairs + pair]), f64::from(sin[token * pairs + pair]));
                out[i] = own[i] * cos - own[j] * sin;
                out[j] = own[j] * cos + own[i] * sin;
            }
            out
        };
        let mut y = Vec::with_capacity(tokens * self.heads() * size);
        for token in 0..tokens {
            for query_head in 0..self.heads() {
                let key_head = query_head / self.group;
                let query = head(token, query_head, true);
                let first = self.window.map_or(0, |window| (token + 1).saturating_sub(window));
                let scores: Vec<f64> = (first..=token)
                    .map(|at| {
                        let key = head(at, self.heads() + key_head, true);
                        let score = query.iter().zip(&key).map(|(q, k)| q * k).sum::<f64>() / (size as f64).sqrt();
                        self.softcap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh())
                    })
                    .collect();
                let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|score| (score - greatest).exp()).collect();
                let total: f64 = weights.iter().sum();
                for component in 0..size {
                    let value = |at: usize| head(at, self.heads() + self.kv_heads + key_head, false)[component];
                    y.push(weights.iter().zip(first..).map(|(w, at)| w * value(at)).sum::<f64>() / total);
                }
            }
        }
        y
    }
}

/// Some sequences and how far each has got.
struct Batch {
    shape: Shape,
    layer: Attention,
    cache: LayerCache,
    tables: [Vec<f32>; 2],
    /// Packed projections of every sequence.
    sequences: Vec<Vec<f32>>,
    blocks: Vec<Vec<u32>>,
    done: Vec<usize>,
    results: Vec<Vec<f32>>,
}

impl Batch {
    fn new(shape: &Shape, lengths: &[usize], seed: u64) -> Self {
        let layout = KvLayout::new(shape.block_tokens, shape.kv_heads, shape.head_size).unwrap();
        let needed: usize = lengths.iter().map(|length| length.div_ceil(shape.block_tokens)).sum();
        let mut cache = LayerCache::new(layout, needed);
        // Blocks in no order.
        let mut free: Vec<u32> = (0..u32::try_from(needed).unwrap()).collect();
        let order = random(needed, seed ^ 77);
        free.sort_by(|left, right| order[*left as usize].total_cmp(&order[*right as usize]));
        let blocks: Vec<Vec<u32>> =
            lengths.iter().map(|length| free.split_off(free.len() - length.div_ceil(shape.block_tokens))).collect();
        // What was in the blocks before must not matter, not even when it is no number.
        let leftovers = vec![f32::NAN; shape.block_tokens * shape.width()];
        for block in blocks.iter().flatten() {
            let span = Span { first: 0, tokens: shape.block_tokens, past: 0, blocks: &[*block] };
            let plan = AttentionPlan::new(&[span], shape.block_tokens, &layout).unwrap();
            let mut y = vec![0.0; shape.block_tokens * shape.heads() * shape.head_size];
            let plain = Attention::new(shape.heads(), shape.kv_heads, shape.head_size).unwrap();
            plain.run(&plan, Qkv::Packed(&leftovers), None, &mut cache, &mut y, Level::best(), &Sequential).unwrap();
        }
        Self {
            layer: shape.layer(),
            tables: shape.cos_sin(),
            cache,
            sequences: lengths.iter().zip(0..).map(|(n, at)| random(n * shape.width(), seed + at)).collect(),
            blocks,
            done: vec![0; lengths.len()],
            results: vec![Vec::new(); lengths.len()],
            shape: shape.clone(),
        }
    }

    /// One step: (sequence, tokens) in this order, with `padding` rows of nobody.
    fn step(&mut self, parts: &[(usize, usize)], padding: usize, separate: bool, level: Level, threads: &dyn RunTasks) {
        let (shape, width) = (&self.shape, self.shape.width());
        let mut spans = Vec::new();
        let mut packed: Vec<f32> = Vec::new();
        let mut first = 0;
        for &(sequence, tokens) in parts {
            let past = self.done[sequence];
            spans.push(Span { first, tokens, past, blocks: &self.blocks[sequence] });
            packed.extend(&self.sequences[sequence][past * width..(past + tokens) * width]);
            first += tokens;
        }
        packed.resize(packed.len() + padding * width, f32::NAN);
        let rows = first + padding;
        let plan = AttentionPlan::new(&spans, rows, self.cache.layout()).unwrap();
        let tables = RotaryTables { cos: &self.tables[0], sin: &self.tables[1], pairs: shape.pairs() };
        let tables = shape.rotary.map(|_| tables);
        let out = shape.heads() * shape.head_size;
        let kv = shape.kv_heads * shape.head_size;
        let column = |from: usize, count: usize| -> Vec<f32> {
            packed.chunks_exact(width).flat_map(|row| row[from..from + count].to_vec()).collect()
        };
        let (q, k, v) = (column(0, out), column(out, kv), column(out + kv, kv));
        let qkv = if separate { Qkv::Separate { q: &q, k: &k, v: &v } } else { Qkv::Packed(&packed) };
        let mut y = vec![f32::NAN; rows * out];
        self.layer.run(&plan, qkv, tables, &mut self.cache, &mut y, level, threads).unwrap();
        let mut rest = y.as_slice();
        for &(sequence, tokens) in parts {
            let (own, after) = rest.split_at(tokens * out);
            self.results[sequence].extend_from_slice(own);
            self.done[sequence] += tokens;
            rest = after;
        }
        assert!(rest.iter().all(|value| *value == 0.0), "rows of nobody");
    }

    fn bits(&self) -> Vec<Vec<u32>> {
        self.results.iter().map(|own| own.iter().map(|value| value.to_bits()).collect()).collect()
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let window = prop_oneof![Just(None), (1_usize..200).prop_map(Some)];
    let softcap = prop_oneof![Just(None), Just(Some(3.0_f32))];
    let rotary = prop_oneof![Just(None), any::<bool>().prop_map(|interleaved| Some(Rotary { interleaved }))];
    let sizes = (1_usize..4, 1_usize..6, prop_oneof![Just(2_usize), Just(9), Just(16), Just(40), Just(64)], 1_usize..9);
    (sizes, window, softcap, rotary).prop_map(|((kv_heads, group, head_size, blocks), window, softcap, rotary)| Shape {
        kv_heads,
        group,
        head_size,
        block_tokens: blocks * 16,
        window,
        softcap,
        rotary,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_way_through_a_sequence_gives_the_bits_of_one_run_and_the_right_numbers(
        shape in shape(),
        lengths in prop::collection::vec(1_usize..300, 1..4),
        cuts in prop::collection::vec((0_usize..4, 1_usize..70, 0_usize..3), 1..60),
        seed in 0_u64..1000,
        separate in any::<bool>(),
    ) {
        let mut whole = Batch::new(&shape, &lengths, seed);
        for (sequence, &length) in lengths.iter().enumerate() {
            whole.step(&[(sequence, length)], 0, false, Level::Portable, &Sequential);
        }
        for (sequence, results) in whole.results.iter().enumerate() {
            for (at, (found, expected)) in results.iter().zip(shape.reference(&whole.sequences[sequence])).enumerate() {
                prop_assert!((f64::from(*found) - expected).abs() < 2e-5, "{sequence} {at}: {found}, not {expected}");
            }
        }
        for level in Level::available() {
            let mut mixed = Batch::new(&shape, &lengths, seed);
            let mut cuts = cuts.iter().cycle();
            while mixed.done != lengths {
                let (_, tokens, padding) = cuts.next().unwrap();
                // Every sequence in turn, each with another share; some steps leave some out.
                let parts: Vec<(usize, usize)> = (0..lengths.len())
                    .map(|sequence| {
                        let share = if (sequence + tokens) % 3 == 0 { 1 } else { *tokens };
                        (sequence, share.min(lengths[sequence] - mixed.done[sequence]))
                    })
                    .collect();
                mixed.step(&parts, *padding, separate, level, &Threads(3));
            }
            prop_assert_eq!(mixed.bits(), whole.bits(), "{}", level.name());
        }
    }
}

#[test]
fn threads_change_no_bit_where_the_work_is_shared() {
    let shape = Shape {
        kv_heads: 3,
        group: 3,
        head_size: 64,
        block_tokens: 16,
        window: None,
        softcap: None,
        rotary: Some(Rotary { interleaved: false }),
    };
    let run = |threads: &dyn RunTasks| {
        let mut batch = Batch::new(&shape, &[500, 37, 260], 5);
        batch.step(&[(0, 400), (1, 36), (2, 1)], 0, false, Level::best(), threads);
        batch.step(&[(2, 259), (0, 100), (1, 1)], 1, false, Level::best(), threads);
        batch.bits()
    };
    let one = run(&Sequential);
    for threads in [2, 5, 64] {
        assert_eq!(run(&Threads(threads)), one, "{threads}");
    }
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let layout = KvLayout::new(16, 1, 8).unwrap();
    let mut cache = LayerCache::new(layout, 2);
    let layer = Attention::new(2, 1, 8).unwrap();
    let plan =
        |blocks: &[u32], past| AttentionPlan::new(&[Span { first: 0, tokens: 1, past, blocks }], 1, &layout).unwrap();
    let packed = [1.0; 32];
    let mut run = |layer: &Attention, plan: &AttentionPlan, packed: &[f32], tables: Option<RotaryTables<'_>>| {
        let mut y = [7.0; 16];
        let result = layer.run(plan, Qkv::Packed(packed), tables, &mut cache, &mut y, Level::best(), &Sequential);
        assert_eq!(result.is_err(), y == [7.0; 16]);
        result
    };
    run(&layer, &plan(&[1], 0), &packed, None).unwrap();
    let beyond = AttentionError::BlockBeyond { block: 2, limit: 2 };
    assert_eq!(run(&layer, &plan(&[2], 0), &packed, None), Err(beyond));
    assert!(matches!(run(&layer, &plan(&[1], 0), &packed[1..], None), Err(AttentionError::Length { .. })));
    let other = Attention::new(4, 2, 4).unwrap();
    assert!(matches!(run(&other, &plan(&[1], 0), &packed, None), Err(AttentionError::Length { .. })));
    let rotary = layer.clone().with_rotary(Rotary { interleaved: false });
    assert!(matches!(run(&rotary, &plan(&[1], 0), &packed, None), Err(AttentionError::Length { .. })));
    let tables = RotaryTables { cos: &[1.0; 16], sin: &[0.0; 16], pairs: 4 };
    run(&rotary, &plan(&[1], 3), &packed, Some(tables)).unwrap();
    let position = AttentionError::Position { position: 4, limit: 4 };
    assert_eq!(run(&rotary, &plan(&[1], 4), &packed, Some(tables)), Err(position));
    let wide = RotaryTables { pairs: 5, ..tables };
    assert!(matches!(run(&rotary, &plan(&[1], 0), &packed, Some(wide)), Err(AttentionError::Length { .. })));
    for sizes in [[0, 1, 8], [3, 2, 8], [2, 0, 8], [2, 1, 0]] {
        let [heads, kv_heads, head_size] = sizes;
        assert!(matches!(Attention::new(heads, kv_heads, head_size), Err(AttentionError::Size { .. })), "{sizes:?}");
    }
    assert_eq!(Attention::new(usize::MAX, 1, 8), Err(AttentionError::Overflow));
}
