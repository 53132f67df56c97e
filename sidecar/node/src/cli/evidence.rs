//! `openledger evidence`: where an answer's words stand in a Datanet.

use std::{fmt::Write, path::PathBuf};

use clap::Args;
use openledger_corpus::{
    Datanet,
    evidence::{Evidence as Index, RowId, Similar, Span},
};
use serde_json::{Value, json};

use super::{Output, print};
use crate::error::NodeError;

/// Needs no home, no chain and no model.
#[derive(Debug, Args)]
pub struct Evidence {
    /// Folder of the Datanet's rows, one file per contributor.
    datanet: PathBuf,
    /// The answer, or any other text.
    text: String,
    /// Fewest words of a verbatim part.
    #[arg(long, default_value_t = 4)]
    words: usize,
    /// Most places of each part, and most similar rows.
    #[arg(long, default_value_t = 5)]
    most: usize,
}

impl Evidence {
    pub fn run(self, output: Output) -> Result<(), NodeError> {
        let datanet = Datanet::load(&self.datanet)?;
        let index = Index::of(&datanet)?;
        let spans = index.spans(&self.text, self.words, self.most)?;
        let similar = index.similar(&self.text, self.most)?;
        let view = View { datanet: &datanet, text: &self.text };
        print(output, &view.lines(&spans, &similar), &view.value(&spans, &similar));
        Ok(())
    }
}

struct View<'v> {
    datanet: &'v Datanet,
    text: &'v str,
}

impl View<'_> {
    fn contributor(&self, row: RowId) -> &str {
        self.datanet.contributions.get(row.cluster).map_or("", |contribution| contribution.contributor.as_str())
    }

    fn prompt(&self, row: RowId) -> &str {
        let contribution = self.datanet.contributions.get(row.cluster);
        contribution.and_then(|contribution| contribution.rows.get(row.row)).map_or("", |row| row.prompt())
    }

    fn part(&self, span: &Span) -> &str {
        self.text.get(span.bytes.clone()).unwrap_or_default()
    }

    fn lines(&self, spans: &[Span], similar: &[Similar]) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        for span in spans {
            let _ = writeln!(out, "verbatim, {} words, {} times: {:?}", span.words, span.count, self.part(span));
            for place in &span.places {
                let field = if place.in_completion { "completion" } else { "prompt" };
                let (who, row) = (self.contributor(place.row), place.row.row + 1);
                let _ = writeln!(out, "  {who}, row {row}, {field}, byte {}", place.offset);
            }
        }
        if spans.is_empty() {
            out.push_str("no part stands verbatim in the rows\n");
        }
        for found in similar {
            let (who, row) = (self.contributor(found.row), found.row.row + 1);
            let _ = writeln!(out, "similar, {:.2}: {who}, row {row}: {}", found.score, self.prompt(found.row));
        }
        out.push_str("This is for people to look at. What is paid follows from the measured influence alone.");
        out
    }

    fn value(&self, spans: &[Span], similar: &[Similar]) -> Value {
        let place = |place: &openledger_corpus::evidence::Place| {
            json!({
                "contributor": self.contributor(place.row),
                "row": place.row.row + 1,
                "field": if place.in_completion { "completion" } else { "prompt" },
                "offset": place.offset,
            })
        };
        let span = |span: &Span| {
            json!({
                "text": self.part(span),
                "start": span.bytes.start,
                "end": span.bytes.end,
                "words": span.words,
                "count": span.count,
                "places": span.places.iter().map(place).collect::<Vec<_>>(),
            })
        };
        let row = |found: &Similar| {
            json!({
                "contributor": self.contributor(found.row),
                "row": found.row.row + 1,
                "prompt": self.prompt(found.row),
                "score": found.score,
            })
        };
        json!({
            "verbatim": spans.iter().map(span).collect::<Vec<_>>(),
            "similar": similar.iter().map(row).collect::<Vec<_>>(),
        })
    }
}
