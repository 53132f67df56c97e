//! Rows that speak of the same things.

use std::collections::HashMap;

use bm25::{Document, SearchEngine, SearchEngineBuilder, Tokenizer};

use super::{RowId, spans::words};
use crate::Datanet;

/// A row and how similar it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Similar {
    /// The row.
    pub row: RowId,
    /// Its BM25 score: larger is more similar; scores of different texts cannot be compared.
    pub score: f32,
}

/// Lower-case words, in no particular language.
struct Words;

impl Tokenizer for Words {
    fn tokenize(&self, text: &str) -> Vec<String> {
        words(text).into_iter().filter_map(|word| text.get(word)).map(str::to_lowercase).collect()
    }
}

pub(super) struct Ranking {
    engine: SearchEngine<u32, u32, Words>,
    rows: HashMap<u32, RowId>,
}

impl Ranking {
    pub fn of(datanet: &Datanet) -> Self {
        let (mut rows, mut documents) = (HashMap::new(), Vec::new());
        for (cluster, contribution) in datanet.contributions.iter().enumerate() {
            for (row, content) in contribution.rows.iter().enumerate() {
                let Ok(id) = u32::try_from(documents.len()) else { continue };
                rows.insert(id, RowId { cluster, row });
                documents.push(Document::new(id, format!("{} {}", content.prompt(), content.completion())));
            }
        }
        let engine = SearchEngineBuilder::with_tokenizer_and_documents(Words, documents).build();
        Self { engine, rows }
    }

    pub fn search(&self, text: &str, most: usize) -> Vec<Similar> {
        let similar = |found: bm25::SearchResult<u32>| {
            Some(Similar { row: *self.rows.get(&found.document.id)?, score: found.score })
        };
        // All of them: the order of equal scores must not depend on a hash.
        let mut all: Vec<Similar> = self.engine.search(text, None).into_iter().filter_map(similar).collect();
        all.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.row.cmp(&right.row)));
        all.truncate(most);
        all
    }
}
