//! What a signer signs.

use std::collections::{BTreeMap, BTreeSet};

use super::document::SigningRequest;

/// What a signer's operator allows. An empty policy signs nothing.
///
/// Messages inside of a `MsgExec` must be allowed as well as `MsgExec` itself. The permission to grant (fee allowances,
/// authorizations) is a message type like any other: leave it out, or the account can be emptied by who was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignPolicy {
    /// Chains by id.
    pub chain_ids: BTreeSet<String>,
    /// Message types by URL, for example `/cosmwasm.wasm.v1.MsgExecuteContract`.
    pub message_types: BTreeSet<String>,
    /// Contracts that may be called, each with the names of the messages it may get; an empty set of names allows all.
    /// No contracts at all: any contract, as far as the message types allow calls.
    #[serde(default)]
    pub contracts: BTreeMap<String, BTreeSet<String>>,
    /// The largest fee of one transaction by denomination; others are refused.
    pub max_fee: BTreeMap<String, u128>,
}

/// Why a transaction is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It cannot be shown whole, so nobody could know what is signed.
    #[error("the transaction cannot be read: {0}")]
    Unreadable(String),
    /// A chain that is not allowed.
    #[error("chain {0:?} is not allowed")]
    Chain(String),
    /// A message type that is not allowed.
    #[error("messages of type {0:?} are not allowed")]
    MessageType(String),
    /// A contract that is not allowed.
    #[error("calls of contract {0:?} are not allowed")]
    Contract(String),
    /// A message that the contract must not get from this key.
    #[error("message {action:?} to contract {contract:?} is not allowed")]
    Action {
        /// The contract.
        contract: String,
        /// The message's name; empty when it has none.
        action: String,
    },
    /// A fee above the limit.
    #[error("a fee of {amount}{denom} is above the limit of {limit}")]
    Fee {
        /// The amount.
        amount: u128,
        /// The denomination.
        denom: String,
        /// The limit; zero for a denomination without one.
        limit: u128,
    },
}

impl SignPolicy {
    /// Allows calls of any contract on one chain, within a fee.
    #[must_use]
    pub fn calls(chain_id: &str, denom: &str, max_fee: u128) -> Self {
        Self {
            chain_ids: [chain_id.to_owned()].into(),
            message_types: ["/cosmwasm.wasm.v1.MsgExecuteContract".to_owned()].into(),
            contracts: BTreeMap::new(),
            max_fee: [(denom.to_owned(), max_fee)].into(),
        }
    }

    /// Compares a transaction with the policy.
    ///
    /// # Errors
    /// The first [`Refusal`].
    pub fn check(&self, request: &SigningRequest) -> Result<(), Refusal> {
        if !self.chain_ids.contains(&request.chain_id) {
            return Err(Refusal::Chain(short(&request.chain_id)));
        }
        for message in &request.messages {
            if !self.message_types.contains(&message.type_url) {
                return Err(Refusal::MessageType(short(&message.type_url)));
            }
            let Some(contract) = &message.contract else { continue };
            if self.contracts.is_empty() {
                continue;
            }
            let names = self.contracts.get(contract).ok_or_else(|| Refusal::Contract(short(contract)))?;
            let action = message.action.clone().unwrap_or_default();
            if !names.is_empty() && !names.contains(&action) {
                return Err(Refusal::Action { contract: contract.clone(), action: short(&action) });
            }
        }
        // The same denomination could come twice, so that sums are compared.
        let mut fees: BTreeMap<&str, u128> = BTreeMap::new();
        for (amount, denom) in &request.fee {
            let sum = fees.entry(denom).or_default();
            *sum = sum.saturating_add(*amount);
        }
        for (denom, amount) in fees {
            let limit = self.max_fee.get(denom).copied().unwrap_or(0);
            if amount > limit {
                return Err(Refusal::Fee { amount, denom: short(denom), limit });
            }
        }
        Ok(())
    }
}

fn short(text: &str) -> String {
    text.chars().take(128).collect()
}
