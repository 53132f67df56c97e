//! GetBatch.

use openledger_protocol::{BatchAccess, Signed};
use tonic::{Request, Response, Status};

use crate::{
    api::{GetBatchRequest, GetBatchResponse, batch_service_server::BatchService},
    bls,
    error::NodeError,
    ledger::Ledger,
    network::Network,
};

/// Batches of this node, for validators: they hold what buyers wrote.
pub struct BatchApi {
    /// The store.
    pub ledger: Ledger,
    /// The chain, for the keys of validators.
    pub network: Network,
}

#[tonic::async_trait]
impl BatchService for BatchApi {
    async fn get_batch(&self, request: Request<GetBatchRequest>) -> Result<Response<GetBatchResponse>, Status> {
        let GetBatchRequest { batch_id, validator, signature } = request.into_inner();
        let access = BatchAccess { scope: Some(self.network.scope()), validator, batch_id };
        let set = self.network.latest_set().await?;
        let member = set.members.iter().find(|member| member.validator.as_str() == access.validator);
        let allowed =
            member.is_some_and(|member| bls::verify(member.bls_public_key.as_bytes(), &access.digest(), &signature));
        if !allowed {
            return Err(NodeError::NotAValidator.into());
        }
        let (header, receipts) = self.ledger.batch(batch_id).await?;
        Ok(Response::new(GetBatchResponse { header: Some(header), receipts }))
    }
}
