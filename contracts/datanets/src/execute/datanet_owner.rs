//! Hand-over of a Datanet.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint64};
use openledger_contract_kit::event::respond;

use crate::{
    events::Event,
    state::{self, DATANETS},
    ContractError,
};

pub fn propose(
    deps: DepsMut,
    env: &Env,
    datanet_id: u64,
    account: &str,
    expires_at: Uint64,
) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    datanet.ownership.propose(account.clone(), expires_at, env.block.time)?;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    Ok(respond(Event::DatanetOwnerProposed { datanet_id, account: &account, expires_at }))
}

pub fn accept(deps: DepsMut, env: &Env, sender: &Addr, datanet_id: u64) -> Result<Response, ContractError> {
    let mut datanet = state::datanet(deps.storage, datanet_id)?;
    let from = datanet.ownership.accept(sender, env.block.time)?;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    Ok(respond(Event::DatanetOwnerChanged { datanet_id, from: &from, to: sender }))
}
