//! Events in the shape that SDK nodes report.

use cosmwasm_std::Coin;
use openledger_cosmos_api::tendermint::abci::{Event, EventAttribute};

/// An event of literal attributes.
pub fn event(kind: &str, attributes: &[(&str, &str)]) -> Event {
    Event { r#type: kind.to_owned(), attributes: attributes.iter().map(|(key, value)| attribute(key, value)).collect() }
}

/// A contract's or the bank's event, marked with the message that caused it.
pub fn of_message(source: &cosmwasm_std::Event, index: usize) -> Event {
    let mut attributes: Vec<EventAttribute> =
        source.attributes.iter().map(|pair| attribute(&pair.key, &pair.value)).collect();
    attributes.push(attribute("msg_index", &index.to_string()));
    Event { r#type: source.ty.clone(), attributes }
}

/// Coins as the SDK writes them: `12ustake,3other`.
pub fn show_coins(coins: &[Coin]) -> String {
    coins.iter().map(|coin| format!("{}{}", coin.amount, coin.denom)).collect::<Vec<_>>().join(",")
}

fn attribute(key: &str, value: &str) -> EventAttribute {
    EventAttribute { key: key.to_owned(), value: value.to_owned(), index: true }
}
