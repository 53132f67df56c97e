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
    /// The contract that judges fraud.
    Arbiter,
    /// The token of all payments, which reports a `send`.
    Token,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionOwner => "owner of the session",
            Self::Arbiter => "the arbiter",
            Self::Token => "the token",
        })
    }
}

permissions! { ExecuteMsg, Role;
    OpenSession => Permission::Anyone, pausable;
    CloseSession => Permission::Role(Role::SessionOwner), always;
    SettleSession => Permission::Anyone, always;
    SubmitBatch => Permission::Anyone, always;
    AcceptEpoch => Permission::Anyone, always;
    AdvanceRound => Permission::Anyone, always;
    VoidBatch => Permission::Role(Role::Arbiter), always;
    VoidEpochs => Permission::Role(Role::Arbiter), always;
    BarNode => Permission::Role(Role::Arbiter), always;
    Receive => Permission::Role(Role::Token), always;
    Claim => Permission::Anyone, always;
    RefundBatch => Permission::Anyone, always;
    Pause => Permission::Owner, always;
    Unpause => Permission::Owner, always;
    UpdateParams => Permission::Owner, always;
    SetArbiter => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}
