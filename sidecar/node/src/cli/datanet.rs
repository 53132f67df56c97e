//! `openledger datanet`: rows on disk, before they are registered.

mod clusters;
mod engine;

use std::{fmt::Write, num::NonZeroUsize, path::PathBuf};

use clap::{Args, Subcommand};
use openledger_corpus::{Datanet as Rows, Limits, read_rows, read_text, write_rows};
use serde_json::json;

pub use self::clusters::per_cent;
use super::{Output, print};
use crate::error::NodeError;

/// Needs no home, no chain and no model.
#[derive(Debug, Subcommand)]
pub enum Datanet {
    /// Check a folder of rows and show its roots.
    Check(Check),
    /// Write rows in another format: .jsonl, .parquet or .csv, told by the name's end.
    Convert(Convert),
    /// Find rows that say the same thing, and whose came first.
    Clusters(clusters::Clusters),
}

#[derive(Debug, Args)]
pub struct Check {
    /// Folder of the rows, one file per contributor.
    datanet: PathBuf,
}

#[derive(Debug, Args)]
pub struct Convert {
    /// Rows that exist; with --text-prompt-words any plain text.
    from: PathBuf,
    /// File to write; it must not exist.
    to: PathBuf,
    /// Read plain text: each line is a row, and that many of its words are the prompt.
    #[arg(long)]
    text_prompt_words: Option<NonZeroUsize>,
}

impl Datanet {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        match self {
            Self::Check(check) => check.run(output),
            Self::Convert(convert) => convert.run(output),
            Self::Clusters(clusters) => clusters.run(output).await,
        }
    }
}

impl Check {
    fn run(self, output: Output) -> Result<(), NodeError> {
        let rows = Rows::load(&self.datanet)?;
        let mut text = String::new();
        // Writing to a String cannot fail.
        for part in &rows.contributions {
            let _ = writeln!(
                text,
                "{}: {} rows, rows root {}",
                part.contributor,
                part.rows.len(),
                hex::encode(part.rows_root)
            );
        }
        let root = hex::encode(rows.content_root());
        let _ = write!(text, "{} rows in all, content root {root}", rows.row_count());
        let parts = rows.contributions.iter().map(|part| {
            json!({
                "contributor": part.contributor,
                "rows": part.rows.len(),
                "rows_root": hex::encode(part.rows_root),
                "manifest_digest": hex::encode(part.manifest_digest),
            })
        });
        let parts: Vec<_> = parts.collect();
        print(output, &text, &json!({ "contributions": parts, "rows": rows.row_count(), "content_root": root }));
        Ok(())
    }
}

impl Convert {
    fn run(self, output: Output) -> Result<(), NodeError> {
        let limits = Limits::default();
        let rows = match self.text_prompt_words {
            Some(words) => read_text(&self.from, words.get(), &limits)?,
            None => read_rows(&self.from, &limits)?,
        };
        write_rows(&self.to, &rows)?;
        let text = format!("{} rows written to {}", rows.len(), self.to.display());
        print(output, &text, &json!({ "rows": rows.len(), "file": self.to }));
        Ok(())
    }
}
