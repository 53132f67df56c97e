//! Which version of an adapter nodes serve.

use cosmwasm_std::{DepsMut, Response};
use openledger_contract_kit::event::respond;

use crate::{
    events::Event,
    msg::Adapter,
    state::{self, ADAPTERS},
    ContractError,
};

pub fn promote(deps: DepsMut, id: u64, version: u32) -> Result<Response, ContractError> {
    let mut adapter = state::active(deps.storage, id)?;
    state::version(deps.storage, id, version)?;
    if version == adapter.serving_version {
        return Err(ContractError::Serving { id, version });
    }
    let event = serve(&mut adapter, version);
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(event))
}

pub fn rollback(deps: DepsMut, id: u64) -> Result<Response, ContractError> {
    let mut adapter = state::active(deps.storage, id)?;
    let version = adapter.previous_version.take().ok_or(ContractError::NoPrevious { id })?;
    adapter.serving_version = version;
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(Event::AdapterPromoted { id, version, previous: None }))
}

/// Serves a version and remembers what was served before.
pub fn serve(adapter: &mut Adapter, version: u32) -> Event<'static> {
    let previous = Some(adapter.serving_version);
    adapter.previous_version = previous;
    adapter.serving_version = version;
    Event::AdapterPromoted { id: adapter.id.u64(), version, previous }
}
