//! A node on a development chain, and buyers who pay it over gRPC: what a user sees.
//!
//! Contracts, Datanets, registrations, bonds, sessions, vouchers and receipts are the real ones; the chain is the embedded
//! simulation, in this process. Every client has a session and a connection of its own.

use std::{
    error::Error,
    ops::Range,
    time::{Duration, Instant},
};

use openledger_engine::Engine;
use openledger_node::{
    api::{
        GenerateRequest, GenerateResponse, generate_response::Event, inference_service_client::InferenceServiceClient,
    },
    devnet::{
        Stage, Story, Target,
        ask::Session,
        fill::{PROMPT_PRICE, RESPONSE_PRICE},
        sidecars::Sidecars,
    },
};
use openledger_protocol::fees::fee;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tonic::{Streaming, transport::Channel};

use crate::{
    measured::{Measured, Seen},
    registry,
    spec::Spec,
};

type Failure = Box<dyn Error + Send + Sync>;
/// Reads a receipt.
type Receipt = JoinHandle<Result<Duration, Failure>>;

/// The node and the buyers.
pub struct Network {
    sidecars: Sidecars,
    /// Ids on the chain, by the specification's number.
    adapter_ids: Vec<u64>,
    buyers: Vec<Buyer>,
    /// The chain ends when this does.
    _stage: Stage,
    _scratch: TempDir,
}

/// One client with its money.
struct Buyer {
    inference: InferenceServiceClient<Channel>,
    session: Session,
    sequence: u64,
    promised: u128,
}

impl Network {
    /// Registers the adapters of a specification, bonds a node and its validators, and opens a session for every client.
    pub async fn start(engine: &Engine, spec: &Spec) -> Result<Self, Box<dyn Error>> {
        let scratch = tempfile::tempdir()?;
        let root = scratch.path();
        let examples = registry::examples(spec, &root.join("registry"))?;
        let story = Story {
            target: Target::Embedded,
            examples: root.to_owned(),
            // Nothing to compare the contracts' code with.
            artifacts: root.join("none"),
            scratch: root.join("homes"),
            indexed: Default::default(),
        };
        std::fs::create_dir_all(&story.scratch)?;
        let stage = story.set_with(examples, engine.clone()).await?;
        let sidecars = Sidecars::start(&stage).await?;
        let mut buyers = Vec::with_capacity(spec.clients);
        for _ in 0..spec.clients {
            buyers.push(Buyer {
                inference: InferenceServiceClient::connect(sidecars.node_url.clone()).await?,
                session: Session::open(&stage).await?,
                sequence: 0,
                promised: 0,
            });
        }
        let adapter_ids = stage.adapters.iter().map(|adapter| adapter.adapter_id).collect();
        Ok(Self { sidecars, adapter_ids, buyers, _stage: stage, _scratch: scratch })
    }

    /// Lets every client send the requests of `rounds`, one after the other.
    pub async fn load(&mut self, spec: &Spec, rounds: Range<usize>) -> Result<Measured, Box<dyn Error>> {
        let began = Instant::now();
        let mut clients = Vec::with_capacity(self.buyers.len());
        for (number, buyer) in self.buyers.drain(..).enumerate() {
            let (spec, rounds, ids) = (spec.clone(), rounds.clone(), self.adapter_ids.clone());
            clients.push(tokio::spawn(client(buyer, spec, number, rounds, ids)));
        }
        let mut requests = Vec::new();
        for client in clients {
            let (buyer, seen) = client.await?.map_err(|error| error.to_string())?;
            self.buyers.push(buyer);
            for (mut seen, receipt) in seen {
                seen.receipt = Some(receipt.await?.map_err(|error| error.to_string())?);
                requests.push(seen);
            }
        }
        Ok(Measured::new(began, requests, spec.new_tokens))
    }

    /// Puts all receipts into a batch, so that what was paid for is also charged, and stops everybody.
    pub async fn stop(self) -> Result<(), Box<dyn Error>> {
        let Self { sidecars, buyers, .. } = self;
        let promised: u128 = buyers.iter().map(|buyer| buyer.promised).sum();
        let asked: u64 = buyers.iter().map(|buyer| buyer.sequence).sum();
        let batch_id = sidecars.operator().commit_batch().await?.ok_or("there is nothing to charge")?;
        let batch = sidecars.operator().network.batch(batch_id).await?.batch;
        let (receipts, total) = (batch.receipt_count.u64(), batch.total.u128());
        if receipts != asked || total > promised {
            return Err(format!("{receipts} receipts of {asked}, {total} uopen charged of {promised} promised").into());
        }
        eprintln!("batch {batch_id}: {receipts} receipts, {total} of {promised} uopen charged");
        // Open connections would keep the node waiting.
        drop(buyers);
        Ok(sidecars.stop().await?)
    }
}

async fn client(
    mut buyer: Buyer,
    spec: Spec,
    number: usize,
    rounds: Range<usize>,
    ids: Vec<u64>,
) -> Result<(Buyer, Vec<(Seen, Receipt)>), Failure> {
    let mut requests = Vec::new();
    for round in rounds {
        let number_of_adapter = spec.adapter(number, round).ok_or("a node sells answers of adapters only")?;
        let adapter_id = *ids.get(number_of_adapter).ok_or("an adapter was not registered")?;
        requests.push(buyer.ask(adapter_id, spec.prompt_text(number, round), &spec).await?);
    }
    Ok((buyer, requests))
}

impl Buyer {
    /// Signs a voucher, asks, and reads to the end of the text; the receipt is read beside the next question.
    async fn ask(&mut self, adapter_id: u64, prompt: String, spec: &Spec) -> Result<(Seen, Receipt), Failure> {
        let began = Instant::now();
        let (prompt_tokens, new_tokens) = (u32::try_from(spec.prompt_tokens)?, u32::try_from(spec.new_tokens)?);
        self.sequence += 1;
        self.promised += fee(prompt_tokens, PROMPT_PRICE, new_tokens, RESPONSE_PRICE)?;
        let (voucher, voucher_signature) = self.session.voucher(self.sequence, self.promised)?;
        let request = GenerateRequest {
            adapter_id,
            prompt,
            max_new_tokens: new_tokens,
            voucher: Some(voucher),
            voucher_signature,
            ..GenerateRequest::default()
        };
        let mut stream = self.inference.generate(request).await?.into_inner();
        let mut tokens = Vec::with_capacity(spec.new_tokens);
        while let Some(message) = stream.message().await? {
            match message.event {
                Some(Event::Started(started)) if started.prompt_tokens != prompt_tokens => {
                    return Err(format!("the prompt has {} tokens, not {prompt_tokens}", started.prompt_tokens).into());
                }
                Some(Event::Token(_)) => tokens.push(began.elapsed()),
                Some(Event::Finished(finished)) => {
                    if finished.response_tokens as usize != tokens.len() {
                        return Err("other tokens are paid for than came".into());
                    }
                    let ended = began.elapsed();
                    return Ok((Seen { began, tokens, ended, receipt: None }, tokio::spawn(receipt(stream, began))));
                }
                _ => {}
            }
        }
        Err("the stream ended without an end of the text".into())
    }
}

/// When the receipt of an answer came, which ends its stream.
async fn receipt(mut stream: Streaming<GenerateResponse>, began: Instant) -> Result<Duration, Failure> {
    while let Some(message) = stream.message().await? {
        if let Some(Event::Receipt(_)) = message.event {
            return Ok(began.elapsed());
        }
    }
    Err("the stream ended without a receipt".into())
}
