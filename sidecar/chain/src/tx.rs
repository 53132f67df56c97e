//! Messages, and the bytes of signed transactions.

use cosmrs::{
    AccountId, Any, Denom,
    bank::MsgSend,
    cosmwasm::{MsgExecuteContract, MsgInstantiateContract, MsgMigrateContract, MsgStoreCode},
    tendermint::chain,
    tx::{Body, Fee, Msg, SignDoc, SignerInfo},
};
use cosmwasm_std::Coin;
use serde::Serialize;

use crate::{error::ChainError, key::Key};

/// What a signature binds a transaction to.
pub(crate) struct Context<'a> {
    pub chain_id: &'a str,
    pub account_number: u64,
    pub sequence: u64,
}

/// Signs messages (direct mode) and returns the bytes of `TxRaw`.
pub(crate) fn sign(
    key: &Key,
    messages: &[Any],
    fee: &Coin,
    gas: u64,
    context: &Context<'_>,
) -> Result<Vec<u8>, ChainError> {
    let secret = key.signing_key();
    let body = Body::new(messages.to_vec(), "", 0u8);
    let auth = SignerInfo::single_direct(Some(secret.public_key()), context.sequence)
        .auth_info(Fee::from_amount_and_gas(native(fee)?, gas));
    let chain_id: chain::Id = context.chain_id.parse().map_err(|error| invalid("chain id", context.chain_id, error))?;
    let document = SignDoc::new(&body, &auth, &chain_id, context.account_number).map_err(|error| encoding(&error))?;
    let raw = document.sign(&secret).map_err(|error| encoding(&error))?;
    raw.to_bytes().map_err(|error| encoding(&error))
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

fn json(msg: &impl Serialize) -> Result<Vec<u8>, ChainError> {
    serde_json::to_vec(msg).map_err(|error| ChainError::Json { what: "the message", reason: error.to_string() })
}

fn account(what: &'static str, address: &str) -> Result<AccountId, ChainError> {
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

fn invalid(what: &'static str, value: &str, error: impl std::fmt::Display) -> ChainError {
    ChainError::Invalid { what, value: value.chars().take(128).collect(), reason: error.to_string() }
}

fn encoding(error: &dyn std::fmt::Display) -> ChainError {
    ChainError::Json { what: "the transaction", reason: error.to_string() }
}
