//! Who may send what, and what a pause stops. A golden test guards this table.
//!
//! A pause stops money from coming in and from being charged. It never stops settlements, epochs, claims or refunds.

use std::fmt;

use openledger_contract_kit::{permission::Permission, permissions};

use crate::msg::ExecuteMsg;

/// Roles of this contract's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Owner of the session that the message names.
    SessionOwner,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SessionOwner => f.write_str("owner of the session"),
        }
    }
}

permissions! { ExecuteMsg, Role;
    OpenSession => Permission::Anyone, pausable;
    CloseSession => Permission::Role(Role::SessionOwner), always;
    SettleSession => Permission::Anyone, always;
    SubmitBatch => Permission::Anyone, always;
    AcceptEpoch => Permission::Anyone, always;
    AdvanceRound => Permission::Anyone, always;
    ProveBatchFraud => Permission::Anyone, always;
    ProveEpochFraud => Permission::Anyone, always;
    Claim => Permission::Anyone, always;
    RefundBatch => Permission::Anyone, always;
    Pause => Permission::Owner, always;
    Unpause => Permission::Owner, always;
    UpdateParams => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}
