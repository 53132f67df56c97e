//! Index scores beside what the audit lane measures.

use std::{error::Error, path::Path, time::Instant};

use openledger_attribution::{
    AuditLane, Family, Question, RankTable,
    index::{
        Answer, DEFAULT_DIMENSIONS, Index, Querier, Query, Scores, Secants,
        agreement::{same_top, spearman},
    },
    rank_table,
};
use openledger_engine::{
    Engine,
    gradient::{GradientConfig, GradientSession},
};
use openledger_protocol::{Attribution, shares::SHARE_ONE};

/// Token ids of one question and its answer.
type Tokens = (Vec<u32>, Vec<u32>);

/// Means over one set of answers.
#[derive(Default)]
struct Row {
    name: String,
    answers: usize,
    same_first: f64,
    spearman: f64,
    exact_spearman: f64,
    /// Score over delta of the cluster that the audit lane puts first.
    size: f64,
    /// Half the sum of differences of shares, the unattributed one included.
    payout: f64,
    /// The same over the parts of what is attributed; answers of which either attributes nothing are left out.
    division: f64,
    divided: usize,
    unattributed: [f64; 2],
    explained: f64,
}

/// One family.
pub struct Quality {
    datanet: String,
    index: Index,
    build_ms: f64,
    file_bytes: u64,
    rows: Vec<Row>,
}

pub async fn measure(
    engine: &Engine,
    examples: &Path,
    datanet: &str,
    questions: &[Question],
) -> Result<Quality, Box<dyn Error>> {
    let family = Family::read(&examples.join("adapters").join(datanet))?;
    let session = open(examples)?;
    let start = Instant::now();
    let secants = Secants::read(&session, &family)?;
    let index = Index::of(&secants, session.model().base_digest, DEFAULT_DIMENSIONS)?;
    let file = tempfile::NamedTempFile::new()?;
    index.write(file.path())?;
    let build_ms = start.elapsed().as_secs_f64() * 1e3;
    let file_bytes = std::fs::metadata(file.path())?.len();
    let mut querier = Querier::open(session, &family, &index)?;
    let lane = AuditLane::load(engine.clone(), datanet, family).await?;
    let table = rank_table(std::slice::from_ref(&lane), questions).await?;
    let mut rows = Vec::new();
    for (name, answers) in [("contributor's own", own(engine, questions)?), ("generated", generated(engine, &table)?)] {
        rows.push(compare(name, &answers, &secants, &index, &mut querier, &lane).await?);
    }
    for variant in lane.family().variants() {
        engine.unload_adapter(&format!("{datanet}/{}", variant.name)).await?;
    }
    Ok(Quality { datanet: datanet.to_owned(), index, build_ms, file_bytes, rows })
}

pub fn open(examples: &Path) -> Result<GradientSession, Box<dyn Error>> {
    let model_dir = examples.join("model");
    Ok(GradientSession::open(&GradientConfig { model_dir, ort_library: None, threads: 1, targets: Vec::new() })?)
}

fn own(engine: &Engine, questions: &[Question]) -> Result<Vec<Tokens>, Box<dyn Error>> {
    let tokens =
        |question: &Question| Ok((engine.encode(&question.prompt)?, engine.encode_completion(&question.answer)?));
    questions.iter().map(tokens).collect()
}

/// What the adapter answers, tokenised again.
fn generated(engine: &Engine, table: &RankTable) -> Result<Vec<Tokens>, Box<dyn Error>> {
    let rows = table.rows.iter().filter(|row| !row.answer.is_empty());
    let tokens = rows.map(|row| Ok((engine.encode(&row.question.prompt)?, engine.encode_completion(&row.answer)?)));
    tokens.collect()
}

async fn compare(
    name: &str,
    answers: &[Tokens],
    secants: &Secants,
    index: &Index,
    querier: &mut Querier,
    lane: &AuditLane,
) -> Result<Row, Box<dyn Error>> {
    let views: Vec<Answer<'_>> = answers.iter().map(|(prompt, response)| Answer { prompt, response }).collect();
    let gradients = querier.gradients(&views)?;
    let mut row = Row { name: name.to_owned(), answers: answers.len(), ..Row::default() };
    for ((prompt, response), (gradient, log_prob)) in answers.iter().zip(&gradients) {
        let measured = lane.attribute(prompt, response).await?;
        let query = Query::of(index, gradient, *log_prob)?;
        let scores = Scores::of(index, &query)?;
        let (nats, deltas) =
            (scores.nats(), measured.deltas().iter().map(|&delta| delta as f64 / 1e6).collect::<Vec<_>>());
        let exact: Vec<f64> = secants.clusters.iter().map(|secant| product(gradient, secant)).collect();
        row.same_first += f64::from(same_top(&nats, &deltas));
        row.spearman += spearman(&nats, &deltas).unwrap_or(0.0);
        row.exact_spearman += spearman(&exact, &deltas).unwrap_or(0.0);
        let first = deltas.iter().zip(&nats).max_by(|left, right| left.0.total_cmp(right.0));
        row.size += first.map_or(0.0, |(delta, score)| score / delta);
        row.explained += query.explained;
        let (truth, found) = (measured.attribution()?, scores.attribution(&query, measured.lift(), &[0; 32])?);
        row.payout += distance(&parts(&truth), &parts(&found));
        if truth.explained > 0 && found.explained > 0 {
            row.divided += 1;
            row.division += distance(&divided(&truth), &divided(&found));
        }
        row.unattributed[0] += parts(&truth).last().copied().unwrap_or(0.0);
        row.unattributed[1] += parts(&found).last().copied().unwrap_or(0.0);
    }
    Ok(row)
}

fn product(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

/// Shares and the unattributed part, as parts of one.
fn parts(found: &Attribution) -> Vec<f64> {
    found.shares.iter().chain([&found.unattributed]).map(|&share| share as f64 / SHARE_ONE as f64).collect()
}

/// Shares as parts of what is attributed.
fn divided(found: &Attribution) -> Vec<f64> {
    found.shares.iter().map(|&share| share as f64 / found.explained as f64).collect()
}

/// Total variation.
fn distance(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| (left - right).abs()).sum::<f64>() / 2.0
}

impl Quality {
    /// The lower of both sets of answers.
    pub fn same_first(&self) -> f64 {
        self.rows.iter().map(|row| row.same_first / row.answers as f64).fold(f64::INFINITY, f64::min)
    }

    pub fn to_markdown(&self) -> String {
        let index = &self.index;
        let (clusters, parameters) = (index.contributors.len(), index.projection.parameters());
        let mut out = format!(
            "{}: {clusters} clusters, {} dimensions, {parameters} parameters, {} rows capped; built in {:.0} ms, {} bytes, of them {} of rows.\n\n\
             | answers | number | same first | Spearman | Spearman without rounding | size of the first | payout distance | distance of division | unattributed, audit | unattributed, index | explained of the gradient |\n\
             |---|---|---|---|---|---|---|---|---|---|---|\n",
            self.datanet,
            index.dimensions(),
            index.leverage.capped,
            self.build_ms,
            self.file_bytes,
            index.rows.len(),
        );
        for row in &self.rows {
            let mean = |sum: f64| sum / row.answers as f64;
            out.push_str(&format!(
                "| {} | {} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} ({} answers) | {:.3} | {:.3} | {:.2e} |\n",
                row.name,
                row.answers,
                mean(row.same_first),
                mean(row.spearman),
                mean(row.exact_spearman),
                mean(row.size),
                mean(row.payout),
                row.division / row.divided.max(1) as f64,
                row.divided,
                mean(row.unattributed[0]),
                mean(row.unattributed[1]),
                mean(row.explained),
            ));
        }
        out
    }
}
