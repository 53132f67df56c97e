//! `openledger index`: what attribution scans.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use openledger_attribution::{
    Family,
    index::{Answer, DEFAULT_DIMENSIONS, INDEX_FILE, Index as Attribution, IndexError, Querier, Query, Scores},
};
use openledger_engine::gradient::{Executor, GradientConfig, GradientSession};
use openledger_simd::Level;
use openledger_strict::{StrictConfig, StrictOptions};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Output, print};
use crate::error::NodeError;

/// Build and read attribution indexes.
#[derive(Debug, Subcommand)]
pub enum Index {
    /// Build the index of an adapter family: one row of integers per contributor, under the root that is registered.
    Build(Build),
    /// Check an index file and show what it commits to.
    Show {
        /// The file.
        file: PathBuf,
    },
    /// Say which contributors moved an answer, by the index.
    Ask(Ask),
}

/// Needs no home and no chain.
#[derive(Debug, Args)]
pub struct Build {
    #[command(flatten)]
    model: Model,
    /// The index; `attribution.index` in the family's folder when absent.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Most dimensions.
    #[arg(long, default_value_t = DEFAULT_DIMENSIONS)]
    dimensions: usize,
}

/// Base and family.
#[derive(Debug, Args)]
struct Model {
    /// Model folder: the ONNX file, its configuration and tokenizer.json.
    #[arg(long)]
    model: PathBuf,
    /// Folder with adapters.json, as `openledger train --family` writes it.
    #[arg(long)]
    family: PathBuf,
    /// Threads of one operator; all cores when absent.
    #[arg(long)]
    threads: Option<usize>,
    /// ONNX Runtime's library; else ORT_DYLIB_PATH and the project's folder are tried.
    #[arg(long)]
    ort_library: Option<PathBuf>,
}

/// Needs no home and no chain.
#[derive(Debug, Args)]
pub struct Ask {
    #[command(flatten)]
    model: Model,
    /// The index; `attribution.index` in the family's folder when absent.
    #[arg(long)]
    index: Option<PathBuf>,
    /// Compute in strict arithmetic: the same integers on every machine, without ONNX Runtime.
    #[arg(long)]
    strict: bool,
    /// What was asked.
    prompt: String,
    /// What was answered.
    answer: String,
}

impl Index {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        let joined = tokio::task::spawn_blocking(move || match self {
            Self::Build(build) => build.run(output),
            Self::Show { file } => {
                let index = Attribution::read(&file)?;
                report(output, &file, &index);
                Ok(())
            }
            Self::Ask(ask) => ask.run(output),
        })
        .await;
        joined.map_err(|error| NodeError::Internal(format!("the work ended early: {error}")))?
    }
}

impl Model {
    fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.threads.unwrap_or_else(cores)
    }

    fn config(&self) -> GradientConfig {
        GradientConfig {
            model_dir: self.model.clone(),
            ort_library: self.ort_library.clone(),
            threads: self.threads(),
            targets: Vec::new(),
        }
    }
}

impl Build {
    fn run(self, output: Output) -> Result<(), NodeError> {
        let family = Family::read(&self.model.family).map_err(IndexError::from)?;
        let session = GradientSession::open(&self.model.config())?;
        let out = self.out.unwrap_or_else(|| self.model.family.join(INDEX_FILE));
        let index = Attribution::build(&session, &family, self.dimensions)?;
        index.write(&out)?;
        report(output, &out, &index);
        Ok(())
    }
}

impl Ask {
    fn query<E: Executor>(
        &self,
        session: GradientSession<E>,
        family: &Family,
        index: &Attribution,
    ) -> Result<Query, NodeError> {
        let (prompt, response) = (session.encode(&self.prompt)?, session.encode_completion(&self.answer)?);
        let mut querier = Querier::open(session, family, index)?;
        let answer = Answer { prompt: &prompt, response: &response };
        querier.queries(index, &[answer])?.pop().ok_or_else(|| NodeError::Internal("no query".into()))
    }

    fn run(self, output: Output) -> Result<(), NodeError> {
        let index = Attribution::read(&self.index.clone().unwrap_or_else(|| self.model.family.join(INDEX_FILE)))?;
        let family = Family::read(&self.model.family).map_err(IndexError::from)?;
        let query = if self.strict {
            let options = StrictOptions { threads: self.model.threads(), level: Level::best() };
            let config = StrictConfig { model_dir: self.model.model.clone(), targets: Vec::new(), options };
            self.query(openledger_strict::open(&config)?, &family, &index)?
        } else {
            self.query(GradientSession::open(&self.model.config())?, &family, &index)?
        };
        let scores = Scores::of(&index, &query)?;
        let nats = scores.nats();
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(["contributor", "nats", "above noise"]);
        let mut rows: Vec<(&String, f64, i64)> = index
            .contributors
            .iter()
            .zip(&nats)
            .zip(&scores.clusters)
            .map(|((name, nats), score)| (name, *nats, *score))
            .collect();
        rows.sort_by(|left, right| right.1.total_cmp(&left.1));
        let floor = i64::try_from(scores.floor).unwrap_or(i64::MAX);
        for (name, nats, score) in &rows {
            table.add_row([name.as_str(), &format!("{nats:.3}"), if *score > floor { "yes" } else { "no" }]);
        }
        let text = format!(
            "{table}\nlog-probability {:.3} nats; {:.1} % of its gradient lies in the index's subspace. Nats are what the answer would \
             lose without the contributor, to first order.",
            query.log_prob,
            query.explained * 100.0
        );
        let json = json!({
            "log_prob": query.log_prob,
            "explained": query.explained,
            "floor": scores.floor,
            "exponent": scores.exponent,
            "query": hex::encode(Sha256::digest(query.vector.iter().map(|step| step.to_le_bytes()[0]).collect::<Vec<_>>())),
            "contributors": rows
                .iter()
                .map(|(name, nats, score)| json!({ "contributor": name, "nats": nats, "score": score }))
                .collect::<Vec<_>>(),
        });
        print(output, &text, &json);
        Ok(())
    }
}

/// What the chain records of an index, and what it is made of.
pub fn facts(index: &Attribution) -> serde_json::Value {
    let facts = index.facts();
    json!({
        "root": hex::encode(facts.root),
        "rows": facts.rows,
        "dimensions": facts.dimensions,
        "family": hex::encode(index.family),
        "base": hex::encode(index.base),
        "exponent": index.exponent,
        "capped": index.leverage.capped,
    })
}

fn report(output: Output, file: &Path, index: &Attribution) {
    let known = index.facts();
    let text = format!(
        "{}: {} rows of {} dimensions, one unit is 2^{} of a parameter, {} rows capped\nroot: {}\nfamily: {}\nbase: {}",
        file.display(),
        known.rows,
        known.dimensions,
        index.exponent,
        index.leverage.capped,
        hex::encode(known.root),
        hex::encode(index.family),
        hex::encode(index.base),
    );
    let mut json = facts(index);
    if let Some(object) = json.as_object_mut() {
        object.insert("file".to_owned(), json!(file));
        object.insert("contributors".to_owned(), json!(index.contributors));
    }
    print(output, &text, &json);
}
