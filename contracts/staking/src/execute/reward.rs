//! Rewards in and out.

use cosmwasm_std::{from_json, Addr, DepsMut, Env, MessageInfo, Response, Storage, Uint128};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::StakingEvent,
    msg::ReceiveMsg,
    state::{load_validator, LEDGER, REWARD_INDEX, TOKEN, VALIDATORS},
};

/// Adds rewards that the sender allowed this contract to take.
pub fn fund_by_allowance(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    amount: Uint128,
) -> Result<Response, ContractError> {
    let pull = token::pull(deps.storage, &env, &info.sender, amount)?;
    Ok(fund(deps.storage, info.sender, amount)?.add_message(pull))
}

/// Adds rewards that the token has just moved here. Anything but the token is refused: it could claim to have moved
/// whatever it likes.
pub fn fund_by_send(deps: DepsMut, info: MessageInfo, received: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let token = TOKEN.load(deps.storage)?;
    if info.sender != token {
        return Err(ContractError::WrongToken { sender: info.sender, token });
    }
    let from = deps.api.addr_validate(&received.sender)?;
    match from_json(&received.msg)? {
        ReceiveMsg::FundRewards {} => fund(deps.storage, from, received.amount),
    }
}

fn fund(storage: &mut dyn Storage, from: Addr, amount: Uint128) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let mut ledger = LEDGER.load(storage)?;
    let mut index = REWARD_INDEX.load(storage)?;
    index.fund(&mut ledger, amount)?;
    LEDGER.save(storage, &ledger)?;
    REWARD_INDEX.save(storage, &index)?;
    let event = StakingEvent::RewardsFunded { from, amount, orphaned: ledger.orphaned };
    Ok(Response::new().add_event(event.to_cosmwasm()))
}

/// Pays the sender's rewards.
pub fn claim(deps: DepsMut, info: MessageInfo) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    validator.rewards.accrue(&REWARD_INDEX.load(deps.storage)?, validator.bonded)?;
    let amount = std::mem::take(&mut validator.rewards.pending);
    if amount.is_zero() {
        return Err(ContractError::NoRewards { validator: info.sender });
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.rewards = ledger.rewards.checked_sub(amount)?;
    LEDGER.save(deps.storage, &ledger)?;
    VALIDATORS.save(deps.storage, &info.sender, &validator)?;
    let pay = token::pay(deps.storage, &info.sender, amount)?;
    let event = StakingEvent::RewardsClaimed { validator: info.sender, amount };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(pay))
}
