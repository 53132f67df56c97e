//! Income out.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use openledger_contract_kit::event::respond;

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    income,
    state::{HOLDERS, LEDGER},
};

/// Pays what the sender's shares earned so far, also when they are gone by now.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo) -> Result<Response, ContractError> {
    let account = info.sender;
    income::touch(deps.storage, env.block.time, &[&account])?;
    let mut holder = HOLDERS.load(deps.storage, &account)?;
    let amount = std::mem::take(&mut holder.pending);
    if amount.is_zero() {
        return Err(ContractError::NoIncome { account });
    }
    HOLDERS.save(deps.storage, &account, &holder)?;
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.income = ledger.income.checked_sub(amount)?;
    ledger.claimed = ledger.claimed.checked_add(amount)?;
    LEDGER.save(deps.storage, &ledger)?;
    let pay = token::pay(deps.storage, &account, amount)?;
    Ok(respond(SharesEvent::IncomeClaimed { account, amount }).add_message(pay))
}
