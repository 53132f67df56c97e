//! GetReceipt.

use tonic::{Request, Response, Status};

use crate::{
    api::{
        GetReceiptRequest, GetReceiptResponse, get_receipt_request::Receipt as Key,
        receipt_service_server::ReceiptService,
    },
    error::NodeError,
    ledger::Ledger,
};

/// Receipts of this node.
pub struct ReceiptApi(pub Ledger);

#[tonic::async_trait]
impl ReceiptService for ReceiptApi {
    async fn get_receipt(&self, request: Request<GetReceiptRequest>) -> Result<Response<GetReceiptResponse>, Status> {
        let bad = |field, problem: &str| NodeError::BadRequest { field, problem: problem.into() };
        let stored = match request.into_inner().receipt {
            Some(Key::Id(id)) if id.len() == 32 => self.0.receipt(&id).await?,
            Some(Key::Id(_)) => return Err(bad("id", "a receipt's id has 32 bytes").into()),
            Some(Key::Voucher(voucher)) => self.0.receipt_of(voucher.session_id, voucher.sequence).await?,
            None => return Err(bad("receipt", "name it by its id or by its voucher").into()),
        };
        Ok(Response::new(GetReceiptResponse {
            receipt: stored.opened.receipt,
            batch_id: stored.batch_id.unwrap_or_default(),
        }))
    }
}
