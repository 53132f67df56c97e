//! Messages to the token.

use cosmwasm_std::{to_json_binary, Addr, Binary, Env, StdResult, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;

use crate::state::Config;

/// Takes `amount` from `from` by its allowance. The whole transaction fails when the allowance or the balance is short.
pub fn pull(config: &Config, env: &Env, from: &Addr, amount: Uint128) -> StdResult<WasmMsg> {
    let recipient = env.contract.address.to_string();
    call(config, &Cw20ExecuteMsg::TransferFrom { owner: from.to_string(), recipient, amount })
}

/// Sends `amount` to an account. A plain transfer calls nobody, so no receiver can block it.
pub fn pay(config: &Config, to: &Addr, amount: Uint128) -> StdResult<WasmMsg> {
    call(config, &Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount })
}

/// Sends `amount` to the staking contract as rewards. A plain transfer would not be counted there.
pub fn fund_stakers(config: &Config, amount: Uint128) -> StdResult<WasmMsg> {
    send(config, &config.staking, amount, staking::client::Client::fund_rewards_hook()?)
}

/// Sends `amount` to a contract with the message that says what for.
pub fn send(config: &Config, contract: &Addr, amount: Uint128, msg: Binary) -> StdResult<WasmMsg> {
    call(config, &Cw20ExecuteMsg::Send { contract: contract.to_string(), amount, msg })
}

fn call(config: &Config, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute { contract_addr: config.token.to_string(), msg: to_json_binary(message)?, funds: Vec::new() })
}
