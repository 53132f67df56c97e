//! One file per message, each against the contract in cw-multi-test beside a real Datanets contract.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod admin;
mod golden;
mod migrate;
mod model;
mod promote;
mod publish_adapter_version;
mod query;
mod register_adapter;
mod register_base;
mod retire;
mod rollback;
mod set_terms;
mod sudo;
mod suite;
