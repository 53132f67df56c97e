//! What fee allowances and authorizations have in common.

use cosmwasm_std::Coin;
use openledger_cosmos_api::cosmos::base::{query::v1beta1::PageRequest, v1beta1::Coin as WireCoin};
use prost_types::Timestamp;

use crate::error::ChainError;

/// Pages of a list at most: a chain that never ends one must not keep us for ever.
pub(crate) const MAX_PAGES: usize = 100;
const PAGE: u64 = 100;

pub(crate) fn page(key: Vec<u8>) -> Option<PageRequest> {
    Some(PageRequest { key, limit: PAGE, ..PageRequest::default() })
}

/// Unix seconds on the wire. The SDK takes years up to 9999 only.
pub(crate) fn timestamp(seconds: u64) -> Result<Timestamp, ChainError> {
    const LAST: u64 = 253_402_300_799;
    i64::try_from(seconds).ok().filter(|_| seconds <= LAST).map(|seconds| Timestamp { seconds, nanos: 0 }).ok_or_else(
        || ChainError::Invalid {
            what: "expiration",
            value: seconds.to_string(),
            reason: "it must be unix seconds up to the year 9999".to_owned(),
        },
    )
}

pub(crate) fn seconds(call: &'static str, time: &Timestamp) -> Result<u64, ChainError> {
    u64::try_from(time.seconds).map_err(|_| ChainError::answer(call, "a time lies before 1970"))
}

pub(crate) fn read_coins(call: &'static str, coins: &[WireCoin]) -> Result<Vec<Coin>, ChainError> {
    coins
        .iter()
        .map(|coin| {
            let amount: u128 =
                coin.amount.parse().map_err(|_| ChainError::answer(call, "an amount is no integer of 128 bits"))?;
            Ok(Coin::new(amount, &coin.denom))
        })
        .collect()
}

pub(crate) fn missing(call: &'static str, what: &str) -> ChainError {
    ChainError::answer(call, format!("{what} is missing"))
}
