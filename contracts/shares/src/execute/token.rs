//! Messages to OPEN, and changes of the shares' own supply.

use cosmwasm_std::{to_json_binary, Addr, DepsMut, Env, MessageInfo, Response, StdResult, Storage, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;

use crate::{error::ContractError, income, state::TOKEN};

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

/// Destroys `amount` of this contract's OPEN.
pub fn burn(storage: &dyn Storage, amount: Uint128) -> Result<WasmMsg, ContractError> {
    Ok(call(storage, &Cw20ExecuteMsg::Burn { amount })?)
}

fn call(storage: &dyn Storage, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: TOKEN.load(storage)?.into_string(),
        msg: to_json_binary(message)?,
        funds: Vec::new(),
    })
}

/// Makes new shares. The response carries the attributes of a cw20 mint.
pub fn mint_shares(deps: DepsMut, env: &Env, to: &Addr, amount: Uint128) -> Result<Response, ContractError> {
    if to == env.contract.address {
        return Err(ContractError::ToItself);
    }
    income::touch(deps.storage, env.block.time, &[to])?;
    let itself = sender(env.contract.address.clone());
    Ok(cw20_base::contract::execute_mint(deps, env.clone(), itself, to.to_string(), amount)?)
}

/// Destroys shares of `from`. The response carries the attributes of a cw20 burn.
pub fn burn_shares(deps: DepsMut, env: &Env, from: &Addr, amount: Uint128) -> Result<Response, ContractError> {
    income::touch(deps.storage, env.block.time, &[from])?;
    Ok(cw20_base::contract::execute_burn(deps, env.clone(), sender(from.clone()), amount)?)
}

fn sender(sender: Addr) -> MessageInfo {
    MessageInfo { sender, funds: Vec::new() }
}
