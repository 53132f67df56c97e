//! Tokens that OPEN has just moved here. The door lets in nobody but OPEN: anybody else could claim to have moved whatever it
//! likes.

use cosmwasm_std::{from_json, DepsMut, Env, Response};
use cw20::Cw20ReceiveMsg;

use super::{back, fund};
use crate::{error::ContractError, msg::ReceiveMsg};

/// Runs the hook message for the account that sent the tokens.
pub fn run(deps: DepsMut, env: Env, received: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let from = deps.api.addr_validate(&received.sender)?;
    match from_json(&received.msg)? {
        ReceiveMsg::Back { min_shares } => back::run(deps, env, from, received.amount, min_shares),
        ReceiveMsg::FundIncome {} => fund::run(deps, env, from, received.amount),
    }
}
