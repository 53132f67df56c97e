//! `openledger index`: what attribution scans.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use openledger_attribution::{
    Family, QueryPoint,
    index::{
        Answer, Calibration, DEFAULT_DIMENSIONS, INDEX_FILE, Index as Attribution, IndexError, Querier, Query, Scores,
        Tried, build_calibrated,
    },
};
use openledger_corpus::Datanet;
use openledger_engine::gradient::{Executor, GradientConfig, GradientSession, stored_targets};
use openledger_simd::Level;
use openledger_strict::{StrictConfig, StrictOptions};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Output, blocking, family::FamilyArgs, print};
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
    family: FamilyArgs,
    /// The index; `attribution.index` in the family's folder when absent.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Most dimensions.
    #[arg(long, default_value_t = DEFAULT_DIMENSIONS)]
    dimensions: usize,
    /// Datanet folder: attributes its rows by the index and by the counterfactual adapters themselves, says how far the two
    /// are apart, and writes the query point at which they are closest into adapters.json. That changes the family's digest.
    #[arg(long)]
    calibrate: Option<PathBuf>,
}

/// Needs no home and no chain.
#[derive(Debug, Args)]
pub struct Ask {
    #[command(flatten)]
    family: FamilyArgs,
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
        blocking(move || match self {
            Self::Build(build) => build.run(output),
            Self::Show { file } => {
                let index = Attribution::read(&file)?;
                report(output, &file, &index, None);
                Ok(())
            }
            Self::Ask(ask) => ask.run(output),
        })
        .await
    }
}

/// A session of the modules that the family was trained for: its index has their parameters.
fn session(args: &FamilyArgs, family: &Family) -> Result<GradientSession, NodeError> {
    Ok(GradientSession::open(&GradientConfig {
        model_dir: args.model.clone(),
        ort_library: args.ort_library.clone(),
        threads: args.threads(),
        targets: stored_targets(&family.full.folder)?,
    })?)
}

impl Build {
    fn run(self, output: Output) -> Result<(), NodeError> {
        let family = Family::read(&self.family.family).map_err(IndexError::from)?;
        let mut session = session(&self.family, &family)?;
        let out = self.out.unwrap_or_else(|| self.family.family.join(INDEX_FILE));
        let Some(rows) = self.calibrate else {
            let index = Attribution::build(&session, &family, self.dimensions)?;
            index.write(&out)?;
            report(output, &out, &index, None);
            return Ok(());
        };
        let datanet = Datanet::load(&rows)?;
        let mut tokens = Vec::new();
        for row in datanet.contributions.iter().flat_map(|contribution| &contribution.rows) {
            tokens.push((session.encode(row.prompt())?, session.encode_completion(row.completion())?));
        }
        let answers = answers(tokens.iter().map(|(prompt, response)| (prompt.as_slice(), response.as_slice())));
        let (_, index, calibration) = build_calibrated(&mut session, &self.family.family, self.dimensions, &answers)?;
        index.write(&out)?;
        report(output, &out, &index, Some(&calibration));
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
        let index = Attribution::read(&self.index.clone().unwrap_or_else(|| self.family.family.join(INDEX_FILE)))?;
        let family = Family::read(&self.family.family).map_err(IndexError::from)?;
        let query = if self.strict {
            let options = StrictOptions { threads: self.family.threads(), level: Level::best() };
            let targets = stored_targets(&family.full.folder)?;
            let config = StrictConfig { model_dir: self.family.model.clone(), targets, options };
            self.query(openledger_strict::open(&config)?, &family, &index)?
        } else {
            self.query(session(&self.family, &family)?, &family, &index)?
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
            "{table}\nlog-probability {:.3} nats where the gradient was taken; {:.1} % of its gradient lies in the index's subspace. Nats are what the answer would \
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

/// Rows as answers; what has no prompt or no response cannot be asked about.
pub fn answers<'t>(rows: impl Iterator<Item = (&'t [u32], &'t [u32])>) -> Vec<Answer<'t>> {
    rows.filter(|(prompt, response)| !prompt.is_empty() && !response.is_empty())
        .map(|(prompt, response)| Answer { prompt, response })
        .collect()
}

/// How far the index is from the audit lane, in a line.
pub fn verdict(calibration: &Calibration) -> String {
    format!(
        "query point {}: on {} answers the index divides {:.1} % of the contributor fee otherwise than the audit lane, among the \
         {} contributors with an adapter",
        calibration.best.point,
        calibration.answers,
        calibration.best.payout_error * 100.0,
        calibration.contributors
    )
}

/// For scripts.
pub fn calibration(found: &Calibration) -> serde_json::Value {
    json!({
        "query_strength": found.best.point.strength,
        "query_shift": found.best.point.shift,
        "payout_error": found.best.payout_error,
        "answers": found.answers,
        "contributors": found.contributors,
        "tried": found.tried.iter().map(tried).collect::<Vec<_>>(),
    })
}

fn tried(tried: &Tried) -> serde_json::Value {
    let QueryPoint { strength, shift } = tried.point;
    json!({
        "strength": strength,
        "shift": shift,
        "payout_error": tried.payout_error,
        "without_floor": tried.without_floor,
    })
}

fn report(output: Output, file: &Path, index: &Attribution, calibrated: Option<&Calibration>) {
    let known = index.facts();
    let mut text = format!(
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
    if let (Some(found), Some(object)) = (calibrated, json.as_object_mut()) {
        text.push_str(&format!("\n{}", verdict(found)));
        object.insert("calibration".to_owned(), calibration(found));
    }
    if let Some(object) = json.as_object_mut() {
        object.insert("file".to_owned(), json!(file));
        object.insert("contributors".to_owned(), json!(index.contributors));
    }
    print(output, &text, &json);
}
