//! Messages to OPEN.

use cosmwasm_std::{to_json_binary, Addr, Env, StdResult, Storage, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;

use crate::state::TOKEN;

/// Takes `amount` from `from` by its allowance. The whole transaction fails when the allowance or the balance is short.
pub fn pull(storage: &dyn Storage, env: &Env, from: &Addr, amount: Uint128) -> StdResult<WasmMsg> {
    let recipient = env.contract.address.to_string();
    call(storage, &Cw20ExecuteMsg::TransferFrom { owner: from.to_string(), recipient, amount })
}

/// Sends `amount` to `to`. A plain transfer calls nobody, so no receiver can block it.
pub fn pay(storage: &dyn Storage, to: &Addr, amount: Uint128) -> StdResult<WasmMsg> {
    call(storage, &Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount })
}

fn call(storage: &dyn Storage, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    let contract_addr = TOKEN.load(storage)?.into_string();
    Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(message)?, funds: vec![] })
}
