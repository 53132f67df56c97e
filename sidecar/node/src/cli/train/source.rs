//! The flags of a training's base and rows.

use std::path::PathBuf;

use clap::Args;
use openledger_trainer::{Rows, Source};

use crate::error::NodeError;

/// The base and the rows of a training.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// Model folder: the ONNX file, its configuration and tokenizer.json.
    #[arg(long, required = true)]
    model: Option<PathBuf>,
    /// Datanet folder: one .jsonl of rows per contributor.
    #[arg(long, required_unless_present = "rows", conflicts_with = "rows")]
    datanet: Option<PathBuf>,
    /// Contributors in the order of registration, where near-duplicates are trained on once: earlier ones keep what they share. Whoever
    /// is not named comes after them, by name.
    #[arg(long, value_delimiter = ',')]
    order: Vec<String>,
    /// One .jsonl of rows, as a Datanet of one contributor.
    #[arg(long)]
    rows: Option<PathBuf>,
    /// Threads of one operator; all cores when absent. The last bits of a result depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// ONNX Runtime's library; else ORT_DYLIB_PATH and the project's folder are tried.
    #[arg(long)]
    ort_library: Option<PathBuf>,
}

impl SourceArgs {
    /// Where base and rows lie. The parser asks for both.
    pub fn source(&self) -> Result<Source, NodeError> {
        let missing = |flags: &str| NodeError::Config(format!("name {flags}"));
        let rows = match (&self.rows, &self.datanet) {
            (Some(file), _) => Rows::File(file.clone()),
            (None, Some(folder)) => Rows::Datanet(folder.clone()),
            (None, None) => return Err(missing("--datanet or --rows")),
        };
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Source {
            model: self.model.clone().ok_or_else(|| missing("--model"))?,
            rows,
            order: self.order.clone(),
            threads: self.threads.unwrap_or_else(cores),
            ort_library: self.ort_library.clone(),
        })
    }
}
