//! Generate and ListModels.

use std::pin::Pin;

use openledger_engine::FinishReason;
use openledger_protocol::amount;
use tokio_stream::{Stream, StreamExt, once, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};

use crate::{
    api::{
        Candidate, Finished, GenerateRequest, GenerateResponse, ListModelsRequest, ListModelsResponse, Model, Started,
        Token, generate_response::Event, inference_service_server::InferenceService,
    },
    error::NodeError,
    serving::{AnswerEvent, Question, Serving, sampling},
};

/// Paid text generation.
pub struct InferenceApi(pub Serving);

#[tonic::async_trait]
impl InferenceService for InferenceApi {
    type GenerateStream = Pin<Box<dyn Stream<Item = Result<GenerateResponse, Status>> + Send>>;

    async fn generate(&self, request: Request<GenerateRequest>) -> Result<Response<Self::GenerateStream>, Status> {
        let deadline = super::deadline::of(request.metadata());
        let request = request.into_inner();
        let (sampling, logprobs) = (sampling::read(&request)?, sampling::logprobs(&request)?);
        let voucher = request
            .voucher
            .ok_or(NodeError::BadRequest { field: "voucher", problem: "a paid answer needs one".into() })?;
        let question = Question {
            adapter_id: request.adapter_id,
            prompt: request.prompt,
            sampling,
            logprobs,
            voucher,
            voucher_signature: request.voucher_signature,
            deadline,
        };
        let answer = self.0.answer(question).await?;
        let started = Started { max_fee: amount::format(answer.max_fee), prompt_tokens: answer.prompt_tokens };
        let started = once(Ok(GenerateResponse { event: Some(Event::Started(started)) }));
        let events = ReceiverStream::new(answer.events).map(|event| event.map(response).map_err(Status::from));
        Ok(Response::new(Box::pin(started.chain(events))))
    }

    async fn list_models(&self, _: Request<ListModelsRequest>) -> Result<Response<ListModelsResponse>, Status> {
        let models = self
            .0
            .catalog
            .iter()
            .map(|adapter| Model {
                adapter_id: adapter.terms.adapter_id,
                adapter_version: adapter.terms.version,
                name: adapter.terms.name.clone(),
                datanet_id: adapter.terms.datanet_id,
                prompt_price: amount::format(adapter.terms.prompt_price),
                response_price: amount::format(adapter.terms.response_price),
                digest: hex::encode(adapter.terms.adapter_digest),
            })
            .collect();
        Ok(Response::new(ListModelsResponse { models }))
    }
}

fn response(event: AnswerEvent) -> GenerateResponse {
    let event = match event {
        AnswerEvent::Token { id, text, likelihood } => Event::Token(Token {
            id,
            text,
            logprob: likelihood.as_ref().map(|likelihood| likelihood.logprob as f32),
            candidates: likelihood
                .map(|likelihood| likelihood.candidates)
                .unwrap_or_default()
                .into_iter()
                .map(candidate)
                .collect(),
        }),
        AnswerEvent::Finished { text, reason, fee, response_tokens } => {
            let reason = match reason {
                FinishReason::Eos => "eos",
                FinishReason::Length => "length",
                FinishReason::Stop => "stop",
            };
            Event::Finished(Finished { text, reason: reason.into(), fee: amount::format(fee), response_tokens })
        }
        AnswerEvent::Receipt(opened) => Event::Receipt(opened.receipt.unwrap_or_default()),
    };
    GenerateResponse { event: Some(event) }
}

fn candidate(candidate: openledger_engine::Candidate) -> Candidate {
    Candidate { id: candidate.id, logprob: candidate.logprob as f32 }
}
