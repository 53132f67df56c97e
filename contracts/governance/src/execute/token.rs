//! Messages to the token, and the sum of all deposits.

use cosmwasm_std::{to_json_binary, Addr, Env, StdResult, Storage, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;

use crate::{
    error::ContractError,
    state::{CONFIG, DEPOSITS},
};

/// How a deposit comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// By an allowance that is still to be used.
    Allowance,
    /// It is here already: the token reported it.
    Received,
}

/// Books a deposit. Returns the message that brings it, if it is not here yet.
pub fn take(
    storage: &mut dyn Storage,
    env: &Env,
    from: &Addr,
    amount: Uint128,
    source: Source,
) -> Result<Option<WasmMsg>, ContractError> {
    let deposits = DEPOSITS.load(storage)?.checked_add(amount)?;
    DEPOSITS.save(storage, &deposits)?;
    if source == Source::Received {
        return Ok(None);
    }
    let recipient = env.contract.address.to_string();
    let message = Cw20ExecuteMsg::TransferFrom { owner: from.to_string(), recipient, amount };
    Ok(Some(call(storage, &message)?))
}

/// Gives a deposit back. A plain transfer calls nobody, so no receiver can block it.
pub fn give_back(storage: &mut dyn Storage, to: &Addr, amount: Uint128) -> Result<WasmMsg, ContractError> {
    release(storage, amount)?;
    Ok(call(storage, &Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount })?)
}

/// Burns a deposit.
pub fn burn(storage: &mut dyn Storage, amount: Uint128) -> Result<WasmMsg, ContractError> {
    release(storage, amount)?;
    Ok(call(storage, &Cw20ExecuteMsg::Burn { amount })?)
}

fn release(storage: &mut dyn Storage, amount: Uint128) -> Result<(), ContractError> {
    let deposits = DEPOSITS.load(storage)?.checked_sub(amount)?;
    Ok(DEPOSITS.save(storage, &deposits)?)
}

fn call(storage: &dyn Storage, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: CONFIG.load(storage)?.token.into_string(),
        msg: to_json_binary(message)?,
        funds: Vec::new(),
    })
}
