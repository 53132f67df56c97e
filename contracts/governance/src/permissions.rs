//! Who may send what. A golden test guards this table. Nothing can be paused: deposits must always be able to leave.

use std::fmt;

use openledger_contract_kit::{permission::Permission, permissions};

use crate::msg::ExecuteMsg;

/// Roles of this contract's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The token of deposits.
    Token,
    /// A guardian whose term runs.
    Guardian,
    /// This contract itself, while a passed proposal's messages are being sent.
    PassedProposal,
    /// This contract itself, for the steps of a run.
    Execution,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "the token",
            Self::Guardian => "guardian within its term",
            Self::PassedProposal => "a passed proposal, while it is executed",
            Self::Execution => "this contract, while it executes a proposal",
        })
    }
}

permissions! { ExecuteMsg, Role;
    Propose => Permission::Anyone, always;
    Deposit => Permission::Anyone, always;
    Receive => Permission::Role(Role::Token), always;
    Vote => Permission::Anyone, always;
    Close => Permission::Anyone, always;
    Execute => Permission::Anyone, always;
    EmergencyPause => Permission::Role(Role::Guardian), always;
    EndEmergencyPause => Permission::Role(Role::Guardian), always;
    AcceptOwnership => Permission::Anyone, always;
    AcceptDatanetOwnership => Permission::Anyone, always;
    UpdateParams => Permission::Role(Role::PassedProposal), always;
    SetGuardians => Permission::Role(Role::PassedProposal), always;
    RegisterContract => Permission::Role(Role::PassedProposal), always;
    UnregisterContract => Permission::Role(Role::PassedProposal), always;
    SetDatanetMessages => Permission::Role(Role::PassedProposal), always;
    RunProposal => Permission::Role(Role::Execution), always;
    EndRun => Permission::Role(Role::Execution), always;
}
