//! Orders to the staking contract. A refused one, for example of a node that bonded nothing, must not save what is false, so it
//! is only noted: see [`crate::reply`].

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{to_json_binary, Addr, StdResult, SubMsg, Uint64, WasmMsg};
use openledger_contract_kit::Bps;

use crate::state::Config;

#[cw_serde]
enum Slash {
    SlashOperator { case_id: Uint64, operator: String, fraction: Bps, bar: bool },
    SlashValidators { case_id: Uint64, set_id: Uint64, validators: Vec<String>, fraction: Bps, tombstone: bool },
}

/// Slashes a node's bond and keeps it from operating. The reply's id is the case's.
pub fn operator(config: &Config, case_id: u64, operator: &Addr, fraction: Bps) -> StdResult<SubMsg> {
    let operator = operator.to_string();
    call(config, case_id, &Slash::SlashOperator { case_id: Uint64::new(case_id), operator, fraction, bar: true })
}

/// Slashes validators for what they signed in `set_id`, and removes them for ever. The reply's id is the case's.
pub fn validators(config: &Config, case_id: u64, set_id: u64, validators: &[Addr], fraction: Bps) -> StdResult<SubMsg> {
    let message = Slash::SlashValidators {
        case_id: Uint64::new(case_id),
        set_id: Uint64::new(set_id),
        validators: validators.iter().map(Addr::to_string).collect(),
        fraction,
        tombstone: true,
    };
    call(config, case_id, &message)
}

fn call(config: &Config, case_id: u64, message: &Slash) -> StdResult<SubMsg> {
    let contract_addr = config.staking.to_string();
    let message = WasmMsg::Execute { contract_addr, msg: to_json_binary(message)?, funds: Vec::new() };
    Ok(SubMsg::reply_on_error(message, case_id))
}
