//! The one training that is attributed, and the questions.

use std::{error::Error, fs, ops::ControlFlow, path::PathBuf, time::Instant};

use openledger_corpus::Datanet;
use openledger_engine::{
    Engine, EngineConfig, GenerateEvent, GenerateRequest,
    gradient::{FactorLayout, GradientConfig, GradientRow, GradientSession},
};
use openledger_trainer::{
    Examples, Job, LeftOut, Order, Recipe, TrainState, Weights, initial_factors, train_many, write_adapter,
};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::Arguments;

/// Tokens of an answer that the adapter makes itself.
const ANSWER_TOKENS: usize = 24;

/// A line of `questions.jsonl`.
#[derive(Deserialize)]
struct Line {
    kind: String,
    prompt: String,
    /// The right answer; without one the adapter answers itself.
    answer: Option<String>,
    /// Rows that tell it.
    rows: Vec<usize>,
}

/// Log-probability and gradient of every question's answer.
pub type Asked = Vec<(f64, Vec<f32>)>;

/// A question with the answer that is attributed.
#[derive(Clone)]
pub struct Question {
    pub kind: String,
    pub prompt_text: String,
    pub answer_text: String,
    pub tokens: Vec<u32>,
    pub prompt_tokens: usize,
    /// Rows that tell the answer; none for an answer that the adapter made.
    pub tellers: Vec<usize>,
}

impl Question {
    pub fn weights(&self) -> Vec<f32> {
        (0..self.tokens.len()).map(|at| if at < self.prompt_tokens { 0.0 } else { 1.0 }).collect()
    }

    /// A question with an answer in text, which ends the text.
    pub fn told(session: &GradientSession, prompt: &str, answer: &str) -> Result<Self, Box<dyn Error>> {
        let end = *session.model().eos_token_ids.first().ok_or("the base has no end-of-text token")?;
        let mut tokens = session.encode(prompt)?;
        let prompt_tokens = tokens.len();
        tokens.extend(session.encode_completion(answer)?);
        tokens.push(end);
        let (kind, tellers) = (String::new(), Vec::new());
        Ok(Self {
            kind,
            prompt_text: prompt.to_owned(),
            answer_text: answer.to_owned(),
            tokens,
            prompt_tokens,
            tellers,
        })
    }
}

pub struct Setting {
    pub quick: bool,
    pub model: PathBuf,
    pub cache: PathBuf,
    pub threads: usize,
    pub recipe: Recipe,
    pub examples: Examples,
    /// Prompt and completion of every row.
    pub texts: Vec<(String, String)>,
    pub questions: Vec<Question>,
    /// The trained adapter.
    pub state: TrainState,
    pub layout: FactorLayout,
    pub adapter: PathBuf,
    pub initial: PathBuf,
    /// Of everything that decides the retrainings.
    pub digest: String,
    pub train_seconds: f64,
    /// Facts about the rows that the benchmark planted.
    pub planted: Planted,
}

/// What `planted.json` says.
#[derive(Deserialize)]
pub struct Planted {
    /// Rows with a wrong completion.
    pub wrong: Vec<usize>,
}

/// AdamW whose epsilon is as large as its second moments' roots, so that a step follows the gradient's size: the smooth recipe that
/// the literature asks for (Ilyas and Engstrom, 2025), for our side and for every peer.
fn recipe() -> Recipe {
    Recipe {
        learning_rate: 0.03,
        epsilon: 1e-2,
        max_gradient_norm: None,
        epochs: 3,
        batch_rows: 32,
        run_rows: 64,
        ..Recipe::default()
    }
}

impl Setting {
    pub async fn prepare(arguments: &Arguments) -> Result<Self, Box<dyn Error>> {
        let mut session = open(&arguments.model, arguments.threads)?;
        let recipe = recipe();
        let datanet = Datanet::load(&arguments.data.join("datanet"))?;
        let examples = Examples::of(&datanet, &session, &recipe)?;
        let rows = datanet.contributions.iter().flat_map(|part| &part.rows);
        let texts = rows.map(|row| (row.prompt().to_owned(), row.completion().to_owned())).collect();
        let layout = session.layout(usize::try_from(recipe.rank)?)?;
        let start = Instant::now();
        let job = Job::without(LeftOut::Nothing, recipe.order_seed);
        let mut states = train_many(&mut session, &examples, &recipe, &[job], |_| ControlFlow::Continue(()))?;
        let train_seconds = start.elapsed().as_secs_f64();
        let state = states.pop().ok_or("no adapter was trained")?;
        let digest = hex::encode(&Sha256::digest([&state.digest()[..], &examples.root()[..]].concat())[..8]);
        let folder = arguments.cache.join(&digest);
        let (adapter, initial) = (folder.join("adapter"), folder.join("initial"));
        let before = initial_factors(session.modules(), &layout, recipe.init_seed);
        let base = arguments.model.display().to_string();
        for (folder, parameters) in [(&adapter, &state.parameters), (&initial, &before)] {
            fs::create_dir_all(folder)?;
            write_adapter(folder, parameters, session.modules(), &layout, &recipe, Weights::Float32, &base)?;
        }
        let lines = fs::read_to_string(arguments.data.join("questions.jsonl"))?;
        let lines = lines.lines().map(serde_json::from_str).collect::<Result<Vec<Line>, _>>()?;
        let every = if arguments.quick { 4 } else { 1 };
        let engine = Engine::start(EngineConfig { threads: arguments.threads, ..EngineConfig::new(&arguments.model) })?;
        engine.load_adapter("trained", &adapter, None).await?;
        let mut questions = Vec::new();
        for line in lines.into_iter().step_by(every) {
            questions.push(question(&engine, &session, line).await?);
        }
        let planted = serde_json::from_str(&fs::read_to_string(arguments.data.join("planted.json"))?)?;
        Ok(Self {
            quick: arguments.quick,
            model: arguments.model.clone(),
            cache: folder,
            threads: arguments.threads,
            recipe,
            examples,
            texts,
            questions,
            state,
            layout,
            adapter,
            initial,
            digest,
            train_seconds,
            planted,
        })
    }

    pub fn session(&self) -> Result<GradientSession, Box<dyn Error>> {
        open(&self.model, self.threads)
    }

    pub fn order(&self) -> Result<Order, Box<dyn Error>> {
        Ok(Order::new(&self.recipe, self.examples.len())?)
    }

    /// Every contributor's name and rows.
    pub fn contributors(&self) -> Vec<(String, usize)> {
        self.examples.contributors().iter().cloned().zip(self.examples.rows()).collect()
    }

    /// Every contributor's rows.
    pub fn rows(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.examples.contributors().len()];
        self.clusters().into_iter().enumerate().for_each(|(row, cluster)| rows[cluster].push(row));
        rows
    }

    /// Cluster of every row.
    pub fn clusters(&self) -> Vec<usize> {
        (0..self.examples.len()).filter_map(|row| self.examples.get(row)).map(|example| example.cluster).collect()
    }

    /// Log-probability of every question's answer under some factors, and its gradient by them.
    pub fn ask(&self, session: &mut GradientSession, parameters: &[f32]) -> Result<Asked, Box<dyn Error>> {
        self.ask_under(session, &vec![parameters; self.questions.len()])
    }

    /// The same with factors of its own for each question.
    pub fn ask_each(&self, session: &mut GradientSession, parameters: &[Vec<f32>]) -> Result<Asked, Box<dyn Error>> {
        self.ask_under(session, &parameters.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    fn ask_under(&self, session: &mut GradientSession, parameters: &[&[f32]]) -> Result<Asked, Box<dyn Error>> {
        ask(session, &self.questions, parameters, self)
    }
}

/// Log-probabilities of the answers of some questions, each under factors of its own, and their gradients by them.
pub fn ask(
    session: &mut GradientSession,
    questions: &[Question],
    parameters: &[&[f32]],
    setting: &Setting,
) -> Result<Asked, Box<dyn Error>> {
    let mut found = Vec::new();
    for (questions, adapters) in questions.chunks(16).zip(parameters.chunks(16)) {
        let weights: Vec<Vec<f32>> = questions.iter().map(Question::weights).collect();
        let rows: Vec<GradientRow<'_>> = questions
            .iter()
            .zip(&weights)
            .map(|(question, weights)| GradientRow { tokens: &question.tokens, weights })
            .collect();
        let run = session.run(&rows, adapters, &setting.layout, setting.recipe.scale() as f32)?;
        for (log_probs, gradient) in run.log_probs.into_iter().zip(run.gradients) {
            found.push((log_probs.into_iter().map(f64::from).sum(), gradient));
        }
    }
    Ok(found)
}

fn open(model: &std::path::Path, threads: usize) -> Result<GradientSession, Box<dyn Error>> {
    let config = GradientConfig { model_dir: model.to_owned(), ort_library: None, threads, targets: Vec::new() };
    Ok(GradientSession::open(&config)?)
}

async fn question(engine: &Engine, session: &GradientSession, line: Line) -> Result<Question, Box<dyn Error>> {
    if let Some(answer) = line.answer {
        return Ok(Question { kind: line.kind, tellers: line.rows, ..Question::told(session, &line.prompt, &answer)? });
    }
    let mut tokens = session.encode(&line.prompt)?;
    let prompt_tokens = tokens.len();
    let mut request = GenerateRequest::greedy(tokens.clone(), ANSWER_TOKENS);
    request.adapter = Some("trained".to_owned());
    let mut events = engine.generate(request).await?;
    let mut answer = None;
    while let Some(event) = events.recv().await {
        if let GenerateEvent::Finished { tokens, text, .. } = event? {
            answer = Some((tokens, text));
        }
    }
    let (made, answer_text) = answer.ok_or("an answer has no end")?;
    tokens.extend(made);
    let (kind, prompt_text, tellers) = ("own answer".to_owned(), line.prompt, Vec::new());
    Ok(Question { kind, prompt_text, answer_text, tokens, prompt_tokens, tellers })
}
