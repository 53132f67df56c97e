//! What to run.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// One measurement.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// How the clients reach the model.
    pub way: Way,
    /// Model folder.
    pub model: PathBuf,
    /// Adapter folders; the first `registered` of them are used.
    pub adapters: Vec<PathBuf>,
    pub registered: usize,
    /// Adapters in memory at once.
    pub resident: usize,
    pub popularity: Popularity,
    pub clients: usize,
    /// Requests of each client.
    pub rounds: usize,
    /// Requests of each client before the clock starts.
    pub warmup: usize,
    pub prompt_tokens: usize,
    pub new_tokens: usize,
    pub vocabulary: u32,
    pub threads: usize,
    pub kv_mebibytes: usize,
    pub adapter_mebibytes: usize,
}

/// How the clients reach the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// The engine's own interface, in this process.
    Engine,
    /// The same over a graph without LoRA sites.
    Plain,
    /// gRPC of a node on a development chain: vouchers, receipts. Each adapter's family is of copies, so that there is
    /// as little to attribute as can be.
    Paid,
    /// The same with the smallest family that tells something: one contributor left out, one placebo.
    Attributed,
}

/// Which adapters are asked for (Punica's four).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Popularity {
    /// No adapter at all.
    Base,
    /// The same for everybody.
    Identical,
    /// Each with the same probability.
    Uniform,
    /// The n-th with a probability in proportion to 1/n.
    Zipf,
    /// One per client.
    Distinct,
}

impl Spec {
    /// The number of the adapter of a client's request. A fixed stream of numbers, so that all runs ask for the same.
    pub fn adapter(&self, client: usize, round: usize) -> Option<usize> {
        let count = self.registered.max(1);
        let draw = mix((client as u64) << 32 | round as u64);
        Some(match self.popularity {
            Popularity::Base => return None,
            Popularity::Identical => 0,
            Popularity::Uniform => (draw % count as u64) as usize,
            Popularity::Zipf => zipf(count, draw as f64 / u64::MAX as f64),
            Popularity::Distinct => client % count,
        })
    }

    /// A prompt that no other request has.
    pub fn prompt(&self, client: usize, round: usize) -> Vec<u32> {
        let seed = (client as u64) << 40 | (round as u64) << 16;
        let token = |at: usize| (mix(seed + at as u64 + 1) % u64::from(self.vocabulary - 3)) as u32 + 3;
        (0..self.prompt_tokens).map(token).collect()
    }

    /// A prompt of as many tokens as text: one word per token. The tokenizer takes its special tokens t0, t1 and t2 out of longer
    /// words, so the numbers here begin with other digits; what is said is random anyway.
    pub fn prompt_text(&self, client: usize, round: usize) -> String {
        self.prompt(client, round).iter().map(|id| format!("t{}", 3000 + id % 7000)).collect::<Vec<_>>().join(" ")
    }
}

/// SplitMix64.
fn mix(seed: u64) -> u64 {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

fn zipf(count: usize, draw: f64) -> usize {
    let total: f64 = (1..=count).map(|rank| 1.0 / rank as f64).sum();
    let mut left = draw * total;
    for rank in 1..=count {
        left -= 1.0 / rank as f64;
        if left <= 0.0 {
            return rank - 1;
        }
    }
    count - 1
}
