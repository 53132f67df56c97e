//! One file per group of actions. Permission and pause are checked before [`dispatch`].

pub mod admin;
mod base;
pub mod bond;
mod developer;
mod income;
mod promote;
mod register;
mod retire;
mod suspend;
mod terms;
mod token;

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint64};

use crate::{msg::ExecuteMsg, ContractError};
use terms::Terms;

pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    let sender = info.sender;
    match msg {
        ExecuteMsg::RegisterBase { name, digest, tokenizer_digest, architecture, licence } => {
            let new = base::New { name, digest, tokenizer_digest, architecture, licence };
            base::register(deps, &env, sender, new)
        }
        ExecuteMsg::RegisterAdapter {
            base_id,
            name,
            licence,
            datanet_id,
            datanet_version,
            weights_digest,
            family_digest,
            manifest_digest,
            transcript_root,
            index,
            prompt_price,
            response_price,
            split,
        } => {
            let new = register::New { base_id, name, licence, datanet_id };
            let terms = Terms {
                datanet_version,
                weights_digest,
                family_digest,
                manifest_digest,
                transcript_root,
                index,
                prompt_price,
                response_price,
                split,
            };
            register::register(deps, &env, sender, new, terms)
        }
        ExecuteMsg::PublishAdapterVersion {
            adapter_id,
            datanet_version,
            weights_digest,
            family_digest,
            manifest_digest,
            transcript_root,
            index,
            prompt_price,
            response_price,
            split,
            promote,
        } => {
            let terms = Terms {
                datanet_version,
                weights_digest,
                family_digest,
                manifest_digest,
                transcript_root,
                index,
                prompt_price,
                response_price,
                split,
            };
            register::publish(deps, &env, adapter_id.u64(), terms, promote.unwrap_or(true))
        }
        ExecuteMsg::SetTerms { adapter_id, prompt_price, response_price, split } => {
            let new = register::NewTerms { prompt_price, response_price, split };
            register::set_terms(deps, &env, adapter_id.u64(), new)
        }
        ExecuteMsg::Promote { adapter_id, version } => promote::promote(deps, adapter_id.u64(), version),
        ExecuteMsg::Rollback { adapter_id } => promote::rollback(deps, adapter_id.u64()),
        ExecuteMsg::WhitelistBase { base_id } => base::list(deps, base_id.u64(), true),
        ExecuteMsg::DelistBase { base_id } => base::list(deps, base_id.u64(), false),
        ExecuteMsg::WithdrawBase { base_id } => base::withdraw(deps, &env, base_id.u64()),
        ExecuteMsg::UnlockBond { bonded } => bond::unlock(deps, &env, bonded),
        ExecuteMsg::ProposeDeveloper { adapter_id, account, expires_at } => {
            developer::propose(deps, &env, adapter_id.u64(), &account, expires_at)
        }
        ExecuteMsg::AcceptAdapter { adapter_id } => developer::accept(deps, &env, sender, adapter_id.u64()),
        ExecuteMsg::SetPayout { adapter_id, account } => developer::set_payout(deps, &env, adapter_id.u64(), &account),
        ExecuteMsg::Suspend { adapter_id, until } => suspend::suspend(deps, &env, adapter_id.u64(), until),
        ExecuteMsg::Resume { adapter_id } => suspend::resume(deps, &env, adapter_id.u64()),
        ExecuteMsg::SetSettlement { settlement } => admin::set_settlement(deps, &settlement),
        ExecuteMsg::Receive(received) => income::receive(deps, &env, received),
        ExecuteMsg::Retire { adapter_id } => retire::retire(deps, &env, adapter_id.u64()),
        ExecuteMsg::UpdateParams { params } => admin::update_params(deps, params),
        ExecuteMsg::Pause { until } => admin::pause(deps, &env, until),
        ExecuteMsg::Unpause {} => admin::unpause(deps, &env),
        ExecuteMsg::ProposeOwner { account, expires_at } => admin::propose_owner(deps, &env, &account, expires_at),
        ExecuteMsg::AcceptOwnership {} => admin::accept_ownership(deps, &env, &sender),
    }
}

/// Block time in seconds since 1970.
fn now(env: &Env) -> Uint64 {
    Uint64::new(env.block.time.seconds())
}

/// A time some seconds after another.
fn later(time: Uint64, seconds: Uint64) -> Result<Uint64, ContractError> {
    Ok(time.checked_add(seconds)?)
}
