//! What happened, in enough detail to rebuild the state. Whatever changes a balance carries the attributes of the cw20
//! standard beside it (`action` transfer, mint, burn and so on), which indexers and wallets know.

use cosmwasm_std::{Addr, Uint128};
use openledger_contract_kit::{event::Event, Bps};

use crate::msg::Params;

/// Every event of this contract.
#[derive(Debug, Clone, PartialEq)]
pub enum SharesEvent {
    /// The contract began.
    Instantiated { datanets: Addr, datanet_id: u64, token: Addr, name: String, symbol: String, params: Params },
    /// The code was replaced.
    Migrated { from: String, to: String },
    /// Shares for a contribution.
    Minted { recipient: Addr, amount: Uint128, identity_id: u64, contribution_id: u64 },
    /// OPEN was staked.
    Backed { backer: Addr, amount: Uint128, shares: Uint128, units: Uint128 },
    /// Backing began to leave.
    Unbacking { backer: Addr, shares: Uint128, units: Uint128, amount: Uint128, ends_at: u64 },
    /// One entry of released backing was paid.
    Withdrawn { backer: Addr, ends_at: u64, amount: Uint128 },
    /// Backing was slashed. Without a recipient it burned.
    Slashed { fraction: Bps, backing: Uint128, unbacking: Uint128, recipient: Option<Addr> },
    /// Income came in: what holders get, and what went on to the commons account.
    IncomeFunded { from: Addr, amount: Uint128, commons: Uint128, supply: Uint128 },
    /// Income went out.
    IncomeClaimed { account: Addr, amount: Uint128 },
    /// Another part of the income for the commons account.
    CommonsPartSet { part: Bps, account: Addr },
    /// Other parameters.
    ParamsUpdated { params: Params },
}

impl Event for SharesEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Instantiated { .. } => "shares/instantiated",
            Self::Migrated { .. } => "shares/migrated",
            Self::Minted { .. } => "shares/minted",
            Self::Backed { .. } => "shares/backed",
            Self::Unbacking { .. } => "shares/unbacking",
            Self::Withdrawn { .. } => "shares/withdrawn",
            Self::Slashed { .. } => "shares/slashed",
            Self::IncomeFunded { .. } => "shares/income_funded",
            Self::IncomeClaimed { .. } => "shares/income_claimed",
            Self::CommonsPartSet { .. } => "shares/commons_part_set",
            Self::ParamsUpdated { .. } => "shares/params_updated",
        }
    }

    fn attributes(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Instantiated { datanets, datanet_id, token, name, symbol, params } => {
                let mut all = vec![
                    ("datanets", datanets.to_string()),
                    ("datanet_id", datanet_id.to_string()),
                    ("token", token.to_string()),
                    ("name", name.clone()),
                    ("symbol", symbol.clone()),
                ];
                all.extend(param_attributes(params));
                all
            }
            Self::Migrated { from, to } => vec![("from", from.clone()), ("to", to.clone())],
            Self::Minted { recipient, amount, identity_id, contribution_id } => vec![
                ("recipient", recipient.to_string()),
                ("amount", amount.to_string()),
                ("identity_id", identity_id.to_string()),
                ("contribution_id", contribution_id.to_string()),
            ],
            Self::Backed { backer, amount, shares, units } => vec![
                ("backer", backer.to_string()),
                ("amount", amount.to_string()),
                ("shares", shares.to_string()),
                ("units", units.to_string()),
            ],
            Self::Unbacking { backer, shares, units, amount, ends_at } => vec![
                ("backer", backer.to_string()),
                ("shares", shares.to_string()),
                ("units", units.to_string()),
                ("amount", amount.to_string()),
                ("ends_at", ends_at.to_string()),
            ],
            Self::Withdrawn { backer, ends_at, amount } => {
                vec![("backer", backer.to_string()), ("ends_at", ends_at.to_string()), ("amount", amount.to_string())]
            }
            Self::Slashed { fraction, backing, unbacking, recipient } => vec![
                ("fraction", fraction.to_string()),
                ("backing", backing.to_string()),
                ("unbacking", unbacking.to_string()),
                ("recipient", recipient.as_ref().map(Addr::to_string).unwrap_or_default()),
            ],
            Self::IncomeFunded { from, amount, commons, supply } => vec![
                ("from", from.to_string()),
                ("amount", amount.to_string()),
                ("commons", commons.to_string()),
                ("supply", supply.to_string()),
            ],
            Self::IncomeClaimed { account, amount } => {
                vec![("account", account.to_string()), ("amount", amount.to_string())]
            }
            Self::CommonsPartSet { part, account } => {
                vec![("part", part.to_string()), ("account", account.to_string())]
            }
            Self::ParamsUpdated { params } => param_attributes(params),
        }
    }
}

fn param_attributes(params: &Params) -> Vec<(&'static str, String)> {
    vec![
        ("price", params.price.to_string()),
        ("max_backed_shares", params.max_backed_shares.to_string()),
        ("max_contribution_shares", params.max_contribution_shares.to_string()),
        ("max_contribution_shares_per_day", params.max_contribution_shares_per_day.to_string()),
        ("unback_seconds", params.unback_seconds.to_string()),
        ("income_seconds", params.income_seconds.to_string()),
        ("period_seconds", params.period_seconds.to_string()),
        ("max_slash", params.max_slash.to_string()),
        ("max_commons_part", params.max_commons_part.to_string()),
    ]
}
