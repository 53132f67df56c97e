//! Adding to a stake: one's own as a validator, or another's as a delegator.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage, Uint128};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    state::{Ledger, LEDGER, PARAMS},
};

/// Adds to the sender's self-bond by allowance.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, amount: Uint128) -> Result<Response, ContractError> {
    let book = Book::open(deps.storage, &info.sender)?;
    let event = add(deps, &env, book, &info.sender, amount)?;
    Ok(Response::new().add_event(event.0.to_cosmwasm()).add_message(event.1))
}

/// Stakes on a validator by allowance.
pub fn delegate(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    validator: String,
    amount: Uint128,
) -> Result<Response, ContractError> {
    let validator = deps.api.addr_validate(&validator)?;
    let book = Book::open(deps.storage, &validator)?;
    let event = add(deps, &env, book, &info.sender, amount)?;
    Ok(Response::new().add_event(event.0.to_cosmwasm()).add_message(event.1))
}

/// Books `amount` for `delegator`, closes the validator and takes the tokens by allowance.
pub fn add(
    deps: DepsMut,
    env: &Env,
    book: Book,
    delegator: &Addr,
    amount: Uint128,
) -> Result<(StakingEvent, cosmwasm_std::WasmMsg), ContractError> {
    let validator = book.address.clone();
    let mut ledger = LEDGER.load(deps.storage)?;
    let (shares, bonded) = join(deps.storage, env.block.height, book, delegator, amount, &mut ledger)?;
    ledger.save(deps.storage, env.block.height)?;
    let pull = token::pull(deps.storage, env, delegator, amount)?;
    Ok((StakingEvent::Bonded { validator, delegator: delegator.clone(), amount, shares, bonded }, pull))
}

/// Books `amount`, wherever it comes from, for `delegator` and closes the validator. Answers with the shares it bought and
/// with all that is bonded now. A self-bond reaches the minimum; others join candidates only.
pub fn join(
    storage: &mut dyn Storage,
    height: u64,
    mut book: Book,
    delegator: &Addr,
    amount: Uint128,
    ledger: &mut Ledger,
) -> Result<(Uint128, Uint128), ContractError> {
    let validator = book.address.clone();
    if book.validator.tombstoned {
        return Err(ContractError::Tombstoned { validator });
    }
    let own = *delegator == validator;
    if !own && book.validator.ranked.is_none() {
        return Err(ContractError::NotCandidate { validator });
    }
    let shares = book.delegate(storage, height, delegator, amount)?;
    let (bonded, minimum) = (book.self_bond()?, PARAMS.load(storage)?.min_self_bond);
    if own && bonded < minimum {
        return Err(ContractError::BondTooSmall { bonded, minimum });
    }
    let bonded = book.stake.tokens;
    book.close(storage, height, ledger)?;
    Ok((shares, bonded))
}
