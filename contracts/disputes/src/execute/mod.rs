//! Actions, one file each. Coins and permissions are checked once, here.

pub mod admin;
mod case;
mod expire_dispute;
pub mod instantiate;
mod open_dispute;
mod prove_batch_fraud;
mod prove_epoch_fraud;
mod prove_equivocation;
mod receive;
mod resolve_dispute;
mod slash;
mod token;

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Storage};
use openledger_contract_kit::{funds::refuse_coins, permission};
use settlement::msg::{BatchStatus, BatchSummary, EpochResponse};

use crate::{
    decide::Records,
    error::ContractError,
    msg::ExecuteMsg,
    permissions::Role,
    state::{CONFIG, OWNERSHIP},
};

/// Checks coins and permission, then runs the action.
pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    let ownership = OWNERSHIP.load(deps.storage)?;
    permission::enter(deps.storage, &env, &info.sender, &msg, &ownership, |role| {
        holds(deps.storage, &info.sender, role)
    })?;
    match msg {
        ExecuteMsg::ProveBatchFraud { batch_id, proof } => {
            prove_batch_fraud::run(deps, env, info, batch_id.u64(), proof)
        }
        ExecuteMsg::ProveEpochFraud { epoch, proof } => prove_epoch_fraud::run(deps, env, info, epoch.u64(), proof),
        ExecuteMsg::ProveEquivocation { first, second } => prove_equivocation::run(deps, env, info, first, second),
        ExecuteMsg::OpenDispute { batch_id, receipt } => open_dispute::run(deps, env, info, batch_id.u64(), receipt),
        ExecuteMsg::ResolveDispute { dispute_id, set_id, verdict, absentees, signature } => {
            let signed = resolve_dispute::Signed { set_id: set_id.u64(), verdict, absentees, signature };
            resolve_dispute::run(deps, env, dispute_id.u64(), signed)
        }
        ExecuteMsg::ExpireDispute { dispute_id } => expire_dispute::run(deps, env, dispute_id.u64()),
        ExecuteMsg::Receive(message) => receive::run(deps, message),
        ExecuteMsg::UpdateParams { params } => admin::update_params(deps, params),
        ExecuteMsg::ProposeOwner { account, expires_at } => admin::propose_owner(deps, env, account, expires_at),
        ExecuteMsg::AcceptOwnership {} => admin::accept_ownership(deps, env, info),
    }
}

/// Whether the sender has a role of this contract's own.
fn holds(storage: &dyn Storage, sender: &Addr, role: Role) -> Result<bool, ContractError> {
    match role {
        Role::Token => Ok(CONFIG.load(storage)?.token == *sender),
    }
}

/// Whether settlement can still void the epoch: strictly before it pays.
fn is_open(env: &Env, epoch: &EpochResponse) -> bool {
    env.block.time.seconds() < epoch.claimable_at.u64()
}

/// Whether settlement can still void the batch; an error where its money went back already.
fn is_voidable(records: &Records<'_>, env: &Env, batch: &BatchSummary) -> Result<bool, ContractError> {
    match (batch.status, batch.epoch) {
        (BatchStatus::Pending, _) => Ok(true),
        (BatchStatus::Accepted, Some(epoch)) => Ok(is_open(env, &records.epoch(epoch.u64())?)),
        (status, _) => Err(ContractError::NothingAtStake { batch_id: batch.batch_id.u64(), status }),
    }
}
