//! Becoming a validator.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128, Uint64};
use openledger_contract_kit::event::{respond, Event};

use super::{bond, token};
use crate::{
    bls,
    error::ContractError,
    events::StakingEvent,
    msg::{BlsPublicKey, BlsSignature, Endpoint, Moniker},
    state::{load_validator, RewardAccount, Validator, KEYS, REWARD_INDEX, VALIDATORS},
};

/// What a new validator brings.
pub struct Registration {
    pub amount: Uint128,
    pub bls_public_key: BlsPublicKey,
    pub proof_of_possession: BlsSignature,
    pub endpoint: Endpoint,
    pub moniker: Moniker,
}

/// Checks the key and its proof, takes the self-bond and opens the reward account.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, new: Registration) -> Result<Response, ContractError> {
    let address = info.sender;
    if VALIDATORS.has(deps.storage, &address) {
        return Err(ContractError::AlreadyRegistered { validator: address });
    }
    if let Some(owner) = KEYS.may_load(deps.storage, new.bls_public_key.as_ref())? {
        return Err(ContractError::DuplicateKey { owner });
    }
    bls::check_possession(deps.api, &env, &address, &new.bls_public_key, &new.proof_of_possession)?;

    let mut validator = Validator {
        bls_public_key: new.bls_public_key,
        endpoint: new.endpoint.clone(),
        moniker: new.moniker.clone(),
        bonded: Uint128::zero(),
        rewards: RewardAccount::starting(&REWARD_INDEX.load(deps.storage)?),
        registered_at: Uint64::new(env.block.time.seconds()),
        unbonding_entries: 0,
    };
    bond::add(deps.storage, &address, &mut validator, new.amount)?;
    KEYS.save(deps.storage, new.bls_public_key.as_ref(), &address)?;
    let pull = token::pull(deps.storage, &env, &address, new.amount)?;
    let event = StakingEvent::Registered {
        validator: address,
        bls_public_key: new.bls_public_key,
        endpoint: new.endpoint,
        moniker: new.moniker,
        bonded: validator.bonded,
    };
    Ok(Response::new().add_event(event.to_cosmwasm()).add_message(pull))
}

/// Changes endpoint or name.
pub fn update(
    deps: DepsMut,
    info: MessageInfo,
    endpoint: Option<Endpoint>,
    moniker: Option<Moniker>,
) -> Result<Response, ContractError> {
    let mut validator = load_validator(deps.storage, &info.sender)?;
    if endpoint.is_none() && moniker.is_none() {
        return Err(ContractError::NothingToUpdate);
    }
    validator.endpoint = endpoint.unwrap_or(validator.endpoint);
    validator.moniker = moniker.unwrap_or(validator.moniker);
    VALIDATORS.save(deps.storage, &info.sender, &validator)?;
    let Validator { endpoint, moniker, .. } = validator;
    Ok(respond(StakingEvent::Updated { validator: info.sender, endpoint, moniker }))
}
