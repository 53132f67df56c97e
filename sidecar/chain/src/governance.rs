//! The chain's own governance: the account it acts as, and what it may do to a contract.
//!
//! A proposal of gov v1 carries messages that the gov account sends once it passes. Here they are made, written as the
//! JSON that `tx gov submit-proposal` of any chain binary reads, and tried: a simulation needs no signature, so a node can be
//! asked what the messages would do before anybody pays a deposit. Where it refuses to for module accounts, the same call is
//! tried as the contract's owner, if it has one of its own.

use cosmrs::{AccountId, Any};
use openledger_cosmos_api::{
    cosmos::tx::v1beta1::{AuthInfo, Fee, ModeInfo, SignerInfo, SimulateRequest, TxBody, TxRaw, mode_info},
    cosmwasm::wasm::v1::{MsgExecuteContract, MsgMigrateContract, MsgPinCodes, MsgSudoContract},
};
use prost::{Message, Name};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{client::ChainClient, error::ChainError, key::BECH32_PREFIX};

/// `SIGN_MODE_DIRECT`.
const DIRECT: i32 = 1;

/// The account that a proposal's messages act as: the address of the SDK module `gov`, the same on every chain of a
/// prefix.
///
/// # Errors
/// [`ChainError::Invalid`] never in practice: the prefix is fixed.
pub fn authority() -> Result<String, ChainError> {
    let hash = Sha256::digest(b"gov");
    AccountId::new(BECH32_PREFIX, &hash[..20]).map(|account| account.to_string()).map_err(|error| ChainError::Invalid {
        what: "address prefix",
        value: BECH32_PREFIX.into(),
        reason: error.to_string(),
    })
}

/// One message of a proposal.
#[derive(Debug, Clone, PartialEq)]
pub enum GovMessage {
    /// A call of a contract, with the gov account as sender.
    Execute {
        /// Which contract.
        contract: String,
        /// The message.
        msg: Value,
    },
    /// A call of a contract's sudo entry point, which nobody else reaches.
    Sudo {
        /// Which contract.
        contract: String,
        /// The message.
        msg: Value,
    },
    /// A move to other code. The gov account must be the contract's admin.
    Migrate {
        /// Which contract.
        contract: String,
        /// Stored code.
        code_id: u64,
        /// The message.
        msg: Value,
    },
    /// Codes that every node keeps compiled in memory: calls of their contracts no longer pay for loading them.
    PinCodes {
        /// Stored codes.
        code_ids: Vec<u64>,
    },
}

impl GovMessage {
    /// As a chain binary's `tx gov submit-proposal` reads it.
    #[must_use]
    pub fn to_json(&self, authority: &str) -> Value {
        match self {
            Self::Execute { contract, msg } => json!({
                "@type": MsgExecuteContract::type_url(),
                "sender": authority,
                "contract": contract,
                "msg": msg,
                "funds": [],
            }),
            Self::Sudo { contract, msg } => json!({
                "@type": MsgSudoContract::type_url(),
                "authority": authority,
                "contract": contract,
                "msg": msg,
            }),
            Self::Migrate { contract, code_id, msg } => json!({
                "@type": MsgMigrateContract::type_url(),
                "sender": authority,
                "contract": contract,
                "code_id": code_id.to_string(),
                "msg": msg,
            }),
            Self::PinCodes { code_ids } => json!({
                "@type": MsgPinCodes::type_url(),
                "authority": authority,
                "code_ids": code_ids.iter().map(u64::to_string).collect::<Vec<_>>(),
            }),
        }
    }

    fn to_any(&self, authority: &str) -> Any {
        let bytes = |msg: &Value| msg.to_string().into_bytes();
        let (sender, authority) = (authority.to_owned(), authority.to_owned());
        match self {
            Self::Execute { contract, msg } => {
                let message =
                    MsgExecuteContract { sender, contract: contract.clone(), msg: bytes(msg), funds: Vec::new() };
                any(&message)
            }
            Self::Sudo { contract, msg } => {
                any(&MsgSudoContract { authority, contract: contract.clone(), msg: bytes(msg) })
            }
            Self::Migrate { contract, code_id, msg } => {
                any(&MsgMigrateContract { sender, contract: contract.clone(), code_id: *code_id, msg: bytes(msg) })
            }
            Self::PinCodes { code_ids } => any(&MsgPinCodes { authority, code_ids: code_ids.clone() }),
        }
    }
}

fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

impl ChainClient {
    /// Asks the node what the messages would do if the gov account sent them now. Returns the gas they would take, or `None`
    /// where the node simulates nothing for module accounts, as those of the Cosmos SDK since 0.53 do not.
    ///
    /// # Errors
    /// [`ChainError::SimulationFailed`] with the chain's words when one of them would fail; [`ChainError::Rpc`] when the
    /// node cannot be asked.
    pub async fn simulate_governance(&self, messages: &[GovMessage]) -> Result<Option<u64>, ChainError> {
        let authority = authority()?;
        let messages = messages.iter().map(|message| message.to_any(&authority)).collect();
        match self.simulate_unsigned(0, messages).await {
            Ok(gas) => Ok(Some(gas)),
            Err(ChainError::SimulationFailed { log }) if log.contains("not supported for module accounts") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks the node what a call of a contract would do if `sender` made it now. Nobody signs; nothing happens.
    ///
    /// # Errors
    /// As [`ChainClient::simulate_governance`], and [`ChainError::UnknownAccount`] for a sender without an account.
    pub async fn simulate_call(&self, sender: &str, contract: &str, msg: &Value) -> Result<u64, ChainError> {
        let sequence = self.account(sender).await?.sequence;
        let call = GovMessage::Execute { contract: contract.to_owned(), msg: msg.clone() };
        self.simulate_unsigned(sequence, vec![call.to_any(sender)]).await
    }

    async fn simulate_unsigned(&self, sequence: u64, messages: Vec<Any>) -> Result<u64, ChainError> {
        let messages = messages.into_iter().map(|any| prost_types::Any { type_url: any.type_url, value: any.value });
        let body = TxBody { messages: messages.collect(), ..TxBody::default() };
        let single = mode_info::Sum::Single(mode_info::Single { mode: DIRECT });
        let mode_info = Some(ModeInfo { sum: Some(single) });
        let auth = AuthInfo {
            signer_infos: vec![SignerInfo { public_key: None, mode_info, sequence }],
            fee: Some(Fee { gas_limit: self.config().max_gas, ..Fee::default() }),
        };
        let raw = TxRaw {
            body_bytes: body.encode_to_vec(),
            auth_info_bytes: auth.encode_to_vec(),
            // A simulation wants a signature's place, not a signature.
            signatures: vec![Vec::new()],
        };
        #[allow(deprecated)]
        let request = SimulateRequest { tx: None, tx_bytes: raw.encode_to_vec() };
        match self.tx().simulate(request).await {
            Ok(answer) => {
                let info = answer.into_inner().gas_info;
                Ok(info.ok_or_else(|| ChainError::answer("Simulate", "gas_info is missing"))?.gas_used)
            }
            Err(status)
                if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Unimplemented) =>
            {
                Err(ChainError::rpc("Simulate", &status))
            }
            Err(status) => Err(ChainError::SimulationFailed { log: status.message().to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gov_account_is_the_one_that_nodes_name() {
        // `wasmd query auth module-account gov` of any chain with the prefix wasm.
        assert_eq!(authority().expect("fixed"), "wasm10d07y265gmmuvt4z0w9aw880jnsr700js7zslc");
    }

    #[test]
    fn messages_keep_numbers_that_exceed_a_double_as_text() {
        let message = GovMessage::Migrate { contract: "wasm1c".into(), code_id: u64::MAX, msg: json!({}) };
        assert_eq!(message.to_json("wasm1gov")["code_id"], "18446744073709551615");
        assert_eq!(message.to_any("wasm1gov").type_url, "/cosmwasm.wasm.v1.MsgMigrateContract");
        let pins = GovMessage::PinCodes { code_ids: vec![1, u64::MAX] };
        assert_eq!(pins.to_json("wasm1gov")["code_ids"], json!(["1", "18446744073709551615"]));
        assert_eq!(pins.to_any("wasm1gov").type_url, "/cosmwasm.wasm.v1.MsgPinCodes");
    }
}
