//! From bytes to a transaction: every bound is checked before anything is believed.

use openledger_cosmos_api::{
    cosmos::{
        bank::v1beta1::MsgSend,
        base::v1beta1::Coin,
        tx::v1beta1::{AuthInfo, TxBody, TxRaw},
    },
    cosmwasm::wasm::v1::{
        MsgClearAdmin, MsgExecuteContract, MsgInstantiateContract, MsgInstantiateContract2, MsgMigrateContract,
        MsgStoreCode, MsgSudoContract, MsgUpdateAdmin,
    },
};
use prost::{Message, Name};
use prost_types::Any;
use sha2::{Digest, Sha256};

use super::{fault::Fault, limits::Limits};

/// The messages this chain knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Send(MsgSend),
    Store(MsgStoreCode),
    Instantiate(MsgInstantiateContract),
    Instantiate2(MsgInstantiateContract2),
    Execute(MsgExecuteContract),
    Migrate(MsgMigrateContract),
    UpdateAdmin(MsgUpdateAdmin),
    ClearAdmin(MsgClearAdmin),
    Sudo(MsgSudoContract),
}

/// A well-formed transaction, not yet believed to be its signer's.
pub struct DecodedTx {
    /// The bytes as they came.
    pub bytes: Vec<u8>,
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
    /// The parts that signatures cover.
    pub raw: TxRaw,
    pub body: TxBody,
    pub auth: AuthInfo,
    /// The body's messages, same order.
    pub actions: Vec<Action>,
    /// Who must sign: each account once, in the order of appearance.
    pub signers: Vec<String>,
}

/// SHA-256 of a transaction: its name everywhere.
pub fn tx_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Reads a transaction.
///
/// Bytes must be what the decoded form encodes to again. That refuses fields unknown here, which would be signed
/// but not looked at, and every second encoding of the same content.
pub fn decode_tx(bytes: &[u8], limits: &Limits) -> Result<DecodedTx, Fault> {
    if bytes.len() > limits.max_tx_bytes {
        return Err(Fault::tx_too_large(format!("{} bytes, at most {} are taken", bytes.len(), limits.max_tx_bytes)));
    }
    let raw: TxRaw = exact("transaction", bytes)?;
    let body: TxBody = exact("body", &raw.body_bytes)?;
    let auth: AuthInfo = exact("auth_info", &raw.auth_info_bytes)?;
    if body.messages.is_empty() {
        return Err(Fault::invalid_request("must contain at least one message"));
    }
    if body.messages.len() > limits.max_messages {
        return Err(Fault::invalid_request(format!(
            "{} messages, at most {} are taken",
            body.messages.len(),
            limits.max_messages
        )));
    }
    if body.memo.len() > limits.max_memo_bytes {
        return Err(Fault::memo_too_large(format!(
            "maximum number of bytes is {} but received {} bytes",
            limits.max_memo_bytes,
            body.memo.len()
        )));
    }
    if !body.extension_options.is_empty() || !body.non_critical_extension_options.is_empty() {
        return Err(Fault::unknown_extension("extension options are not known here"));
    }
    let actions = body.messages.iter().map(decode_action).collect::<Result<Vec<_>, _>>()?;
    let mut signers: Vec<String> = Vec::new();
    for action in &actions {
        let signer = action.signer();
        if !signers.iter().any(|known| known == signer) {
            signers.push(signer.to_owned());
        }
    }
    Ok(DecodedTx { hash: tx_hash(bytes), bytes: bytes.to_vec(), raw, body, auth, actions, signers })
}

fn exact<M: Message + Default>(what: &str, bytes: &[u8]) -> Result<M, Fault> {
    let message = M::decode(bytes).map_err(|error| Fault::tx_decode(format!("{what}: {error}")))?;
    if message.encode_to_vec() == bytes {
        Ok(message)
    } else {
        Err(Fault::tx_decode(format!("{what} holds fields unknown to this simulation, or is not encoded canonically")))
    }
}

fn decode_action(any: &Any) -> Result<Action, Fault> {
    fn read<M: Message + Name + Default>(any: &Any) -> Result<M, Fault> {
        exact(&any.type_url, &any.value)
    }
    let url = any.type_url.as_str();
    Ok(match url {
        _ if url == MsgSend::type_url() => Action::Send(read(any)?),
        _ if url == MsgStoreCode::type_url() => Action::Store(read(any)?),
        _ if url == MsgInstantiateContract::type_url() => Action::Instantiate(read(any)?),
        _ if url == MsgInstantiateContract2::type_url() => Action::Instantiate2(read(any)?),
        _ if url == MsgExecuteContract::type_url() => Action::Execute(read(any)?),
        _ if url == MsgMigrateContract::type_url() => Action::Migrate(read(any)?),
        _ if url == MsgUpdateAdmin::type_url() => Action::UpdateAdmin(read(any)?),
        _ if url == MsgClearAdmin::type_url() => Action::ClearAdmin(read(any)?),
        _ if url == MsgSudoContract::type_url() => Action::Sudo(read(any)?),
        _ => {
            let shown: String = url.chars().take(128).collect();
            return Err(Fault::unknown_request(format!("{shown}: no message handler in this simulation")));
        }
    })
}

impl Action {
    /// Whose signature the message needs.
    pub fn signer(&self) -> &str {
        match self {
            Self::Send(msg) => &msg.from_address,
            Self::Store(msg) => &msg.sender,
            Self::Instantiate(msg) => &msg.sender,
            Self::Instantiate2(msg) => &msg.sender,
            Self::Execute(msg) => &msg.sender,
            Self::Migrate(msg) => &msg.sender,
            Self::UpdateAdmin(msg) => &msg.sender,
            Self::ClearAdmin(msg) => &msg.sender,
            Self::Sudo(msg) => &msg.authority,
        }
    }

    /// The message's type, as events name it.
    pub fn type_url(&self) -> String {
        match self {
            Self::Send(_) => MsgSend::type_url(),
            Self::Store(_) => MsgStoreCode::type_url(),
            Self::Instantiate(_) => MsgInstantiateContract::type_url(),
            Self::Instantiate2(_) => MsgInstantiateContract2::type_url(),
            Self::Execute(_) => MsgExecuteContract::type_url(),
            Self::Migrate(_) => MsgMigrateContract::type_url(),
            Self::UpdateAdmin(_) => MsgUpdateAdmin::type_url(),
            Self::ClearAdmin(_) => MsgClearAdmin::type_url(),
            Self::Sudo(_) => MsgSudoContract::type_url(),
        }
    }

    /// The module that handles it.
    pub fn module(&self) -> &'static str {
        match self {
            Self::Send(_) => "bank",
            _ => "wasm",
        }
    }
}

/// Reads coins as the SDK accepts them: sorted by denomination, none repeated, none zero.
pub fn read_coins(coins: &[Coin]) -> Result<Vec<cosmwasm_std::Coin>, Fault> {
    let mut read: Vec<cosmwasm_std::Coin> = Vec::with_capacity(coins.len().min(16));
    for coin in coins {
        let amount: u128 = coin
            .amount
            .parse()
            .ok()
            .filter(|amount| *amount > 0)
            .ok_or_else(|| Fault::invalid_coins(show(&coin.amount)))?;
        if !is_denom(&coin.denom) || read.last().is_some_and(|last| last.denom >= coin.denom) {
            return Err(Fault::invalid_coins(format!("{} is malformed, repeated or out of order", show(&coin.denom))));
        }
        read.push(cosmwasm_std::Coin::new(amount, &coin.denom));
    }
    Ok(read)
}

fn is_denom(text: &str) -> bool {
    (3..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/:._-".contains(c))
}

fn show(text: &str) -> String {
    text.chars().take(64).collect()
}
