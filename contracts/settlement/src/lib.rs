//! Money for inference: sessions, batches, attested epochs, claims, refunds.

pub mod msg;
