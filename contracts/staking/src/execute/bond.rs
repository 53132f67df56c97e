//! Adding to a bond.

use cosmwasm_std::{Addr, DepsMut, Empty, Env, MessageInfo, Response, Storage, Uint128};
use openledger_contract_kit::{event::Event, KitError};

use super::token;
use crate::{
    error::ContractError,
    events::StakingEvent,
    state::{load_validator, Validator, BONDED, LEDGER, PARAMS, REWARD_INDEX, VALIDATORS},
};

/// Adds to the sender's self-bond by allowance.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    add(deps.storage, &info.sender, &mut validator, amount)?;
    let pull = token::pull(deps.storage, &env, &info.sender, amount)?;
    let event = StakingEvent::Bonded { validator: info.sender, amount, bonded: validator.bonded };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(pull))
}

/// Books `amount` as bonded and saves the validator. Rewards up to now are computed on the old bond.
pub fn add(
    storage: &mut dyn Storage,
    address: &Addr,
    validator: &mut Validator,
    amount: Uint128,
) -> Result<(), ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let params = PARAMS.load(storage)?;
    let mut ledger = LEDGER.load(storage)?;
    let bonded = validator.bonded.checked_add(amount)?;
    if bonded < params.min_self_bond {
        return Err(ContractError::BondTooSmall { bonded, minimum: params.min_self_bond });
    }
    if validator.bonded.is_zero() {
        if ledger.validators >= params.max_validators {
            return Err(ContractError::ValidatorsFull { max: params.max_validators });
        }
        ledger.validators = ledger.validators.checked_add(1).ok_or(KitError::Overflow { what: "validators" })?;
        BONDED.save(storage, address, &Empty {})?;
    }
    validator.rewards.accrue(&REWARD_INDEX.load(storage)?, validator.bonded)?;
    validator.bonded = bonded;
    ledger.bonded = ledger.bonded.checked_add(amount)?;
    LEDGER.save(storage, &ledger)?;
    VALIDATORS.save(storage, address, validator)?;
    Ok(())
}
