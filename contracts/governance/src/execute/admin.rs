//! What only a passed proposal may change here: parameters, guardians, registry.

use std::collections::BTreeSet;

use cosmwasm_std::{DepsMut, Env, Response, Uint64};
use openledger_contract_kit::{event::respond, ids};

use crate::{
    check,
    error::ContractError,
    events::GovernanceEvent,
    msg::{Guardian, Name, ParamRule, Params, RegisteredContract},
    registry,
    state::{DATANET_MESSAGES, GUARDIANS, PARAMS},
};

/// Guardians at one time.
pub const MAX_GUARDIANS: usize = 5;
/// Kinds of messages about a Datanet.
pub const MAX_DATANET_MESSAGES: usize = 32;

/// Replaces the parameters. Proposals keep the rules of their first block.
pub fn update_params(deps: DepsMut, params: Params) -> Result<Response, ContractError> {
    params.validate()?;
    PARAMS.save(deps.storage, &params)?;
    Ok(respond(GovernanceEvent::ParamsUpdated { params }))
}

/// Replaces the guardians and gives each a new term.
pub fn set_guardians(deps: DepsMut, env: Env, accounts: Vec<String>) -> Result<Response, ContractError> {
    ids::bound("guardians", accounts.len(), MAX_GUARDIANS)?;
    let term = PARAMS.load(deps.storage)?.guardian_term_seconds;
    let term_ends_at = Uint64::new(env.block.time.seconds()).saturating_add(term);
    let mut seen = BTreeSet::new();
    let mut guardians = Vec::with_capacity(accounts.len());
    for account in accounts {
        let account = deps.api.addr_validate(&account)?;
        if !seen.insert(account.clone()) {
            return Err(ContractError::Duplicate { what: "guardians", entry: account.into_string() });
        }
        guardians.push(Guardian { account, term_ends_at });
    }
    GUARDIANS.save(deps.storage, &guardians)?;
    Ok(respond(GovernanceEvent::GuardiansSet { guardians }))
}

/// Enters a contract in the registry, or replaces its entry.
pub fn register_contract(
    deps: DepsMut,
    contract: String,
    name: Name,
    pausable: bool,
    params: Vec<ParamRule>,
) -> Result<Response, ContractError> {
    let contract = deps.api.addr_validate(&contract)?;
    let entry = RegisteredContract { contract, name, pausable, params };
    registry::enter(deps.storage, &entry)?;
    Ok(respond(GovernanceEvent::ContractRegistered { entry }))
}

/// Removes a contract from the registry.
pub fn unregister_contract(deps: DepsMut, contract: String) -> Result<Response, ContractError> {
    let contract = deps.api.addr_validate(&contract)?;
    registry::remove(deps.storage, &contract)?;
    Ok(respond(GovernanceEvent::ContractUnregistered { contract }))
}

/// Replaces the messages that a proposal about one Datanet may send.
pub fn set_datanet_messages(deps: DepsMut, messages: Vec<Name>) -> Result<Response, ContractError> {
    check::bounded("messages", messages.len(), MAX_DATANET_MESSAGES)?;
    let distinct: BTreeSet<&Name> = messages.iter().collect();
    if distinct.len() != messages.len() {
        let twice = messages.iter().find(|name| messages.iter().filter(|other| other == name).count() > 1);
        let entry = twice.map(ToString::to_string).unwrap_or_default();
        return Err(ContractError::Duplicate { what: "messages", entry });
    }
    DATANET_MESSAGES.save(deps.storage, &messages)?;
    Ok(respond(GovernanceEvent::DatanetMessagesSet { messages }))
}
