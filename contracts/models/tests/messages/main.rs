//! One file per message, each against the contract in cw-multi-test beside a real Datanets contract.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod accept_adapter;
mod adapter_income;
mod admin;
mod adversarial;
mod audit;
mod events;
mod golden;
mod licence;
mod make;
mod migrate;
mod model;
mod plain;
mod promote;
mod publish_adapter_version;
mod query;
mod register_adapter;
mod register_base;
mod retire;
mod rollback;
mod set_payout;
mod set_settlement;
mod set_terms;
mod split;
mod sudo;
mod suite;
mod suspend;
mod unlock_bond;
mod whitelist_base;
mod withdraw_base;
