//! Validators: self-bonds, BLS12-381 keys with proof of possession, epoch sets, unbonding, rewards.

pub mod msg;
