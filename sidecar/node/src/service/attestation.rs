//! Attest.

use openledger_protocol::Signed;
use tonic::{Request, Response, Status};

use crate::{
    api::{AttestRequest, AttestResponse, attestation_service_server::AttestationService},
    error::NodeError,
    signing,
    validator::{Holder, Validator},
};

/// Most batches of one proposed epoch, as the settlement contract's own bound.
const MAX_BATCHES: usize = 64;

/// Attestation by this validator.
pub struct AttestationApi(pub Validator);

#[tonic::async_trait]
impl AttestationService for AttestationApi {
    async fn attest(&self, request: Request<AttestRequest>) -> Result<Response<AttestResponse>, Status> {
        let AttestRequest { statement, batch_source, node_public_key, node_signature } = request.into_inner();
        let statement = statement
            .ok_or(NodeError::BadRequest { field: "statement", problem: "there is nothing to sign".into() })?;
        if statement.batch_ids.len() > MAX_BATCHES {
            return Err(NodeError::BadRequest { field: "statement", problem: "more than 64 batches".into() }.into());
        }
        if batch_source.len() > 256 {
            return Err(NodeError::BadRequest { field: "batch_source", problem: "longer than 256 bytes".into() }.into());
        }
        if !signing::verify(&node_public_key, &statement.digest(), &node_signature) {
            let problem = "it is not the proposing node's signature of the statement".into();
            return Err(NodeError::BadRequest { field: "node_signature", problem }.into());
        }
        let account = openledger_chain::address_of(&node_public_key).map_err(NodeError::from)?;
        let attestation = self.0.attest(&statement, &Holder { account, url: batch_source }).await?;
        Ok(Response::new(AttestResponse {
            validator: self.0.account.clone(),
            signature: attestation.signature.to_vec(),
            receipts_reexecuted: attestation.reexecuted,
        }))
    }
}
