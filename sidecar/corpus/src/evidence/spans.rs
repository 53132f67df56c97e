//! Parts of a text that stand verbatim in a row, by a suffix array (Manber and Myers 1990).

use std::ops::Range;

use suffix::SuffixTable;

use super::{
    RowId,
    documents::{Documents, END},
};
use crate::Field;

/// A part of a text that stands in a row and cannot be made longer on either side by whole words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Bytes of the text.
    pub bytes: Range<usize>,
    /// Words in it.
    pub words: usize,
    /// Where it stands; not all of them when there are many.
    pub places: Vec<Place>,
    /// How often it stands in the rows.
    pub count: usize,
}

/// Where a span stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The row.
    pub row: RowId,
    /// True for the completion, false for the prompt.
    pub in_completion: bool,
    /// Byte of the field where it begins.
    pub offset: usize,
}

pub(super) struct Suffixes {
    documents: Documents,
    table: Vec<u32>,
}

impl Suffixes {
    pub fn of(mut documents: Documents) -> Self {
        let (text, table) = SuffixTable::new(std::mem::take(&mut documents.text)).into_parts();
        documents.text = text.into_owned();
        Self { documents, table: table.into_owned() }
    }

    pub fn spans(&self, text: &str, least_words: usize, most_places: usize) -> Vec<Span> {
        let words = words(text);
        let mut spans: Vec<Span> = Vec::new();
        let mut covered = 0;
        for (first, word) in words.iter().enumerate() {
            let rest = text.get(word.start..).unwrap_or_default();
            let matched = self.longest(rest.split(END).next().unwrap_or_default().as_bytes());
            // Whole words only: the middle of one is nobody's sentence.
            let count = words[first..].iter().take_while(|other| other.end - word.start <= matched).count();
            let Some(last) = words[first..].get(count.wrapping_sub(1)) else { continue };
            let bytes = word.start..last.end;
            // Later beginnings of the same part end where it ends.
            if count < least_words || bytes.end <= covered {
                continue;
            }
            covered = bytes.end;
            let hits = self.range(text.get(bytes.clone()).unwrap_or_default().as_bytes());
            let mut places: Vec<Place> = hits.clone().filter_map(|rank| self.place(rank)).collect();
            places.sort_unstable();
            places.truncate(most_places);
            spans.push(Span { bytes, words: count, places, count: hits.len() });
        }
        spans
    }

    /// Length of the longest beginning of `query` that stands in the rows: the suffixes beside its place share the most with it.
    fn longest(&self, query: &[u8]) -> usize {
        let at = self.table.partition_point(|&start| self.beginning(start, query.len()) < query);
        let beside = [at.checked_sub(1), Some(at)].into_iter().flatten().filter_map(|rank| self.table.get(rank));
        let common = |&start: &u32| {
            let pairs = self.beginning(start, query.len()).iter().zip(query);
            pairs.take_while(|(left, right)| left == right).count()
        };
        beside.map(common).max().unwrap_or(0)
    }

    /// Ranks of the suffixes that begin with `query`.
    fn range(&self, query: &[u8]) -> Range<usize> {
        let before = |rank: &u32| self.beginning(*rank, query.len()) < query;
        let until = |rank: &u32| self.beginning(*rank, query.len()) <= query;
        self.table.partition_point(before)..self.table.partition_point(until)
    }

    fn beginning(&self, start: u32, length: usize) -> &[u8] {
        let rest = self.documents.text.as_bytes().get(start as usize..).unwrap_or_default();
        rest.get(..length).unwrap_or(rest)
    }

    fn place(&self, rank: usize) -> Option<Place> {
        let (row, field, offset) = self.documents.place(*self.table.get(rank)? as usize)?;
        Some(Place { row, in_completion: field == Field::Completion, offset })
    }
}

/// Bytes of every word: letters and digits that hang together.
pub(super) fn words(text: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_alphanumeric()) {
        let end = at + letter.len_utf8();
        match words.last_mut() {
            Some(word) if word.end == at => word.end = end,
            _ => words.push(at..end),
        }
    }
    words
}
