//! A fresh stage per test.

use std::path::PathBuf;

use openledger_node::{
    api::{GenerateRequest, SignedReceipt, generate_response::Event, inference_service_client::InferenceServiceClient},
    devnet::{Stage, Story, Target},
};
use tempfile::TempDir;
use tonic::Status;
use tonic_types::StatusExt;

pub async fn set() -> (Stage, TempDir) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let story = Story {
        target: Target::Embedded,
        examples: root.join("examples"),
        // No artifacts: a contract under work need not be built for wasm before its loop can be tested.
        artifacts: scratch.path().join("none"),
        scratch: scratch.path().to_owned(),
        indexed: ["wordnet".to_owned()].into(),
    };
    (story.set().await.unwrap(), scratch)
}

/// Asks and returns the receipt that ends the stream.
pub async fn ask(node_url: &str, request: GenerateRequest) -> Result<SignedReceipt, Status> {
    let mut client = InferenceServiceClient::connect(node_url.to_owned()).await.unwrap();
    let mut stream = client.generate(request).await?.into_inner();
    while let Some(message) = stream.message().await? {
        if let Some(Event::Receipt(receipt)) = message.event {
            return Ok(receipt);
        }
    }
    Err(Status::internal("the stream ended without a receipt"))
}

/// Reason in a status' `ErrorInfo`.
pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    let info = details.error_info().expect("every error carries ErrorInfo");
    assert_eq!(info.domain, "openledger");
    assert!(!info.metadata["fix"].is_empty());
    info.reason.clone()
}
