//! Who votes with how much: the one place that asks staking and the Datanets.
//!
//! Both answer for the *start* of a height: what changes within a block counts from the next height on. A proposal asks for
//! the height of its own block, so nothing that happens in that block, before or after it, gives anybody power over it.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{Addr, QuerierWrapper, StdResult, Uint128, Uint64};

/// What this contract asks the staking contract.
#[cw_serde]
pub enum StakingQuery {
    /// Tokens behind an account's self-bond and delegations.
    PowerAt {
        /// Whose.
        account: String,
        /// At the start of this height.
        height: Option<Uint64>,
    },
    /// All of them.
    TotalPowerAt {
        /// At the start of this height.
        height: Option<Uint64>,
    },
}

/// Answer of both.
#[cw_serde]
pub struct PowerResponse {
    /// Bonded tokens.
    pub power: Uint128,
    /// At the start of this height.
    pub height: Uint64,
}

/// What this contract asks the Datanets contract.
#[cw_serde]
pub enum DatanetsQuery {
    /// Power from accepted contributions of the identity that an account controls.
    DatanetPowerAt {
        /// Which Datanet.
        datanet_id: Uint64,
        /// Whose.
        account: String,
        /// At the start of this height.
        height: Option<Uint64>,
    },
}

/// Its answer.
#[cw_serde]
pub struct DatanetPowerResponse {
    /// Capped per identity.
    pub power: Uint128,
    /// Of all identities.
    pub total: Uint128,
    /// The identity that the account controls.
    pub identity_id: Option<Uint64>,
}

/// An account's power over one proposal.
pub struct Power {
    /// Under which name its vote is kept: two accounts of one identity vote once.
    pub voter: String,
    /// Its power.
    pub power: Uint128,
    /// All power.
    pub total: Uint128,
}

/// Bonded tokens of an account and of all.
pub fn staked(querier: &QuerierWrapper, staking: &Addr, account: &Addr, height: Uint64) -> StdResult<Power> {
    let question = StakingQuery::PowerAt { account: account.to_string(), height: Some(height) };
    let answer: PowerResponse = querier.query_wasm_smart(staking, &question)?;
    let total = total_staked(querier, staking, height)?;
    Ok(Power { voter: account.to_string(), power: answer.power, total })
}

/// Bonded tokens of all.
pub fn total_staked(querier: &QuerierWrapper, staking: &Addr, height: Uint64) -> StdResult<Uint128> {
    let question = StakingQuery::TotalPowerAt { height: Some(height) };
    Ok(querier.query_wasm_smart::<PowerResponse>(staking, &question)?.power)
}

/// Power of the identity that an account controls in a Datanet.
pub fn in_datanet(
    querier: &QuerierWrapper,
    datanets: &Addr,
    datanet_id: Uint64,
    account: &Addr,
    height: Uint64,
) -> StdResult<Power> {
    let question = DatanetsQuery::DatanetPowerAt { datanet_id, account: account.to_string(), height: Some(height) };
    let answer: DatanetPowerResponse = querier.query_wasm_smart(datanets, &question)?;
    Ok(match answer.identity_id {
        Some(identity) => Power { voter: format!("identity:{identity}"), power: answer.power, total: answer.total },
        // Power belongs to identities. An account without one has none.
        None => Power { voter: account.to_string(), power: Uint128::zero(), total: answer.total },
    })
}
