//! Actions, one file each. Coins, pause and permissions are checked once, here.

mod accept_epoch;
pub mod admin;
mod advance_round;
mod claim;
mod exposure;
pub mod instantiate;
mod payee;
mod refund_batch;
mod restitution;
mod session;
mod settle_session;
mod submit_batch;
mod token;
mod void;

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use openledger_contract_kit::{funds::refuse_coins, permission};
use openledger_protocol::Scope;

use crate::{
    error::ContractError,
    msg::ExecuteMsg,
    permissions::Role,
    state::{load_session, ARBITER, CONFIG, OWNERSHIP},
};

/// Checks coins, pause and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    let ownership = OWNERSHIP.load(deps.storage)?;
    permission::enter(deps.storage, &env, &info.sender, &msg, &ownership, |role| {
        holds(deps.storage, &info.sender, &msg, role)
    })?;
    match msg {
        ExecuteMsg::OpenSession {
            amount,
            session_public_key,
            adapter_id,
            node,
            max_prompt_price,
            max_response_price,
            expires_at,
        } => {
            let request = session::Request {
                amount,
                session_public_key,
                adapter_id,
                node,
                max_prompt_price,
                max_response_price,
                expires_at,
            };
            session::open(deps, env, info, request)
        }
        ExecuteMsg::CloseSession { session_id } => session::close(deps, env, session_id.u64()),
        ExecuteMsg::SettleSession { session_id } => settle_session::run(deps, env, session_id.u64()),
        ExecuteMsg::SubmitBatch {
            sequence,
            receipts_root,
            receipt_count,
            credits_root,
            credit_count,
            total,
            charges,
        } => {
            let batch = submit_batch::Submission {
                sequence,
                receipts_root,
                receipt_count,
                credits_root,
                credit_count,
                total,
                charges,
            };
            submit_batch::run(deps, env, info, batch)
        }
        ExecuteMsg::AcceptEpoch {
            epoch,
            round,
            set_id,
            batch_ids,
            payout_root,
            payout_total,
            payout_count,
            absentees,
            signature,
        } => {
            let proposal = accept_epoch::Proposal {
                epoch,
                round,
                set_id,
                batch_ids,
                payout_root,
                payout_total,
                payout_count,
                absentees,
                signature,
            };
            accept_epoch::run(deps, env, proposal)
        }
        ExecuteMsg::AdvanceRound {} => advance_round::run(deps, env),
        ExecuteMsg::VoidBatch { batch_id } => void::batch(deps, env, batch_id.u64()),
        ExecuteMsg::VoidEpochs { epoch } => void::epochs(deps, env, epoch.u64()),
        ExecuteMsg::BarNode { node } => void::bar(deps, node),
        ExecuteMsg::Receive(message) => restitution::receive(deps, env, message),
        ExecuteMsg::Claim { payee, cumulative_amount, proof } => claim::run(deps, env, payee, cumulative_amount, proof),
        ExecuteMsg::RefundBatch { batch_id } => refund_batch::run(deps, env, batch_id.u64()),
        ExecuteMsg::Pause { until } => admin::pause(deps, env, until),
        ExecuteMsg::Unpause {} => admin::unpause(deps, env),
        ExecuteMsg::UpdateParams { params } => admin::update_params(deps, params),
        ExecuteMsg::SetArbiter { arbiter } => admin::set_arbiter(deps, arbiter),
        ExecuteMsg::ProposeOwner { account, expires_at } => admin::propose_owner(deps, env, account, expires_at),
        ExecuteMsg::AcceptOwnership {} => admin::accept_ownership(deps, env, info),
    }
}

/// Whether the sender has a role of this contract's own for this message.
fn holds(storage: &dyn Storage, sender: &Addr, msg: &ExecuteMsg, role: Role) -> Result<bool, ContractError> {
    match (role, msg) {
        (Role::SessionOwner, ExecuteMsg::CloseSession { session_id }) => {
            Ok(load_session(storage, session_id.u64())?.owner == *sender)
        }
        (Role::SessionOwner, _) => Ok(false),
        (Role::Arbiter, _) => Ok(ARBITER.may_load(storage)?.is_some_and(|arbiter| arbiter == *sender)),
        (Role::Token, _) => Ok(CONFIG.load(storage)?.token == *sender),
    }
}

/// This contract on this chain, for every signed message.
fn scope(env: &Env) -> Scope {
    Scope { chain_id: env.block.chain_id.clone(), contract: env.contract.address.to_string() }
}
