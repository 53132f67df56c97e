//! What is measured: batches and distinct adapters in them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

const BATCHES: [usize; 5] = [1, 8, 32, 64, 128];
const ADAPTERS: [usize; 5] = [0, 1, 8, 32, 64];
/// A part of them, for a look.
const QUICK: [(usize, usize); 3] = [(1, 0), (8, 8), (32, 8)];

pub const PROMPT_TOKENS: usize = 64;
pub const NEW_TOKENS: usize = 64;
/// Of the shape that `tests/peers/shapes.py` makes.
const VOCABULARY: u32 = 32_000;

/// Rows and adapters: row `i` has adapter `i mod adapters`.
pub fn all(quick: bool) -> Vec<(usize, usize)> {
    if quick {
        return QUICK.to_vec();
    }
    let pairs = BATCHES.iter().flat_map(|&rows| ADAPTERS.iter().map(move |&adapters| (rows, adapters)));
    pairs.filter(|(rows, adapters)| adapters <= rows).collect()
}

/// One measurement, as `tests/peers/run.py` reads it too.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spec {
    pub model: PathBuf,
    pub adapters: Vec<PathBuf>,
    pub registered: usize,
    /// `base` or `distinct`.
    pub popularity: String,
    pub clients: usize,
    pub rounds: usize,
    pub warmup: usize,
    pub prompt_tokens: usize,
    pub new_tokens: usize,
    pub vocabulary: u32,
    pub threads: usize,
    /// Where the peer computes, and in what.
    pub device: String,
    pub dtype: String,
}

impl Spec {
    pub fn new(model: PathBuf, adapters: Vec<PathBuf>, rows: usize) -> Self {
        Self {
            model,
            registered: adapters.len(),
            popularity: if adapters.is_empty() { "base" } else { "distinct" }.to_owned(),
            adapters,
            clients: rows,
            rounds: 2,
            warmup: 1,
            prompt_tokens: PROMPT_TOKENS,
            new_tokens: NEW_TOKENS,
            vocabulary: VOCABULARY,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            device: "cuda:0".to_owned(),
            dtype: "float16".to_owned(),
        }
    }

    /// A prompt that no other request has; the peers draw the same.
    pub fn prompt(&self, client: usize, round: usize) -> Vec<u32> {
        let seed = (client as u64) << 40 | (round as u64) << 16;
        let token = |at: usize| (mix(seed + at as u64 + 1) % u64::from(self.vocabulary - 3)) as u32 + 3;
        (0..self.prompt_tokens).map(token).collect()
    }
}

/// SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
