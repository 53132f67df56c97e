//! Income of an adapter: it goes on to the payout account in the same transaction, so none of it stays here.

use cosmwasm_std::{from_json, DepsMut, Env, Response, Uint128};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::event::respond;

use super::{bond, token};
use crate::{
    events::Event,
    msg::ReceiveMsg,
    state::{self, ADAPTERS, SETTLEMENT},
    ContractError,
};

/// Takes OPEN that the token has just moved here; the permission table lets in nobody but the token.
pub fn receive(deps: DepsMut, env: &Env, received: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let ReceiveMsg::AdapterIncome { adapter_id } = from_json(&received.msg)?;
    let (amount, from) = (received.amount, deps.api.addr_validate(&received.sender)?);
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let mut adapter = state::adapter(deps.storage, adapter_id.u64())?;
    let usage = SETTLEMENT.may_load(deps.storage)?.is_some_and(|settlement| settlement == from);
    let mut rebate = Uint128::zero();
    if usage {
        rebate = bond::rebate(deps.storage, adapter_id, amount)?;
        adapter.earned = adapter.earned.checked_add(amount)?;
        ADAPTERS.save(deps.storage, adapter_id.u64(), &adapter)?;
    }
    let account = adapter.payout.at(super::now(env));
    let pay = token::pay(deps.storage, account, amount.checked_add(rebate)?)?;
    let event = Event::IncomePaid { id: adapter_id.u64(), from: &from, account, amount, rebate, usage };
    Ok(respond(event).add_message(pay))
}
