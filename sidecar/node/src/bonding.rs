//! Bonds in the staking contract: what makes an account a validator, or a node that settlement takes batches from.

use cosmwasm_std::Uint128;
use cw20::Cw20ExecuteMsg;
use openledger_chain::{
    ChainError, Signer, TxOutcome,
    contracts::{OpenToken, Staking},
};
use openledger_protocol::Scope;
use serde_json::Value;
use staking::msg::{BlsPublicKey, BlsSignature, ExecuteMsg, OperatorResponse, Text, ValidatorResponse};

use crate::{bls::BlsKey, error::NodeError, network::Contracts};

/// How an account that bonds is reached and shown.
#[derive(Debug, Clone, Copy)]
pub struct Profile<'a> {
    /// Where its sidecar answers.
    pub endpoint: &'a str,
    /// A name for people.
    pub moniker: &'a str,
}

/// The bonds of one account.
#[derive(Debug)]
pub struct Bonds<'a> {
    account: &'a Signer,
    contracts: &'a Contracts,
    staking: Staking,
}

impl<'a> Bonds<'a> {
    /// The account's bonds in these contracts.
    pub fn new(account: &'a Signer, contracts: &'a Contracts) -> Self {
        let staking = Staking::new(account.client().clone(), &contracts.staking);
        Self { account, contracts, staking }
    }

    /// OPEN that the account holds, in uopen.
    pub async fn held(&self) -> Result<u128, NodeError> {
        let token = OpenToken::new(self.account.client().clone(), &self.contracts.open_token);
        Ok(token.balance(self.account.address().to_owned()).await?.balance.u128())
    }

    /// The account as validator, if it is one.
    pub async fn validator(&self) -> Result<Option<ValidatorResponse>, NodeError> {
        found(self.staking.validator(self.account.address().to_owned()).await, "is not a validator")
    }

    /// The account as node operator, if it is one.
    pub async fn node(&self) -> Result<Option<OperatorResponse>, NodeError> {
        found(self.staking.operator(self.account.address().to_owned()).await, "is not an operator")
    }

    /// Becomes a validator whose epochs are signed with this key.
    pub async fn register_validator(
        &self,
        amount: u128,
        key: &BlsKey,
        profile: Profile<'_>,
    ) -> Result<TxOutcome, NodeError> {
        if let Some(validator) = self.validator().await? {
            return Err(NodeError::BondedAlready { role: "validator", bond: validator.self_bond.u128() });
        }
        let scope =
            Scope { chain_id: self.account.client().chain_id().into(), contract: self.contracts.staking.clone() };
        let register = ExecuteMsg::RegisterValidator {
            amount: Uint128::new(amount),
            bls_public_key: BlsPublicKey::new(key.public_key()),
            proof_of_possession: BlsSignature::new(key.prove_possession(&scope, self.account.address())),
            endpoint: text("endpoint", profile.endpoint)?,
            moniker: text("moniker", profile.moniker)?,
            commission: None,
            description: None,
        };
        self.pay(amount, &register).await
    }

    /// Becomes a node operator, which settlement asks of everybody who submits batches.
    pub async fn register_node(&self, amount: u128, profile: Profile<'_>) -> Result<TxOutcome, NodeError> {
        if let Some(node) = self.node().await? {
            return Err(NodeError::BondedAlready { role: "node", bond: node.bond.u128() });
        }
        let (endpoint, moniker) = (text("endpoint", profile.endpoint)?, text("moniker", profile.moniker)?);
        self.pay(amount, &ExecuteMsg::RegisterOperator { amount: Uint128::new(amount), endpoint, moniker }).await
    }

    /// Adds to a validator's own bond.
    pub async fn add_to_validator(&self, amount: u128) -> Result<TxOutcome, NodeError> {
        self.validator().await?.ok_or(NodeError::NotBonded { role: "validator" })?;
        self.pay(amount, &ExecuteMsg::BondMore { amount: Uint128::new(amount) }).await
    }

    /// Adds to a node operator's bond.
    pub async fn add_to_node(&self, amount: u128) -> Result<TxOutcome, NodeError> {
        self.node().await?.ok_or(NodeError::NotBonded { role: "node" })?;
        self.pay(amount, &ExecuteMsg::BondOperator { amount: Uint128::new(amount) }).await
    }

    /// Lets the staking contract take the amount, and sends the message that takes it: both happen or neither.
    async fn pay(&self, amount: u128, msg: &ExecuteMsg) -> Result<TxOutcome, NodeError> {
        let held = self.held().await?;
        if held < amount {
            return Err(NodeError::OpenTooLittle { held, needed: amount });
        }
        let (spender, amount) = (self.contracts.staking.clone(), Uint128::new(amount));
        let allow = Cw20ExecuteMsg::IncreaseAllowance { spender, amount, expires: None };
        let value =
            |message: serde_json::Result<Value>| message.map_err(|error| NodeError::Internal(error.to_string()));
        let calls = [
            (self.contracts.open_token.as_str(), value(serde_json::to_value(&allow))?, vec![]),
            (self.contracts.staking.as_str(), value(serde_json::to_value(msg))?, vec![]),
        ];
        Ok(self.account.execute_many(&calls).await?)
    }
}

/// The contract says in its own words that an account is not registered; anything else that fails is a failure.
fn found<T>(answer: Result<T, ChainError>, absent: &str) -> Result<Option<T>, NodeError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(ChainError::Query { message, .. }) if message.contains(absent) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn text<const MAX: usize>(field: &'static str, value: &str) -> Result<Text<MAX>, NodeError> {
    Text::new(value).map_err(|error| NodeError::BadRequest { field, problem: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(message: &str) -> ChainError {
        ChainError::Query { contract: "staking".into(), message: message.into() }
    }

    #[test]
    fn only_the_contracts_own_words_mean_that_nobody_is_registered() {
        let absent = "wasm1abc is not a validator: register_validator comes first";
        assert!(matches!(found::<u8>(Err(refusal(absent)), "is not a validator"), Ok(None)));
        assert!(matches!(found(Ok(7), "is not a validator"), Ok(Some(7))));
        assert!(found::<u8>(Err(refusal("unknown contract")), "is not a validator").is_err());
    }

    #[test]
    fn a_name_that_the_contract_would_refuse_is_refused_by_its_field() {
        let long = "x".repeat(65);
        let error = text::<64>("moniker", &long).unwrap_err();
        assert!(matches!(error, NodeError::BadRequest { field: "moniker", .. }), "{error}");
        assert!(text::<64>("moniker", "node").is_ok());
    }
}
