//! Messages to the token.

use cosmwasm_std::{to_json_binary, Addr, Env, StdResult, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;
use settlement::client as settlement;

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

/// Ends `amount`.
pub fn burn(config: &Config, amount: Uint128) -> StdResult<WasmMsg> {
    call(config, &Cw20ExecuteMsg::Burn { amount })
}

/// Sends `amount` to the sessions of a batch.
pub fn restore(config: &Config, batch_id: u64, amount: Uint128) -> StdResult<WasmMsg> {
    let msg = settlement::restitution_hook(batch_id)?;
    call(config, &Cw20ExecuteMsg::Send { contract: config.settlement.to_string(), amount, msg })
}

/// Sends `amount` to the staking contract as rewards.
pub fn fund_stakers(config: &Config, amount: Uint128) -> StdResult<WasmMsg> {
    let msg = staking::client::Client::fund_rewards_hook()?;
    call(config, &Cw20ExecuteMsg::Send { contract: config.staking.to_string(), amount, msg })
}

fn call(config: &Config, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute { contract_addr: config.token.to_string(), msg: to_json_binary(message)?, funds: Vec::new() })
}
