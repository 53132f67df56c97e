//! Transactions made by hand, so that any part of them can be wrong.

use openledger_chain::Key;
use openledger_cosmos_api::{
    cosmos::{
        bank::v1beta1::MsgSend,
        base::{abci::v1beta1::TxResponse, v1beta1::Coin},
        crypto::secp256k1::PubKey,
        tx::{
            signing::v1beta1::SignMode,
            v1beta1::{
                AuthInfo, BroadcastMode, BroadcastTxRequest, Fee, GetTxRequest, ModeInfo, SignDoc, SignerInfo, TxBody,
                TxRaw, mode_info, service_client::ServiceClient,
            },
        },
    },
    cosmwasm::wasm::v1::MsgExecuteContract,
};
use prost::Message;
use prost_types::Any;
use sha2::{Digest, Sha256};

use super::DENOM;

/// A transaction before it is signed; the defaults are right.
pub struct Draft {
    pub chain_id: String,
    pub account_number: u64,
    pub sequence: u64,
    pub gas: u64,
    pub fee: Vec<Coin>,
    pub memo: String,
    pub messages: Vec<Any>,
    pub timeout_height: u64,
}

impl Draft {
    pub fn new(messages: Vec<Any>) -> Self {
        Self {
            chain_id: "openledger-devnet-sim-1".to_owned(),
            // Two module accounts come first.
            account_number: 2,
            sequence: 0,
            gas: 200_000,
            fee: vec![coin(5_000)],
            memo: String::new(),
            messages,
            timeout_height: 0,
        }
    }

    pub fn body(&self) -> TxBody {
        TxBody {
            messages: self.messages.clone(),
            memo: self.memo.clone(),
            timeout_height: self.timeout_height,
            ..TxBody::default()
        }
    }

    pub fn auth(&self, key: &Key, mode: SignMode) -> AuthInfo {
        let public = PubKey { key: key.public_key().to_vec() };
        AuthInfo {
            signer_infos: vec![SignerInfo {
                public_key: Some(Any::from_msg(&public).expect("packs")),
                mode_info: Some(ModeInfo {
                    sum: Some(mode_info::Sum::Single(mode_info::Single { mode: mode.into() })),
                }),
                sequence: self.sequence,
            }],
            fee: Some(Fee { amount: self.fee.clone(), gas_limit: self.gas, ..Fee::default() }),
        }
    }

    /// The signed bytes, in direct mode.
    pub fn signed(&self, key: &Key) -> Vec<u8> {
        let body_bytes = self.body().encode_to_vec();
        let auth_info_bytes = self.auth(key, SignMode::Direct).encode_to_vec();
        let document = SignDoc {
            body_bytes: body_bytes.clone(),
            auth_info_bytes: auth_info_bytes.clone(),
            chain_id: self.chain_id.clone(),
            account_number: self.account_number,
        };
        let signature = sign(key, &document.encode_to_vec());
        TxRaw { body_bytes, auth_info_bytes, signatures: vec![signature] }.encode_to_vec()
    }

    /// The bytes with a signature over a legacy JSON document.
    pub fn signed_amino(&self, key: &Key, document: &str) -> Vec<u8> {
        TxRaw {
            body_bytes: self.body().encode_to_vec(),
            auth_info_bytes: self.auth(key, SignMode::LegacyAminoJson).encode_to_vec(),
            signatures: vec![sign(key, document.as_bytes())],
        }
        .encode_to_vec()
    }
}

pub fn coin(amount: u128) -> Coin {
    Coin { denom: DENOM.to_owned(), amount: amount.to_string() }
}

pub fn send(from: &str, to: &str, amount: u128) -> Any {
    let message = MsgSend { from_address: from.to_owned(), to_address: to.to_owned(), amount: vec![coin(amount)] };
    Any::from_msg(&message).expect("packs")
}

pub fn execute(sender: &str, contract: &str, msg: &str) -> Any {
    let message = MsgExecuteContract {
        sender: sender.to_owned(),
        contract: contract.to_owned(),
        msg: msg.as_bytes().to_vec(),
        funds: Vec::new(),
    };
    Any::from_msg(&message).expect("packs")
}

pub fn sign(key: &Key, document: &[u8]) -> Vec<u8> {
    let digest = Sha256::digest(document).into();
    key.sign_digest(&digest).expect("signs").to_vec()
}

/// Sends bytes and returns what the check said.
pub async fn broadcast(grpc: &str, tx_bytes: Vec<u8>) -> TxResponse {
    ServiceClient::connect(grpc.to_owned())
        .await
        .expect("connects")
        .broadcast_tx(BroadcastTxRequest { tx_bytes, mode: BroadcastMode::Sync.into() })
        .await
        .expect("answers")
        .into_inner()
        .tx_response
        .expect("has a response")
}

/// An included transaction's result.
pub async fn included(grpc: &str, hash: &str) -> TxResponse {
    ServiceClient::connect(grpc.to_owned())
        .await
        .expect("connects")
        .get_tx(GetTxRequest { hash: hash.to_owned() })
        .await
        .expect("is included")
        .into_inner()
        .tx_response
        .expect("has a response")
}
