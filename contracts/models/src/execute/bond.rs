//! Bonds: paid at registration, given back by usage, free some time after the end of what they stand behind.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Storage, Uint128, Uint64};
use openledger_contract_kit::{
    event::{respond, Event as _},
    Bps,
};

use super::token;
use crate::{
    events::Event,
    msg::{Bond, Bonded},
    state::{self, BONDED, BONDS},
    ContractError,
};

/// Takes a bond from `from` by its allowance; nothing when none is asked for.
pub fn take(
    storage: &mut dyn Storage,
    env: &Env,
    response: Response,
    from: &Addr,
    bonded: Bonded,
    amount: Uint128,
    rebate: Bps,
) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Ok(response);
    }
    let bond = Bond { amount, rebate, unlocks_at: None };
    BONDS.save(storage, key(bonded), &bond)?;
    let sum = BONDED.load(storage)?.checked_add(amount)?;
    BONDED.save(storage, &sum)?;
    let event = Event::BondPaid { bonded, from, bond: &bond }.to_cosmwasm();
    Ok(response.add_event(event).add_message(token::pull(storage, env, from, amount)?))
}

/// Starts the time after which the bond is free; nothing when there is none.
pub fn release(
    storage: &mut dyn Storage,
    response: Response,
    bonded: Bonded,
    end: Uint64,
) -> Result<Response, ContractError> {
    let Some(mut bond) = BONDS.may_load(storage, key(bonded))? else { return Ok(response) };
    let lock = state::PARAMS.load(storage)?.bond_unlock_seconds;
    let unlocks_at = super::later(end, lock)?;
    bond.unlocks_at = Some(unlocks_at);
    BONDS.save(storage, key(bonded), &bond)?;
    Ok(response.add_event(Event::BondReleased { bonded, unlocks_at }.to_cosmwasm()))
}

/// Pays a free bond to whom it belongs, whoever asks.
pub fn unlock(deps: DepsMut, env: &Env, bonded: Bonded) -> Result<Response, ContractError> {
    let bond = BONDS.may_load(deps.storage, key(bonded))?.ok_or(ContractError::NoBond)?;
    let unlocks_at = bond.unlocks_at.ok_or(ContractError::Bound)?;
    if super::now(env) < unlocks_at {
        return Err(ContractError::Locked { unlocks_at });
    }
    let account = match bonded {
        Bonded::Base(id) => state::base(deps.storage, id.u64())?.registrant,
        Bonded::Adapter(id) => state::adapter(deps.storage, id.u64())?.payout.at(super::now(env)).clone(),
    };
    lower(deps.storage, bonded, bond.amount)?;
    let pay = token::pay(deps.storage, &account, bond.amount)?;
    Ok(respond(Event::BondUnlocked { bonded, account: &account, amount: bond.amount }).add_message(pay))
}

/// Gives back the rebate on usage income of an adapter, as far as its bond reaches. Returns it.
pub fn rebate(storage: &mut dyn Storage, adapter_id: Uint64, income: Uint128) -> Result<Uint128, ContractError> {
    let bonded = Bonded::Adapter(adapter_id);
    let Some(bond) = BONDS.may_load(storage, key(bonded))? else { return Ok(Uint128::zero()) };
    let amount = bond.rebate.of(income).min(bond.amount);
    lower(storage, bonded, amount)?;
    Ok(amount)
}

/// The rebate that an adapter's bond promises; every split must give the treasury as much.
pub fn promised(storage: &dyn Storage, adapter_id: u64) -> Result<Bps, ContractError> {
    let bond = BONDS.may_load(storage, key(Bonded::Adapter(Uint64::new(adapter_id))))?;
    Ok(bond.unwrap_or_default().rebate)
}

/// Where a bond is stored.
pub fn key(bonded: Bonded) -> (u8, u64) {
    match bonded {
        Bonded::Base(id) => (0, id.u64()),
        Bonded::Adapter(id) => (1, id.u64()),
    }
}

fn lower(storage: &mut dyn Storage, bonded: Bonded, by: Uint128) -> Result<(), ContractError> {
    let mut bond = BONDS.may_load(storage, key(bonded))?.ok_or(ContractError::NoBond)?;
    bond.amount = bond.amount.checked_sub(by)?;
    let sum = BONDED.load(storage)?.checked_sub(by)?;
    BONDED.save(storage, &sum)?;
    if bond.amount.is_zero() {
        BONDS.remove(storage, key(bonded));
    } else {
        BONDS.save(storage, key(bonded), &bond)?;
    }
    Ok(())
}
