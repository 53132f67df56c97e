//! Messages to the token.

use cosmwasm_std::{to_json_binary, Addr, Env, StdResult, Storage, Uint128, Uint64, WasmMsg};
use cw20::Cw20ExecuteMsg;

use crate::{
    error::ContractError,
    msg::SlasherHook,
    state::{SLASHER, TOKEN},
};

/// Takes `amount` from `from` by its allowance. The whole transaction fails when the allowance or the balance is short.
pub fn pull(storage: &dyn Storage, env: &Env, from: &Addr, amount: Uint128) -> Result<WasmMsg, ContractError> {
    let message =
        Cw20ExecuteMsg::TransferFrom { owner: from.to_string(), recipient: env.contract.address.to_string(), amount };
    Ok(call(storage, &message)?)
}

/// Sends `amount` to `to`. A plain transfer calls nobody, so no receiver can block it.
pub fn pay(storage: &dyn Storage, to: &Addr, amount: Uint128) -> Result<WasmMsg, ContractError> {
    Ok(call(storage, &Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount })?)
}

/// Sends slashed tokens to the slasher, with the case they belong to; no message when there are none.
pub fn hand_over(storage: &dyn Storage, case_id: Uint64, amount: Uint128) -> Result<Option<WasmMsg>, ContractError> {
    if amount.is_zero() {
        return Ok(None);
    }
    let contract = SLASHER.load(storage)?.into_string();
    let msg = to_json_binary(&SlasherHook::Slashed { case_id })?;
    Ok(Some(call(storage, &Cw20ExecuteMsg::Send { contract, amount, msg })?))
}

/// Burns what the contract holds; no message when it is nothing.
pub fn burn(storage: &dyn Storage, amount: Uint128) -> Result<Option<WasmMsg>, ContractError> {
    if amount.is_zero() {
        return Ok(None);
    }
    Ok(Some(call(storage, &Cw20ExecuteMsg::Burn { amount })?))
}

fn call(storage: &dyn Storage, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: TOKEN.load(storage)?.into_string(),
        msg: to_json_binary(message)?,
        funds: Vec::new(),
    })
}
