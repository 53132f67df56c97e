//! Every message of the shares contract on a simulated chain with the real token and real bech32.

// A test that unwraps or overflows fails with a message, which is all it needs to do.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod adversarial;
mod audit;
mod back;
mod chain;
mod claim_income;
mod client;
mod commons;
mod events;
mod fund_income;
mod instantiate;
mod migrate;
mod mint_for_contribution;
mod model;
mod permissions;
mod slash_backing;
mod standard;
mod sudo;
mod unback;
mod withdraw_backing;
