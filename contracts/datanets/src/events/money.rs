//! Events of money.

use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::event;

/// What happened to money. Amounts are in `uopen`.
#[derive(Debug, Clone, Copy)]
pub enum MoneyEvent<'a> {
    /// Income came for a Datanet and went on.
    Income { datanet_id: Uint64, from: &'a Addr, to: &'a Addr, amount: Uint128, usage: bool },
    /// A contribution's deposit left; without `to` it burned.
    DepositReleased { datanet_id: Uint64, contribution_id: Uint64, to: Option<&'a Addr>, amount: Uint128 },
    /// A Datanet's bond left.
    BondReleased { datanet_id: Uint64, to: &'a Addr, amount: Uint128 },
    /// The settlement contract is known.
    SettlementSet { settlement: &'a Addr },
}

impl event::Event for MoneyEvent<'_> {
    fn name(&self) -> &'static str {
        match self {
            Self::Income { .. } => "datanets/income",
            Self::DepositReleased { .. } => "datanets/deposit_released",
            Self::BondReleased { .. } => "datanets/bond_released",
            Self::SettlementSet { .. } => "datanets/settlement_set",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match *self {
            Self::Income { datanet_id, from, to, amount, usage } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("from", from.to_string()),
                ("to", to.to_string()),
                ("amount", amount.to_string()),
                ("usage", usage.to_string()),
            ],
            Self::DepositReleased { datanet_id, contribution_id, to, amount } => vec![
                ("datanet_id", datanet_id.to_string()),
                ("contribution_id", contribution_id.to_string()),
                ("to", to.map(Addr::to_string).unwrap_or_default()),
                ("amount", amount.to_string()),
            ],
            Self::BondReleased { datanet_id, to, amount } => {
                vec![("datanet_id", datanet_id.to_string()), ("to", to.to_string()), ("amount", amount.to_string())]
            }
            Self::SettlementSet { settlement } => vec![("settlement", settlement.to_string())],
        }
    }
}
