//! Who may send what. `tests/messages/golden/testdata/permissions.golden` holds the table as text.

use std::fmt;

use cosmwasm_std::{Addr, Deps};
use openledger_contract_kit::{permission::Permission, permissions};

use crate::{msg::ExecuteMsg, state, ContractError};

/// Roles bound to the record that a message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Registered the adapter.
    Developer,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Developer => "developer of the adapter",
        })
    }
}

permissions! { ExecuteMsg, Role;
    RegisterBase => Permission::Anyone, pausable;
    RegisterAdapter => Permission::Anyone, pausable;
    PublishAdapterVersion => Permission::Role(Role::Developer), pausable;
    SetTerms => Permission::Role(Role::Developer), pausable;
    Promote => Permission::Role(Role::Developer), always;
    Rollback => Permission::Role(Role::Developer), always;
    Retire => Permission::Role(Role::Developer), always;
    UpdateParams => Permission::Owner, always;
    Pause => Permission::Owner, always;
    Unpause => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}

/// Whether the sender has a role for the adapter that the message names.
pub fn holds(deps: Deps, sender: &Addr, msg: &ExecuteMsg, role: Role) -> Result<bool, ContractError> {
    let adapter_id = match msg {
        ExecuteMsg::PublishAdapterVersion { adapter_id, .. }
        | ExecuteMsg::SetTerms { adapter_id, .. }
        | ExecuteMsg::Promote { adapter_id, .. }
        | ExecuteMsg::Rollback { adapter_id }
        | ExecuteMsg::Retire { adapter_id } => adapter_id.u64(),
        _ => return Ok(false),
    };
    let adapter = state::adapter(deps.storage, adapter_id)?;
    Ok(match role {
        Role::Developer => adapter.developer == sender,
    })
}
