//! GetReceipt.

use tonic::{Request, Response, Status};

use crate::{
    api::{GetReceiptRequest, GetReceiptResponse, receipt_service_server::ReceiptService},
    error::NodeError,
    ledger::Ledger,
};

/// Receipts of this node.
pub struct ReceiptApi(pub Ledger);

#[tonic::async_trait]
impl ReceiptService for ReceiptApi {
    async fn get_receipt(&self, request: Request<GetReceiptRequest>) -> Result<Response<GetReceiptResponse>, Status> {
        let id = request.into_inner().id;
        if id.len() != 32 {
            return Err(NodeError::BadRequest { field: "id", problem: "a receipt's id has 32 bytes".into() }.into());
        }
        let stored = self.0.receipt(&id).await?;
        Ok(Response::new(GetReceiptResponse {
            receipt: stored.opened.receipt,
            batch_id: stored.batch_id.unwrap_or_default(),
        }))
    }
}
