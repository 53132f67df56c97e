//! The contracts compiled in: one row for each.

use cosmwasm_std::{Checksum, Empty};
use cw_multi_test::{Contract, ContractWrapper};

/// A contract as the simulation runs it.
pub type Native = Box<dyn Contract<Empty>>;
type Build = fn(Checksum) -> Native;

/// Every name, as in `artifacts/<name>.wasm`.
pub const NAMES: [&str; 1] = ["cw20-base"];

/// The constructor of a compiled-in contract; it takes the checksum of the wasm the contract stands for.
pub fn native(name: &str) -> Option<Build> {
    Some(match name {
        "cw20-base" => |checksum| {
            Box::new(
                ContractWrapper::new(
                    cw20_base::contract::execute,
                    cw20_base::contract::instantiate,
                    cw20_base::contract::query,
                )
                .with_migrate(cw20_base::contract::migrate)
                .with_checksum(checksum),
            )
        },
        _ => return None,
    })
}
