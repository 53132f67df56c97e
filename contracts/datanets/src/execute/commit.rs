//! Committing to rows, and opening a commitment. Who sees rows in an unconfirmed transaction cannot become first with them:
//! a commitment names its contributor, and of two contributions the one that was committed to earlier counts.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Storage, Uint64};
use openledger_contract_kit::{event::respond, ids, Digest, KitError};

use super::{contribute::Offer, now};
use crate::{
    commitment::commitment,
    events::Event,
    msg::Commitment,
    state::{self, COMMITMENTS, PARAMS, PRECEDENCE},
    ContractError,
};

pub fn commit(
    deps: DepsMut,
    env: &Env,
    sender: &Addr,
    datanet_id: u64,
    digest: Digest,
) -> Result<Response, ContractError> {
    state::living(deps.storage, datanet_id)?;
    if digest.is_zero() {
        return Err(ContractError::ZeroDigest { field: "commitment" });
    }
    let params = PARAMS.load(deps.storage)?;
    let mut open = living(deps.storage, env, datanet_id, sender)?;
    if open.iter().any(|known| known.commitment == digest) {
        return Err(ContractError::CommitmentKnown { commitment: digest });
    }
    let lifetime = params.commit_lifetime_seconds;
    let expires_at = now(env).checked_add(lifetime).map_err(|_| KitError::Overflow { what: "time" })?;
    let commitment = Commitment {
        commitment: digest,
        precedence: Uint64::new(ids::next(deps.storage, &PRECEDENCE)?),
        height: Uint64::new(env.block.height),
        expires_at,
    };
    open.push(commitment.clone());
    ids::bound("commitments", open.len(), usize::try_from(params.max_pending).unwrap_or(usize::MAX))?;
    COMMITMENTS.save(deps.storage, (datanet_id, sender), &open)?;
    Ok(respond(Event::Committed { datanet_id, member: sender, commitment: &commitment }))
}

/// The precedence of an offer: that of the commitment it opens, which is used up, or else the next.
pub fn precedence(
    storage: &mut dyn Storage,
    env: &Env,
    sender: &Addr,
    datanet_id: u64,
    offer: &Offer,
) -> Result<u64, ContractError> {
    let Some(salt) = &offer.salt else { return Ok(ids::next(storage, &PRECEDENCE)?) };
    let digest = commitment(datanet_id, &offer.rows_root, &offer.manifest, salt, sender);
    let mut open = living(storage, env, datanet_id, sender)?;
    let Some(at) = open.iter().position(|known| known.commitment == digest) else {
        return Err(ContractError::NoCommitment { commitment: digest });
    };
    let found = open.remove(at);
    if found.height.u64() >= env.block.height {
        return Err(ContractError::CommitmentNew { height: found.height.u64() });
    }
    if open.is_empty() {
        COMMITMENTS.remove(storage, (datanet_id, sender));
    } else {
        COMMITMENTS.save(storage, (datanet_id, sender), &open)?;
    }
    Ok(found.precedence.u64())
}

/// Those that can still be opened.
fn living(storage: &dyn Storage, env: &Env, datanet_id: u64, member: &Addr) -> Result<Vec<Commitment>, ContractError> {
    let mut open = COMMITMENTS.may_load(storage, (datanet_id, member))?.unwrap_or_default();
    open.retain(|commitment| now(env) < commitment.expires_at);
    Ok(open)
}
