//! What an included transaction did.

use cosmwasm_std::Coin;
use openledger_cosmos_api::{
    cosmos::base::abci::v1beta1::{TxMsgData, TxResponse},
    tendermint::abci::Event,
};
use prost::{Message, Name};

use crate::error::ChainError;

/// A transaction that succeeded in a block.
#[derive(Clone, Debug)]
pub struct TxOutcome {
    /// SHA-256 of the transaction, upper-case hex.
    pub hash: String,
    /// The including block.
    pub height: u64,
    /// Gas that was paid for.
    pub gas_wanted: u64,
    /// Gas that the chain counted; a simulation may report an estimate.
    pub gas_used: u64,
    /// The fee that was paid.
    pub fee: Coin,
    /// Everything the transaction reported, in order.
    pub events: Vec<TxEvent>,
    /// The messages' protobuf responses, in order: type URL and bytes.
    responses: Vec<(String, Vec<u8>)>,
}

/// One event; contract events have the types `wasm` and `wasm-<name>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxEvent {
    /// The event's type.
    pub kind: String,
    /// Keys and values in order; keys may repeat.
    pub attributes: Vec<(String, String)>,
}

/// A stored code.
#[derive(Clone, Debug)]
pub struct StoredCode {
    /// The number to instantiate it by.
    pub code_id: u64,
    /// SHA-256 of the wasm, lower-case hex.
    pub checksum: String,
    /// The transaction.
    pub outcome: TxOutcome,
}

/// A new contract.
#[derive(Clone, Debug)]
pub struct Instantiated {
    /// The contract's address.
    pub address: String,
    /// The transaction.
    pub outcome: TxOutcome,
}

impl TxEvent {
    pub(crate) fn read(event: Event) -> Self {
        let attributes = event.attributes.into_iter().map(|pair| (pair.key, pair.value)).collect();
        Self { kind: event.r#type, attributes }
    }

    /// The first value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

impl TxOutcome {
    /// The first value under `key` in an event of type `kind`.
    #[must_use]
    pub fn attribute(&self, kind: &str, key: &str) -> Option<&str> {
        self.events.iter().filter(|event| event.kind == kind).find_map(|event| event.get(key))
    }

    /// The events that one contract emitted.
    pub fn events_of<'a>(&'a self, contract: &'a str) -> impl Iterator<Item = &'a TxEvent> {
        self.events.iter().filter(move |event| event.get("_contract_address") == Some(contract))
    }

    /// The response of the message at `index`.
    pub(crate) fn response<M: Message + Name + Default>(&self, index: usize) -> Result<M, ChainError> {
        let call = "GetTx";
        let (type_url, value) = self
            .responses
            .get(index)
            .ok_or_else(|| ChainError::answer(call, format!("there is no response for message {index}")))?;
        if *type_url != M::type_url() {
            return Err(ChainError::answer(call, format!("{type_url} came where {} belongs", M::type_url())));
        }
        M::decode(value.as_slice()).map_err(|error| ChainError::answer(call, error.to_string()))
    }

    pub(crate) fn read(answer: TxResponse, fee: Coin) -> Result<Self, ChainError> {
        let call = "GetTx";
        let data = hex::decode(&answer.data).map_err(|_| ChainError::answer(call, "data is not hex"))?;
        let data = TxMsgData::decode(data.as_slice()).map_err(|error| ChainError::answer(call, error.to_string()))?;
        let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
        Ok(Self {
            hash: answer.txhash,
            height: unsigned(answer.height),
            gas_wanted: unsigned(answer.gas_wanted),
            gas_used: unsigned(answer.gas_used),
            fee,
            events: answer.events.into_iter().map(TxEvent::read).collect(),
            responses: data.msg_responses.into_iter().map(|any| (any.type_url, any.value)).collect(),
        })
    }
}
