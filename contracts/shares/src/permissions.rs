//! Who may send what. A golden test guards this table.
//!
//! Nothing here can be paused: backing is voluntary, and everything else lets money out or pays it in. No message has an
//! owner: the rules of the issue stay as they are.

use std::fmt;

use openledger_contract_kit::{permission::Permission, permissions};

use crate::msg::ExecuteMsg;

/// Roles of this contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The Datanets contract.
    Datanets,
    /// OPEN, which reports a `send`.
    Token,
    /// Whoever has an unexpired allowance; cw20-base checks and lowers it.
    Spender,
    /// The marketing account; cw20-base checks it.
    Marketing,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Datanets => "the Datanets contract",
            Self::Token => "the OPEN token",
            Self::Spender => "spender, within an unexpired allowance",
            Self::Marketing => "marketing account",
        })
    }
}

permissions! { ExecuteMsg, Role;
    Transfer => Permission::Anyone, always;
    Burn => Permission::Anyone, always;
    Send => Permission::Anyone, always;
    IncreaseAllowance => Permission::Anyone, always;
    DecreaseAllowance => Permission::Anyone, always;
    TransferFrom => Permission::Role(Role::Spender), always;
    SendFrom => Permission::Role(Role::Spender), always;
    BurnFrom => Permission::Role(Role::Spender), always;
    UpdateMarketing => Permission::Role(Role::Marketing), always;
    UploadLogo => Permission::Role(Role::Marketing), always;
    Back => Permission::Anyone, always;
    Unback => Permission::Anyone, always;
    WithdrawBacking => Permission::Anyone, always;
    FundIncome => Permission::Anyone, always;
    ClaimIncome => Permission::Anyone, always;
    Receive => Permission::Role(Role::Token), always;
    MintForContribution => Permission::Role(Role::Datanets), always;
    SlashBacking => Permission::Role(Role::Datanets), always;
    SetCommonsPart => Permission::Role(Role::Datanets), always;
}
