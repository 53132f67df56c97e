//! Base models: registering, sharing, leaving.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{event::respond, ids, Bps, Digest};

use super::{
    bond,
    terms::{self, require_digest},
};
use crate::{
    events::Event,
    licence,
    msg::{Architecture, Base, Bonded, Licence, Name},
    state::{self, BASES, BASE_COUNT, BASE_DIGESTS, PARAMS},
    ContractError,
};

/// What the registrant states.
pub struct New {
    pub name: Name,
    pub digest: Digest,
    pub tokenizer_digest: Digest,
    pub architecture: Architecture,
    pub licence: Licence,
}

pub fn register(deps: DepsMut, env: &Env, sender: Addr, new: New) -> Result<Response, ContractError> {
    require_digest("digest", new.digest)?;
    require_digest("tokenizer_digest", new.tokenizer_digest)?;
    licence::check_source(&new.licence).map_err(terms::licence("base model", &new.licence))?;
    if let Some(id) = BASE_DIGESTS.may_load(deps.storage, (&sender, new.digest.as_ref()))? {
        return Err(ContractError::BaseKnown { digest: new.digest, id });
    }
    let id = ids::next(deps.storage, &BASE_COUNT)?;
    let base = Base {
        id: Uint64::new(id),
        registrant: sender,
        name: new.name,
        digest: new.digest,
        tokenizer_digest: new.tokenizer_digest,
        architecture: new.architecture,
        licence: new.licence,
        registered_at: super::now(env),
        shared: false,
        leaves_at: None,
    };
    BASES.save(deps.storage, id, &base)?;
    BASE_DIGESTS.save(deps.storage, (&base.registrant, base.digest.as_ref()), &id)?;
    let (bonded, amount) = (Bonded::Base(base.id), PARAMS.load(deps.storage)?.base_bond);
    let response = respond(Event::BaseRegistered(&base));
    bond::take(deps.storage, env, response, &base.registrant, bonded, amount, Bps::ZERO)
}

/// Puts a base model on the list of shared ones, or takes it from the list.
pub fn list(deps: DepsMut, id: u64, shared: bool) -> Result<Response, ContractError> {
    let mut base = state::base(deps.storage, id)?;
    match (base.shared, shared, base.leaves_at) {
        (true, true, _) => return Err(ContractError::Shared { id }),
        (false, false, _) => return Err(ContractError::NotShared { id }),
        (_, true, Some(leaves_at)) => return Err(ContractError::Withdrawn { id, leaves_at }),
        _ => base.shared = shared,
    }
    BASES.save(deps.storage, id, &base)?;
    Ok(respond(Event::BaseListed { id, shared }))
}

/// Takes it away after the notice. The registrant may register the same digest again.
pub fn withdraw(deps: DepsMut, env: &Env, id: u64) -> Result<Response, ContractError> {
    let mut base = state::base(deps.storage, id)?;
    if let Some(leaves_at) = base.leaves_at {
        return Err(ContractError::Withdrawn { id, leaves_at });
    }
    let leaves_at = super::later(super::now(env), PARAMS.load(deps.storage)?.base_notice_seconds)?;
    base.leaves_at = Some(leaves_at);
    BASES.save(deps.storage, id, &base)?;
    BASE_DIGESTS.remove(deps.storage, (&base.registrant, base.digest.as_ref()));
    let response = respond(Event::BaseWithdrawn { id, leaves_at });
    bond::release(deps.storage, response, Bonded::Base(base.id), leaves_at)
}
