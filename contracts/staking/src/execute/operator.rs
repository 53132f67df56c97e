//! Node operators: a bond that answers for the batches they submit.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage, Uint128, Uint64, WasmMsg};
use openledger_contract_kit::{event::Event, KitError};

use super::token;
use crate::{
    error::ContractError,
    events::StakingEvent,
    msg::{Endpoint, Moniker},
    state::{load_operator, Operator, OperatorExit, LEDGER, OPERATORS, PARAMS},
};

/// Takes the first bond by allowance.
pub fn register(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    amount: Uint128,
    endpoint: Endpoint,
    moniker: Moniker,
) -> Result<Response, ContractError> {
    let operator = info.sender;
    if OPERATORS.has(deps.storage, &operator) {
        return Err(ContractError::OperatorRegistered { operator });
    }
    let record = Operator {
        bond: Uint128::zero(),
        exits: Vec::new(),
        barred: false,
        endpoint: endpoint.clone(),
        moniker: moniker.clone(),
        registered_at: Uint64::new(env.block.time.seconds()),
    };
    let (bond, pull) = add(deps.storage, &env, &operator, record, amount)?;
    let event = StakingEvent::OperatorRegistered { operator, bond, endpoint, moniker };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(pull))
}

/// Adds to the bond by allowance.
pub fn bond(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    let operator = info.sender;
    let record = load_operator(deps.storage, &operator)?;
    if record.barred {
        return Err(ContractError::OperatorBarred { operator });
    }
    let (bond, pull) = add(deps.storage, &env, &operator, record, amount)?;
    let event = StakingEvent::OperatorBonded { operator, amount, bond };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(pull))
}

fn add(
    storage: &mut dyn Storage,
    env: &Env,
    operator: &Addr,
    mut record: Operator,
    amount: Uint128,
) -> Result<(Uint128, WasmMsg), ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let minimum = PARAMS.load(storage)?.min_operator_bond;
    record.bond = record.bond.checked_add(amount)?;
    if record.bond < minimum {
        return Err(ContractError::BondTooSmall { bonded: record.bond, minimum });
    }
    OPERATORS.save(storage, operator, &record)?;
    let mut ledger = LEDGER.load(storage)?;
    ledger.operators = ledger.operators.checked_add(amount)?;
    ledger.save(storage, env.block.height)?;
    Ok((record.bond, token::pull(storage, env, operator, amount)?))
}

/// Moves `amount` of the bond to the exits. What stays is nothing or at least the minimum.
pub fn unbond(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    let operator = info.sender;
    let mut record = load_operator(deps.storage, &operator)?;
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let params = PARAMS.load(deps.storage)?;
    let bond = record
        .bond
        .checked_sub(amount)
        .map_err(|_| ContractError::UnbondTooMuch { requested: amount, bonded: record.bond })?;
    if !bond.is_zero() && bond < params.min_operator_bond {
        return Err(ContractError::BondTooSmall { bonded: bond, minimum: params.min_operator_bond });
    }
    if record.exits.len() >= usize::try_from(params.max_unbonding_entries).unwrap_or(usize::MAX) {
        return Err(ContractError::TooManyUnbondings { max: params.max_unbonding_entries });
    }
    let completes_at = env
        .block
        .time
        .seconds()
        .checked_add(params.unbonding_seconds.u64())
        .ok_or(KitError::Overflow { what: "completes_at" })?;
    record.bond = bond;
    record.exits.push(OperatorExit { amount, completes_at: Uint64::new(completes_at) });
    OPERATORS.save(deps.storage, &operator, &record)?;
    let event = StakingEvent::OperatorUnbonding { operator, amount, bond, completes_at };
    Ok(Response::new().add_event(event.to_cosmwasm()))
}

/// Pays every exit that is due.
pub fn withdraw(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let operator = info.sender;
    let mut record = load_operator(deps.storage, &operator)?;
    let now = env.block.time.seconds();
    let (due, waiting): (Vec<_>, Vec<_>) = record.exits.into_iter().partition(|exit| exit.completes_at.u64() <= now);
    if due.is_empty() {
        let next = waiting.iter().map(|exit| exit.completes_at.u64()).min();
        return Err(ContractError::NothingDue { next });
    }
    let mut amount = Uint128::zero();
    for exit in due {
        amount = amount.checked_add(exit.amount)?;
    }
    record.exits = waiting;
    OPERATORS.save(deps.storage, &operator, &record)?;
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.operators = ledger.operators.checked_sub(amount)?;
    ledger.save(deps.storage, env.block.height)?;
    let event = StakingEvent::OperatorWithdrawn { operator: operator.clone(), amount };
    let response = Response::new().add_event(event.to_cosmwasm());
    if amount.is_zero() {
        return Ok(response);
    }
    Ok(response.add_message(token::pay(deps.storage, &operator, amount)?))
}
