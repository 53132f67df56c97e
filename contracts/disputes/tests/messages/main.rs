//! Every message of the disputes contract on a simulated chain with the real token, staking, settlement and registries, real
//! bech32, secp256k1 and BLS12-381.

// A test that unwraps or overflows fails with a message, which is all it needs to do.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod admin;
mod audit;
/// The chain of settlement's own tests.
#[path = "../../../settlement/tests/messages/chain.rs"]
#[allow(dead_code)]
mod chain;
mod dispute;
mod events;
mod instantiate;
mod permissions;
mod prove_batch_fraud;
mod prove_epoch_fraud;
mod prove_equivocation;
mod queries;
#[path = "../../../settlement/tests/messages/registries.rs"]
#[allow(dead_code)]
mod registries;
mod scene;
#[path = "../../../settlement/tests/messages/signing.rs"]
#[allow(dead_code)]
mod signing;
mod slashing;
