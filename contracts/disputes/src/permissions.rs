//! Who may send what. A golden test guards this table.
//!
//! Nothing here can be paused: who could pause fraud proofs could let a fraud pay out.

use std::fmt;

use openledger_contract_kit::{permission::Permission, permissions};

use crate::msg::ExecuteMsg;

/// Roles of this contract's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// OPEN, which reports a `send`.
    Token,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => f.write_str("the OPEN token"),
        }
    }
}

permissions! { ExecuteMsg, Role;
    ProveBatchFraud => Permission::Anyone, always;
    ProveEpochFraud => Permission::Anyone, always;
    ProveEquivocation => Permission::Anyone, always;
    OpenDispute => Permission::Anyone, always;
    ResolveDispute => Permission::Anyone, always;
    ExpireDispute => Permission::Anyone, always;
    Receive => Permission::Role(Role::Token), always;
    UpdateParams => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}
