//! Beginning to leave.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128, Uint64};
use openledger_contract_kit::{event::respond, ids, KitError};

use crate::{
    error::ContractError,
    events::StakingEvent,
    state::{
        load_validator, Unbonding, BONDED, LAST_UNBONDING, LATEST_SET, LEDGER, PARAMS, REWARD_INDEX, UNBONDING,
        VALIDATORS,
    },
};

/// Moves `amount` from the bond into an unbonding entry. What stays is nothing or at least the minimum.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let params = PARAMS.load(deps.storage)?;
    let mut validator = load_validator(deps.storage, &info.sender)?;
    let bonded = validator
        .bonded
        .checked_sub(amount)
        .map_err(|_| ContractError::UnbondTooMuch { requested: amount, bonded: validator.bonded })?;
    if !bonded.is_zero() && bonded < params.min_self_bond {
        return Err(ContractError::BondTooSmall { bonded, minimum: params.min_self_bond });
    }
    if validator.unbonding_entries >= params.max_unbonding_entries {
        return Err(ContractError::TooManyUnbondings { max: params.max_unbonding_entries });
    }

    let mut ledger = LEDGER.load(deps.storage)?;
    validator.rewards.accrue(&REWARD_INDEX.load(deps.storage)?, validator.bonded)?;
    validator.bonded = bonded;
    validator.unbonding_entries =
        validator.unbonding_entries.checked_add(1).ok_or(KitError::Overflow { what: "unbonding entries" })?;
    ledger.bonded = ledger.bonded.checked_sub(amount)?;
    ledger.unbonding = ledger.unbonding.checked_add(amount)?;
    if bonded.is_zero() {
        ledger.validators = ledger.validators.checked_sub(1).ok_or(KitError::Overflow { what: "validators" })?;
        BONDED.remove(deps.storage, &info.sender);
    }

    let now = env.block.time.seconds();
    let completes_at =
        now.checked_add(params.unbonding_seconds.u64()).ok_or(KitError::Overflow { what: "completes_at" })?;
    let set_id = LATEST_SET.may_load(deps.storage)?.unwrap_or_default();
    let entry_id = ids::next(deps.storage, &LAST_UNBONDING)?;
    let entry = Unbonding {
        amount,
        set_id: Uint64::new(set_id),
        started_at: Uint64::new(now),
        completes_at: Uint64::new(completes_at),
    };
    UNBONDING.save(deps.storage, (&info.sender, entry_id), &entry)?;
    VALIDATORS.save(deps.storage, &info.sender, &validator)?;
    LEDGER.save(deps.storage, &ledger)?;
    Ok(respond(StakingEvent::Unbonding { validator: info.sender, entry_id, amount, bonded, set_id, completes_at }))
}
