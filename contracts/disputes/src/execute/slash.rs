//! Orders to the staking contract. A refused one, for example of a node that bonded nothing, must not save what is false, so it
//! is only noted: see [`crate::reply`].

use cosmwasm_std::{Addr, StdResult, SubMsg};
use openledger_contract_kit::Bps;
use staking::client::Client as Staking;

use crate::state::Config;

/// Slashes a node's bond and keeps it from operating. The reply's id is the case's.
pub fn operator(config: &Config, case_id: u64, operator: &Addr, fraction: Bps) -> StdResult<SubMsg> {
    let message = Staking::new(&config.staking).slash_operator(case_id, operator, fraction, true)?;
    Ok(SubMsg::reply_on_error(message, case_id))
}

/// Slashes validators for what they signed in `set_id`, and removes them for ever. The reply's id is the case's.
pub fn validators(config: &Config, case_id: u64, set_id: u64, validators: &[Addr], fraction: Bps) -> StdResult<SubMsg> {
    let message = Staking::new(&config.staking).slash_validators(case_id, set_id, validators, fraction, true)?;
    Ok(SubMsg::reply_on_error(message, case_id))
}
