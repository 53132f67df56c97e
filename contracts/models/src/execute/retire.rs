//! Taking an adapter out of service.

use cosmwasm_std::{DepsMut, Response};
use openledger_contract_kit::event::respond;

use crate::{
    events::Event,
    state::{self, ADAPTERS},
    ContractError,
};

pub fn retire(deps: DepsMut, id: u64) -> Result<Response, ContractError> {
    let mut adapter = state::active(deps.storage, id)?;
    adapter.retired = true;
    ADAPTERS.save(deps.storage, id, &adapter)?;
    Ok(respond(Event::AdapterRetired { id }))
}
