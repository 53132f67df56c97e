//! Every message of the governance contract on a simulated chain with the real token.
//!
//! Staking, the Datanets and the governed contract are stubs that say so in their names: power comes from a table with the
//! start-of-height meaning of the real contracts. `real_contracts` checks that what is sent parses as their messages.

// A test that unwraps or overflows fails with a message, which is all it needs to do.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod accept_ownership;
mod chain;
mod close;
mod datanet;
mod deposit;
mod emergency_pause;
mod events;
mod execute;
mod instantiate;
mod migrate;
mod model;
mod param_change;
mod permissions;
mod propose;
mod queries;
mod real_contracts;
mod receive;
mod self_messages;
mod simulate;
mod stub_datanets_power;
mod stub_governed;
mod stub_staking_power;
mod sudo;
mod vote;
