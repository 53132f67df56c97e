//! The loop under bad input and faults, on the embedded chain with the real model.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod adapters;
mod attestation;
mod batches;
mod bonds;
mod crash;
mod registering;
mod sampling;
mod services;
mod stage;
mod tail;
mod vouchers;
