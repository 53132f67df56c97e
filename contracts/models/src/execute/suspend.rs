//! Asking nodes not to serve an adapter: for a bounded time, and never more than half of the time.

use cosmwasm_std::{DepsMut, Env, Response, Uint64};
use openledger_contract_kit::event::respond;

use crate::{
    events::Event,
    msg::Suspension,
    state::{self, ADAPTERS, PARAMS},
    ContractError,
};

impl Suspension {
    /// Whether it runs.
    pub fn runs(&self, now: Uint64) -> bool {
        now < self.until
    }
}

pub fn suspend(deps: DepsMut, env: &Env, id: u64, until: Uint64) -> Result<Response, ContractError> {
    let mut adapter = state::active(deps.storage, id)?;
    let (from, max) = (super::now(env), PARAMS.load(deps.storage)?.max_suspension_seconds);
    let length = until.u64().saturating_sub(from.u64());
    if length == 0 || length > max.u64() {
        return Err(ContractError::SuspensionLength { until, now: from.u64(), max });
    }
    if let Some(last) = adapter.suspension {
        let lasted = last.until.u64().saturating_sub(last.from.u64());
        let not_before = last.until.u64().saturating_add(lasted);
        if from.u64() < not_before {
            return Err(ContractError::SuspendedLately { id, not_before });
        }
    }
    adapter.suspension = Some(Suspension { from, until });
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(Event::AdapterSuspended { id, from, until }))
}

pub fn resume(deps: DepsMut, env: &Env, id: u64) -> Result<Response, ContractError> {
    let mut adapter = state::adapter(deps.storage, id)?;
    let at = super::now(env);
    let running = adapter.suspension.filter(|suspension| suspension.runs(at));
    let suspension = running.ok_or(ContractError::NotSuspended { id })?;
    adapter.suspension = Some(Suspension { until: at, ..suspension });
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(Event::AdapterResumed { id, at }))
}
