//! Does attribution find the contributor whose text a question was drawn from?

use std::{fmt::Write, path::Path};

use openledger_engine::{EngineError, GenerateEvent, GenerateRequest, Sampling};
use serde::Deserialize;

use crate::{AuditError, AuditLane, Measurement, family::read_json};

/// Tokens of one generated answer at most.
const ANSWER_TOKENS: usize = 64;

/// A question with a known origin.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Question {
    /// Name for people.
    pub id: String,
    /// Datanet whose adapter is asked.
    pub datanet: String,
    /// Contributor whose text the question was drawn from.
    pub contributor: String,
    /// The question.
    pub prompt: String,
    /// The contributor's own text.
    pub answer: String,
}

/// One question's outcome.
#[derive(Debug, Clone)]
pub struct RankRow {
    /// The question.
    pub question: Question,
    /// What the adapter answered.
    pub answer: String,
    /// What was measured on that answer.
    pub measurement: Measurement,
    /// Place of the true contributor by delta, 1 for first; equal deltas share the worse place.
    pub rank: usize,
    /// Contributor with the largest delta.
    pub top: String,
    /// Parts per billion of the fee that the rule gives the true contributor.
    pub share: u64,
    /// Parts per billion that stay unattributed.
    pub unattributed: u64,
}

/// Outcomes of many questions.
#[derive(Debug, Clone, Default)]
pub struct RankTable {
    /// In the order of the questions.
    pub rows: Vec<RankRow>,
}

/// Reads a list of questions.
///
/// # Errors
/// [`AuditError::File`].
pub fn read_questions(path: &Path) -> Result<Vec<Question>, AuditError> {
    read_json(path)
}

/// Asks every question to the served adapter of its Datanet (greedily), measures the answer, and
/// ranks the contributors.
///
/// # Errors
/// [`AuditError::Family`] when no lane or no contributor fits a question; errors of the engine.
pub async fn rank_table(lanes: &[AuditLane], questions: &[Question]) -> Result<RankTable, AuditError> {
    let mut table = RankTable::default();
    for question in questions {
        let lane = lanes.iter().find(|lane| lane.family().datanet == question.datanet);
        let lane = lane.ok_or_else(|| unfit(question, format!("no family of {:?} is loaded", question.datanet)))?;
        table.rows.push(rank_row(lane, question).await?);
    }
    Ok(table)
}

async fn rank_row(lane: &AuditLane, question: &Question) -> Result<RankRow, AuditError> {
    let contributors: Vec<&str> = lane.family().contributors().collect();
    let truth = contributors
        .iter()
        .position(|name| *name == question.contributor)
        .ok_or_else(|| unfit(question, format!("the family has no contributor {:?}", question.contributor)))?;
    let prompt = lane.engine().encode(&question.prompt)?;
    let (tokens, answer) = greedy_answer(lane, prompt.clone()).await?;
    let measurement = lane.attribute(&prompt, &tokens).await?;
    let deltas = measurement.deltas();
    let own = deltas.get(truth).copied().unwrap_or(i64::MIN);
    let rank = deltas.iter().filter(|delta| **delta >= own).count();
    let top = contributors.iter().zip(&deltas).max_by_key(|(_, delta)| **delta);
    let attribution = measurement.attribution()?;
    Ok(RankRow {
        question: question.clone(),
        answer,
        rank,
        top: top.map_or_else(String::new, |(name, _)| (*name).to_owned()),
        share: attribution.shares.get(truth).copied().unwrap_or(0),
        unattributed: attribution.unattributed,
        measurement,
    })
}

async fn greedy_answer(lane: &AuditLane, prompt: Vec<u32>) -> Result<(Vec<u32>, String), AuditError> {
    let request = GenerateRequest {
        adapter: Some(lane.served_id()),
        more_adapters: Vec::new(),
        prompt,
        sampling: Sampling::greedy(),
        max_new_tokens: ANSWER_TOKENS,
        stop: Vec::new(),
        grammar: None,
        logprobs: None,
        tenant: None,
        deadline: None,
    };
    let mut events = lane.engine().generate(request).await?;
    while let Some(event) = events.recv().await {
        if let GenerateEvent::Finished { tokens, text, .. } = event? {
            return Ok((tokens, text));
        }
    }
    Err(EngineError::Stopped.into())
}

fn unfit(question: &Question, reason: String) -> AuditError {
    AuditError::Family { path: question.id.clone().into(), reason }
}

impl RankTable {
    /// Part of the questions whose contributor is alone in first place; 0 without questions.
    #[must_use]
    pub fn rank_one_rate(&self) -> f64 {
        let first = self.rows.iter().filter(|row| row.rank == 1).count();
        if self.rows.is_empty() { 0.0 } else { first as f64 / self.rows.len() as f64 }
    }

    /// The table as Markdown: nats with two decimals, shares in percent.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut out = String::from(
            "| question | answer | drawn from | ranked first | place | delta | next delta | floor | lift | share | unattributed |\n\
             |---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for row in &self.rows {
            let measured = &row.measurement;
            let mut deltas = measured.deltas();
            deltas.sort_unstable_by(|left, right| right.cmp(left));
            let delta = |place: usize| deltas.get(place).copied().map_or_else(String::new, nats);
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} % | {} % |",
                cell(&row.question.prompt),
                cell(&row.answer),
                cell(&row.question.contributor),
                cell(&row.top),
                row.rank,
                delta(0),
                delta(1),
                nats(i64::try_from(measured.floor()).unwrap_or(i64::MAX)),
                nats(measured.lift()),
                percent(row.share),
                percent(row.unattributed),
            );
        }
        out
    }
}

fn nats(micro: i64) -> String {
    format!("{:.2}", micro as f64 / 1e6)
}

fn percent(parts_per_billion: u64) -> String {
    format!("{:.1}", parts_per_billion as f64 / 1e7)
}

fn cell(text: &str) -> String {
    text.trim().replace('|', "\\|").replace(['\n', '\r'], " ")
}
