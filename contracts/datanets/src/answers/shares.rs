//! Shares of a Datanet, and what became of clusters that are out.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, Uint128, Uint64};
use openledger_contract_kit::Bps;

/// Terms of a Datanet's shares, fixed at the issue. Bounds are those of the shares contract.
#[cw_serde]
pub struct SharesTerms {
    /// Price of a whole share for backers, in `uopen`. It is staked, not spent.
    pub price: Uint128,
    /// Most shares issued against backing at one time, in smallest units.
    pub max_backed_shares: Uint128,
    /// Most shares ever issued for contributions, in smallest units.
    pub max_contribution_shares: Uint128,
    /// Most shares issued for contributions in one day (UTC), in smallest units.
    pub max_contribution_shares_per_day: Uint128,
    /// Seconds that backing stays at stake after it is released.
    pub unback_seconds: Uint64,
    /// Seconds over which income is released to holders.
    pub income_seconds: Uint64,
    /// Length of a period of the income statistics in seconds.
    pub period_seconds: Uint64,
    /// Most that one slash may take.
    pub max_slash: Bps,
    /// Most of the Datanet's income that may go to the commons account instead of holders.
    pub max_commons_part: Bps,
}

impl From<SharesTerms> for shares::msg::Params {
    fn from(terms: SharesTerms) -> Self {
        Self {
            price: terms.price,
            max_backed_shares: terms.max_backed_shares,
            max_contribution_shares: terms.max_contribution_shares,
            max_contribution_shares_per_day: terms.max_contribution_shares_per_day,
            unback_seconds: terms.unback_seconds,
            income_seconds: terms.income_seconds,
            period_seconds: terms.period_seconds,
            max_slash: terms.max_slash,
            max_commons_part: terms.max_commons_part,
        }
    }
}

/// Shares that a Datanet issued.
#[cw_serde]
pub struct Shares {
    /// Their contract, a cw20 token.
    pub address: Addr,
    /// What an accepted row brings its contributor, in smallest units, as far as the caps leave room.
    pub per_row: Uint128,
}

/// Why a cluster is out of later versions.
#[cw_serde]
#[derive(Copy, Eq)]
pub enum Removal {
    /// Its rows were proven to be poison.
    Poison,
    /// Its contributor took them back.
    Withdrawal,
}
