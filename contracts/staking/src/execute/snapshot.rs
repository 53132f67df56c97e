//! Recording who may attest.

use cosmwasm_std::{DepsMut, Env, Order, Response, StdResult, Storage, Uint128, Uint64};
use openledger_contract_kit::{event::respond, BlsPublicKey, KitError};

use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    msg::{EpochSet, SetMember},
    state::{
        latest_set, RewardAccount, EARNING, LATEST_SET, LEDGER, PARAMS, RANKED, REWARD_INDEX, SETS, SET_TIMES,
        VALIDATORS,
    },
};

/// Makes the next epoch set from the candidates with the most tokens. From now on its members earn, and no others.
///
/// A first set needs a validator. Later an empty set is possible: it attests nothing, and it lets the last validator
/// withdraw.
pub fn run(deps: DepsMut, env: Env) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let members = candidates(deps.storage)?;
    let latest = latest_set(deps.storage)?;
    let set_id = match &latest {
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
    move_earnings(deps.storage, env.block.height, latest, &set)?;
    let members = set.members.len();
    Ok(respond(StakingEvent::SetCreated { set_id, members, total_power, aggregate_public_key }))
}

/// The candidates with the most tokens, by ascending address. At most 100, because `max_validators` bounds them, whoever
/// else is a candidate.
fn candidates(storage: &dyn Storage) -> Result<Vec<SetMember>, ContractError> {
    let places = usize::try_from(PARAMS.load(storage)?.max_validators).unwrap_or_default();
    let ranks = RANKED.keys(storage, None, None, Order::Descending).take(places).collect::<StdResult<Vec<_>>>()?;
    let mut members = Vec::with_capacity(ranks.len());
    for (power, validator) in ranks {
        let bls_public_key = VALIDATORS.load(storage, &validator)?.bls_public_key;
        members.push(SetMember { validator, bls_public_key, power: Uint128::new(power) });
    }
    members.sort_by(|one, other| one.validator.cmp(&other.validator));
    Ok(members)
}

/// Lets those that come in earn, and those that fall out earn no more; at most 100 each. Who stays in the set goes on.
fn move_earnings(
    storage: &mut dyn Storage,
    height: u64,
    before: Option<EpochSet>,
    after: &EpochSet,
) -> Result<(), ContractError> {
    let before = before.map(|set| set.members).unwrap_or_default();
    let mut ledger = LEDGER.load(storage)?;
    for member in before.iter().filter(|member| !is_among(&after.members, member)) {
        let mut book = Book::open(storage, &member.validator)?;
        book.stop_earning();
        book.close(storage, height, &mut ledger)?;
    }
    let starting = RewardAccount::starting(&REWARD_INDEX.load(storage)?);
    for member in after.members.iter().filter(|member| !is_among(&before, member)) {
        EARNING.save(storage, &member.validator, &starting)?;
        ledger.earning = ledger.earning.checked_add(member.power)?;
    }
    Ok(ledger.save(storage, height)?)
}

/// Members are sorted by address.
fn is_among(members: &[SetMember], one: &SetMember) -> bool {
    members.binary_search_by(|member| member.validator.cmp(&one.validator)).is_ok()
}
