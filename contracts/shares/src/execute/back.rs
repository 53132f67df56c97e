//! Staking OPEN on the Datanet.
//!
//! The price is fixed, so nobody can move it. What is staked stays staked: shares can be sold, but the stake comes free only
//! against as many shares as were issued for it.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Uint128};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    msg::ONE_SHARE,
    state::{position, LEDGER, PARAMS, POOL, POSITIONS},
};

/// Stakes what the sender allowed this contract to take.
pub fn by_allowance(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    amount: Uint128,
    min_shares: Option<Uint128>,
) -> Result<Response, ContractError> {
    let pull = token::pull(deps.storage, &env, &info.sender, amount)?;
    Ok(run(deps, env, info.sender, amount, min_shares)?.add_message(pull))
}

/// Issues shares for `amount` at the fixed price, rounded down. They earn from now on.
pub fn run(
    deps: DepsMut,
    env: Env,
    backer: Addr,
    amount: Uint128,
    min_shares: Option<Uint128>,
) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let params = PARAMS.load(deps.storage)?;
    let shares = amount.checked_multiply_ratio(ONE_SHARE, params.price)?;
    if shares.is_zero() {
        return Err(ContractError::NoShares { amount, price: params.price });
    }
    if let Some(min_shares) = min_shares.filter(|min_shares| shares < *min_shares) {
        return Err(ContractError::TooFewShares { shares, min_shares });
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    let left = params.max_backed_shares.saturating_sub(ledger.backed_shares);
    if shares > left {
        return Err(ContractError::BackingFull { shares, left });
    }

    let mut pool = POOL.load(deps.storage)?;
    let mut position = position(deps.storage, &pool, &backer)?;
    let units = pool.enter(amount)?;
    position.units = position.units.checked_add(units)?;
    position.shares = position.shares.checked_add(shares)?;
    ledger.backed_shares = ledger.backed_shares.checked_add(shares)?;
    POOL.save(deps.storage, &pool)?;
    POSITIONS.save(deps.storage, &backer, &position)?;
    LEDGER.save(deps.storage, &ledger)?;
    let minted = token::mint_shares(deps, &env, &backer, shares)?;
    Ok(minted.add_event(SharesEvent::Backed { backer, amount, shares, units }.to_cosmwasm()))
}
