//! The end of a Datanet. What was accepted stays, because adapters and payouts build on it.

use cosmwasm_std::{DepsMut, Order, Response};
use openledger_contract_kit::event::{respond, Event as _};

use super::money;
use crate::{
    events::{Event, MoneyEvent},
    msg::StatusFilter,
    state::{self, BY_STATUS, DATANETS},
    ContractError,
};

pub fn retire(deps: DepsMut, datanet_id: u64) -> Result<Response, ContractError> {
    let mut datanet = state::living(deps.storage, datanet_id)?;
    let pending = BY_STATUS.prefix((datanet_id, StatusFilter::Pending.key()));
    if let Some(first) = pending.keys(deps.storage, None, None, Order::Ascending).next() {
        return Err(ContractError::Undecided { contribution_id: first? });
    }
    let amount = std::mem::take(&mut datanet.bond);
    datanet.retired = true;
    DATANETS.save(deps.storage, datanet_id, &datanet)?;
    let response = respond(Event::Retired { datanet_id });
    if amount.is_zero() {
        return Ok(response);
    }
    money::book(deps.storage, |ledger| money::take(&mut ledger.bonds, amount))?;
    let to = &datanet.ownership.owner;
    let event = MoneyEvent::BondReleased { datanet_id: datanet.datanet_id, to, amount };
    Ok(response.add_event(event.to_cosmwasm()).add_message(money::pay(deps.storage, to, amount)?))
}
