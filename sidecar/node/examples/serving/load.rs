//! Clients and what they see.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use openledger_engine::{Engine, EngineError, GenerateEvent, GenerateRequest};

use crate::spec::Spec;

/// When the tokens of every request came.
pub struct Measured {
    wall: Duration,
    requests: Vec<Vec<Duration>>,
    new_tokens: usize,
}

/// Lets every client send the requests of `rounds`, one after the other.
pub async fn run(engine: &Engine, spec: &Spec, rounds: Range<usize>) -> Result<Measured, EngineError> {
    let began = Instant::now();
    let clients =
        (0..spec.clients).map(|number| tokio::spawn(client(engine.clone(), spec.clone(), number, rounds.clone())));
    let clients: Vec<_> = clients.collect();
    let mut requests = Vec::new();
    for client in clients {
        requests.extend(client.await.map_err(|_| EngineError::Stopped)??);
    }
    Ok(Measured { wall: began.elapsed(), requests, new_tokens: spec.new_tokens })
}

async fn client(
    engine: Engine,
    spec: Spec,
    number: usize,
    rounds: Range<usize>,
) -> Result<Vec<Vec<Duration>>, EngineError> {
    let mut requests = Vec::new();
    for round in rounds {
        let began = Instant::now();
        let request = GenerateRequest {
            adapter: spec.adapter(number, round),
            ..GenerateRequest::greedy(spec.prompt(number, round), spec.new_tokens)
        };
        let mut events = engine.generate(request).await?;
        let mut times = Vec::new();
        while let Some(event) = events.recv().await {
            if let GenerateEvent::Token { .. } = event? {
                times.push(began.elapsed());
            }
        }
        requests.push(times);
    }
    Ok(requests)
}

impl Measured {
    pub fn tokens(&self) -> usize {
        self.requests.iter().map(Vec::len).sum()
    }

    /// Answers that ended early: random weights may say the end token.
    pub fn short_answers(&self) -> usize {
        self.requests.iter().filter(|times| times.len() < self.new_tokens).count()
    }

    pub fn tokens_per_second(&self) -> f64 {
        self.tokens() as f64 / self.wall.as_secs_f64()
    }

    /// Median and 95th percentile.
    pub fn first_token_ms(&self) -> [f64; 2] {
        percentiles(self.requests.iter().filter_map(|times| times.first().copied()).collect())
    }

    /// Median and 95th percentile.
    pub fn inter_token_ms(&self) -> [f64; 2] {
        let pairs = self.requests.iter().flat_map(|times| times.windows(2).map(|pair| pair[1] - pair[0]));
        percentiles(pairs.collect())
    }
}

fn percentiles(mut times: Vec<Duration>) -> [f64; 2] {
    times.sort_unstable();
    [50, 95].map(|percent| {
        let at = times.len() * percent / 100;
        times.get(at.min(times.len().saturating_sub(1))).map_or(0.0, |time| time.as_secs_f64() * 1e3)
    })
}
