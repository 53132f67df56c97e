//! Messages, and the bytes of signed transactions.

use cosmrs::{
    AccountId, Any, Denom,
    bank::MsgSend,
    cosmwasm::{MsgExecuteContract, MsgInstantiateContract, MsgMigrateContract, MsgStoreCode},
    tx::Msg,
};
use cosmwasm_std::Coin;
use openledger_cosmos_api::cosmos::{
    base::v1beta1::Coin as WireCoin,
    crypto::secp256k1::PubKey,
    tx::{
        signing::v1beta1::SignMode,
        v1beta1::{AuthInfo, Fee, ModeInfo, SignDoc, SignerInfo, TxBody, TxRaw, mode_info},
    },
};
use prost::{Message, Name};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::ChainError;

/// Bytes of a signature.
const SIGNATURE: usize = 64;

/// A signer's part of a transaction.
#[derive(Clone, Copy)]
pub(crate) struct Party {
    pub public_key: [u8; 33],
    pub account: u64,
    pub sequence: u64,
}

/// What is paid, and by whom. The first signer pays unless it says otherwise.
pub(crate) struct Payment<'a> {
    pub fee: Coin,
    pub gas: u64,
    pub payer: Option<&'a str>,
    pub granter: Option<&'a str>,
}

/// A transaction before its signatures.
pub(crate) struct Draft {
    body: Vec<u8>,
    auth: Vec<u8>,
}

impl Draft {
    /// Fixes everything that signatures cover. `timeout_height` zero is none.
    pub fn new(messages: &[Any], parties: &[Party], payment: &Payment<'_>, timeout_height: u64) -> Self {
        let messages = messages
            .iter()
            .map(|any| prost_types::Any { type_url: any.type_url.clone(), value: any.value.clone() })
            .collect();
        let body = TxBody { messages, timeout_height, ..TxBody::default() };
        let infos = parties.iter().map(|party| SignerInfo {
            public_key: Some(packed(&PubKey { key: party.public_key.to_vec() })),
            mode_info: Some(ModeInfo {
                sum: Some(mode_info::Sum::Single(mode_info::Single { mode: SignMode::Direct.into() })),
            }),
            sequence: party.sequence,
        });
        let auth = AuthInfo {
            signer_infos: infos.collect(),
            fee: Some(Fee {
                amount: vec![wire_coin(&payment.fee)],
                gas_limit: payment.gas,
                payer: payment.payer.unwrap_or_default().to_owned(),
                granter: payment.granter.unwrap_or_default().to_owned(),
            }),
        };
        Self { body: body.encode_to_vec(), auth: auth.encode_to_vec() }
    }

    /// The bytes that a signer signs.
    pub fn document(&self, chain_id: &str, account_number: u64) -> Vec<u8> {
        SignDoc {
            body_bytes: self.body.clone(),
            auth_info_bytes: self.auth.clone(),
            chain_id: chain_id.to_owned(),
            account_number,
        }
        .encode_to_vec()
    }

    /// The bytes that travel, with the signatures in the order of the parties.
    pub fn signed(self, signatures: Vec<Vec<u8>>) -> Vec<u8> {
        TxRaw { body_bytes: self.body, auth_info_bytes: self.auth, signatures }.encode_to_vec()
    }

    /// What is sent for an estimate: as large as it will be, with zeros where signatures belong.
    pub fn unsigned(self, parties: usize) -> Vec<u8> {
        self.signed(vec![vec![0; SIGNATURE]; parties])
    }
}

/// A transaction's name on chain.
pub(crate) fn hash(tx_bytes: &[u8]) -> String {
    hex::encode_upper(Sha256::digest(tx_bytes))
}

/// A message of the generated types in the form that [`crate::Signer::broadcast`] takes.
pub(crate) fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

/// The same for a message inside another.
pub(crate) fn packed<M: Message + Name>(message: &M) -> prost_types::Any {
    prost_types::Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

pub(crate) fn wire_coin(coin: &Coin) -> WireCoin {
    WireCoin { denom: coin.denom.clone(), amount: coin.amount.to_string() }
}

/// Coins in the order the SDK demands, checked, without zero amounts.
pub(crate) fn wire_coins(funds: &[Coin]) -> Result<Vec<WireCoin>, ChainError> {
    Ok(coins(funds)?
        .into_iter()
        .map(|coin| WireCoin { denom: coin.denom.to_string(), amount: coin.amount.to_string() })
        .collect())
}

pub(crate) fn execute(sender: &str, contract: &str, msg: &impl Serialize, funds: &[Coin]) -> Result<Any, ChainError> {
    pack(&MsgExecuteContract {
        sender: account("sender", sender)?,
        contract: account("contract", contract)?,
        msg: json(msg)?,
        funds: coins(funds)?,
    })
}

pub(crate) fn instantiate(
    sender: &str,
    code_id: u64,
    label: &str,
    msg: &impl Serialize,
    admin: Option<&str>,
    funds: &[Coin],
) -> Result<Any, ChainError> {
    pack(&MsgInstantiateContract {
        sender: account("sender", sender)?,
        admin: admin.map(|admin| account("admin", admin)).transpose()?,
        code_id,
        label: Some(label.to_owned()),
        msg: json(msg)?,
        funds: coins(funds)?,
    })
}

pub(crate) fn migrate(sender: &str, contract: &str, code_id: u64, msg: &impl Serialize) -> Result<Any, ChainError> {
    pack(&MsgMigrateContract {
        sender: account("sender", sender)?,
        contract: account("contract", contract)?,
        code_id,
        msg: json(msg)?,
    })
}

pub(crate) fn store(sender: &str, code: Vec<u8>) -> Result<Any, ChainError> {
    pack(&MsgStoreCode { sender: account("sender", sender)?, wasm_byte_code: code, instantiate_permission: None })
}

pub(crate) fn send(sender: &str, recipient: &str, amount: &[Coin]) -> Result<Any, ChainError> {
    pack(&MsgSend {
        from_address: account("sender", sender)?,
        to_address: account("recipient", recipient)?,
        amount: coins(amount)?,
    })
}

fn pack(msg: &impl Msg) -> Result<Any, ChainError> {
    msg.to_any().map_err(|error| encoding(&error))
}

pub(crate) fn json(msg: &impl Serialize) -> Result<Vec<u8>, ChainError> {
    serde_json::to_vec(msg).map_err(|error| ChainError::Json { what: "the message", reason: error.to_string() })
}

pub(crate) fn account(what: &'static str, address: &str) -> Result<AccountId, ChainError> {
    address.parse().map_err(|error| invalid(what, address, error))
}

/// Coins in the order the SDK demands; zero amounts are left out.
fn coins(funds: &[Coin]) -> Result<Vec<cosmrs::Coin>, ChainError> {
    let mut sorted: Vec<&Coin> = funds.iter().filter(|coin| !coin.amount.is_zero()).collect();
    sorted.sort_by(|a, b| a.denom.cmp(&b.denom));
    sorted.into_iter().map(native).collect()
}

fn native(coin: &Coin) -> Result<cosmrs::Coin, ChainError> {
    let denom: Denom = coin.denom.parse().map_err(|error| invalid("denomination", &coin.denom, error))?;
    Ok(cosmrs::Coin { denom, amount: coin.amount.u128() })
}

pub(crate) fn invalid(what: &'static str, value: &str, error: impl std::fmt::Display) -> ChainError {
    ChainError::Invalid { what, value: brief(value), reason: error.to_string() }
}

/// A foreign text, as far as it is repeated.
pub(crate) fn brief(text: &str) -> String {
    text.chars().take(128).collect()
}

fn encoding(error: &dyn std::fmt::Display) -> ChainError {
    ChainError::Json { what: "the transaction", reason: error.to_string() }
}
