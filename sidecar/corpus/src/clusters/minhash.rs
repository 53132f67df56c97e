//! Shingles, MinHash values and their bands.

use std::{num::NonZeroUsize, panic::resume_unwind, thread};

use openledger_protocol::digest::tagged;

/// Characters of a shingle.
const SHINGLE: usize = 5;
/// Bands of a signature.
pub const BANDS: usize = 32;
/// Values of a band.
const VALUES: usize = 4;
/// The prime that permutations work over.
const PRIME: u64 = (1 << 61) - 1;

/// A text as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Hashes of the shingles, ascending, each once.
    pub shingles: Vec<u64>,
    /// One key per band.
    pub bands: [u64; BANDS],
}

/// The fixed permutations `x -> a * x + b` modulo the prime.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Signer {
    permutations: Vec<(u64, u64)>,
}

impl Default for Signer {
    fn default() -> Self {
        let permutation = |index: u64| {
            let seed = tagged("minhash", &index.to_be_bytes());
            let (multiplier, offset) = (head(&seed, 0), head(&seed, 8));
            // Zero would map every shingle to one value.
            ((multiplier % (PRIME - 1)) + 1, offset % PRIME)
        };
        Self { permutations: (0..(BANDS * VALUES) as u64).map(permutation).collect() }
    }
}

impl Signer {
    /// Signs texts in their order, on that many threads.
    pub(super) fn sign(&self, texts: &[String], threads: NonZeroUsize) -> Vec<Signed> {
        let part = texts.len().div_ceil(threads.get()).max(1);
        thread::scope(|scope| {
            let work = |part: &[String]| part.iter().map(|text| self.one(text)).collect::<Vec<_>>();
            let running: Vec<_> = texts.chunks(part).map(|part| scope.spawn(move || work(part))).collect();
            running.into_iter().flat_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
        })
    }

    /// Signs a [`normalised`](super::parts::normalised) text.
    pub fn one(&self, text: &str) -> Signed {
        let shingles = shingles(text);
        let mut least = [u64::MAX; BANDS * VALUES];
        for shingle in &shingles {
            let shingle = shingle % PRIME;
            for (value, (multiplier, offset)) in least.iter_mut().zip(&self.permutations) {
                *value = (*value).min(permuted(shingle, *multiplier, *offset));
            }
        }
        let mut bands = [0; BANDS];
        for (key, values) in bands.iter_mut().zip(least.chunks(VALUES)) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            *key = head(&tagged("minhash-band", &bytes), 0);
        }
        Signed { shingles, bands }
    }
}

/// `multiplier * value + offset` modulo [`PRIME`], all of them below it. `2^61 = 1` there, so high bits fold onto low ones.
fn permuted(value: u64, multiplier: u64, offset: u64) -> u64 {
    let wide = u128::from(value) * u128::from(multiplier) + u128::from(offset);
    let folded = (wide as u64 & PRIME) + (wide >> 61) as u64;
    if folded >= PRIME { folded - PRIME } else { folded }
}

/// Hashes of every [`SHINGLE`] characters in a row; of the whole text where it is shorter.
fn shingles(text: &str) -> Vec<u64> {
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let hash = |part: &str| head(&tagged("shingle", part.as_bytes()), 0);
    let mut found: Vec<u64> = if starts.len() <= SHINGLE {
        vec![hash(text)]
    } else {
        let parts = starts.iter().zip(starts.iter().skip(SHINGLE));
        parts.filter_map(|(start, end)| text.get(*start..*end)).map(hash).collect()
    };
    found.sort_unstable();
    found.dedup();
    found
}

/// Eight bytes of a hash as a number.
fn head(hash: &[u8; 32], from: usize) -> u64 {
    hash.iter().skip(from).take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
