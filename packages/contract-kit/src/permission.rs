//! Who may send each message: one table per contract, enforced at the door and guarded by a golden test.
//!
//! ```
//! use cosmwasm_schema::cw_serde;
//! use openledger_contract_kit::permission::{table, Permission};
//! use openledger_contract_kit::permissions;
//!
//! #[cw_serde]
//! pub enum ExecuteMsg { Join { id: u64 }, Review { id: u64 }, Leave {} }
//!
//! #[derive(Debug, Clone, Copy, PartialEq, Eq)]
//! pub enum Role { Curator }
//! impl std::fmt::Display for Role {
//!     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str("curator") }
//! }
//!
//! permissions! { ExecuteMsg, Role;
//!     Join => Permission::Anyone, pausable;
//!     Review => Permission::Role(Role::Curator), pausable;
//!     Leave => Permission::Anyone, always;
//! }
//!
//! assert_eq!(table::<ExecuteMsg>().lines().count(), 3);
//! ```
//!
//! The macro expands to an exhaustive `match`: a variant without a row does not compile.

use std::fmt::{Debug, Display};

use cosmwasm_std::{Addr, Env, Storage};

use crate::{ownership::Ownership, pause, KitError};

/// Who may send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission<R> {
    /// Every account. What it may touch is bound to the sender by the action.
    Anyone,
    /// The contract's owner.
    Owner,
    /// The account that the owner proposed as next owner; the action checks it with the expiry.
    ProposedOwner,
    /// A role of the contract's own.
    Role(R),
}

impl<R: Display> Display for Permission<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Anyone => f.write_str("anyone"),
            Self::Owner => f.write_str("owner"),
            Self::ProposedOwner => f.write_str("proposed owner"),
            Self::Role(role) => write!(f, "{role}"),
        }
    }
}

/// For contracts whose messages need no role of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRole {}

impl Display for NoRole {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {}
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule<R> {
    /// Variant as it is written in JSON's Rust source, for example `PublishVersion`.
    pub message: &'static str,
    /// Who may send it.
    pub permission: Permission<R>,
    /// True when a pause stops it. Exits (withdraw, refund, claim, unbond) are never pausable.
    pub pausable: bool,
}

/// Implemented by [`crate::permissions!`].
pub trait Permissioned {
    /// Roles of the contract's own.
    type Role: Debug + Display + Copy + 'static;
    /// All rows, in the order of the table.
    fn rules() -> Vec<Rule<Self::Role>>;
    /// The row of this message.
    fn rule(&self) -> Rule<Self::Role>;
}

/// Writes the table, one implementation of [`Permissioned`] for a message enum. See the module's example.
#[macro_export]
macro_rules! permissions {
    ($msg:ty, $role:ty; $($variant:ident => $permission:expr, $when:ident;)+) => {
        impl $crate::permission::Permissioned for $msg {
            type Role = $role;

            fn rules() -> Vec<$crate::permission::Rule<$role>> {
                vec![$($crate::permission::Rule {
                    message: stringify!($variant),
                    permission: $permission,
                    pausable: $crate::permissions!(@when $when),
                }),+]
            }

            fn rule(&self) -> $crate::permission::Rule<$role> {
                match self {
                    $(Self::$variant { .. } => $crate::permission::Rule {
                        message: stringify!($variant),
                        permission: $permission,
                        pausable: $crate::permissions!(@when $when),
                    },)+
                }
            }
        }
    };
    (@when pausable) => { true };
    (@when always) => { false };
}

/// Lets a message in or refuses it: first the pause, then the sender.
///
/// `holds` answers whether the sender has a role of the contract's own; it may read the record that the message names,
/// and its error (for example "no such Datanet") is passed on.
pub fn enter<M, E>(
    storage: &dyn Storage,
    env: &Env,
    sender: &Addr,
    msg: &M,
    ownership: &Ownership,
    holds: impl FnOnce(M::Role) -> Result<bool, E>,
) -> Result<(), E>
where
    M: Permissioned,
    E: From<KitError>,
{
    let rule = msg.rule();
    if rule.pausable {
        if let Some(running) = pause::running(storage, env.block.time)? {
            return Err(KitError::Paused { message: rule.message, until: running.until.u64() }.into());
        }
    }
    let allowed = match rule.permission {
        Permission::Anyone => true,
        Permission::Owner => ownership.is_owner(sender),
        Permission::ProposedOwner => ownership.proposed.as_ref().is_some_and(|proposed| proposed.account == sender),
        Permission::Role(role) => holds(role)?,
    };
    if allowed {
        return Ok(());
    }
    let refusal =
        KitError::Unauthorized { sender: sender.clone(), message: rule.message, allowed: rule.permission.to_string() };
    Err(refusal.into())
}

/// The table as text for golden files: `message | who | pausable or always`.
pub fn table<M: Permissioned>() -> String {
    let row = |rule: &Rule<M::Role>| {
        let when = if rule.pausable { "pausable" } else { "always" };
        format!("{} | {} | {when}", rule.message, rule.permission)
    };
    M::rules().iter().map(row).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_schema::cw_serde;
    use cosmwasm_std::testing::{mock_env, MockStorage};
    use cosmwasm_std::Uint64;

    #[cw_serde]
    enum Msg {
        Join { id: u64 },
        Review(u64),
        Admin,
        Leave {},
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    enum Role {
        Curator,
    }
    impl Display for Role {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("curator")
        }
    }

    permissions! { Msg, Role;
        Join => Permission::Anyone, pausable;
        Review => Permission::Role(Role::Curator), pausable;
        Admin => Permission::Owner, always;
        Leave => Permission::Anyone, always;
    }

    fn try_enter(storage: &dyn Storage, sender: &str, msg: &Msg) -> Result<(), KitError> {
        let ownership = Ownership::new(Addr::unchecked("owner"));
        let sender = Addr::unchecked(sender);
        enter(storage, &mock_env(), &sender, msg, &ownership, |Role::Curator| Ok(sender.as_str() == "curator"))
    }

    #[test]
    fn each_row_lets_in_whom_it_names() {
        let storage = MockStorage::new();
        for (sender, msg, ok) in [
            ("x", Msg::Join { id: 1 }, true),
            ("x", Msg::Review(1), false),
            ("curator", Msg::Review(1), true),
            ("curator", Msg::Admin, false),
            ("owner", Msg::Admin, true),
            ("x", Msg::Leave {}, true),
        ] {
            assert_eq!(try_enter(&storage, sender, &msg).is_ok(), ok, "{sender} {msg:?}");
        }
    }

    #[test]
    fn a_pause_stops_pausable_rows_only() {
        let mut storage = MockStorage::new();
        let now = mock_env().block.time;
        pause::start(&mut storage, now, Uint64::new(now.seconds() + 5), 10).unwrap();
        assert!(matches!(try_enter(&storage, "x", &Msg::Join { id: 1 }), Err(KitError::Paused { .. })));
        assert!(try_enter(&storage, "x", &Msg::Leave {}).is_ok());
        assert!(try_enter(&storage, "owner", &Msg::Admin).is_ok());
    }

    #[test]
    fn prints_one_line_per_message() {
        assert_eq!(
            table::<Msg>(),
            "Join | anyone | pausable\nReview | curator | pausable\nAdmin | owner | always\nLeave | anyone | always"
        );
    }
}
