//! Leaving jail.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use openledger_contract_kit::event::respond;

use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    state::{latest_set, LEDGER, PARAMS},
};

/// Makes a jailed validator a candidate again. Where the newest set still counts it, it earns at once.
pub fn leave(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let validator = info.sender;
    let mut book = Book::open(deps.storage, &validator)?;
    if book.validator.tombstoned {
        return Err(ContractError::Tombstoned { validator });
    }
    let Some(until) = book.validator.jailed_until else { return Err(ContractError::NotJailed { validator }) };
    if env.block.time.seconds() < until.u64() {
        return Err(ContractError::StillJailed { validator, until: until.u64() });
    }
    let (bonded, minimum) = (book.self_bond()?, PARAMS.load(deps.storage)?.min_self_bond);
    if bonded < minimum {
        return Err(ContractError::BondTooSmall { bonded, minimum });
    }
    book.validator.jailed_until = None;
    let latest = latest_set(deps.storage)?;
    let member = latest.iter().flat_map(|set| &set.members).any(|member| member.validator == validator);
    if member {
        book.start_earning(deps.storage)?;
    }
    let mut ledger = LEDGER.load(deps.storage)?;
    book.close(deps.storage, env.block.height, &mut ledger)?;
    ledger.save(deps.storage, env.block.height)?;
    Ok(respond(StakingEvent::Unjailed { validator }))
}
