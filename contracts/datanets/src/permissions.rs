//! Who may send what. `tests/messages/golden/testdata/permissions.golden` holds the table as text.

use std::fmt;

use cosmwasm_std::{Addr, Deps};
use openledger_contract_kit::{permission::Permission, permissions};

use crate::{
    identities,
    msg::{DatanetResponse, ExecuteMsg, InDatanet, Standing, Which},
    panel, state, ContractError,
};

/// Roles within the Datanet that a message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May contribute.
    Member,
    /// Owner or curator: may decide on applications and contributions.
    Reviewer,
    /// Offered the contribution that the message names, or controls the identity that is credited for it.
    Contributor,
    /// Drawn for the contribution that the message names.
    Panelist,
    /// Can be drawn in the Datanet.
    BondedReviewer,
    /// OPEN, reporting a `send`.
    Token,
    /// Owns the Datanet.
    DatanetOwner,
    /// May become owner of the Datanet.
    ProposedDatanetOwner,
    /// May become curator of the Datanet.
    ProposedCurator,
    /// Controls an identity.
    Controller,
    /// Guards the identity that the message names.
    Guardian,
    /// May remove the curator that the message names: the owner, or that curator itself.
    CuratorRemover,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Member => "member of the Datanet",
            Self::Reviewer => "owner or curator of the Datanet",
            Self::Contributor => "contributor, or controller of the credited identity",
            Self::Panelist => "reviewer drawn for the contribution",
            Self::BondedReviewer => "bonded reviewer of the Datanet",
            Self::Token => "the token",
            Self::DatanetOwner => "owner of the Datanet",
            Self::ProposedDatanetOwner => "proposed owner of the Datanet",
            Self::ProposedCurator => "proposed curator of the Datanet",
            Self::Controller => "controller of an identity",
            Self::Guardian => "guardian of the identity",
            Self::CuratorRemover => "owner of the Datanet, or the curator itself",
        })
    }
}

permissions! { ExecuteMsg, Role;
    Create => Permission::Anyone, pausable;
    Join => Permission::Anyone, pausable;
    Invite => Permission::Role(Role::Reviewer), pausable;
    ApproveMember => Permission::Role(Role::Reviewer), pausable;
    Commit => Permission::Role(Role::Member), pausable;
    Contribute => Permission::Role(Role::Member), pausable;
    RequestWithdrawal => Permission::Role(Role::Contributor), always;
    Accept => Permission::Role(Role::Reviewer), pausable;
    Reject => Permission::Role(Role::Reviewer), pausable;
    ConfirmErasure => Permission::Role(Role::Reviewer), always;
    MergeClusters => Permission::Role(Role::Reviewer), pausable;
    PublishVersion => Permission::Role(Role::Reviewer), pausable;
    BondReviewer => Permission::Role(Role::Member), pausable;
    UnbondReviewer => Permission::Role(Role::BondedReviewer), always;
    Vote => Permission::Role(Role::Panelist), always;
    Appeal => Permission::Role(Role::Member), always;
    FinishReview => Permission::Anyone, always;
    IssueShares => Permission::Role(Role::DatanetOwner), pausable;
    SetCommonsPart => Permission::Role(Role::DatanetOwner), pausable;
    ProvePoison => Permission::Owner, always;
    RetireDatanet => Permission::Role(Role::DatanetOwner), always;
    ProposeDatanetOwner => Permission::Role(Role::DatanetOwner), always;
    AcceptDatanetOwnership => Permission::Role(Role::ProposedDatanetOwner), always;
    ProposeCurator => Permission::Role(Role::DatanetOwner), always;
    AcceptCuratorship => Permission::Role(Role::ProposedCurator), always;
    RemoveCurator => Permission::Role(Role::CuratorRemover), always;
    CreateIdentity => Permission::Anyone, pausable;
    SetPayout => Permission::Role(Role::Controller), always;
    CancelPayout => Permission::Role(Role::Controller), always;
    SetGuardians => Permission::Role(Role::Controller), always;
    ApproveRecovery => Permission::Role(Role::Guardian), always;
    VetoRecovery => Permission::Role(Role::Controller), always;
    FinishRecovery => Permission::Anyone, always;
    Receive => Permission::Role(Role::Token), always;
    SetSettlement => Permission::Owner, always;
    UpdateParams => Permission::Owner, always;
    Pause => Permission::Owner, always;
    Unpause => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}

/// Whether the sender has a role in the Datanet or identity that the message names.
pub fn holds(deps: Deps, sender: &Addr, msg: &ExecuteMsg, role: Role) -> Result<bool, ContractError> {
    match role {
        Role::Controller => return Ok(identities::BY_CONTROLLER.has(deps.storage, sender)),
        Role::Guardian => return guards(deps, sender, msg),
        Role::Contributor => return offered(deps, sender, msg),
        Role::Token => return Ok(state::TOKEN.load(deps.storage)? == sender),
        _ => {}
    }
    let Some(datanet_id) = datanet_id(msg) else { return Ok(false) };
    let datanet = state::datanet(deps.storage, datanet_id)?;
    Ok(match role {
        Role::Member => is_member(deps, datanet_id, sender)?,
        Role::Reviewer => datanet.ownership.is_owner(sender) || is_curator(&datanet, sender),
        Role::BondedReviewer => panel::REVIEWERS.has(deps.storage, (datanet_id, sender)),
        Role::Panelist => sits(deps, datanet_id, sender, msg)?,
        Role::DatanetOwner => datanet.ownership.is_owner(sender),
        Role::ProposedDatanetOwner => datanet.ownership.proposed.is_some_and(|next| next.account == sender),
        Role::ProposedCurator => {
            datanet.curators.iter().any(|c| c.account == sender && c.proposal_expires_at.is_some())
        }
        Role::CuratorRemover => {
            let itself = matches!(msg, ExecuteMsg::RemoveCurator { account, .. } if account == sender.as_str());
            itself || datanet.ownership.is_owner(sender)
        }
        Role::Controller | Role::Guardian | Role::Contributor | Role::Token => false,
    })
}

fn offered(deps: Deps, sender: &Addr, msg: &ExecuteMsg) -> Result<bool, ContractError> {
    let ExecuteMsg::RequestWithdrawal(Which { datanet_id, contribution_id }) = msg else { return Ok(false) };
    let contribution = state::contribution(deps.storage, datanet_id.u64(), contribution_id.u64())?;
    let controls = identities::BY_CONTROLLER.may_load(deps.storage, sender)?;
    Ok(contribution.contributor == sender || controls == Some(contribution.identity_id.u64()))
}

fn sits(deps: Deps, datanet_id: u64, sender: &Addr, msg: &ExecuteMsg) -> Result<bool, ContractError> {
    let ExecuteMsg::Vote { contribution_id, .. } = msg else { return Ok(false) };
    let review = panel::REVIEWS.may_load(deps.storage, (datanet_id, contribution_id.u64()))?;
    Ok(review.is_some_and(|review| review.panel.iter().any(|seat| seat.reviewer == sender)))
}

fn guards(deps: Deps, sender: &Addr, msg: &ExecuteMsg) -> Result<bool, ContractError> {
    let ExecuteMsg::ApproveRecovery { identity_id, .. } = msg else { return Ok(false) };
    Ok(identities::load(deps.storage, identity_id.u64())?.guardians.contains(sender))
}

fn is_member(deps: Deps, datanet_id: u64, account: &Addr) -> Result<bool, ContractError> {
    let member = state::MEMBERS.may_load(deps.storage, (datanet_id, account))?;
    Ok(member.is_some_and(|member| member.standing == Standing::Member))
}

fn is_curator(datanet: &DatanetResponse, account: &Addr) -> bool {
    datanet.curators.iter().any(|c| c.account == account && c.proposal_expires_at.is_none())
}

/// The Datanet that a message acts on, where there is one.
fn datanet_id(msg: &ExecuteMsg) -> Option<u64> {
    match msg {
        ExecuteMsg::Join { datanet_id }
        | ExecuteMsg::Invite { datanet_id, .. }
        | ExecuteMsg::MergeClusters { datanet_id, .. }
        | ExecuteMsg::ApproveMember { datanet_id, .. }
        | ExecuteMsg::Commit { datanet_id, .. }
        | ExecuteMsg::RequestWithdrawal(Which { datanet_id, .. })
        | ExecuteMsg::ConfirmErasure { datanet_id, .. }
        | ExecuteMsg::BondReviewer(InDatanet { datanet_id })
        | ExecuteMsg::UnbondReviewer(InDatanet { datanet_id })
        | ExecuteMsg::Vote { datanet_id, .. }
        | ExecuteMsg::Appeal(Which { datanet_id, .. })
        | ExecuteMsg::FinishReview(Which { datanet_id, .. })
        | ExecuteMsg::IssueShares { datanet_id, .. }
        | ExecuteMsg::SetCommonsPart { datanet_id, .. }
        | ExecuteMsg::ProvePoison { datanet_id, .. }
        | ExecuteMsg::RetireDatanet { datanet_id }
        | ExecuteMsg::Contribute { datanet_id, .. }
        | ExecuteMsg::Accept { datanet_id, .. }
        | ExecuteMsg::Reject { datanet_id, .. }
        | ExecuteMsg::PublishVersion { datanet_id, .. }
        | ExecuteMsg::ProposeDatanetOwner { datanet_id, .. }
        | ExecuteMsg::AcceptDatanetOwnership { datanet_id }
        | ExecuteMsg::ProposeCurator { datanet_id, .. }
        | ExecuteMsg::AcceptCuratorship { datanet_id }
        | ExecuteMsg::RemoveCurator { datanet_id, .. } => Some(datanet_id.u64()),
        ExecuteMsg::Create { .. }
        | ExecuteMsg::Receive(_)
        | ExecuteMsg::SetSettlement { .. }
        | ExecuteMsg::CreateIdentity { .. }
        | ExecuteMsg::SetPayout { .. }
        | ExecuteMsg::CancelPayout {}
        | ExecuteMsg::SetGuardians { .. }
        | ExecuteMsg::ApproveRecovery { .. }
        | ExecuteMsg::VetoRecovery {}
        | ExecuteMsg::FinishRecovery { .. }
        | ExecuteMsg::UpdateParams { .. }
        | ExecuteMsg::Pause { .. }
        | ExecuteMsg::Unpause {}
        | ExecuteMsg::ProposeOwner { .. }
        | ExecuteMsg::AcceptOwnership {} => None,
    }
}
