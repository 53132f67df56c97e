//! Registering an adapter and publishing its versions.

use cosmwasm_std::{Addr, Deps, DepsMut, Empty, Env, Response, Uint128, Uint64};
use datanets::client::Datanets;
use openledger_contract_kit::{
    event::{respond, Event as _},
    ids, KitError,
};

use super::{
    bond, promote,
    terms::{self, Terms},
};
use crate::{
    events::Event,
    licence,
    msg::{Adapter, Base, Bonded, Licence, Name, Payout, Split},
    state::{self, ADAPTERS, ADAPTER_COUNT, DATANETS, DATANET_ADAPTERS, PARAMS, VERSIONS},
    ContractError,
};

/// What all versions of an adapter have in common.
pub struct New {
    pub base_id: Uint64,
    pub name: Name,
    pub licence: Option<Licence>,
    pub datanet_id: Uint64,
}

/// What changes between two versions with the same content.
pub struct NewTerms {
    pub prompt_price: Option<Uint128>,
    pub response_price: Option<Uint128>,
    pub split: Option<Split>,
}

pub fn register(deps: DepsMut, env: &Env, sender: Addr, new: New, terms: Terms) -> Result<Response, ContractError> {
    let base = state::base(deps.storage, new.base_id.u64())?;
    if let Some(leaves_at) = base.leaves_at {
        return Err(ContractError::Withdrawn { id: base.id.u64(), leaves_at });
    }
    if !base.shared && base.registrant != sender {
        return Err(ContractError::NotShared { id: base.id.u64() });
    }
    let params = PARAMS.load(deps.storage)?;
    terms.check(deps.as_ref(), new.datanet_id.u64(), params.rebate_bps)?;
    let licence = licence_of(deps.as_ref(), new.licence, new.datanet_id.u64(), &base)?;

    let id = ids::next(deps.storage, &ADAPTER_COUNT)?;
    let adapter = Adapter {
        id: Uint64::new(id),
        payout: Payout { account: sender.clone(), next: None },
        developer: sender,
        proposed: None,
        base_id: new.base_id,
        name: new.name,
        licence,
        datanet_id: new.datanet_id,
        latest_version: 1,
        serving_version: 1,
        previous_version: None,
        retired: false,
        suspension: None,
        earned: Uint128::zero(),
        registered_at: super::now(env),
    };
    let version = terms.into_version(env, adapter.id, 1);
    ADAPTERS.save(deps.storage, id, &adapter)?;
    DATANET_ADAPTERS.save(deps.storage, (adapter.datanet_id.u64(), id), &Empty {})?;
    VERSIONS.save(deps.storage, (id, 1), &version)?;
    let version = Event::AdapterVersionPublished(&version).to_cosmwasm();
    let response = respond(Event::AdapterRegistered(&adapter)).add_event(version);
    let (bonded, amount) = (Bonded::Adapter(adapter.id), params.adapter_bond);
    bond::take(deps.storage, env, response, &adapter.developer, bonded, amount, params.rebate_bps)
}

/// What the adapter is under, after the Datanet's and the base model's licence allowed it. Neither of them ever changes.
fn licence_of(deps: Deps, chosen: Option<Licence>, datanet_id: u64, base: &Base) -> Result<Licence, ContractError> {
    let datanets = DATANETS.load(deps.storage)?;
    let source = Datanets::new(&datanets, deps.querier).datanet(datanet_id)?.licence;
    let chosen = chosen.unwrap_or_else(|| source.clone());
    licence::check_own(&chosen).map_err(terms::licence("adapter", &chosen))?;
    licence::check(&source, &chosen).map_err(terms::licence("Datanet", &source))?;
    licence::check(&base.licence, &chosen).map_err(terms::licence("base model", &base.licence))?;
    Ok(chosen)
}

pub fn publish(deps: DepsMut, env: &Env, id: u64, terms: Terms, promote: bool) -> Result<Response, ContractError> {
    let adapter = state::active(deps.storage, id)?;
    let latest = state::version(deps.storage, id, adapter.latest_version)?;
    if terms.datanet_version < latest.datanet_version {
        let (given, latest) = (terms.datanet_version, latest.datanet_version);
        return Err(ContractError::DatanetVersionOlder { given, latest });
    }
    if terms == Terms::of(&latest) {
        return Err(ContractError::NothingNew { latest: latest.version });
    }
    let base = state::base(deps.storage, adapter.base_id.u64())?;
    if let Some(leaves_at) = base.leaves_at.filter(|leaves_at| super::now(env) >= *leaves_at) {
        return Err(ContractError::Withdrawn { id: base.id.u64(), leaves_at });
    }
    terms.check(deps.as_ref(), adapter.datanet_id.u64(), bond::promised(deps.storage, id)?)?;
    append(deps, env, adapter, terms, promote)
}

/// New prices or a new split for what is served: the same content under the next number.
pub fn set_terms(deps: DepsMut, env: &Env, id: u64, new: NewTerms) -> Result<Response, ContractError> {
    let adapter = state::active(deps.storage, id)?;
    let serving = state::version(deps.storage, id, adapter.serving_version)?;
    let terms = Terms {
        prompt_price: new.prompt_price.unwrap_or(serving.prompt_price),
        response_price: new.response_price.unwrap_or(serving.response_price),
        split: new.split.unwrap_or(serving.split),
        ..Terms::of(&serving)
    };
    if terms == Terms::of(&serving) {
        return Err(ContractError::NothingNew { latest: serving.version });
    }
    terms.check_price(deps.storage, bond::promised(deps.storage, id)?)?;
    append(deps, env, adapter, terms, true)
}

fn append(
    deps: DepsMut,
    env: &Env,
    mut adapter: Adapter,
    terms: Terms,
    promote: bool,
) -> Result<Response, ContractError> {
    let id = adapter.id.u64();
    let number = adapter.latest_version.checked_add(1).ok_or(KitError::Overflow { what: "adapter version" })?;
    let version = terms.into_version(env, adapter.id, number);
    adapter.latest_version = number;
    let mut response = respond(Event::AdapterVersionPublished(&version));
    if promote {
        response = response.add_event(promote::serve(&mut adapter, number).to_cosmwasm());
    }
    ADAPTERS.save(deps.storage, id, &adapter)?;
    VERSIONS.save(deps.storage, (id, number), &version)?;
    Ok(response)
}
