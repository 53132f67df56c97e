//! Who may send what. A golden test guards this table.
//!
//! Nothing here can be paused: bonding is voluntary, and everything else lets money out, keeps epochs going or answers for
//! a fault. `Receive` is open to every account because the action itself refuses everybody but the token.

use std::fmt;

use openledger_contract_kit::{permission::Permission, permissions};

use crate::msg::ExecuteMsg;

/// Roles of this contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The disputes contract.
    Slasher,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the slasher")
    }
}

permissions! { ExecuteMsg, Role;
    RegisterValidator => Permission::Anyone, always;
    UpdateValidator => Permission::Anyone, always;
    UpdateCommission => Permission::Anyone, always;
    RotateKey => Permission::Anyone, always;
    BondMore => Permission::Anyone, always;
    Unbond => Permission::Anyone, always;
    Delegate => Permission::Anyone, always;
    Undelegate => Permission::Anyone, always;
    Redelegate => Permission::Anyone, always;
    SettleRedelegations => Permission::Anyone, always;
    WithdrawUnbonded => Permission::Anyone, always;
    Unjail => Permission::Anyone, always;
    RegisterOperator => Permission::Anyone, always;
    BondOperator => Permission::Anyone, always;
    UnbondOperator => Permission::Anyone, always;
    WithdrawOperator => Permission::Anyone, always;
    SetSlasher => Permission::Owner, always;
    SlashValidators => Permission::Role(Role::Slasher), always;
    SlashOperator => Permission::Role(Role::Slasher), always;
    Snapshot => Permission::Anyone, always;
    FundRewards => Permission::Anyone, always;
    ClaimRewards => Permission::Anyone, always;
    Receive => Permission::Anyone, always;
    UpdateParams => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}
