//! The emergency pause. The paused contract's own bounds hold as well: it ends by itself, cannot be chained, and stops no
//! exit.

use cosmwasm_std::{to_json_binary, Addr, Deps, DepsMut, Env, Response, StdResult, Uint64, WasmMsg};
use openledger_contract_kit::event::Event;

use crate::{check, error::ContractError, events::GovernanceEvent, json::Json, state::PARAMS};

/// A guardian: pauses contracts.
pub fn start(
    deps: DepsMut,
    env: Env,
    guardian: Addr,
    contracts: Vec<String>,
    until: Uint64,
) -> Result<Response, ContractError> {
    pause_contracts(deps.as_ref(), &env, guardian, &contracts, until)
}

/// Pauses contracts in somebody's name.
pub fn pause_contracts(
    deps: Deps,
    env: &Env,
    by: Addr,
    contracts: &[String],
    until: Uint64,
) -> Result<Response, ContractError> {
    let max = PARAMS.load(deps.storage)?.max_pause_seconds.u64();
    let found = until.u64().saturating_sub(env.block.time.seconds());
    if found == 0 || found > max {
        return Err(ContractError::PauseLength { found, max });
    }
    let mut response = Response::new();
    for contract in check::pausable(deps, contracts)? {
        let message = pause_message(&contract, until)?;
        let event = GovernanceEvent::Paused { contract, by: by.clone(), until: until.u64() };
        response = response.add_message(message).add_event(event.to_cosmwasm());
    }
    Ok(response)
}

/// A guardian: ends pauses.
pub fn end(deps: DepsMut, guardian: Addr, contracts: Vec<String>) -> Result<Response, ContractError> {
    let mut response = Response::new();
    for contract in check::pausable(deps.as_ref(), &contracts)? {
        let message = call(&contract, &Json::message("unpause", Json::Object(Default::default())))?;
        let event = GovernanceEvent::PauseEnded { contract, by: guardian.clone() };
        response = response.add_message(message).add_event(event.to_cosmwasm());
    }
    Ok(response)
}

/// The `pause` that our contracts share.
pub fn pause_message(contract: &Addr, until: Uint64) -> StdResult<WasmMsg> {
    call(contract, &Json::message("pause", Json::message("until", Json::String(until.to_string()))))
}

fn call(contract: &Addr, message: &Json) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute { contract_addr: contract.to_string(), msg: to_json_binary(message)?, funds: Vec::new() })
}
