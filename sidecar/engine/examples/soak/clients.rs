//! Clients of every kind of manners.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use openledger_engine::{Engine, EngineError, GenerateEvent, GenerateRequest, Sampling, ScoreRow};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

use crate::adapters::Adapters;

/// What happened.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub finished: u64,
    pub left_early: u64,
    pub scored: u64,
    pub changes: u64,
    pub compared: u64,
    pub different: u64,
    /// Errors by code.
    pub errors: BTreeMap<&'static str, u64>,
}

impl Counts {
    pub fn error(&mut self, error: &EngineError) {
        *self.errors.entry(error.code()).or_default() += 1;
    }
}

/// Asks one thing after the other until `end`.
pub async fn ask(engine: Engine, adapters: Arc<Adapters>, counts: Arc<Mutex<Counts>>, seed: u64, end: Instant) {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    // What this client was told before: the same question has the same answer for ever.
    let mut told: HashMap<(Option<String>, u32), Vec<u32>> = HashMap::new();
    while Instant::now() < end {
        let mut draw = |below: u32| random.next_u32() % below;
        let stable = (draw(5) > 0).then(|| adapters.stable[draw(adapters.stable.len() as u32) as usize].clone());
        let (kind, text, patience) = (draw(10), draw(6), draw(12));
        let prompt: Vec<u32> = (0..5 + text * 25).map(|at| 3 + (text * 131 + at * 17) % 2000).collect();
        let plain = GenerateRequest { adapter: stable.clone(), ..GenerateRequest::greedy(prompt.clone(), 24) };
        let outcome = match kind {
            // To the end, and the same as every time.
            0..=3 => match collect(&engine, plain, usize::MAX).await {
                Ok(Some(tokens)) => {
                    let known = told.entry((stable, text)).or_insert_with(|| tokens.clone());
                    let same = *known == tokens;
                    note(&counts, |counts| {
                        (counts.compared, counts.different) =
                            (counts.compared + 1, counts.different + u64::from(!same));
                    });
                    Ok(())
                }
                other => other.map(|_| ()),
            },
            4 => {
                let row = ScoreRow { adapter: stable, prompt, completion: vec![7, 8, 9] };
                let scored = engine.score(vec![row; 3]).await;
                note(&counts, |counts| counts.scored += u64::from(scored.is_ok()));
                scored.map(|_| ())
            }
            // Whoever leaves early.
            5 | 6 => collect(&engine, plain, patience as usize).await.map(|_| ()),
            // Whoever is in a hurry.
            7 => {
                let deadline = Instant::now() + Duration::from_millis(u64::from(patience) * 8);
                collect(&engine, GenerateRequest { deadline: Some(deadline), ..plain }, usize::MAX).await.map(|_| ())
            }
            // An adapter that may be there or not, and a draw.
            8 => {
                let sampling = Sampling { temperature: 1.0, seed: u64::from(patience), ..Sampling::greedy() };
                let adapter = Some(format!("changing-{}", patience % 4));
                collect(&engine, GenerateRequest { adapter, sampling, ..plain }, usize::MAX).await.map(|_| ())
            }
            // Too many at once for one tenant.
            _ => {
                let tenant = Some("one account".to_owned());
                collect(&engine, GenerateRequest { tenant, ..plain }, usize::MAX).await.map(|_| ())
            }
        };
        if let Err(error) = outcome {
            note(&counts, |counts| counts.error(&error));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let counted = &counts;
        note(counted, |counts| match kind {
            5 | 6 => counts.left_early += 1,
            4 => {}
            _ => counts.finished += 1,
        });
    }
}

/// Tokens of an answer; `None` for whoever left after `patience` of them.
async fn collect(engine: &Engine, request: GenerateRequest, patience: usize) -> Result<Option<Vec<u32>>, EngineError> {
    let mut events = engine.generate(request).await?;
    let mut seen = 0;
    while let Some(event) = events.recv().await {
        match event? {
            GenerateEvent::Finished { tokens, .. } => return Ok(Some(tokens)),
            GenerateEvent::Token { .. } => {
                seen += 1;
                if seen > patience {
                    return Ok(None);
                }
            }
        }
    }
    Err(EngineError::Stopped)
}

fn note(counts: &Mutex<Counts>, change: impl FnOnce(&mut Counts)) {
    if let Ok(mut counts) = counts.lock() {
        change(&mut counts);
    }
}
