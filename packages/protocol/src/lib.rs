//! The bytes and integers that contracts, sidecar and clients must agree on.
//!
//! Everything here is pure: no chain, no I/O, no floats. It compiles to wasm, so that a contract, a validator and a
//! browser compute the same digests, roots and shares.

#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::unwrap_used))]

extern crate alloc;

pub mod amount;
pub mod attribution;
pub mod commitment;
pub mod credits;
pub mod digest;
pub mod dot;
pub mod fees;
pub mod fraud;
pub mod merkle;
pub mod merkle_sum;
pub mod payee;
pub mod payouts;
pub mod shares;

/// Protobuf messages, generated from `proto/` by `cargo xtask proto`.
#[allow(clippy::all, clippy::arithmetic_side_effects)]
#[rustfmt::skip]
#[path = "gen/openledger.protocol.v1.rs"]
mod messages;

pub use digest::Signed;
pub use messages::{
    Attribution, BatchAccess, BatchHeader, Credit, CreditRole, DisputeVerdict, EpochStatement, Payout,
    ProofOfPossession, Receipt, Sampling, Scope, SessionCharge, Verdict, Voucher,
};
pub use prost::Message;

/// A SHA-256 digest or a Merkle root.
pub type Hash = [u8; 32];
