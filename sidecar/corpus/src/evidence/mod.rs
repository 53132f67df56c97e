//! What a person can look at beside an answer: parts of it that stand verbatim in the rows, and rows that speak of the same things.
//!
//! It is evidence for people and moves no money: who pays by words invites stuffed words, and an answer can be somebody's without
//! one of their sentences in it.

mod bm25;
mod documents;
mod spans;

use crate::{CorpusError, Datanet, Field};

pub use bm25::Similar;
pub use spans::{Place, Span};

use bm25::Ranking;
use documents::Documents;
use spans::Suffixes;

/// Most bytes of rows that are indexed: the suffix array takes five times as many of memory.
pub const MAX_EVIDENCE_BYTES: usize = 512 << 20;
/// Longest text that evidence is looked for, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 << 10;

/// Names a row of a Datanet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// Index of the contribution.
    pub cluster: usize,
    /// Index of the row in it.
    pub row: usize,
}

/// A Datanet's rows, indexed for both kinds of evidence.
pub struct Evidence {
    suffixes: Suffixes,
    ranking: Ranking,
}

impl Evidence {
    /// Indexes all rows. Time and memory grow with their bytes.
    ///
    /// # Errors
    /// [`CorpusError::TooMuchEvidence`] above [`MAX_EVIDENCE_BYTES`].
    pub fn of(datanet: &Datanet) -> Result<Self, CorpusError> {
        let documents = Documents::of(datanet)?;
        Ok(Self { ranking: Ranking::of(datanet), suffixes: Suffixes::of(documents) })
    }

    /// The longest parts of `text` that stand verbatim in a row and have at least `least_words` words, in the order of the text;
    /// none lies within another. Of each, up to `most_places` places, the first contributions first.
    ///
    /// # Errors
    /// [`CorpusError::QueryTooLong`].
    pub fn spans(&self, text: &str, least_words: usize, most_places: usize) -> Result<Vec<Span>, CorpusError> {
        check(text)?;
        Ok(self.suffixes.spans(text, least_words.max(1), most_places))
    }

    /// The `most` rows that are most similar to `text` by BM25 (Robertson and Zaragoza 2009), the most similar first.
    ///
    /// # Errors
    /// [`CorpusError::QueryTooLong`].
    pub fn similar(&self, text: &str, most: usize) -> Result<Vec<Similar>, CorpusError> {
        check(text)?;
        Ok(self.ranking.search(text, most))
    }
}

fn check(text: &str) -> Result<(), CorpusError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(CorpusError::QueryTooLong { bytes: text.len(), limit: MAX_QUERY_BYTES });
    }
    Ok(())
}

/// The fields of a row, in the order in which they are indexed.
const FIELDS: [Field; 2] = [Field::Prompt, Field::Completion];
