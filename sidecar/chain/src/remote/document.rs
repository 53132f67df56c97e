//! What a transaction says, for whoever signs it.

use std::fmt;

use openledger_cosmos_api::{
    cosmos::{
        authz::v1beta1::MsgExec,
        crypto::secp256k1::PubKey,
        tx::{
            signing::v1beta1::SignMode,
            v1beta1::{AuthInfo, SignDoc, TxBody, mode_info},
        },
    },
    cosmwasm::wasm::v1::{MsgExecuteContract, MsgMigrateContract},
};
use prost::{Message, Name};

use super::policy::Refusal;

/// Messages of a transaction at most, those inside of `MsgExec` included.
const MAX_MESSAGES: usize = 128;
/// How deep `MsgExec` may lie in `MsgExec`.
const MAX_NESTING: usize = 4;
/// Contract messages are shown up to this many characters.
const SHOWN: usize = 512;

/// A transaction as its signer reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningRequest {
    /// The chain it is for.
    pub chain_id: String,
    /// The signing account's number on that chain.
    pub account_number: u64,
    /// The signing account's sequence.
    pub sequence: u64,
    /// The fee's coins: amount and denomination.
    pub fee: Vec<(u128, String)>,
    /// The gas limit.
    pub gas: u64,
    /// Who pays, if not the first signer.
    pub fee_payer: Option<String>,
    /// From whose allowance the fee is paid.
    pub fee_granter: Option<String>,
    /// The memo.
    pub memo: String,
    /// Last height of inclusion; zero for none.
    pub timeout_height: u64,
    /// Everything it does, in order. What a `MsgExec` holds follows it.
    pub messages: Vec<SignedMessage>,
}

/// One message of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedMessage {
    /// For example `/cosmwasm.wasm.v1.MsgExecuteContract`.
    pub type_url: String,
    /// The contract it calls or migrates.
    pub contract: Option<String>,
    /// The top-level key of the JSON it sends to the contract: the message's name.
    pub action: Option<String>,
    /// That JSON, shortened.
    pub content: Option<String>,
    /// Whether it lies inside of a `MsgExec`, and so acts for another account.
    pub inside_exec: bool,
}

impl SigningRequest {
    /// Reads the bytes to sign, as the account with this key.
    ///
    /// Every layer must be what its decoded form encodes to again: nothing is signed that is not shown.
    pub(crate) fn read(sign_bytes: &[u8], public_key: &[u8; 33]) -> Result<Self, Refusal> {
        let document: SignDoc = exact("the document", sign_bytes)?;
        let body: TxBody = exact("the body", &document.body_bytes)?;
        let auth: AuthInfo = exact("the signer part", &document.auth_info_bytes)?;
        if !body.extension_options.is_empty() || !body.non_critical_extension_options.is_empty() {
            return Err(Refusal::Unreadable("it has extension options, which are not known here".to_owned()));
        }
        let own = PubKey { key: public_key.to_vec() };
        let mine = auth.signer_infos.iter().find(|info| {
            info.public_key
                .as_ref()
                .is_some_and(|any| any.type_url == PubKey::type_url() && any.value == own.encode_to_vec())
        });
        let mine = mine.ok_or_else(|| Refusal::Unreadable("the account is not among its signers".to_owned()))?;
        let direct = mine.mode_info.as_ref().and_then(|mode| mode.sum.as_ref()).is_some_and(
            |sum| matches!(sum, mode_info::Sum::Single(single) if single.mode == i32::from(SignMode::Direct)),
        );
        if !direct {
            return Err(Refusal::Unreadable("the account does not sign in direct mode".to_owned()));
        }
        let fee = auth.fee.as_ref().ok_or_else(|| Refusal::Unreadable("it has no fee".to_owned()))?;
        let coins = fee.amount.iter().map(|coin| {
            coin.amount
                .parse()
                .map(|amount| (amount, coin.denom.clone()))
                .map_err(|_| Refusal::Unreadable("a fee amount is no integer of 128 bits".to_owned()))
        });
        let some = |text: &String| (!text.is_empty()).then(|| text.clone());
        let mut messages = Vec::new();
        for any in &body.messages {
            read_message(any, 0, &mut messages)?;
        }
        if messages.is_empty() {
            return Err(Refusal::Unreadable("it has no messages".to_owned()));
        }
        Ok(Self {
            chain_id: document.chain_id,
            account_number: document.account_number,
            sequence: mine.sequence,
            fee: coins.collect::<Result<_, _>>()?,
            gas: fee.gas_limit,
            fee_payer: some(&fee.payer),
            fee_granter: some(&fee.granter),
            memo: body.memo,
            timeout_height: body.timeout_height,
            messages,
        })
    }
}

impl fmt::Display for SigningRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}: ", self.chain_id, self.sequence)?;
        for (index, message) in self.messages.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let inside = if message.inside_exec { "in the name of another: " } else { "" };
            write!(f, "{comma}{inside}{}", message.type_url)?;
            if let Some(contract) = &message.contract {
                write!(f, " {contract}")?;
            }
            if let Some(content) = &message.content {
                write!(f, " {content}")?;
            }
        }
        let fee: Vec<String> = self.fee.iter().map(|(amount, denom)| format!("{amount}{denom}")).collect();
        write!(f, "; fee {}", if fee.is_empty() { "none".to_owned() } else { fee.join(",") })
    }
}

fn read_message(any: &prost_types::Any, depth: usize, found: &mut Vec<SignedMessage>) -> Result<(), Refusal> {
    if found.len() >= MAX_MESSAGES {
        return Err(Refusal::Unreadable(format!("it has more than {MAX_MESSAGES} messages")));
    }
    if depth > MAX_NESTING {
        return Err(Refusal::Unreadable("its messages are nested too deep".to_owned()));
    }
    let call = if any.type_url == MsgExecuteContract::type_url() {
        let message: MsgExecuteContract = exact(&any.type_url, &any.value)?;
        Some((message.contract, message.msg))
    } else if any.type_url == MsgMigrateContract::type_url() {
        let message: MsgMigrateContract = exact(&any.type_url, &any.value)?;
        Some((message.contract, message.msg))
    } else {
        None
    };
    let (contract, json) = call.unzip();
    let action = json.as_ref().and_then(|json| {
        let parsed: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(json).ok()?;
        (parsed.len() == 1).then(|| parsed.keys().next().cloned()).flatten()
    });
    let content = json.map(|json| {
        let text = String::from_utf8_lossy(&json);
        let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
        shown = shown.replace("\\\"", "\"");
        if text.chars().nth(SHOWN).is_some() {
            shown.push('…');
        }
        shown
    });
    let inside_exec = depth > 0;
    found.push(SignedMessage { type_url: any.type_url.clone(), contract, action, content, inside_exec });
    if any.type_url == MsgExec::type_url() {
        let exec: MsgExec = exact(&any.type_url, &any.value)?;
        for inner in &exec.msgs {
            read_message(inner, depth.saturating_add(1), found)?;
        }
    }
    Ok(())
}

fn exact<M: Message + Default>(what: &str, bytes: &[u8]) -> Result<M, Refusal> {
    let message =
        M::decode(bytes).map_err(|error| Refusal::Unreadable(format!("{what} cannot be decoded: {error}")))?;
    if message.encode_to_vec() != bytes {
        return Err(Refusal::Unreadable(format!("{what} holds fields that are not known here")));
    }
    Ok(message)
}
