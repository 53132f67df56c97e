//! Every message of the staking contract on a simulated chain with the real token, real bech32 and real BLS.

// A test that unwraps or overflows fails with a message, which is all it needs to do.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects, clippy::cast_possible_truncation)]

mod admin;
mod audit;
mod bond_more;
mod chain;
mod delegate;
mod events;
mod fund_rewards;
mod instantiate;
mod model;
mod operators;
mod permissions;
mod power_at;
mod quorum;
mod redelegate;
mod register_validator;
mod rotate_key;
mod settle_redelegations;
mod slash_validators;
mod snapshot;
mod unbond;
mod undelegate;
mod unjail;
mod update_commission;
mod update_validator;
mod withdraw_unbonded;
