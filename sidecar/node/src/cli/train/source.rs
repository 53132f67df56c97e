//! The base and the rows of a training.

use std::{collections::HashMap, path::PathBuf};

use clap::Args;
use openledger_corpus::{Contribution, Datanet, Limits};
use openledger_engine::gradient::{GradientConfig, GradientSession};
use openledger_protocol::Hash;
use openledger_trainer::{Examples, Recipe, TrainError};

use crate::error::NodeError;

/// The base and the rows of a training.
#[derive(Debug, Args)]
pub struct Source {
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

/// What a training needs at hand.
pub struct Opened {
    pub session: GradientSession,
    pub examples: Examples,
    pub threads: usize,
    /// Name of the folder or file with the rows.
    pub name: String,
    /// Contributors by the roots of their rows.
    pub contributors: HashMap<Hash, String>,
}

impl Source {
    /// The model folder. The parser asks for it wherever it is read.
    pub fn model(&self) -> Result<&PathBuf, NodeError> {
        self.model.as_ref().ok_or_else(|| NodeError::Config("name --model".into()))
    }

    /// Loads the base for a recipe's modules and encodes the rows.
    pub fn open(&self, recipe: &Recipe) -> Result<Opened, NodeError> {
        let rows = self.rows.as_ref().or(self.datanet.as_ref());
        let name = rows.and_then(|path| path.file_stem()).map(|name| name.to_string_lossy().into_owned());
        let mut contributions = match (&self.rows, &self.datanet) {
            (Some(file), _) => vec![Contribution::read(file, &Limits::default()).map_err(TrainError::from)?],
            (None, Some(folder)) => Datanet::load(folder).map_err(TrainError::from)?.contributions,
            (None, None) => return Err(NodeError::Config("name --datanet or --rows".into())),
        };
        if let Some(stranger) =
            self.order.iter().find(|name| contributions.iter().all(|part| part.contributor != **name))
        {
            return Err(NodeError::BadRequest { field: "order", problem: format!("no rows of {stranger:?}") });
        }
        let place = |part: &Contribution| self.order.iter().position(|name| *name == part.contributor);
        contributions.sort_by_key(|part| place(part).unwrap_or(usize::MAX));
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let threads = self.threads.unwrap_or_else(cores);
        let config = GradientConfig {
            model_dir: self.model()?.clone(),
            ort_library: self.ort_library.clone(),
            threads,
            targets: recipe.targets.clone(),
        };
        let session = GradientSession::open(&config)?;
        let examples = Examples::encode(&contributions, &session, recipe)?;
        let contributors =
            contributions.into_iter().map(|contribution| (contribution.rows_root, contribution.contributor));
        let contributors = contributors.collect();
        Ok(Opened { session, examples, threads, name: name.unwrap_or_default(), contributors })
    }
}
