//! Near-duplicate clusters: rows that say the same thing count once, whoever sends them.
//!
//! ```text
//! text       = NFKC, lower case, letters and digits only, one space between words (prompt, then completion)
//! shingles   = hashes of every five characters of the text
//! exact      = same text
//! candidates = rows that share one of 32 bands of four MinHash values, 128 values in all
//! near       = candidates with |A and B| * 100 >= threshold * |A or B| over their shingles,
//!              or with a cosine of the given gradient vectors at or above its own threshold
//! cluster    = connected component of exact and near
//! ```
//!
//! Every seed is a tagged hash and every decision one of integers, so that anybody finds the same clusters from the
//! same rows. Two rows at the default threshold of 80 % share no band with probability `(1 - 0.8^4)^32 < 1e-7`; at the
//! lowest threshold, 65 %, it is below 0.3 %.

mod components;
mod cosine;
mod join;
mod links;
mod minhash;
pub mod parts;
mod text;

use std::{collections::HashMap, num::NonZeroUsize};

use openledger_protocol::Hash;

pub use self::cosine::Gradients;
use self::{join::Join, links::Links, minhash::Signer};
use crate::{error::CorpusError, row::Row};

/// Thresholds in per cent; below, too many near pairs share no band.
pub const THRESHOLDS: std::ops::RangeInclusive<u32> = 65..=100;

/// How clusters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Least Jaccard similarity of two near rows, in per cent; one of [`THRESHOLDS`].
    pub threshold: u32,
    /// Threads that make signatures. The clusters do not depend on it.
    pub threads: NonZeroUsize,
    /// Most pairs that are looked at: crafted rows may all share a band.
    pub pairs: u64,
    /// Most bytes of text of all rows; memory is about twelve times that.
    pub text_bytes: u64,
}

impl Default for Settings {
    /// 80 %, one thread, 2^32 pairs, 128 MiB.
    fn default() -> Self {
        Self { threshold: 80, threads: NonZeroUsize::MIN, pairs: 1 << 32, text_bytes: 128 << 20 }
    }
}

/// Which rows belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Clusters {
    /// Cluster of every row. Clusters are numbered from 0 in order of their earliest row.
    pub of_row: Vec<u32>,
    /// Rows of every cluster, ascending: the first is the one that was there first.
    pub rows: Vec<Vec<u32>>,
    /// RFC 6962 root over the clusters, each `tagged("near-duplicates", row digests in order)`.
    pub root: Hash,
}

impl Settings {
    /// Refuses what no engine clusters: that many rows with that many bytes of text.
    ///
    /// # Errors
    ///
    /// A threshold outside [`THRESHOLDS`], or more text than these settings allow, or more rows than 32 bits number.
    pub fn check(&self, rows: usize, text_bytes: u64) -> Result<(), CorpusError> {
        if !THRESHOLDS.contains(&self.threshold) {
            return Err(CorpusError::BadThreshold { threshold: self.threshold });
        }
        if text_bytes > self.text_bytes || u32::try_from(rows).is_err() {
            return Err(CorpusError::TooMuchText { limit: self.text_bytes });
        }
        Ok(())
    }
}

impl Clusters {
    /// Finds the clusters of rows that stand in order of registration, earliest first.
    ///
    /// # Errors
    ///
    /// A threshold outside [`THRESHOLDS`], vectors that do not fit the rows, or more text or pairs than the settings allow.
    pub fn of(rows: &[&Row], settings: &Settings, gradients: Option<&Gradients<'_>>) -> Result<Self, CorpusError> {
        settings.check(rows.len(), rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.text_bytes())))?;
        if let Some(gradients) = gradients {
            gradients.check(rows.len())?;
        }
        let (texts, members) = distinct(rows);
        let signed = Signer::default().sign(&texts, settings.threads);
        drop(texts);
        let mut links = Links::new(rows.len());
        for same in &members {
            for pair in same.windows(2) {
                if let [a, b] = pair {
                    links.join(*a, *b);
                }
            }
        }
        Join { signed: &signed, members: &members, gradients, settings }.run(&mut links)?;
        Ok(links.clusters(|row| rows.get(row as usize).map(|row| row.digest())))
    }
}

/// Distinct normalised texts in order of their first row, and the rows of each.
fn distinct(rows: &[&Row]) -> (Vec<String>, Vec<Vec<u32>>) {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut members: Vec<Vec<u32>> = Vec::new();
    for (index, row) in (0_u32..).zip(rows) {
        let place = *places.entry(text::normalised(row.prompt(), row.completion())).or_insert(members.len());
        match members.get_mut(place) {
            Some(rows) => rows.push(index),
            None => members.push(vec![index]),
        }
    }
    let mut texts = vec![String::new(); members.len()];
    for (text, place) in places {
        if let Some(slot) = texts.get_mut(place) {
            *slot = text;
        }
    }
    (texts, members)
}
