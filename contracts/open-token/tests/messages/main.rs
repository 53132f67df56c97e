//! One file per group of messages, each against the contract in cw-multi-test.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod allowance;
mod burn;
mod golden;
mod instantiate;
mod marketing;
mod migrate;
mod mint;
mod model;
mod query;
mod send;
mod suite;
mod transfer;
mod vesting;
