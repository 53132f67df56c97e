//! Who may send what. `tests/messages/golden/testdata/permissions.golden` holds the table as text.

use std::fmt;

use cosmwasm_std::{Addr, Deps};
use openledger_contract_kit::{permission::Permission, permissions};

use crate::{msg::ExecuteMsg, state, ContractError};

/// Roles bound to the record that a message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Registered the adapter, or accepted it since.
    Developer,
    /// Was proposed as the adapter's next developer.
    ProposedDeveloper,
    /// Registered the base model.
    Registrant,
    /// The cw20 OPEN.
    Token,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Developer => "developer of the adapter",
            Self::ProposedDeveloper => "proposed developer of the adapter",
            Self::Registrant => "registrant of the base model",
            Self::Token => "the token contract",
        })
    }
}

permissions! { ExecuteMsg, Role;
    RegisterBase => Permission::Anyone, pausable;
    WhitelistBase => Permission::Owner, always;
    DelistBase => Permission::Owner, always;
    WithdrawBase => Permission::Role(Role::Registrant), always;
    UnlockBond => Permission::Anyone, always;
    RegisterAdapter => Permission::Anyone, pausable;
    PublishAdapterVersion => Permission::Role(Role::Developer), pausable;
    SetTerms => Permission::Role(Role::Developer), pausable;
    Promote => Permission::Role(Role::Developer), always;
    Rollback => Permission::Role(Role::Developer), always;
    ProposeDeveloper => Permission::Role(Role::Developer), always;
    AcceptAdapter => Permission::Role(Role::ProposedDeveloper), always;
    SetPayout => Permission::Role(Role::Developer), always;
    Suspend => Permission::Owner, always;
    Resume => Permission::Owner, always;
    SetSettlement => Permission::Owner, always;
    Receive => Permission::Role(Role::Token), always;
    Retire => Permission::Role(Role::Developer), always;
    UpdateParams => Permission::Owner, always;
    Pause => Permission::Owner, always;
    Unpause => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}

/// Whether the sender has a role for the record that the message names.
pub fn holds(deps: Deps, sender: &Addr, msg: &ExecuteMsg, role: Role) -> Result<bool, ContractError> {
    let id = match msg {
        ExecuteMsg::PublishAdapterVersion { adapter_id: id, .. }
        | ExecuteMsg::SetTerms { adapter_id: id, .. }
        | ExecuteMsg::Promote { adapter_id: id, .. }
        | ExecuteMsg::Rollback { adapter_id: id }
        | ExecuteMsg::ProposeDeveloper { adapter_id: id, .. }
        | ExecuteMsg::AcceptAdapter { adapter_id: id }
        | ExecuteMsg::SetPayout { adapter_id: id, .. }
        | ExecuteMsg::Retire { adapter_id: id }
        | ExecuteMsg::WithdrawBase { base_id: id } => id.u64(),
        _ => 0,
    };
    Ok(match role {
        Role::Developer => state::adapter(deps.storage, id)?.developer == sender,
        Role::ProposedDeveloper => {
            state::adapter(deps.storage, id)?.proposed.is_some_and(|proposed| proposed.account == sender)
        }
        Role::Registrant => state::base(deps.storage, id)?.registrant == sender,
        Role::Token => state::TOKEN.load(deps.storage)? == sender,
    })
}
