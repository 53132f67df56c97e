//! Our own methods.

use std::{error::Error, fs, ops::ControlFlow, time::Instant};

use openledger_attribution::index::{Index, Query, Scores, VERSION};
use openledger_engine::gradient::{CurvatureSession, GradientConfig};
use openledger_protocol::shares::SHARE_ONE;
use openledger_trainer::{TangentPlan, reconcile, tangents};

use serde::{Deserialize, Serialize};

use crate::{
    family::{Family, index},
    setting::{Asked, Setting},
};

/// What else decides our scores besides rows and index: what was measured with another way is not ours any more.
pub const WAY: &str = "signs-null-held";

/// Tangents corrected by the secants of the contributors, and rounded.
const HELD: &str = "held to secants, index";
/// The method by which contributors are paid.
pub const AS_PAID: &str = "secants, index, at the query point";

/// Scores of one method.
#[derive(Clone, Serialize, Deserialize)]
pub struct Method {
    pub name: String,
    /// Questions that it scored.
    pub questions: Vec<usize>,
    /// Of each question, of each row; higher when the row raises the answer's log-probability. Empty for a method that
    /// scores contributors only.
    pub rows: Vec<Vec<f64>>,
    /// Of each question, of each contributor.
    pub contributors: Vec<Vec<f64>>,
    /// Of each question, the parts of the contributor fee that the protocol's rule gives to each contributor, floor and lift
    /// applied; for the index of contributors only.
    pub paid: Vec<Vec<f64>>,
    /// Work that was done before any question, in seconds for each row.
    pub build_seconds: Option<f64>,
    /// Work of each question, in seconds.
    pub question_seconds: Option<f64>,
    /// What a question needs of each row, in bytes.
    pub bytes: Option<f64>,
    /// Whether it can be computed before anybody asks.
    pub settings: String,
    pub peer: bool,
}

impl Method {
    /// Of a method that scores rows.
    pub fn of_rows(setting: &Setting, name: &str, questions: Vec<usize>, rows: Vec<Vec<f64>>) -> Self {
        let clusters = setting.clusters();
        let sums = |scores: &Vec<f64>| {
            let mut sums = vec![0.0; setting.examples.contributors().len()];
            clusters.iter().zip(scores).for_each(|(&cluster, score)| sums[cluster] += score);
            sums
        };
        let contributors = rows.iter().map(sums).collect();
        Self {
            name: name.to_owned(),
            questions,
            rows,
            contributors,
            paid: Vec::new(),
            build_seconds: None,
            question_seconds: None,
            bytes: None,
            settings: String::new(),
            peer: false,
        }
    }
}

/// Our methods; what an earlier run of the same questions measured is taken from the cache.
pub fn all(setting: &Setting) -> Result<Vec<Method>, Box<dyn Error>> {
    let path = setting.cache.join(format!("ours-{VERSION}-{WAY}-{}.json", setting.questions.len()));
    if let Ok(bytes) = fs::read(&path) {
        return Ok(serde_json::from_slice(&bytes)?);
    }
    let methods = measured(setting)?;
    fs::write(&path, serde_json::to_vec(&methods)?)?;
    Ok(methods)
}

fn measured(setting: &Setting) -> Result<Vec<Method>, Box<dyn Error>> {
    let everything: Vec<usize> = (0..setting.questions.len()).collect();
    let start = Instant::now();
    let asked = setting.ask(&mut setting.session()?, &setting.state.parameters)?;
    let asking = start.elapsed().as_secs_f64() / setting.questions.len() as f64;
    let family = Family::of(setting)?;
    let mut methods = Vec::new();
    for draws in if setting.quick { vec![4] } else { vec![4, 16] } {
        let rows = setting.examples.len();
        let (mut vectors, seconds) = differentiate(setting, (0..rows).collect(), draws)?;
        let scores = asked.iter().map(|(_, gradient)| vectors.iter().map(|vector| dot(gradient, vector)).collect());
        let name = format!("tangents, {draws} draws");
        let mut exact = Method::of_rows(setting, &name, everything.clone(), scores.collect());
        exact.build_seconds = Some(seconds / rows as f64);
        exact.question_seconds = Some(asking);
        exact.bytes = Some(setting.layout.len as f64 * 4.0);
        methods.push(exact);
        let start = Instant::now();
        reconcile(&mut vectors, &setting.rows(), &family.secants(setting))?;
        let seconds = seconds + family.seconds + start.elapsed().as_secs_f64();
        let names = (0..rows).map(|row| (row.to_string(), 1)).collect();
        let index = index(setting, names, vectors, Vec::new())?;
        let name = format!("{name}, {HELD}");
        let mut held = Method::of_rows(setting, &name, everything.clone(), scan(&index, &asked)?);
        (held.build_seconds, held.question_seconds) = (Some(seconds / rows as f64), Some(asking));
        held.bytes = Some(index.dimensions() as f64);
        held.settings = format!(
            "{} directions, {} dimensions of 8 bits; training without each contributor is in the build",
            index.projection.dimensions(),
            index.dimensions()
        );
        methods.push(held);
    }
    let (vectors, seconds) = differentiate(setting, setting.clusters(), 4)?;
    let scores = asked.iter().map(|(_, gradient)| vectors.iter().map(|vector| dot(gradient, vector)).collect());
    methods.push(Method {
        name: "tangents of contributors, 4 draws".to_owned(),
        questions: everything.clone(),
        rows: Vec::new(),
        contributors: scores.collect(),
        paid: Vec::new(),
        build_seconds: Some(seconds / setting.examples.len() as f64),
        question_seconds: Some(asking),
        bytes: None,
        settings: "one vector for each contributor".to_owned(),
        peer: false,
    });
    methods.extend(secants(setting, &family, &asked, &everything, asking)?);
    Ok(methods)
}

/// Vectors and the seconds that they took.
type Timed = (Vec<Vec<f32>>, f64);

/// Tangents of groups of rows and what they took, the training included.
pub fn differentiate(setting: &Setting, groups: Vec<usize>, draws: u32) -> Result<Timed, Box<dyn Error>> {
    let model_dir = setting.model.clone();
    let config = GradientConfig { model_dir, ort_library: None, threads: setting.threads, targets: Vec::new() };
    let mut session = CurvatureSession::open(&config)?;
    let groups = groups.into_iter().map(Some).collect();
    let plan = TangentPlan { groups, draws, draw_seed: 0, threads: setting.threads };
    let start = Instant::now();
    let go = |_: &_| ControlFlow::Continue(());
    let found = tangents(&mut session, &setting.examples, &setting.recipe, &plan, go)?.ok_or("stopped")?;
    eprintln!("tangents, {draws} draws: {:.0} s", start.elapsed().as_secs_f64());
    Ok((found.vectors, start.elapsed().as_secs_f64()))
}

/// Differences to adapters trained without each contributor: as floats, and as the index pays by them.
fn secants(
    setting: &Setting,
    family: &Family,
    asked: &Asked,
    questions: &[usize],
    asking: f64,
) -> Result<Vec<Method>, Box<dyn Error>> {
    let method = |name: &str, contributors| Method {
        name: name.to_owned(),
        questions: questions.to_vec(),
        rows: Vec::new(),
        contributors,
        paid: Vec::new(),
        build_seconds: Some(family.seconds / setting.examples.len() as f64),
        question_seconds: Some(asking),
        bytes: None,
        settings: "one vector for each contributor".to_owned(),
        peer: false,
    };
    let vectors = family.secants(setting);
    let exact = asked.iter().map(|(_, gradient)| vectors.iter().map(|vector| dot(gradient, vector)).collect());
    let exact = method("secants", exact.collect());
    let index = family.index(setting)?;
    let base = setting.ask(&mut setting.session()?, &vec![0.0; setting.layout.len])?;
    let mut rounded = method("secants, index", scan(&index, asked)?);
    rounded.settings = format!(
        "{} directions, {} dimensions of 8 bits for each contributor",
        index.projection.dimensions(),
        index.dimensions()
    );
    let pay = |asked: &Asked| -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
        let each = asked.iter().zip(&base);
        each.map(|((log_prob, gradient), (before, _))| paid(&index, gradient, *log_prob, log_prob - before)).collect()
    };
    rounded.paid = pay(asked)?;
    let (moved, calibration) = family.at_query_point(setting)?;
    let mut calibrated = method(AS_PAID, scan(&index, &moved)?);
    calibrated.settings =
        format!("gradients where calibration on the training's rows finds it: {}", calibration.best.point);
    // The lift is that of the whole adapter, wherever the gradient is taken.
    let whole = asked.iter().zip(moved).map(|((log_prob, _), (_, gradient))| (*log_prob, gradient)).collect();
    calibrated.paid = pay(&whole)?;
    Ok(vec![exact, rounded, calibrated])
}

/// Parts of the contributor fee that the protocol's rule gives to each contributor, for an answer to which the adapter adds `lift`
/// nats.
pub fn paid(index: &Index, gradient: &[f32], log_prob: f64, lift: f64) -> Result<Vec<f64>, Box<dyn Error>> {
    let query = Query::of(index, gradient, log_prob)?;
    let found = Scores::of(index, &query)?.attribution(&query, (lift * 1e6).round() as i64, &[0; 32])?;
    Ok(found.shares.iter().map(|share| *share as f64 / SHARE_ONE as f64).collect())
}

/// What the integers say, in nats.
pub fn scan(index: &Index, asked: &Asked) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let one =
        |(log_prob, gradient): &(f64, Vec<f32>)| Ok(Scores::of(index, &Query::of(index, gradient, *log_prob)?)?.nats());
    asked.iter().map(one).collect()
}

pub fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}
