//! Rewards in and out.

use cosmwasm_std::{from_json, Addr, DepsMut, Env, MessageInfo, Response, Storage, Uint128};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    msg::ReceiveMsg,
    state::{BACKED, CLAIMABLE, LEDGER, REWARD_INDEX, TOKEN, VALIDATORS},
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

/// Shares `amount` and everything orphaned among the tokens of the newest set, or banks it when nobody earns.
fn fund(storage: &mut dyn Storage, from: Addr, amount: Uint128) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let mut ledger = LEDGER.load(storage)?;
    ledger.rewards = ledger.rewards.checked_add(amount)?;
    ledger.orphaned = ledger.orphaned.checked_add(amount)?;
    if !ledger.earning.is_zero() {
        let mut index = REWARD_INDEX.load(storage)?;
        index.share(std::mem::take(&mut ledger.orphaned), ledger.earning)?;
        REWARD_INDEX.save(storage, &index)?;
    }
    LEDGER.save(storage, &ledger)?;
    let event = StakingEvent::RewardsFunded { from, amount, orphaned: ledger.orphaned };
    Ok(Response::new().add_event(event.to_cosmwasm()))
}

/// Pays what the sender's delegations earned, and its commission.
pub fn claim(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let account = info.sender;
    let mut ledger = LEDGER.load(deps.storage)?;
    for validator in earners(deps.storage, &account)? {
        let book = Book::open(deps.storage, &validator)?;
        if !book.shares(deps.storage, &account)?.is_zero() {
            book.settle(deps.storage, &account)?;
        }
        book.close(deps.storage, env.block.height, &mut ledger)?;
    }
    let amount = CLAIMABLE.may_load(deps.storage, &account)?.unwrap_or_default();
    if amount.is_zero() {
        return Err(ContractError::NoRewards { account });
    }
    CLAIMABLE.remove(deps.storage, &account);
    ledger.rewards = ledger.rewards.checked_sub(amount)?;
    LEDGER.save(deps.storage, &ledger)?;
    let pay = token::pay(deps.storage, &account, amount)?;
    let event = StakingEvent::RewardsClaimed { account, amount };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(pay))
}

/// What `claim` would pay now.
pub fn claimable(storage: &dyn Storage, account: &Addr) -> Result<Uint128, ContractError> {
    let mut amount = CLAIMABLE.may_load(storage, account)?.unwrap_or_default();
    for validator in earners(storage, account)? {
        let (book, commission) = Book::read(storage, &validator)?;
        if validator == *account {
            amount = amount.checked_add(commission)?;
        }
        amount = amount.checked_add(book.earned(storage, account)?.0)?;
    }
    Ok(amount)
}

/// Validators that earn for an account: those it delegates to, and itself. At most 17.
fn earners(storage: &dyn Storage, account: &Addr) -> Result<Vec<Addr>, ContractError> {
    let mut validators = BACKED.may_load(storage, account)?.unwrap_or_default();
    if !validators.contains(account) && VALIDATORS.has(storage, account) {
        validators.push(account.clone());
    }
    Ok(validators)
}
