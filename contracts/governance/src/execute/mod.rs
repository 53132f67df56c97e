//! Actions, one file each. Coins, the run in progress and permissions are checked once, here.

mod accept;
pub mod admin;
mod close;
mod deposit;
pub mod instantiate;
mod pause;
mod propose;
mod run;
mod token;
mod vote;

pub use pause::pause_contracts;
pub use run::{RunTag, RUN_REPLY};

use cosmwasm_std::{from_json, Addr, Deps, DepsMut, Env, MessageInfo, Response};
use cw20::Cw20ReceiveMsg;
use openledger_contract_kit::{
    funds::refuse_coins,
    ownership::Ownership,
    permission::{self, Permission, Permissioned},
};

use crate::{
    error::ContractError,
    msg::{ExecuteMsg, ReceiveMsg},
    permissions::Role,
    state::{Step, CONFIG, GUARDIANS, RUN},
};

/// Checks coins, the run in progress and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    refuse_reentry(deps.as_ref(), &env, &info.sender, &msg)?;
    // Nobody owns this contract but itself; no row of the table asks for an owner.
    let ownership = Ownership::new(env.contract.address.clone());
    permission::enter(deps.storage, &env, &info.sender, &msg, &ownership, |role| {
        holds(deps.as_ref(), &env, &info.sender, role)
    })?;
    match msg {
        ExecuteMsg::Propose { proposal, deposit } => {
            propose::run(deps, env, info.sender, proposal, deposit, token::Source::Allowance)
        }
        ExecuteMsg::Deposit { proposal_id, amount } => {
            deposit::run(deps, env, info.sender, proposal_id.u64(), amount, token::Source::Allowance)
        }
        ExecuteMsg::Receive(sent) => receive(deps, env, sent),
        ExecuteMsg::Vote { proposal_id, vote } => vote::run(deps, env, info.sender, proposal_id.u64(), vote),
        ExecuteMsg::Close { proposal_id } => close::run(deps, env, proposal_id.u64()),
        ExecuteMsg::Execute { proposal_id } => run::start(deps, env, proposal_id.u64()),
        ExecuteMsg::EmergencyPause { contracts, until } => pause::start(deps, env, info.sender, contracts, until),
        ExecuteMsg::EndEmergencyPause { contracts } => pause::end(deps, info.sender, contracts),
        ExecuteMsg::AcceptOwnership { contract } => accept::contract(deps, contract),
        ExecuteMsg::AcceptDatanetOwnership { datanet_id } => accept::datanet(deps, datanet_id),
        ExecuteMsg::UpdateParams { params } => admin::update_params(deps, params),
        ExecuteMsg::SetGuardians { guardians } => admin::set_guardians(deps, env, guardians),
        ExecuteMsg::RegisterContract { contract, name, pausable, params } => {
            admin::register_contract(deps, contract, name, pausable, params)
        }
        ExecuteMsg::UnregisterContract { contract } => admin::unregister_contract(deps, contract),
        ExecuteMsg::SetDatanetMessages { messages } => admin::set_datanet_messages(deps, messages),
        ExecuteMsg::RunProposal { proposal_id } => run::send_messages(deps, env, proposal_id.u64()),
        ExecuteMsg::EndRun {} => run::end(deps, env),
    }
}

/// A `send` of the token. The permission table has checked that the caller is the token; whose tokens they were, only the
/// token can say.
fn receive(deps: DepsMut, env: Env, sent: Cw20ReceiveMsg) -> Result<Response, ContractError> {
    let from = deps.api.addr_validate(&sent.sender)?;
    match from_json(&sent.msg)? {
        ReceiveMsg::Propose { proposal } => {
            propose::run(deps, env, from, proposal, sent.amount, token::Source::Received)
        }
        ReceiveMsg::Deposit { proposal_id } => {
            deposit::run(deps, env, from, proposal_id.u64(), sent.amount, token::Source::Received)
        }
    }
}

/// While a proposal is executed nothing enters but its own messages: no vote, no deposit, no second run.
fn refuse_reentry(deps: Deps, env: &Env, sender: &Addr, msg: &ExecuteMsg) -> Result<(), ContractError> {
    let Some(run) = RUN.may_load(deps.storage)? else { return Ok(()) };
    let own = matches!(msg.rule().permission, Permission::Role(Role::PassedProposal | Role::Execution));
    if own && *sender == env.contract.address {
        return Ok(());
    }
    Err(ContractError::Executing { proposal_id: run.proposal_id.u64() })
}

/// Whether the sender has a role of this contract's own.
fn holds(deps: Deps, env: &Env, sender: &Addr, role: Role) -> Result<bool, ContractError> {
    let this = *sender == env.contract.address;
    Ok(match role {
        Role::Token => CONFIG.load(deps.storage)?.token == *sender,
        Role::Guardian => {
            let now = env.block.time.seconds();
            let guardians = GUARDIANS.load(deps.storage)?;
            guardians.iter().any(|guardian| guardian.account == *sender && now < guardian.term_ends_at.u64())
        }
        Role::PassedProposal => this && RUN.may_load(deps.storage)?.is_some_and(|run| run.step == Step::Running),
        Role::Execution => this && RUN.exists(deps.storage),
    })
}
