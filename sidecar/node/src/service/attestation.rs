//! Attest.

use tonic::{Request, Response, Status};

use crate::{
    api::{AttestRequest, AttestResponse, attestation_service_server::AttestationService},
    error::NodeError,
    validator::Validator,
};

/// Most batches of one proposed epoch, as the settlement contract's own bound.
const MAX_BATCHES: usize = 64;

/// Attestation by this validator.
pub struct AttestationApi(pub Validator);

#[tonic::async_trait]
impl AttestationService for AttestationApi {
    async fn attest(&self, request: Request<AttestRequest>) -> Result<Response<AttestResponse>, Status> {
        let AttestRequest { statement, batch_source } = request.into_inner();
        let statement = statement
            .ok_or(NodeError::BadRequest { field: "statement", problem: "there is nothing to sign".into() })?;
        if statement.batch_ids.len() > MAX_BATCHES {
            return Err(NodeError::BadRequest { field: "statement", problem: "more than 64 batches".into() }.into());
        }
        if batch_source.len() > 256 {
            return Err(NodeError::BadRequest { field: "batch_source", problem: "longer than 256 bytes".into() }.into());
        }
        let attestation = self.0.attest(&statement, &batch_source).await?;
        Ok(Response::new(AttestResponse {
            validator: self.0.account.clone(),
            signature: attestation.signature.to_vec(),
            receipts_reexecuted: attestation.reexecuted,
        }))
    }
}
