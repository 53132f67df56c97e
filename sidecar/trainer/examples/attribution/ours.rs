//! Our own methods.

use std::{error::Error, fs, ops::ControlFlow, time::Instant};

use openledger_attribution::index::{DEFAULT_DIMENSIONS, Index, Query, Scores, Secants};
use openledger_engine::gradient::{CurvatureSession, GradientConfig};
use openledger_trainer::{Job, LeftOut, TangentPlan, tangents, train_many};

use serde::{Deserialize, Serialize};

use crate::setting::Setting;

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
    let path = setting.cache.join(format!("ours-{}.json", setting.questions.len()));
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
    let mut methods = Vec::new();
    for draws in if setting.quick { vec![4] } else { vec![4, 16] } {
        let (vectors, seconds) = differentiate(setting, (0..setting.examples.len()).collect(), draws)?;
        let scores = asked.iter().map(|(_, gradient)| vectors.iter().map(|vector| dot(gradient, vector)).collect());
        let name = format!("tangents, {draws} draws");
        let mut exact = Method::of_rows(setting, &name, everything.clone(), scores.collect());
        exact.build_seconds = Some(seconds / setting.examples.len() as f64);
        exact.question_seconds = Some(asking);
        exact.bytes = Some(setting.layout.len as f64 * 4.0);
        let build = exact.build_seconds;
        methods.push(exact);
        let names = (0..vectors.len()).map(|row| row.to_string()).collect();
        let index = index(setting, names, vectors, Vec::new())?;
        let mut method = Method::of_rows(setting, &format!("{name}, index"), everything.clone(), scan(&index, &asked)?);
        (method.build_seconds, method.question_seconds) = (build, Some(asking));
        method.bytes = Some(index.dimensions() as f64);
        method.settings = format!("{} dimensions of 8 bits", index.dimensions());
        methods.push(method);
    }
    let (vectors, seconds) = differentiate(setting, setting.clusters(), 4)?;
    let scores = asked.iter().map(|(_, gradient)| vectors.iter().map(|vector| dot(gradient, vector)).collect());
    methods.push(Method {
        name: "tangents of contributors, 4 draws".to_owned(),
        questions: everything.clone(),
        rows: Vec::new(),
        contributors: scores.collect(),
        build_seconds: Some(seconds / setting.examples.len() as f64),
        question_seconds: Some(asking),
        bytes: None,
        settings: "one vector for each contributor".to_owned(),
        peer: false,
    });
    methods.extend(secants(setting, &asked, &everything, asking)?);
    Ok(methods)
}

/// Log-probability and gradient of every question.
type Asked = Vec<(f64, Vec<f32>)>;

/// Strengths of the adapter, in hundredths, at which questions are asked of the index besides the full one.
const STRENGTHS: [u8; 6] = [95, 90, 80, 70, 50, 25];

/// The questions asked of the adapter at each of [`STRENGTHS`]: B A x times so much, by B alone.
fn weakened(setting: &Setting) -> Result<Vec<(u8, Asked)>, Box<dyn Error>> {
    let mut session = setting.session()?;
    let mut found = Vec::new();
    for strength in STRENGTHS {
        let mut parameters = setting.state.parameters.clone();
        for (_, b) in &setting.layout.modules {
            parameters[b.clone()].iter_mut().for_each(|value| *value *= f32::from(strength) / 100.0);
        }
        found.push((strength, setting.ask(&mut session, &parameters)?));
    }
    Ok(found)
}

/// Vectors and the seconds that they took.
type Timed = (Vec<Vec<f32>>, f64);

/// Tangents of groups of rows and what they took, the training included.
fn differentiate(setting: &Setting, groups: Vec<usize>, draws: u32) -> Result<Timed, Box<dyn Error>> {
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
    asked: &[(f64, Vec<f32>)],
    questions: &[usize],
    asking: f64,
) -> Result<Vec<Method>, Box<dyn Error>> {
    let names = setting.examples.contributors();
    let job =
        |name: &String| Job { left_out: LeftOut::Contributor(name.clone()), order_seed: setting.recipe.order_seed };
    let placebo = |seed| Job { left_out: LeftOut::Nothing, order_seed: seed };
    let jobs: Vec<Job> = names.iter().map(job).chain([placebo(101), placebo(102)]).collect();
    let mut session = setting.session()?;
    let start = Instant::now();
    let go = |_: &_| ControlFlow::Continue(());
    let states = train_many(&mut session, &setting.examples, &setting.recipe, &jobs, go)?;
    let seconds = start.elapsed().as_secs_f64() / setting.examples.len() as f64;
    let difference = |parameters: &Vec<f32>| -> Vec<f32> {
        setting.state.parameters.iter().zip(parameters).map(|(with, without)| with - without).collect()
    };
    let mut vectors: Vec<Vec<f32>> = states.iter().map(|state| difference(&state.parameters)).collect();
    let placebos = vectors.split_off(names.len());
    let exact = asked.iter().map(|(_, gradient)| vectors.iter().map(|vector| dot(gradient, vector)).collect());
    let method = |name: &str, contributors| Method {
        name: name.to_owned(),
        questions: questions.to_vec(),
        rows: Vec::new(),
        contributors,
        build_seconds: Some(seconds),
        question_seconds: Some(asking),
        bytes: None,
        settings: "one vector for each contributor".to_owned(),
        peer: false,
    };
    let exact = method("secants", exact.collect());
    let index = index(setting, names.to_vec(), vectors, placebos)?;
    let mut all = vec![exact, method("secants, index", scan(&index, asked)?)];
    for (strength, asked) in weakened(setting)? {
        all.push(method(&format!("secants, index, at {strength} % strength"), scan(&index, &asked)?));
    }
    Ok(all)
}

fn index(
    setting: &Setting,
    contributors: Vec<String>,
    clusters: Vec<Vec<f32>>,
    placebos: Vec<Vec<f32>>,
) -> Result<Index, Box<dyn Error>> {
    let session = setting.session()?;
    let served = session.read_adapter(&setting.adapter, None)?;
    // Rows of an index of rows stand for themselves.
    let size = |name: &String| Ok(u32::try_from(setting.examples.rows_of(name).unwrap_or(1))?);
    let sizes = contributors.iter().map(size).collect::<Result<_, Box<dyn Error>>>()?;
    let secants = Secants { family: [0; 32], contributors, sizes, clusters, placebos, served };
    Ok(Index::of(&secants, session.model().base_digest, DEFAULT_DIMENSIONS)?)
}

/// What the integers say, in nats.
fn scan(index: &Index, asked: &[(f64, Vec<f32>)]) -> Result<Vec<Vec<f64>>, Box<dyn Error>> {
    let one =
        |(log_prob, gradient): &(f64, Vec<f32>)| Ok(Scores::of(index, &Query::of(index, gradient, *log_prob)?)?.nats());
    asked.iter().map(one).collect()
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}
