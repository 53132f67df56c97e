//! cw20-base acts on every message but the two about minting.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use openledger_contract_kit::funds;

use crate::{msg::ExecuteMsg, ContractError};

/// Refuses coins and minting, and hands the rest to cw20-base.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    funds::refuse_coins(&info)?;
    match msg {
        ExecuteMsg::Mint { .. } | ExecuteMsg::UpdateMinter { .. } => Err(ContractError::FixedSupply),
        other => Ok(cw20_base::contract::execute(deps, env, info, other)?),
    }
}
