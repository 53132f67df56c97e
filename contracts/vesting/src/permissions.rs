//! Who may send what. A golden test guards this table.
//!
//! Nothing here can be paused, and no message has an owner: the terms of a grant are all there is.

use std::fmt;

use openledger_contract_kit::{permission::Permission, permissions};

use crate::msg::ExecuteMsg;

/// Roles of this contract. All but the first belong to the grant that the message names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A cw20 token that reports a `send`. The grant is in its tokens, and it has to hold the balance for it.
    Token,
    /// The present recipient.
    Recipient,
    /// The account that the recipient proposed; the action checks it with the expiry.
    ProposedRecipient,
    /// The account that may stop the grant.
    Revoker,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Token => "a cw20 token, for tokens of its own that arrived",
            Self::Recipient => "the grant's recipient",
            Self::ProposedRecipient => "the grant's proposed recipient",
            Self::Revoker => "the grant's revoker",
        })
    }
}

permissions! { ExecuteMsg, Role;
    Receive => Permission::Role(Role::Token), always;
    Release => Permission::Anyone, always;
    ProposeRecipient => Permission::Role(Role::Recipient), always;
    AcceptRecipient => Permission::Role(Role::ProposedRecipient), always;
    Revoke => Permission::Role(Role::Revoker), always;
    RenounceRevocation => Permission::Role(Role::Revoker), always;
}
