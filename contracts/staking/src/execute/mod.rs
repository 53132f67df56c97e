//! Actions, one file each. Permissions are checked once, here.

pub mod admin;
mod bond;
pub mod instantiate;
mod register;
mod reward;
mod snapshot;
mod token;
mod unbond;
mod withdraw;

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use openledger_contract_kit::{
    funds::refuse_coins,
    permission::{self, NoRole},
};

use crate::{error::ContractError, msg::ExecuteMsg, state::OWNERSHIP};

/// Checks coins and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    let ownership = OWNERSHIP.load(deps.storage)?;
    permission::enter(deps.storage, &env, &info.sender, &msg, &ownership, no_role)?;
    match msg {
        ExecuteMsg::RegisterValidator { amount, bls_public_key, proof_of_possession, endpoint, moniker } => {
            let new = register::Registration { amount, bls_public_key, proof_of_possession, endpoint, moniker };
            register::run(deps, env, info, new)
        }
        ExecuteMsg::UpdateValidator { endpoint, moniker } => register::update(deps, info, endpoint, moniker),
        ExecuteMsg::BondMore { amount } => bond::run(deps, env, info, amount),
        ExecuteMsg::Unbond { amount } => unbond::run(deps, env, info, amount),
        ExecuteMsg::WithdrawUnbonded {} => withdraw::run(deps, env, info),
        ExecuteMsg::Snapshot {} => snapshot::run(deps, env),
        ExecuteMsg::FundRewards { amount } => reward::fund_by_allowance(deps, env, info, amount),
        ExecuteMsg::ClaimRewards {} => reward::claim(deps, info),
        ExecuteMsg::Receive(received) => reward::fund_by_send(deps, info, received),
        ExecuteMsg::UpdateParams { params } => admin::update_params(deps, params),
        ExecuteMsg::ProposeOwner { account, expires_at } => admin::propose_owner(deps, env, account, expires_at),
        ExecuteMsg::AcceptOwnership {} => admin::accept_ownership(deps, env, info),
    }
}

/// No message needs a role of this contract's own.
fn no_role(role: NoRole) -> Result<bool, ContractError> {
    match role {}
}
