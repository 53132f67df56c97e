//! Registering a base model.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{event::respond, ids, Digest};

use super::terms::require_digest;
use crate::{
    events::Event,
    msg::{Architecture, Base, Licence, Name},
    state::{BASES, BASE_COUNT, BASE_DIGESTS},
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
    };
    BASES.save(deps.storage, id, &base)?;
    BASE_DIGESTS.save(deps.storage, (&base.registrant, base.digest.as_ref()), &id)?;
    Ok(respond(Event::BaseRegistered(&base)))
}
