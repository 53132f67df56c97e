//! Events of contracts.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{error::ChainError, outcome::TxEvent};

/// What the chain writes the emitting contract under. Contracts cannot: keys with a leading underscore are the chain's.
const CONTRACT: &str = "_contract_address";
/// What SDK nodes append.
const MESSAGE: &str = "msg_index";

/// One event of one contract, with its place. `(height, tx_index, event_index)` is unique in a history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractEvent {
    /// The block.
    pub height: u64,
    /// The transaction's place in the block.
    pub tx_index: u32,
    /// The event's place in the transaction.
    pub event_index: u32,
    /// The transaction, upper-case hex.
    pub tx_hash: String,
    /// Who emitted it.
    pub contract: String,
    /// Its name without the chain's `wasm-`, for example `settlement/batch_posted`; empty for the attributes that a
    /// contract adds to its call itself.
    pub name: String,
    /// Keys and values in order, without those that the chain added.
    pub attributes: Vec<(String, String)>,
}

impl ContractEvent {
    /// The first value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The part of the name before the slash: which kind of contract speaks.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.name.split_once('/').map_or("", |(kind, _)| kind)
    }

    /// The attributes as a type whose fields are read from texts, for example `Uint128`, `Uint64` and `String`.
    ///
    /// # Errors
    /// [`ChainError::Json`] when they do not fit, or a key comes twice.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, ChainError> {
        let failed =
            |reason: String| ChainError::Json { what: "the event", reason: format!("{}: {reason}", self.name) };
        let mut fields = Map::new();
        for (key, value) in &self.attributes {
            if fields.insert(key.clone(), Value::String(value.clone())).is_some() {
                return Err(failed(format!("the key {key:?} comes twice")));
            }
        }
        serde_json::from_value(Value::Object(fields)).map_err(|error| failed(error.to_string()))
    }

    /// The contract's event in one of the chain's, if it is one.
    pub(super) fn of(event: &TxEvent, height: u64, tx_index: u32, event_index: u32, tx_hash: &str) -> Option<Self> {
        let name = match event.kind.as_str() {
            "wasm" => "",
            kind => kind.strip_prefix("wasm-")?,
        };
        let contract = event.get(CONTRACT)?.to_owned();
        let attributes =
            event.attributes.iter().filter(|(key, _)| key != CONTRACT && key != MESSAGE).cloned().collect();
        Some(Self {
            height,
            tx_index,
            event_index,
            tx_hash: tx_hash.to_owned(),
            contract,
            name: name.to_owned(),
            attributes,
        })
    }
}

/// Which events are wanted. The default wants all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    contracts: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl EventFilter {
    /// Events of these contracts. Names alone are no proof: anybody can deploy a contract that emits any name.
    #[must_use]
    pub fn contracts<T: Into<String>>(contracts: impl IntoIterator<Item = T>) -> Self {
        Self { contracts: contracts.into_iter().map(Into::into).collect(), names: BTreeSet::new() }
    }

    /// Of those, only events with these names.
    #[must_use]
    pub fn names<T: Into<String>>(self, names: impl IntoIterator<Item = T>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Whether an event is wanted.
    #[must_use]
    pub fn wants(&self, event: &ContractEvent) -> bool {
        (self.contracts.is_empty() || self.contracts.contains(&event.contract))
            && (self.names.is_empty() || self.names.contains(&event.name))
    }
}

#[cfg(test)]
mod tests {
    use cosmwasm_std::{Uint64, Uint128};

    use super::*;

    fn event(kind: &str, attributes: &[(&str, &str)]) -> TxEvent {
        let attributes = attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        TxEvent { kind: kind.to_owned(), attributes }
    }

    fn of(event: &TxEvent) -> Option<ContractEvent> {
        ContractEvent::of(event, 9, 1, 4, "AB")
    }

    #[test]
    fn contract_events_are_told_from_the_chains() {
        let posted = event(
            "wasm-settlement/batch_posted",
            &[
                (CONTRACT, "wasm1a"),
                ("batch_id", "7"),
                ("total", "340282366920938463463374607431768211455"),
                (MESSAGE, "0"),
            ],
        );
        let posted = of(&posted).expect("a contract's");
        assert_eq!(
            (posted.name.as_str(), posted.kind(), posted.contract.as_str()),
            ("settlement/batch_posted", "settlement", "wasm1a")
        );
        assert_eq!(posted.get("batch_id"), Some("7"));
        assert_eq!(posted.attributes.len(), 2, "what the chain added is left out");
        #[derive(Deserialize)]
        struct Posted {
            batch_id: Uint64,
            total: Uint128,
        }
        let typed: Posted = posted.read().expect("fits");
        assert_eq!((typed.batch_id.u64(), typed.total), (7, Uint128::MAX));
        let call = of(&event("wasm", &[(CONTRACT, "wasm1a"), ("action", "transfer")])).expect("a contract's");
        assert_eq!((call.name.as_str(), call.kind()), ("", ""));
        assert_eq!(of(&event("transfer", &[(CONTRACT, "wasm1a")])), None);
        assert_eq!(of(&event("wasm-x/y", &[("key", "value")])), None, "without an emitter it proves nothing");
    }

    #[test]
    fn attributes_that_do_not_fit_are_refused() {
        #[derive(Debug, Deserialize)]
        struct Typed {
            #[allow(dead_code)]
            id: Uint64,
        }
        let missing = of(&event("wasm-x/y", &[(CONTRACT, "wasm1a")])).expect("a contract's");
        assert_eq!(missing.read::<Typed>().expect_err("no id").code(), "CHAIN_JSON");
        let twice = of(&event("wasm-x/y", &[(CONTRACT, "wasm1a"), ("id", "1"), ("id", "2")])).expect("a contract's");
        assert_eq!(twice.read::<Typed>().expect_err("two ids").code(), "CHAIN_JSON");
    }

    #[test]
    fn filters_look_at_the_emitter_before_the_name() {
        let mine = of(&event("wasm-x/y", &[(CONTRACT, "wasm1a")])).expect("a contract's");
        let fake = of(&event("wasm-x/y", &[(CONTRACT, "wasm1b")])).expect("a contract's");
        let other = of(&event("wasm-x/z", &[(CONTRACT, "wasm1a")])).expect("a contract's");
        let filter = EventFilter::contracts(["wasm1a"]).names(["x/y"]);
        assert_eq!([&mine, &fake, &other].map(|event| filter.wants(event)), [true, false, false]);
        assert!([&mine, &fake, &other].iter().all(|event| EventFilter::default().wants(event)));
    }
}
