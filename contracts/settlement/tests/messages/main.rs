//! Every message of the settlement contract on a simulated chain with the real token, the real staking contract, real
//! bech32, secp256k1 and BLS12-381.

// A test that unwraps or overflows fails with a message, which is all it needs to do.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod accept_epoch;
mod admin;
mod advance_round;
mod audit;
mod chain;
mod claim;
mod events;
mod exposure;
mod instantiate;
mod model;
mod open_session;
mod pause;
mod payees;
mod permissions;
mod queries;
mod refund_batch;
#[allow(dead_code)]
mod registries;
mod restitution;
mod settle_session;
mod signing;
mod submit_batch;
mod void;
