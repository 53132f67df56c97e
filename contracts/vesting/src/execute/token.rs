//! Payments.

use cosmwasm_std::{to_json_binary, Addr, StdResult, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;

/// Sends `amount` of `token` to `to`. A plain transfer calls nobody, so no receiver can block it.
pub fn pay(token: &Addr, to: &Addr, amount: Uint128) -> StdResult<WasmMsg> {
    let message = Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount };
    Ok(WasmMsg::Execute { contract_addr: token.to_string(), msg: to_json_binary(&message)?, funds: Vec::new() })
}
