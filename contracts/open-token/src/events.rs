//! Typed events of our own. Transfers and the like carry the attributes of cw20-base, which indexers and wallets know.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::event;

/// What this crate adds to the events of cw20-base.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// The token exists.
    Instantiated { supply: Uint128, allocations: usize, vesting: Option<&'a Addr> },
    /// An account got its part, at once or as a grant of the vesting contract, which tells the terms.
    Allocated { address: &'a Addr, amount: Uint128, vests: bool },
    /// New code runs.
    Migrated { from: &'a str, to: &'a str },
}

impl event::Event for Event<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "open-token/instantiated",
            Self::Allocated { .. } => "open-token/allocated",
            Self::Migrated { .. } => "open-token/migrated",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Instantiated { supply, allocations, vesting } => vec![
                ("supply", supply.to_string()),
                ("allocations", allocations.to_string()),
                ("vesting", vesting.map(Addr::to_string).unwrap_or_default()),
            ],
            Self::Allocated { address, amount, vests } => {
                vec![("address", address.to_string()), ("amount", amount.to_string()), ("vests", vests.to_string())]
            }
            Self::Migrated { from, to } => vec![("from", from.to_owned()), ("to", to.to_owned())],
        }
    }
}
