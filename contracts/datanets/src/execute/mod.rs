//! One file per group of actions. Permission and pause are checked before [`dispatch`].

pub mod admin;
mod commit;
mod contribute;
mod create;
mod curators;
mod datanet_owner;
mod identity;
mod join;
mod merge;
mod money;
mod publish;
mod receive;
mod removal;
mod retire;
mod review;
mod reviewers;
pub mod shares;
mod votes;

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint64};

use crate::{
    msg::{ExecuteMsg, InDatanet, Which},
    ContractError,
};

pub fn dispatch(deps: DepsMut, env: Env, info: MessageInfo, msg: ExecuteMsg) -> Result<Response, ContractError> {
    let sender = info.sender;
    match msg {
        ExecuteMsg::Create { name, description, licence, commons, membership, commit_reveal, review } => {
            let commit_reveal = commit_reveal.unwrap_or(false);
            create::create(
                deps,
                &env,
                sender,
                create::New { name, description, licence, commons, membership, commit_reveal, review },
            )
        }
        ExecuteMsg::Join { datanet_id } => join::join(deps, &env, sender, datanet_id.u64()),
        ExecuteMsg::Invite { datanet_id, member } => join::invite(deps, &sender, datanet_id.u64(), &member),
        ExecuteMsg::ApproveMember { datanet_id, member } => join::approve(deps, &sender, datanet_id.u64(), &member),
        ExecuteMsg::Commit { datanet_id, commitment } => {
            commit::commit(deps, &env, &sender, datanet_id.u64(), commitment)
        }
        ExecuteMsg::Contribute { datanet_id, rows_root, rows, media_type, manifest, salt } => {
            let offer = contribute::Offer { rows_root, rows, media_type, manifest, salt };
            contribute::contribute(deps, &env, sender, datanet_id.u64(), offer)
        }
        ExecuteMsg::Accept { datanet_id, contribution_id } => {
            review::accept(deps, &env, sender, datanet_id.u64(), contribution_id.u64())
        }
        ExecuteMsg::Reject { datanet_id, contribution_id, reason } => {
            review::reject(deps, &env, sender, datanet_id.u64(), contribution_id.u64(), reason)
        }
        ExecuteMsg::RequestWithdrawal(Which { datanet_id, contribution_id }) => {
            review::withdraw(deps, &env, datanet_id.u64(), contribution_id.u64())
        }
        ExecuteMsg::ConfirmErasure { datanet_id, contribution_id, evidence } => {
            removal::confirm(deps, sender, datanet_id.u64(), contribution_id.u64(), evidence)
        }
        ExecuteMsg::MergeClusters { datanet_id, first, second } => {
            merge::merge(deps, &env, datanet_id.u64(), first, second)
        }
        ExecuteMsg::PublishVersion { datanet_id, content_root } => {
            publish::publish(deps, &env, sender, datanet_id.u64(), content_root)
        }
        ExecuteMsg::BondReviewer(InDatanet { datanet_id }) => reviewers::bond(deps, &env, sender, datanet_id.u64()),
        ExecuteMsg::UnbondReviewer(InDatanet { datanet_id }) => reviewers::unbond(deps, &sender, datanet_id.u64()),
        ExecuteMsg::Vote { datanet_id, contribution_id, ballot } => {
            votes::vote(deps, &env, &sender, datanet_id.u64(), contribution_id.u64(), ballot)
        }
        ExecuteMsg::Appeal(Which { datanet_id, contribution_id }) => {
            votes::appeal(deps, &env, sender, datanet_id.u64(), contribution_id.u64())
        }
        ExecuteMsg::FinishReview(Which { datanet_id, contribution_id }) => {
            votes::finish(deps, &env, datanet_id.u64(), contribution_id.u64())
        }
        ExecuteMsg::IssueShares { datanet_id, name, symbol, per_row, terms } => {
            shares::issue(deps, &env, datanet_id.u64(), shares::Issue { name, symbol, per_row, terms })
        }
        ExecuteMsg::SetCommonsPart { datanet_id, part } => shares::set_commons_part(deps, datanet_id.u64(), part),
        ExecuteMsg::ProvePoison { datanet_id, contribution_id, evidence, fraction, recipient } => {
            let (datanet_id, contribution_id) = (datanet_id.u64(), contribution_id.u64());
            let proven = removal::Poison { datanet_id, contribution_id, evidence, fraction, recipient };
            removal::poison(deps, &env, proven)
        }
        ExecuteMsg::RetireDatanet { datanet_id } => retire::retire(deps, datanet_id.u64()),
        ExecuteMsg::ProposeDatanetOwner { datanet_id, account, expires_at } => {
            datanet_owner::propose(deps, &env, datanet_id.u64(), &account, expires_at)
        }
        ExecuteMsg::AcceptDatanetOwnership { datanet_id } => {
            datanet_owner::accept(deps, &env, &sender, datanet_id.u64())
        }
        ExecuteMsg::ProposeCurator { datanet_id, account, expires_at } => {
            curators::propose(deps, &env, datanet_id.u64(), &account, expires_at)
        }
        ExecuteMsg::AcceptCuratorship { datanet_id } => curators::accept(deps, &env, &sender, datanet_id.u64()),
        ExecuteMsg::RemoveCurator { datanet_id, account } => curators::remove(deps, datanet_id.u64(), &account),
        ExecuteMsg::CreateIdentity { payout, guardians, threshold } => {
            identity::create(deps, &env, &sender, payout, guardians, threshold)
        }
        ExecuteMsg::SetPayout { account } => identity::set_payout(deps, &env, &sender, &account),
        ExecuteMsg::CancelPayout {} => identity::cancel_payout(deps, &env, &sender),
        ExecuteMsg::SetGuardians { guardians, threshold } => {
            identity::set_guardians(deps, &sender, guardians, threshold)
        }
        ExecuteMsg::ApproveRecovery { identity_id, controller } => {
            identity::approve(deps, &env, sender, identity_id.u64(), &controller)
        }
        ExecuteMsg::VetoRecovery {} => identity::veto(deps, &sender),
        ExecuteMsg::FinishRecovery { identity_id } => identity::finish(deps, &env, identity_id.u64()),
        ExecuteMsg::Receive(received) => receive::run(deps, received),
        ExecuteMsg::SetSettlement { settlement } => receive::set_settlement(deps, &settlement),
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
