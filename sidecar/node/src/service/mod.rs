//! The gRPC services: requests validated at the edge, errors as `google.rpc.Status`.

mod attestation;
mod batches;
mod deadline;
mod inference;
mod receipts;

pub use attestation::AttestationApi;
pub use batches::BatchApi;
pub use inference::InferenceApi;
pub use receipts::ReceiptApi;
