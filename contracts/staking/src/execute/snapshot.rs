//! Recording who may attest.

use cosmwasm_std::{DepsMut, Env, Order, Response, StdResult, Storage, Uint128, Uint64};
use openledger_contract_kit::{event::respond, BlsPublicKey, KitError};

use crate::{
    error::ContractError,
    events::StakingEvent,
    msg::{EpochSet, SetMember},
    state::{latest_set, BONDED, LATEST_SET, PARAMS, SETS, SET_TIMES, VALIDATORS},
};

/// Makes the next epoch set from the bonded validators.
///
/// A first set needs a validator. Later an empty set is possible: it attests nothing, and it lets the last validator
/// withdraw.
pub fn run(deps: DepsMut, env: Env) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let members = bonded_members(deps.storage)?;
    let set_id = match latest_set(deps.storage)? {
        None if members.is_empty() => return Err(ContractError::NoValidators),
        None => 1,
        Some(latest) => {
            if latest.members == members {
                return Err(ContractError::SetUnchanged { set_id: latest.set_id.u64() });
            }
            let interval = PARAMS.load(deps.storage)?.snapshot_interval_seconds.u64();
            let not_before = latest.created_at.u64().saturating_add(interval);
            if now < not_before {
                return Err(ContractError::SnapshotTooSoon { not_before });
            }
            latest.set_id.u64().checked_add(1).ok_or(KitError::Overflow { what: "set id" })?
        }
    };

    let mut total_power = Uint128::zero();
    let mut keys = Vec::new();
    for member in &members {
        total_power = total_power.checked_add(member.power)?;
        keys.extend_from_slice(member.bls_public_key.as_ref());
    }
    let aggregate_public_key = if members.is_empty() {
        None
    } else {
        let point = deps.api.bls12_381_aggregate_g1(&keys).map_err(|_| ContractError::InvalidKey)?;
        Some(BlsPublicKey::new(point))
    };
    let set = EpochSet {
        set_id: Uint64::new(set_id),
        members,
        total_power,
        aggregate_public_key,
        created_at: Uint64::new(now),
    };
    SETS.save(deps.storage, set_id, &set)?;
    SET_TIMES.save(deps.storage, set_id, &now)?;
    LATEST_SET.save(deps.storage, &set_id)?;
    let members = set.members.len();
    Ok(respond(StakingEvent::SetCreated { set_id, members, total_power, aggregate_public_key }))
}

/// By ascending address; at most 100, because `max_validators` bounds them.
fn bonded_members(storage: &dyn Storage) -> Result<Vec<SetMember>, ContractError> {
    let addresses = BONDED.keys(storage, None, None, Order::Ascending).collect::<StdResult<Vec<_>>>()?;
    let mut members = Vec::with_capacity(addresses.len());
    for address in addresses {
        let validator = VALIDATORS.load(storage, &address)?;
        members.push(SetMember {
            validator: address,
            bls_public_key: validator.bls_public_key,
            power: validator.bonded,
        });
    }
    Ok(members)
}
