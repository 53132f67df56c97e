//! Taking an adapter out of service.

use cosmwasm_std::{DepsMut, Env, Response};
use openledger_contract_kit::event::respond;

use super::bond;
use crate::{
    events::Event,
    msg::Bonded,
    state::{self, ADAPTERS},
    ContractError,
};

pub fn retire(deps: DepsMut, env: &Env, id: u64) -> Result<Response, ContractError> {
    let mut adapter = state::active(deps.storage, id)?;
    adapter.retired = true;
    ADAPTERS.save(deps.storage, id, &adapter)?;
    let response = respond(Event::AdapterRetired { id });
    bond::release(deps.storage, response, Bonded::Adapter(adapter.id), super::now(env))
}
