//! The contracts compiled in: one row for each.

use cosmwasm_std::{Checksum, Empty};
use cw_multi_test::{Contract, ContractWrapper};

/// A contract as the simulation runs it.
pub type Native = Box<dyn Contract<Empty>>;
type Build = fn(Checksum) -> Native;

/// Every name, as in `artifacts/<name>.wasm` with dashes for underscores.
pub const NAMES: [&str; 10] = [
    "cw20-base",
    "datanets",
    "disputes",
    "governance",
    "models",
    "open-token",
    "settlement",
    "shares",
    "staking",
    "vesting",
];

/// Wraps a contract's entry points; those it has beyond the first three are named.
macro_rules! wrap {
    ($crate_name:ident $(, $with:ident: $entry:ident)*) => {
        |checksum| {
            Box::new(
                ContractWrapper::new(
                    $crate_name::contract::execute,
                    $crate_name::contract::instantiate,
                    $crate_name::contract::query,
                )
                $(.$with($crate_name::contract::$entry))*
                .with_checksum(checksum),
            )
        }
    };
}

/// The constructor of a compiled-in contract; it takes the checksum of the wasm the contract stands for.
pub fn native(name: &str) -> Option<Build> {
    Some(match name {
        "cw20-base" => wrap!(cw20_base, with_migrate: migrate),
        "datanets" => wrap!(datanets, with_reply: reply, with_sudo: sudo, with_migrate: migrate),
        "disputes" => wrap!(disputes, with_reply: reply, with_sudo: sudo, with_migrate: migrate),
        "governance" => wrap!(governance, with_reply: reply, with_sudo: sudo, with_migrate: migrate),
        "models" => wrap!(models, with_sudo: sudo, with_migrate: migrate),
        "open-token" => wrap!(open_token, with_migrate: migrate),
        "settlement" => wrap!(settlement, with_sudo: sudo, with_migrate: migrate),
        "shares" => wrap!(shares, with_migrate: migrate),
        "staking" => wrap!(staking, with_sudo: sudo, with_migrate: migrate),
        "vesting" => wrap!(vesting, with_migrate: migrate),
        _ => return None,
    })
}
