//! Every message of the vesting contract on a simulated chain with real tokens and real bech32.

// A test that unwraps or overflows fails with a message, which is all it needs to do.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod accept_recipient;
mod adversarial;
mod audit;
mod chain;
mod client;
mod events;
mod instantiate;
mod migrate;
mod model;
mod permissions;
mod propose_recipient;
mod query;
mod receive;
mod release;
mod renounce_revocation;
mod revoke;
