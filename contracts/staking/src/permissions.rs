//! Who may send what. A golden test guards this table.
//!
//! Nothing here can be paused: bonding is voluntary, and everything else lets money out or keeps epochs going. `Receive`
//! is open to every account because the action itself refuses everybody but the token.

use openledger_contract_kit::{
    permission::{NoRole, Permission},
    permissions,
};

use crate::msg::ExecuteMsg;

permissions! { ExecuteMsg, NoRole;
    RegisterValidator => Permission::Anyone, always;
    UpdateValidator => Permission::Anyone, always;
    BondMore => Permission::Anyone, always;
    Unbond => Permission::Anyone, always;
    WithdrawUnbonded => Permission::Anyone, always;
    Snapshot => Permission::Anyone, always;
    FundRewards => Permission::Anyone, always;
    ClaimRewards => Permission::Anyone, always;
    Receive => Permission::Anyone, always;
    UpdateParams => Permission::Owner, always;
    ProposeOwner => Permission::Owner, always;
    AcceptOwnership => Permission::ProposedOwner, always;
}
