//! Who an adapter belongs to and where its income goes.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{
    event::{respond, Event as _},
    ownership::Ownership,
};

use crate::{
    events::Event,
    msg::{NextPayout, Payout},
    state::{self, ADAPTERS, PARAMS},
    ContractError,
};

impl Payout {
    /// The account that counts at a time.
    pub fn at(&self, now: Uint64) -> &Addr {
        match &self.next {
            Some(next) if now >= next.from => &next.account,
            _ => &self.account,
        }
    }

    /// Names the next account; one that was named and does not count yet is forgotten.
    fn set(&mut self, account: Addr, from: Uint64, now: Uint64) {
        self.account = self.at(now).clone();
        self.next = Some(NextPayout { account, from });
    }
}

pub fn propose(
    deps: DepsMut,
    env: &Env,
    id: u64,
    account: &str,
    expires_at: Uint64,
) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let mut adapter = state::adapter(deps.storage, id)?;
    let mut ownership = Ownership::new(adapter.developer.clone());
    ownership.propose(account.clone(), expires_at, env.block.time)?;
    adapter.proposed = ownership.proposed;
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(Event::DeveloperProposed { id, account: &account, expires_at }))
}

pub fn accept(deps: DepsMut, env: &Env, sender: Addr, id: u64) -> Result<Response, ContractError> {
    refuse_here(env, &sender)?;
    let mut adapter = state::adapter(deps.storage, id)?;
    let mut ownership = Ownership { owner: adapter.developer, proposed: adapter.proposed };
    let former = ownership.accept(&sender, env.block.time)?;
    adapter.developer = ownership.owner;
    adapter.proposed = ownership.proposed;
    let from = payout_from(deps.as_ref().storage, env)?;
    adapter.payout.set(sender.clone(), from, super::now(env));
    ADAPTERS.save(deps.storage, id, &adapter)?;
    let payout = Event::PayoutSet { id, account: &sender, from };
    Ok(respond(Event::DeveloperChanged { id, from: &former, to: &sender }).add_event(payout.to_cosmwasm()))
}

pub fn set_payout(deps: DepsMut, env: &Env, id: u64, account: &str) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(account)?;
    refuse_here(env, &account)?;
    let mut adapter = state::adapter(deps.storage, id)?;
    let from = payout_from(deps.as_ref().storage, env)?;
    adapter.payout.set(account.clone(), from, super::now(env));
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(Event::PayoutSet { id, account: &account, from }))
}

fn payout_from(storage: &dyn cosmwasm_std::Storage, env: &Env) -> Result<Uint64, ContractError> {
    super::later(super::now(env), PARAMS.load(storage)?.payout_delay_seconds)
}

/// OPEN that this contract paid to itself would belong to nobody.
fn refuse_here(env: &Env, account: &Addr) -> Result<(), ContractError> {
    if *account == env.contract.address {
        return Err(ContractError::PayoutHere);
    }
    Ok(())
}
