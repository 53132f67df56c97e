//! GetBatch.

use tonic::{Request, Response, Status};

use crate::{
    api::{GetBatchRequest, GetBatchResponse, batch_service_server::BatchService},
    ledger::Ledger,
};

/// Batches of this node, for validators.
pub struct BatchApi(pub Ledger);

#[tonic::async_trait]
impl BatchService for BatchApi {
    async fn get_batch(&self, request: Request<GetBatchRequest>) -> Result<Response<GetBatchResponse>, Status> {
        let (header, receipts) = self.0.batch(request.into_inner().batch_id).await?;
        Ok(Response::new(GetBatchResponse { header: Some(header), receipts }))
    }
}
