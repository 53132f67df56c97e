//! Slashed money arrives: it restores first, rewards the challenger second, and burns.

use cosmwasm_std::{from_json, Deps, DepsMut, Response, Uint128};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::event::Event;
use settlement::client::Client as Settlement;

use super::token;
use crate::{
    error::ContractError,
    events::DisputesEvent,
    msg::{CaseResponse, Culprit, ReceiveMsg},
    state::{load_case, Config, CASES, CONFIG, PARAMS},
};

/// Takes tokens that the token reports. The door lets in nobody else.
pub fn run(deps: DepsMut, received: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let ReceiveMsg::Slashed { case_id } = from_json(&received.msg)?;
    let sender = deps.api.addr_validate(&received.sender)?;
    if sender != CONFIG.load(deps.storage)?.staking {
        return Err(ContractError::NotStaking { sender });
    }
    distribute(deps, case_id.u64(), received.amount)
}

/// What the sessions of a case still miss. Anybody may have given them something since the proof or before it; settlement takes
/// no more than is missing, and a refusal there would undo the slash.
fn owed(deps: Deps, config: &Config, case: &CaseResponse) -> Result<Uint128, ContractError> {
    let Culprit::Node { batch_id, .. } = &case.culprit else { return Ok(Uint128::zero()) };
    let given = Settlement::new(&config.settlement).restituted(&deps.querier, batch_id.u64())?;
    Ok(case.due.checked_sub(given).unwrap_or_default())
}

/// Divides what a case's culprits lost. Nothing stays here.
fn distribute(deps: DepsMut, case_id: u64, amount: Uint128) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let mut case = load_case(deps.storage, case_id)?;
    let restored = amount.min(owed(deps.as_ref(), &config, &case)?);
    let left = amount.checked_sub(restored)?;
    let rewarded = PARAMS.load(deps.storage)?.reward.of(left);
    let burned = left.checked_sub(rewarded)?;
    case.slashed = case.slashed.checked_add(amount)?;
    case.restored = case.restored.checked_add(restored)?;
    case.rewarded = case.rewarded.checked_add(rewarded)?;
    case.burned = case.burned.checked_add(burned)?;
    CASES.save(deps.storage, case_id, &case)?;

    let mut response = Response::new();
    if let (Culprit::Node { batch_id, .. }, false) = (&case.culprit, restored.is_zero()) {
        response = response.add_message(token::restore(&config, batch_id.u64(), restored)?);
    }
    if !rewarded.is_zero() {
        response = response.add_message(token::pay(&config, &case.challenger, rewarded)?);
    }
    if !burned.is_zero() {
        response = response.add_message(token::burn(&config, burned)?);
    }
    let slashed = DisputesEvent::Slashed { case_id, amount, restored, rewarded, burned };
    Ok(response.add_event(slashed.to_cosmwasm()))
}
