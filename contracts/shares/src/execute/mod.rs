//! Actions, one file each. Permissions are checked once, here.

mod back;
mod claim;
mod commons;
mod fund;
pub mod instantiate;
mod mint;
mod receive;
mod slash;
mod standard;
mod token;
mod unback;
mod withdraw;

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use cw20_base::state::{MinterData, MARKETING_INFO};
use openledger_contract_kit::{funds::refuse_coins, ownership::Ownership, permission};

use crate::{
    error::ContractError,
    msg::{ExecuteMsg, Params},
    permissions::Role,
    state::{DATANETS, TOKEN},
};

/// Checks coins and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    // No row of the table asks for an owner; the Datanets contract is the nearest there is.
    let nobody = Ownership::new(DATANETS.load(deps.storage)?);
    permission::enter(deps.storage, &env, &info.sender, &msg, &nobody, |role| holds(deps.storage, &info.sender, role))?;
    match msg {
        ExecuteMsg::Back { amount, min_shares } => back::by_allowance(deps, env, info, amount, min_shares),
        ExecuteMsg::Unback { shares } => unback::run(deps, env, info, shares),
        ExecuteMsg::WithdrawBacking {} => withdraw::run(deps, env, info),
        ExecuteMsg::FundIncome { amount } => fund::by_allowance(deps, env, info, amount),
        ExecuteMsg::ClaimIncome {} => claim::run(deps, env, info),
        ExecuteMsg::Receive(received) => receive::run(deps, env, received),
        ExecuteMsg::MintForContribution { recipient, amount, identity_id, contribution_id } => {
            let new = mint::Contribution { identity_id: identity_id.u64(), contribution_id: contribution_id.u64() };
            mint::run(deps, env, recipient, amount, new)
        }
        ExecuteMsg::SlashBacking { fraction, recipient } => slash::run(deps, env, fraction, recipient),
        ExecuteMsg::SetCommonsPart { part, account } => commons::run(deps, env, part, account),
        standard => standard::run(deps, env, info, standard),
    }
}

fn holds(storage: &dyn Storage, sender: &Addr, role: Role) -> Result<bool, ContractError> {
    Ok(match role {
        Role::Datanets => DATANETS.load(storage)? == sender,
        Role::Token => TOKEN.load(storage)? == sender,
        // Only the allowance itself can tell, and it has to be lowered in the same step.
        Role::Spender => true,
        Role::Marketing => {
            MARKETING_INFO.may_load(storage)?.and_then(|info| info.marketing).is_some_and(|account| account == sender)
        }
    })
}

/// What cw20 tells about minting: the contract itself mints, by its rules, up to both caps together.
pub fn minter(env: &Env, params: &Params) -> Result<MinterData, ContractError> {
    Ok(MinterData { minter: env.contract.address.clone(), cap: Some(params.supply_cap()?) })
}
