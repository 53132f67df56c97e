//! Clients of the engine.

use std::{ops::Range, time::Instant};

use openledger_engine::{Engine, EngineError, GenerateEvent, GenerateRequest};

use crate::{
    measured::{Measured, Seen},
    spec::Spec,
};

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
    Ok(Measured::new(began, requests, spec.new_tokens))
}

async fn client(engine: Engine, spec: Spec, number: usize, rounds: Range<usize>) -> Result<Vec<Seen>, EngineError> {
    let mut requests = Vec::new();
    for round in rounds {
        let began = Instant::now();
        let request = GenerateRequest {
            adapter: spec.adapter(number, round).map(|adapter| adapter.to_string()),
            ..GenerateRequest::greedy(spec.prompt(number, round), spec.new_tokens)
        };
        let mut events = engine.generate(request).await?;
        let mut tokens = Vec::new();
        while let Some(event) = events.recv().await {
            if let GenerateEvent::Token { .. } = event? {
                tokens.push(began.elapsed());
            }
        }
        requests.push(Seen { began, tokens, ended: began.elapsed(), receipt: None });
    }
    Ok(requests)
}
