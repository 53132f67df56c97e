//! Messages and their parts.

use std::fmt::Debug;

use cosmwasm_schema::serde::{de::DeserializeOwned, Serialize};
use cosmwasm_std::{to_json_binary, Uint128, Uint64};
use models::{
    msg::{Bonded, ExecuteMsg, Index, Split},
    ContractError,
};
use openledger_contract_kit::{Bps, Digest};

/// A digest that is all `byte`.
pub fn digest(byte: u8) -> Digest {
    Digest::new([byte; 32])
}

pub fn split(points: [u16; 5]) -> Split {
    let [contributors, developer, node, stakers, treasury] = points.map(|p| Bps::new(p).unwrap());
    Split { contributors, developer, node, stakers, treasury }
}

pub fn good_split() -> Split {
    split([5_000, 2_000, 2_000, 500, 500])
}

pub fn adapter(id: u64) -> Bonded {
    Bonded::Adapter(Uint64::new(id))
}

pub fn base(id: u64) -> Bonded {
    Bonded::Base(Uint64::new(id))
}

pub fn base_msg(digest: Digest) -> ExecuteMsg {
    ExecuteMsg::RegisterBase {
        name: "tiny-llama".try_into().unwrap(),
        digest,
        tokenizer_digest: self::digest(0x70),
        architecture: "LlamaForCausalLM".try_into().unwrap(),
        licence: "Apache-2.0".try_into().unwrap(),
    }
}

/// Terms of an adapter version; tests change one at a time.
#[derive(Clone)]
pub struct Terms {
    pub datanet_version: u32,
    pub weights_digest: Digest,
    pub family_digest: Digest,
    pub manifest_digest: Option<Digest>,
    pub index: Option<Index>,
    pub prompt_price: u128,
    pub response_price: u128,
    pub split: Split,
}

pub fn terms() -> Terms {
    Terms {
        datanet_version: 1,
        weights_digest: digest(0xa0),
        family_digest: digest(0xf0),
        manifest_digest: None,
        index: None,
        prompt_price: 10,
        response_price: 30,
        split: good_split(),
    }
}

/// An index over the one cluster of the first Datanet version.
pub fn index() -> Index {
    Index { root: digest(9), rows: 1, dimensions: 64 }
}

pub fn register_msg(base_id: u64, datanet_id: u64, terms: Terms) -> ExecuteMsg {
    ExecuteMsg::RegisterAdapter {
        base_id: Uint64::new(base_id),
        name: "words-lora".try_into().unwrap(),
        licence: None,
        datanet_id: Uint64::new(datanet_id),
        datanet_version: terms.datanet_version,
        weights_digest: terms.weights_digest,
        family_digest: terms.family_digest,
        manifest_digest: terms.manifest_digest,
        transcript_root: None,
        index: terms.index,
        prompt_price: Uint128::new(terms.prompt_price),
        response_price: Uint128::new(terms.response_price),
        split: terms.split,
    }
}

pub fn publish_msg(adapter_id: u64, terms: Terms) -> ExecuteMsg {
    ExecuteMsg::PublishAdapterVersion {
        adapter_id: Uint64::new(adapter_id),
        datanet_version: terms.datanet_version,
        weights_digest: terms.weights_digest,
        family_digest: terms.family_digest,
        manifest_digest: terms.manifest_digest,
        transcript_root: None,
        index: terms.index,
        prompt_price: Uint128::new(terms.prompt_price),
        response_price: Uint128::new(terms.response_price),
        split: terms.split,
        promote: None,
    }
}

pub fn promote(adapter_id: u64, version: u32) -> ExecuteMsg {
    ExecuteMsg::Promote { adapter_id: Uint64::new(adapter_id), version }
}

/// True when the table, and not the action, refused.
pub fn is_unauthorized<T: Debug>(result: Result<T, ContractError>) -> bool {
    matches!(result, Err(ContractError::Kit(openledger_contract_kit::KitError::Unauthorized { .. })))
}

/// Whether a message survives its JSON with one piece of text replaced.
pub fn parses_with<T: Serialize + DeserializeOwned>(msg: &T, find: &str, replace: &str) -> bool {
    let json = String::from_utf8(to_json_binary(msg).unwrap().to_vec()).unwrap();
    assert!(json.contains(find), "{json}");
    cosmwasm_std::from_json::<T>(json.replacen(find, replace, 1)).is_ok()
}
