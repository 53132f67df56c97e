//! One file per message, each against the contract in cw-multi-test.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod accept;
mod admin;
mod adversarial;
mod approve_member;
mod audit;
mod commit;
mod contribute;
mod create;
mod curators;
mod datanet_owner;
mod deposits;
mod erasure;
mod golden;
mod identity;
mod income;
mod invite;
mod join;
mod merge_clusters;

mod migrate;
mod model;
mod power;
mod prove_poison;
mod publish_version;
mod query;
mod recovery;
mod reject;
mod request_withdrawal;
mod retire_datanet;
mod reviewers;
mod shares;
mod sudo;
mod suite;
mod votes;
