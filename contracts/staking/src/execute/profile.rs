//! What a validator may change about itself.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint64};
use openledger_contract_kit::{event::respond, Bps};

use super::register::refuse_taken;
use crate::{
    bls,
    book::Book,
    error::ContractError,
    events::{Profile, StakingEvent},
    msg::{BlsPublicKey, BlsSignature, Description, Endpoint, Moniker},
    state::{load_validator, KEYS, LEDGER, VALIDATORS},
};

/// Least seconds between two changes of a commission.
const DAY: u64 = 86_400;

/// Changes endpoint, name or description.
pub fn update(
    deps: DepsMut,
    info: MessageInfo,
    endpoint: Option<Endpoint>,
    moniker: Option<Moniker>,
    description: Option<Description>,
) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    if endpoint.is_none() && moniker.is_none() && description.is_none() {
        return Err(ContractError::NothingToUpdate);
    }
    validator.endpoint = endpoint.unwrap_or(validator.endpoint);
    validator.moniker = moniker.unwrap_or(validator.moniker);
    validator.description = description.or(validator.description);
    VALIDATORS.save(deps.storage, &info.sender, &validator)?;
    Ok(respond(StakingEvent::Updated { profile: Profile::from(&validator), validator: info.sender }))
}

/// Changes the commission: not above its maximum, up by one step at most, once per day. What was earned before is shared by
/// the old rate.
pub fn update_commission(deps: DepsMut, env: Env, info: MessageInfo, rate: Bps) -> Result<Response, ContractError> {
    let mut book = Book::open(deps.storage, &info.sender)?;
    let now = env.block.time.seconds();
    let not_before = book.validator.commission_changed_at.u64().saturating_add(DAY);
    let commission = &mut book.validator.commission;
    if rate > commission.max_rate {
        return Err(ContractError::CommissionTooHigh { rate, max: commission.max_rate });
    }
    let step = Bps::new(rate.points().saturating_sub(commission.rate.points())).unwrap_or(Bps::ZERO);
    if step > commission.max_change {
        return Err(ContractError::CommissionStepTooHigh { step, max: commission.max_change });
    }
    if now < not_before {
        return Err(ContractError::CommissionTooSoon { not_before });
    }
    commission.rate = rate;
    book.validator.commission_changed_at = Uint64::new(now);
    let mut ledger = LEDGER.load(deps.storage)?;
    book.close(deps.storage, env.block.height, &mut ledger)?;
    Ok(respond(StakingEvent::CommissionUpdated { validator: info.sender, rate }))
}

/// Takes another key, from the next set on. Sets that were made keep the old one, and it stays taken for ever.
pub fn rotate_key(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    bls_public_key: BlsPublicKey,
    proof_of_possession: &BlsSignature,
) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    if validator.tombstoned {
        return Err(ContractError::Tombstoned { validator: info.sender });
    }
    refuse_taken(deps.storage, &bls_public_key)?;
    bls::check_possession(deps.api, &env, &info.sender, &bls_public_key, proof_of_possession)?;
    KEYS.save(deps.storage, bls_public_key.as_ref(), &info.sender)?;
    validator.bls_public_key = bls_public_key;
    VALIDATORS.save(deps.storage, &info.sender, &validator)?;
    Ok(respond(StakingEvent::KeyRotated { validator: info.sender, bls_public_key }))
}
