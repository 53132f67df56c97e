//! Actions, one file each. Permissions are checked once, here.

pub mod admin;
mod bond;
pub mod instantiate;
mod jail;
mod operator;
mod profile;
mod redelegate;
mod register;
pub mod reward;
mod slash;
mod snapshot;
mod token;
mod unbond;
mod withdraw;

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use openledger_contract_kit::{funds::refuse_coins, permission};

use crate::{
    error::ContractError,
    events::Profile,
    msg::ExecuteMsg,
    permissions::Role,
    state::{OWNERSHIP, SLASHER},
};

/// Checks coins and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    let ownership = OWNERSHIP.load(deps.storage)?;
    permission::enter(deps.storage, &env, &info.sender, &msg, &ownership, |role| {
        holds(deps.storage, &info.sender, role)
    })?;
    match msg {
        ExecuteMsg::RegisterValidator {
            amount,
            bls_public_key,
            proof_of_possession,
            endpoint,
            moniker,
            commission,
            description,
        } => {
            let profile = Profile { endpoint, moniker, description };
            let new = register::Registration { amount, bls_public_key, proof_of_possession, profile, commission };
            register::run(deps, env, info, new)
        }
        ExecuteMsg::UpdateValidator { endpoint, moniker, description } => {
            profile::update(deps, info, endpoint, moniker, description)
        }
        ExecuteMsg::UpdateCommission { rate } => profile::update_commission(deps, env, info, rate),
        ExecuteMsg::RotateKey { bls_public_key, proof_of_possession } => {
            profile::rotate_key(deps, env, info, bls_public_key, &proof_of_possession)
        }
        ExecuteMsg::BondMore { amount } => bond::run(deps, env, info, amount),
        ExecuteMsg::Unbond { amount } => unbond::run(deps, env, info, amount),
        ExecuteMsg::Delegate { validator, amount } => bond::delegate(deps, env, info, validator, amount),
        ExecuteMsg::Undelegate { validator, amount } => unbond::undelegate(deps, env, info, validator, amount),
        ExecuteMsg::Redelegate { from, to, amount } => redelegate::run(deps, env, info, &from, &to, amount),
        ExecuteMsg::SettleRedelegations { delegator, validator } => {
            redelegate::settle(deps, env, &delegator, &validator)
        }
        ExecuteMsg::WithdrawUnbonded {} => withdraw::run(deps, env, info),
        ExecuteMsg::Unjail {} => jail::leave(deps, env, info),
        ExecuteMsg::RegisterOperator { amount, endpoint, moniker } => {
            operator::register(deps, env, info, amount, endpoint, moniker)
        }
        ExecuteMsg::BondOperator { amount } => operator::bond(deps, env, info, amount),
        ExecuteMsg::UnbondOperator { amount } => operator::unbond(deps, env, info, amount),
        ExecuteMsg::WithdrawOperator {} => operator::withdraw(deps, env, info),
        ExecuteMsg::SetSlasher { slasher } => slash::set_slasher(deps, slasher),
        ExecuteMsg::SlashValidators { case_id, set_id, validators, fraction, tombstone } => {
            slash::validators(deps, env, validators, slash::Infraction { case_id, set_id, fraction, tombstone })
        }
        ExecuteMsg::SlashOperator { case_id, operator, fraction, bar } => {
            slash::operator(deps, env, case_id, operator, fraction, bar)
        }
        ExecuteMsg::Snapshot {} => snapshot::run(deps, env),
        ExecuteMsg::FundRewards { amount } => reward::fund_by_allowance(deps, env, info, amount),
        ExecuteMsg::ClaimRewards {} => reward::claim(deps, env, info),
        ExecuteMsg::Receive(received) => reward::fund_by_send(deps, info, received),
        ExecuteMsg::UpdateParams { params } => admin::update_params(deps, params),
        ExecuteMsg::ProposeOwner { account, expires_at } => admin::propose_owner(deps, env, account, expires_at),
        ExecuteMsg::AcceptOwnership {} => admin::accept_ownership(deps, env, info),
    }
}

fn holds(storage: &dyn Storage, sender: &Addr, role: Role) -> Result<bool, ContractError> {
    match role {
        Role::Slasher => Ok(SLASHER.may_load(storage)?.is_some_and(|slasher| slasher == sender)),
    }
}
