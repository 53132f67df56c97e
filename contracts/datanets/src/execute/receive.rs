//! Tokens that OPEN has just moved here. The door lets in nobody but OPEN: anybody else could claim to have moved whatever it
//! likes.

use cosmwasm_std::{from_json, Addr, DepsMut, Response, Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::event::respond;
use shares::client::Client;

use super::money;
use crate::{
    events::MoneyEvent,
    msg::ReceiveMsg,
    state::{self, INCOME, SETTLEMENT, TOKEN},
    ContractError,
};

pub fn run(deps: DepsMut, received: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let from = deps.api.addr_validate(&received.sender)?;
    match from_json(&received.msg)? {
        ReceiveMsg::DatanetIncome { datanet_id } => income(deps, from, datanet_id, received.amount),
    }
}

/// Passes income on in the same message, so that this contract owes nobody any.
fn income(deps: DepsMut, from: Addr, datanet_id: Uint64, amount: Uint128) -> Result<Response, ContractError> {
    let datanet = state::datanet(deps.storage, datanet_id.u64())?;
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let usage = SETTLEMENT.may_load(deps.storage)?.is_some_and(|settlement| settlement == from);
    let mut income = INCOME.may_load(deps.storage, datanet_id.u64())?.unwrap_or_default();
    money::add(if usage { &mut income.usage } else { &mut income.gifts }, amount)?;
    INCOME.save(deps.storage, datanet_id.u64(), &income)?;
    let (to, pay) = match &datanet.shares {
        Some(shares) => {
            let token = TOKEN.load(deps.storage)?;
            (&shares.address, Client::new(&shares.address).fund_income(&token, amount)?)
        }
        None => (&datanet.commons, money::pay(deps.storage, &datanet.commons, amount)?.into()),
    };
    Ok(respond(MoneyEvent::Income { datanet_id, from: &from, to, amount, usage }).add_message(pay))
}

/// Names the settlement contract, once.
pub fn set_settlement(deps: DepsMut, settlement: &str) -> Result<Response, ContractError> {
    if let Some(settlement) = SETTLEMENT.may_load(deps.storage)? {
        return Err(ContractError::SettlementSet { settlement });
    }
    let settlement = deps.api.addr_validate(settlement)?;
    SETTLEMENT.save(deps.storage, &settlement)?;
    Ok(respond(MoneyEvent::SettlementSet { settlement: &settlement }))
}
