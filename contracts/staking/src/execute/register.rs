//! Becoming a validator.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Storage, Uint128, Uint64};
use openledger_contract_kit::event::Event;

use super::bond;
use crate::{
    bls,
    book::Book,
    error::ContractError,
    events::{Profile, StakingEvent},
    msg::{BlsPublicKey, BlsSignature, Commission},
    state::{RewardIndex, Validator, KEYS, VALIDATORS},
};

/// What a new validator brings.
pub struct Registration {
    pub amount: Uint128,
    pub bls_public_key: BlsPublicKey,
    pub proof_of_possession: BlsSignature,
    pub profile: Profile,
    pub commission: Option<Commission>,
}

/// Checks the key and its proof, and takes the self-bond.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, new: Registration) -> Result<Response, ContractError> {
    let address = info.sender;
    if VALIDATORS.has(deps.storage, &address) {
        return Err(ContractError::AlreadyRegistered { validator: address });
    }
    let commission = new.commission.unwrap_or_default();
    commission.validate()?;
    refuse_taken(deps.storage, &new.bls_public_key)?;
    bls::check_possession(deps.api, &env, &address, &new.bls_public_key, &new.proof_of_possession)?;
    KEYS.save(deps.storage, new.bls_public_key.as_ref(), &address)?;

    let registered = StakingEvent::Registered {
        validator: address.clone(),
        profile: new.profile.clone(),
        bls_public_key: new.bls_public_key,
        commission: commission.clone(),
    };
    let validator = Validator {
        bls_public_key: new.bls_public_key,
        endpoint: new.profile.endpoint,
        moniker: new.profile.moniker,
        description: new.profile.description,
        commission,
        commission_changed_at: Uint64::new(env.block.time.seconds()),
        own_shares: Uint128::zero(),
        ranked: None,
        per_share: RewardIndex::default(),
        jailed_until: None,
        tombstoned: false,
        registered_at: Uint64::new(env.block.time.seconds()),
    };
    let book = Book::new(address.clone(), validator);
    let (bonded, pull) = bond::add(deps, &env, book, &address, new.amount)?;
    Ok(Response::new().add_event(registered.to_cosmwasm()).add_event(bonded.to_cosmwasm()).add_message(pull))
}

/// A key belongs to its first owner for ever.
pub fn refuse_taken(storage: &dyn Storage, key: &BlsPublicKey) -> Result<(), ContractError> {
    match KEYS.may_load(storage, key.as_ref())? {
        Some(owner) => Err(ContractError::DuplicateKey { owner }),
        None => Ok(()),
    }
}
