//! Income in.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Uint128};
use cw20_base::state::TOKEN_INFO;
use openledger_contract_kit::event::respond;

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    income,
    state::{COMMONS, DATANETS, HISTORY, LEDGER, PARAMS, STREAM},
};

/// Adds income that the sender allowed this contract to take.
pub fn by_allowance(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    let pull = token::pull(deps.storage, &env, &info.sender, amount)?;
    let mut response = run(deps, env, info.sender, amount)?;
    // The money comes before any part of it goes on.
    response.messages.insert(0, cosmwasm_std::SubMsg::new(pull));
    Ok(response)
}

/// Divides the Datanet's income between the commons account and the holders; income from others is for holders alone.
pub fn run(deps: DepsMut, env: Env, from: Addr, amount: Uint128) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let commons = match COMMONS.may_load(deps.storage)? {
        Some(commons) if DATANETS.load(deps.storage)? == from => Some((commons.part.of(amount), commons.account)),
        _ => None,
    };
    let to_commons = commons.as_ref().map(|(part, _)| *part).unwrap_or_default();
    let received = amount.checked_sub(to_commons)?;

    income::touch(deps.storage, env.block.time, &[])?;
    let params = PARAMS.load(deps.storage)?;
    let supply = TOKEN_INFO.load(deps.storage)?.total_supply;
    if !received.is_zero() {
        let mut stream = STREAM.load(deps.storage)?;
        stream.add(received, params.income_seconds.u64())?;
        STREAM.save(deps.storage, &stream)?;
        let mut ledger = LEDGER.load(deps.storage)?;
        ledger.income = ledger.income.checked_add(received)?;
        ledger.received = ledger.received.checked_add(received)?;
        LEDGER.save(deps.storage, &ledger)?;
        let mut history = HISTORY.load(deps.storage)?;
        history.record(env.block.time.seconds(), params.period_seconds.u64(), received, supply);
        HISTORY.save(deps.storage, &history)?;
    }
    let response = respond(SharesEvent::IncomeFunded { from, amount: received, commons: to_commons, supply });
    Ok(match commons {
        Some((part, account)) if !part.is_zero() => response.add_message(token::pay(deps.storage, &account, part)?),
        _ => response,
    })
}
