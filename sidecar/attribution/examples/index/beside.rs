//! What attribution adds for clients that wait: the same clients, with every answer attributed after it ended, and with none.

use std::{error::Error, path::Path, sync::Arc, time::Instant};

use openledger_attribution::{
    Family,
    index::{DEFAULT_DIMENSIONS, Gradients, Index, IndexLane, Said},
};
use openledger_engine::{
    Engine, EngineConfig, GenerateEvent, GenerateRequest,
    gradient::{GradientConfig, GradientSession, stored_targets},
};
use tokio::sync::mpsc;

/// Clients in closed loops.
const CLIENTS: usize = 4;
/// Answers of each client and turn.
const ANSWERS: usize = 12;
/// Turns with and without, in alternation.
const TURNS: usize = 8;
const PROMPT: usize = 64;
const RESPONSE: usize = 48;
/// Answers that are attributed together, as a node does.
const TOGETHER: usize = 16;

/// Medians over turns.
pub struct Beside {
    /// Milliseconds to the first token and to the whole text, and texts a second: without attribution, and with it.
    turns: [Vec<[f64; 4]>; 2],
}

/// Runs the turns on the engine with two threads, as a node of two cores does.
pub async fn measure(examples: &Path) -> Result<Beside, Box<dyn Error>> {
    let model_dir = examples.join("model");
    let engine = Engine::start(EngineConfig { threads: 2, ..EngineConfig::new(&model_dir) })?;
    let family = Family::read(&examples.join("adapters/wordnet"))?;
    let targets = stored_targets(&family.full.folder)?;
    let config = GradientConfig { model_dir, ort_library: None, threads: 1, targets };
    let index = Index::build(&GradientSession::open(&config)?, &family, DEFAULT_DIMENSIONS)?;
    engine.load_adapter("served", &family.full.folder, Some(family.full.digest)).await?;
    let gradients = Gradients::start(config)?;
    let lane = Arc::new(IndexLane::load(engine.clone(), gradients, "served".into(), &family, index).await?);
    let mut found = Beside { turns: [Vec::new(), Vec::new()] };
    for turn in 0..TURNS {
        let with = turn % 2 == 1;
        let measured = one(&engine, with.then(|| lane.clone()), turn).await?;
        if turn >= 2 {
            found.turns[usize::from(with)].push(measured);
        }
    }
    Ok(found)
}

async fn one(engine: &Engine, lane: Option<Arc<IndexLane>>, turn: usize) -> Result<[f64; 4], Box<dyn Error>> {
    let (ended, mut line) = mpsc::unbounded_channel::<Said>();
    let worker = lane.map(|lane| {
        tokio::spawn(async move {
            let mut some = Vec::new();
            while line.recv_many(&mut some, TOGETHER).await > 0 {
                lane.attribute(std::mem::take(&mut some)).await?;
            }
            Ok::<(), openledger_attribution::index::IndexError>(())
        })
    });
    let start = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let (engine, ended) = (engine.clone(), ended.clone());
        tokio::spawn(
            async move { client_of(&engine, &ended, turn * CLIENTS + client).await.map_err(|e| e.to_string()) },
        )
    });
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for client in clients.collect::<Vec<_>>() {
        for (one, all) in client.await?? {
            first.push(one);
            whole.push(all);
        }
    }
    let rate = whole.len() as f64 / start.elapsed().as_secs_f64();
    drop(ended);
    if let Some(worker) = worker {
        worker.await??;
    }
    Ok([quantile(&mut first, 0.5), quantile(&mut first, 0.95), quantile(&mut whole, 0.5), rate])
}

/// Milliseconds to the first token and to the end of each answer.
async fn client_of(
    engine: &Engine,
    ended: &mpsc::UnboundedSender<Said>,
    seed: usize,
) -> Result<Vec<(f64, f64)>, Box<dyn Error>> {
    let mut found = Vec::new();
    for answer in 0..ANSWERS {
        let prompt: Vec<u32> =
            (0..PROMPT).map(|at| 10 + ((seed * ANSWERS + answer) as u32 * 131 + at as u32 * 37) % 1000).collect();
        // As a node asks: the likelihood of each token, for the lift.
        let greedy = GenerateRequest::greedy(prompt.clone(), RESPONSE);
        let request = GenerateRequest { adapter: Some("served".into()), logprobs: Some(0), ..greedy };
        let start = Instant::now();
        let mut events = engine.generate(request).await?;
        let mut first = None;
        let (mut response, mut log_prob) = (Vec::new(), Some(0.0));
        while let Some(event) = events.recv().await {
            match event? {
                GenerateEvent::Token { likelihood, .. } => {
                    first.get_or_insert_with(|| start.elapsed());
                    log_prob = log_prob.zip(likelihood).map(|(sum, own)| sum + own.logprob);
                }
                GenerateEvent::Finished { tokens, .. } => response = tokens,
            }
        }
        let whole = start.elapsed();
        found.push((first.unwrap_or(whole).as_secs_f64() * 1e3, whole.as_secs_f64() * 1e3));
        if !response.is_empty() {
            _ = ended.send(Said { tokens: (prompt, response), log_prob });
        }
    }
    Ok(found)
}

fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (values.len().saturating_sub(1)) as f64 * part;
    values.get(at.round() as usize).copied().unwrap_or(f64::NAN)
}

impl Beside {
    fn median(&self, with: bool, figure: usize) -> f64 {
        let mut values: Vec<f64> = self.turns[usize::from(with)].iter().map(|turn| turn[figure]).collect();
        quantile(&mut values, 0.5)
    }

    /// Time to the first token with attribution over that without.
    pub fn first_token(&self) -> f64 {
        self.median(true, 0) / self.median(false, 0)
    }

    pub fn to_markdown(&self) -> String {
        let mut out = format!(
            "{CLIENTS} clients, prompts of {PROMPT} and answers of up to {RESPONSE} tokens, medians of {} turns each.\n\n\
             | answers | first token, ms, median | 95th percentile | whole text, ms, median | texts a second |\n|---|---|---|---|---|\n",
            self.turns[0].len()
        );
        for (name, with) in [("not attributed", false), ("attributed after their end", true)] {
            let figures: Vec<String> = (0..4).map(|figure| format!("{:.2}", self.median(with, figure))).collect();
            out.push_str(&format!("| {name} | {} |\n", figures.join(" | ")));
        }
        out
    }
}
