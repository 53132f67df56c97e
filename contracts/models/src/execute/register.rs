//! Registering an adapter and publishing its versions.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{
    event::{respond, Event as _},
    ids, KitError,
};

use super::terms::Terms;
use crate::{
    events::Event,
    msg::{Adapter, Name},
    state::{self, ADAPTERS, ADAPTER_COUNT, VERSIONS},
    ContractError,
};

/// What all versions of an adapter have in common.
pub struct New {
    pub base_id: Uint64,
    pub name: Name,
    pub datanet_id: Uint64,
}

pub fn register(deps: DepsMut, env: &Env, sender: Addr, new: New, terms: Terms) -> Result<Response, ContractError> {
    state::base(deps.storage, new.base_id.u64())?;
    terms.check(deps.as_ref(), new.datanet_id.u64())?;

    let id = ids::next(deps.storage, &ADAPTER_COUNT)?;
    let adapter = Adapter {
        id: Uint64::new(id),
        developer: sender,
        base_id: new.base_id,
        name: new.name,
        datanet_id: new.datanet_id,
        latest_version: 1,
        retired: false,
        registered_at: super::now(env),
    };
    let version = terms.into_version(env, adapter.id, 1);
    ADAPTERS.save(deps.storage, id, &adapter)?;
    VERSIONS.save(deps.storage, (id, 1), &version)?;
    Ok(respond(Event::AdapterRegistered(&adapter)).add_event(Event::AdapterVersionPublished(&version).to_cosmwasm()))
}

pub fn publish(deps: DepsMut, env: &Env, id: u64, terms: Terms) -> Result<Response, ContractError> {
    let mut adapter = state::adapter(deps.storage, id)?;
    if adapter.retired {
        return Err(ContractError::Retired { id });
    }
    let latest = state::version(deps.storage, id, adapter.latest_version)?;
    if terms.datanet_version < latest.datanet_version {
        let (given, latest) = (terms.datanet_version, latest.datanet_version);
        return Err(ContractError::DatanetVersionOlder { given, latest });
    }
    if terms.same_as(&latest) {
        return Err(ContractError::NothingNew { latest: latest.version });
    }
    terms.check(deps.as_ref(), adapter.datanet_id.u64())?;

    let number = latest.version.checked_add(1).ok_or(KitError::Overflow { what: "adapter version" })?;
    let version = terms.into_version(env, adapter.id, number);
    adapter.latest_version = number;
    ADAPTERS.save(deps.storage, id, &adapter)?;
    VERSIONS.save(deps.storage, (id, number), &version)?;
    Ok(respond(Event::AdapterVersionPublished(&version)))
}
