//! Texts that share a band are candidates; candidates that are near are joined.

use std::cmp::Ordering;

use super::{Gradients, Settings, links::Links, minhash::Signed};
use crate::error::CorpusError;

pub(super) struct Join<'j> {
    pub(super) signed: &'j [Signed],
    /// Rows of every text, at least one.
    pub(super) members: &'j [Vec<u32>],
    pub(super) gradients: Option<&'j Gradients<'j>>,
    pub(super) settings: &'j Settings,
}

impl Join<'_> {
    /// Pairs of one component are not compared again: that saves work and cannot change a component.
    pub(super) fn run(&self, links: &mut Links) -> Result<(), CorpusError> {
        let mut looked_at: u64 = 0;
        for band in 0..self.signed.first().map_or(0, |signed| signed.bands.len()) {
            let mut keyed: Vec<(u64, u32)> =
                (0..).zip(self.signed).filter_map(|(text, signed)| Some((*signed.bands.get(band)?, text))).collect();
            keyed.sort_unstable();
            for bucket in keyed.chunk_by(|a, b| a.0 == b.0) {
                for (index, (_, later)) in bucket.iter().enumerate() {
                    for (_, earlier) in bucket.iter().take(index) {
                        looked_at = looked_at.saturating_add(1);
                        self.pair(*earlier, *later, links, &mut looked_at);
                        if looked_at > self.settings.pairs {
                            return Err(CorpusError::TooManyPairs { limit: self.settings.pairs });
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn pair(&self, a: u32, b: u32, links: &mut Links, looked_at: &mut u64) {
        let (Some(rows_a), Some(rows_b)) = (self.members.get(a as usize), self.members.get(b as usize)) else { return };
        let (Some(first_a), Some(first_b)) = (rows_a.first(), rows_b.first()) else { return };
        if links.joined(*first_a, *first_b) {
            return;
        }
        if self.near_texts(a, b) || self.near_gradients(rows_a, rows_b, looked_at) {
            links.join(*first_a, *first_b);
        }
    }

    fn near_texts(&self, a: u32, b: u32) -> bool {
        let (Some(a), Some(b)) = (self.signed.get(a as usize), self.signed.get(b as usize)) else { return false };
        near(&a.shingles, &b.shingles, self.settings.threshold)
    }

    fn near_gradients(&self, a: &[u32], b: &[u32], looked_at: &mut u64) -> bool {
        let Some(gradients) = self.gradients else { return false };
        a.iter().any(|a| {
            b.iter().any(|b| {
                *looked_at = looked_at.saturating_add(1);
                *looked_at <= self.settings.pairs && gradients.near(*a, *b)
            })
        })
    }
}

/// `|A and B| * 100 >= threshold * |A or B|` over the shingles of two texts, each ascending and once.
pub fn near(a: &[u64], b: &[u64], threshold: u32) -> bool {
    let common = common(a, b);
    let all = a.len() + b.len() - common;
    common as u64 * 100 >= all as u64 * u64::from(threshold)
}

/// Numbers in both of two ascending lists.
fn common(a: &[u64], b: &[u64]) -> usize {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut count = 0;
    while let (Some(left), Some(right)) = (a.peek(), b.peek()) {
        match left.cmp(right) {
            Ordering::Less => drop(a.next()),
            Ordering::Greater => drop(b.next()),
            Ordering::Equal => {
                count += 1;
                a.next();
                b.next();
            }
        }
    }
    count
}
