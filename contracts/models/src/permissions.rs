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
    Retire => Permission::Role(Role::Developer), always;
    UpdateParams => Permission::Owner, always;
    Pause => Permission::Owner, always;
    Unpause => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}

/// Whether the sender has a role for the adapter that the message names.
pub fn holds(deps: Deps, sender: &Addr, msg: &ExecuteMsg, role: Role) -> Result<bool, ContractError> {
    let (ExecuteMsg::PublishAdapterVersion { adapter_id, .. } | ExecuteMsg::Retire { adapter_id }) = msg else {
        return Ok(false);
    };
    match role {
        Role::Developer => Ok(state::adapter(deps.storage, adapter_id.u64())?.developer == sender),
    }
}
