//! A buyer: one session, vouchers by its session key, six questions at once over gRPC.

use cosmwasm_std::{Uint64, Uint128};
use cw20::Cw20ExecuteMsg;
use openledger_chain::Key;
use openledger_protocol::{Scope, Signed, Voucher, amount, fees};
use settlement::msg::{ExecuteMsg, PublicKey33};

use super::{
    Stage,
    examples::Question,
    fill::{PROMPT_PRICE, RESPONSE_PRICE},
};
use crate::{
    api::{
        GenerateRequest, GetReceiptRequest, SignedReceipt, generate_response::Event, get_receipt_request,
        inference_service_client::InferenceServiceClient, receipt_service_client::ReceiptServiceClient,
    },
    error::NodeError,
    registering::id,
};

/// Budget of the session, in uopen.
pub const BUDGET: u128 = 1_000_000;
/// Bound on delivered tokens per answer.
const MAX_NEW_TOKENS: u32 = 40;

/// Highest fee that a question can cost, in uopen: a token per byte, the begin token, and all tokens of the answer.
pub fn max_fee(question: &Question) -> Result<u128, NodeError> {
    let prompt = u32::try_from(question.prompt.len()).unwrap_or(u32::MAX).saturating_add(1);
    fees::fee(prompt, PROMPT_PRICE, MAX_NEW_TOKENS, RESPONSE_PRICE)
        .map_err(|error| NodeError::Config(error.to_string()))
}

/// An open session.
pub struct Session {
    /// Id in the settlement contract.
    pub session_id: u64,
    /// Signs vouchers; never holds money.
    key: Key,
    /// Of the settlement contract.
    scope: Scope,
}

/// A question with its answer.
pub struct Answered {
    /// The question.
    pub question: Question,
    /// Text of the answer.
    pub text: String,
    /// The receipt as the stream carried it and as GetReceipt returns it.
    pub receipt: SignedReceipt,
}

impl Session {
    /// Locks the budget: one allowance, one session, one transaction.
    pub async fn open(stage: &Stage) -> Result<Self, NodeError> {
        let key = Key::generate("session")?;
        let Stage { accounts, contracts, .. } = stage;
        let user = &accounts.user;
        let now = user.client().latest_block().await?.seconds();
        let allow = Cw20ExecuteMsg::IncreaseAllowance {
            spender: contracts.settlement.clone(),
            amount: Uint128::new(BUDGET),
            expires: None,
        };
        let open = ExecuteMsg::OpenSession {
            amount: Uint128::new(BUDGET),
            session_public_key: PublicKey33::new(key.public_key()),
            adapter_id: None,
            node: Some(accounts.node.address().into()),
            max_prompt_price: Uint128::new(PROMPT_PRICE),
            max_response_price: Uint128::new(RESPONSE_PRICE),
            expires_at: Uint64::new(now + 1_800),
        };
        let value = |message: serde_json::Result<serde_json::Value>| {
            message.map_err(|error| NodeError::Config(error.to_string()))
        };
        let outcome = user
            .execute_many(&[
                (contracts.open_token.as_str(), value(serde_json::to_value(&allow))?, vec![]),
                (contracts.settlement.as_str(), value(serde_json::to_value(&open))?, vec![]),
            ])
            .await?;
        let scope = Scope { chain_id: user.client().chain_id().into(), contract: contracts.settlement.clone() };
        Ok(Self { session_id: id(&outcome, "session_id")?.u64(), key, scope })
    }

    /// A voucher with the session key's signature.
    pub fn voucher(&self, sequence: u64, cumulative: u128) -> Result<(Voucher, Vec<u8>), NodeError> {
        let voucher = Voucher {
            scope: Some(self.scope.clone()),
            session_id: self.session_id,
            cumulative_amount: amount::format(cumulative),
            sequence,
        };
        let signature = self.key.sign_digest(&voucher.digest())?.to_vec();
        Ok((voucher, signature))
    }

    /// The request that asks `question` under the given voucher.
    pub fn request(
        &self,
        stage: &Stage,
        question: &Question,
        (voucher, voucher_signature): (Voucher, Vec<u8>),
    ) -> Result<GenerateRequest, NodeError> {
        let adapter = stage
            .adapters
            .iter()
            .find(|adapter| adapter.datanet == question.datanet)
            .ok_or_else(|| NodeError::Config(format!("no adapter for {}", question.datanet)))?;
        Ok(GenerateRequest {
            adapter_id: adapter.adapter_id,
            prompt: question.prompt.clone(),
            max_new_tokens: MAX_NEW_TOKENS,
            voucher: Some(voucher),
            voucher_signature,
            ..GenerateRequest::default()
        })
    }

    /// Asks all questions at once, each under its own voucher, and fetches the stored receipts.
    pub async fn ask_all(&self, stage: &Stage, node_url: &str) -> Result<Vec<Answered>, NodeError> {
        let mut promised = 0u128;
        let mut asks = Vec::new();
        for (question, sequence) in stage.examples.questions.iter().zip(1u64..) {
            promised = promised.saturating_add(max_fee(question)?);
            let request = self.request(stage, question, self.voucher(sequence, promised)?)?;
            asks.push((question.clone(), request));
        }
        let mut inference = connect(node_url).await?;
        // The node takes vouchers in sequence; answers are made side by side.
        let mut streams = Vec::new();
        for (question, request) in asks {
            let stream = inference.generate(request).await.map_err(|status| peer(node_url, &status))?.into_inner();
            streams.push((question, stream));
        }
        let answers = streams.into_iter().map(|(question, mut stream)| async move {
            let mut text = String::new();
            while let Some(message) = stream.message().await.map_err(|status| peer(node_url, &status))? {
                match message.event {
                    Some(Event::Finished(finished)) => text = finished.text,
                    Some(Event::Receipt(receipt)) => {
                        let receipt = self.stored(node_url, &receipt).await?;
                        return Ok(Answered { question, text, receipt });
                    }
                    _ => {}
                }
            }
            Err(NodeError::Config("the answer ended without a receipt".into()))
        });
        futures::future::try_join_all(answers).await
    }

    /// Reads a receipt back: it must be stored before the stream ends, and be the same.
    async fn stored(&self, node_url: &str, sent: &SignedReceipt) -> Result<SignedReceipt, NodeError> {
        let mut client = ReceiptServiceClient::connect(node_url.to_owned())
            .await
            .map_err(|error| NodeError::Peer { endpoint: node_url.into(), status: error.to_string() })?;
        let answer = client
            .get_receipt(GetReceiptRequest { receipt: Some(get_receipt_request::Receipt::Id(sent.id.clone())) })
            .await
            .map_err(|status| peer(node_url, &status))?
            .into_inner();
        match answer.receipt {
            Some(stored) if stored == *sent => Ok(stored),
            _ => Err(NodeError::ReceiptInvalid {
                receipt: hex::encode(&sent.id),
                problem: "the node stores another receipt than it sent".into(),
            }),
        }
    }
}

async fn connect(url: &str) -> Result<InferenceServiceClient<tonic::transport::Channel>, NodeError> {
    InferenceServiceClient::connect(url.to_owned())
        .await
        .map_err(|error| NodeError::Peer { endpoint: url.into(), status: error.to_string() })
}

fn peer(url: &str, status: &tonic::Status) -> NodeError {
    NodeError::Peer { endpoint: url.into(), status: status.message().to_owned() }
}
