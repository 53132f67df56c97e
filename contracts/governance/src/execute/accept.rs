//! Becoming owner of what was offered. To whom something is offered is the present owner's decision, so anybody may send
//! these: they only complete it.

use cosmwasm_std::{to_json_binary, DepsMut, Response, Uint64, WasmMsg};
use openledger_contract_kit::event::Event;

use crate::{
    error::ContractError,
    events::GovernanceEvent,
    json::Json,
    state::{load_registered, CONFIG},
};

/// Takes over a contract. Only contracts of the registry are called.
pub fn contract(deps: DepsMut, contract: String) -> Result<Response, ContractError> {
    let contract = deps.api.addr_validate(&contract)?;
    load_registered(deps.storage, &contract)?;
    let message = Json::message("accept_ownership", Json::Object(Default::default()));
    let call =
        WasmMsg::Execute { contract_addr: contract.to_string(), msg: to_json_binary(&message)?, funds: Vec::new() };
    let event = GovernanceEvent::OwnershipAccepted { contract };
    Ok(Response::new().add_message(call).add_event(event.to_cosmwasm()))
}

/// Takes over a Datanet.
pub fn datanet(deps: DepsMut, datanet_id: Uint64) -> Result<Response, ContractError> {
    let id = Json::String(datanet_id.to_string());
    let message = Json::message("accept_datanet_ownership", Json::message("datanet_id", id));
    let call = WasmMsg::Execute {
        contract_addr: CONFIG.load(deps.storage)?.datanets.into_string(),
        msg: to_json_binary(&message)?,
        funds: Vec::new(),
    };
    let event = GovernanceEvent::DatanetAccepted { datanet_id: datanet_id.u64() };
    Ok(Response::new().add_message(call).add_event(event.to_cosmwasm()))
}
