//! Authorizations: one account lets another send certain messages in its name.
//!
//! A grantee's key can lie on a machine that is always online while the granter's stays offline: the granter permits
//! the calls of one contract, and the grantee sends them with [`Signer::execute_for`].
//!
//! ```no_run
//! # async fn example(cold: openledger_chain::Signer, hot: openledger_chain::Signer)
//! # -> Result<(), openledger_chain::ChainError> {
//! use openledger_chain::authz::{Authorization, Calls, Filter, Limit};
//!
//! let calls = Calls {
//!     contract: "wasm1...".to_owned(),
//!     limit: Limit::Calls(1_000),
//!     filter: Filter::Keys(vec!["post_batch".to_owned()]),
//! };
//! cold.grant(hot.address(), &Authorization::Contracts(vec![calls]), Some(1_800_000_000)).await?;
//! hot.execute_for(cold.address(), "wasm1...", &serde_json::json!({"post_batch": {}}), &[]).await?;
//! # Ok(()) }
//! ```

use cosmrs::Any;
use cosmwasm_std::Coin;
use openledger_cosmos_api::{
    cosmos::authz::v1beta1::{
        GenericAuthorization, Grant, MsgExec, MsgGrant, MsgRevoke, QueryGrantsRequest,
        query_client::QueryClient as AuthzClient,
    },
    cosmwasm::wasm::v1::{
        AcceptedMessageKeysFilter, AcceptedMessagesFilter, AllowAllMessagesFilter, CombinedLimit,
        ContractExecutionAuthorization, ContractGrant, MaxCallsLimit, MaxFundsLimit,
    },
};
use prost::{Message, Name};
use serde::Serialize;

use crate::{
    client::ChainClient,
    error::ChainError,
    grants::{MAX_PAGES, missing, page, read_coins, seconds, timestamp},
    outcome::TxOutcome,
    signer::Signer,
    signing::SigningKey,
    tx::{self, account, any, packed, wire_coins},
};

/// Type URL of contract calls.
pub const EXECUTE_CONTRACT: &str = "/cosmwasm.wasm.v1.MsgExecuteContract";

/// What the grantee may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorization {
    /// All messages of a type, without limits.
    Generic {
        /// Type URL.
        type_url: String,
    },
    /// Calls of contracts, each within its bounds.
    Contracts(Vec<Calls>),
    /// One that this client does not know.
    Other {
        /// Its type URL.
        type_url: String,
    },
}

/// Calls of one contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The contract.
    pub contract: String,
    /// How often, and with how many coins.
    pub limit: Limit,
    /// Which messages.
    pub filter: Filter,
}

/// A bound on calls. What is used is subtracted; a grant that is used up is removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// So many calls, none with coins.
    Calls(u64),
    /// Any number of calls with coins up to a sum in all.
    Funds(Vec<Coin>),
    /// Both.
    Combined {
        /// Calls.
        calls: u64,
        /// Coins in all.
        funds: Vec<Coin>,
    },
}

/// Which messages a contract may get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Every message.
    All,
    /// Messages of these names (top-level JSON keys).
    Keys(Vec<String>),
    /// Exactly these texts of JSON.
    Exactly(Vec<String>),
}

/// An authorization that a chain holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// What may be done.
    pub authorization: Authorization,
    /// Unix seconds; `None` for no end.
    pub expires_at: Option<u64>,
}

impl Authorization {
    /// The message type that it permits.
    #[must_use]
    pub fn message_type(&self) -> &str {
        match self {
            Self::Generic { type_url } | Self::Other { type_url } => type_url,
            Self::Contracts(_) => EXECUTE_CONTRACT,
        }
    }

    fn pack(&self) -> Result<prost_types::Any, ChainError> {
        match self {
            Self::Generic { type_url } => {
                if !type_url.starts_with('/') {
                    return Err(tx::invalid("message type", type_url, "a type URL begins with a slash"));
                }
                Ok(packed(&GenericAuthorization { msg: type_url.clone() }))
            }
            Self::Contracts(calls) => {
                if calls.is_empty() {
                    return Err(tx::invalid("contracts", "none", "the authorization would permit nothing"));
                }
                let grants = calls.iter().map(Calls::wire).collect::<Result<_, _>>()?;
                Ok(packed(&ContractExecutionAuthorization { grants }))
            }
            Self::Other { type_url } => Err(tx::invalid("authorization", type_url, "this client cannot make it")),
        }
    }

    fn read(call: &'static str, any: &prost_types::Any) -> Result<Self, ChainError> {
        let url = any.type_url.as_str();
        if url == GenericAuthorization::type_url() {
            let wire: GenericAuthorization = decode(call, any)?;
            return Ok(Self::Generic { type_url: wire.msg });
        }
        if url == ContractExecutionAuthorization::type_url() {
            let wire: ContractExecutionAuthorization = decode(call, any)?;
            return Ok(Self::Contracts(wire.grants.iter().map(|g| Calls::read(call, g)).collect::<Result<_, _>>()?));
        }
        Ok(Self::Other { type_url: url.to_owned() })
    }
}

impl Calls {
    fn wire(&self) -> Result<ContractGrant, ChainError> {
        account("contract", &self.contract)?;
        let nothing = |what| tx::invalid(what, "none", "the authorization would permit nothing");
        let limit = match &self.limit {
            Limit::Calls(0) | Limit::Combined { calls: 0, .. } => return Err(nothing("calls")),
            Limit::Calls(remaining) => packed(&MaxCallsLimit { remaining: *remaining }),
            Limit::Funds(funds) => packed(&MaxFundsLimit { amounts: some_coins(funds)? }),
            Limit::Combined { calls, funds } => {
                packed(&CombinedLimit { calls_remaining: *calls, amounts: some_coins(funds)? })
            }
        };
        let filter = match &self.filter {
            Filter::All => packed(&AllowAllMessagesFilter {}),
            Filter::Keys(keys) if keys.is_empty() => return Err(nothing("message names")),
            Filter::Keys(keys) => packed(&AcceptedMessageKeysFilter { keys: keys.clone() }),
            Filter::Exactly(texts) if texts.is_empty() => return Err(nothing("messages")),
            Filter::Exactly(texts) => {
                for text in texts {
                    serde_json::from_str::<serde::de::IgnoredAny>(text)
                        .map_err(|error| tx::invalid("message", text, error))?;
                }
                packed(&AcceptedMessagesFilter {
                    messages: texts.iter().map(|text| text.as_bytes().to_vec()).collect(),
                })
            }
        };
        Ok(ContractGrant { contract: self.contract.clone(), limit: Some(limit), filter: Some(filter) })
    }

    fn read(call: &'static str, wire: &ContractGrant) -> Result<Self, ChainError> {
        let limit = wire.limit.as_ref().ok_or_else(|| missing(call, "a contract's limit"))?;
        let unknown = |url: &str| ChainError::answer(call, format!("{} is not known", tx::brief(url)));
        let limit = match limit.type_url.as_str() {
            url if url == MaxCallsLimit::type_url() => Limit::Calls(decode::<MaxCallsLimit>(call, limit)?.remaining),
            url if url == MaxFundsLimit::type_url() => {
                Limit::Funds(read_coins(call, &decode::<MaxFundsLimit>(call, limit)?.amounts)?)
            }
            url if url == CombinedLimit::type_url() => {
                let wire: CombinedLimit = decode(call, limit)?;
                Limit::Combined { calls: wire.calls_remaining, funds: read_coins(call, &wire.amounts)? }
            }
            url => return Err(unknown(url)),
        };
        let filter = wire.filter.as_ref().ok_or_else(|| missing(call, "a contract's filter"))?;
        let filter = match filter.type_url.as_str() {
            url if url == AllowAllMessagesFilter::type_url() => Filter::All,
            url if url == AcceptedMessageKeysFilter::type_url() => {
                Filter::Keys(decode::<AcceptedMessageKeysFilter>(call, filter)?.keys)
            }
            url if url == AcceptedMessagesFilter::type_url() => {
                let texts = decode::<AcceptedMessagesFilter>(call, filter)?.messages.into_iter().map(String::from_utf8);
                let texts = texts.collect::<Result<_, _>>();
                Filter::Exactly(texts.map_err(|_| ChainError::answer(call, "a message is no text"))?)
            }
            url => return Err(unknown(url)),
        };
        Ok(Self { contract: wire.contract.clone(), limit, filter })
    }
}

/// The message that gives an authorization.
///
/// # Errors
/// [`ChainError::Invalid`] for bad addresses or bounds.
pub fn grant(
    granter: &str,
    grantee: &str,
    authorization: &Authorization,
    expires_at: Option<u64>,
) -> Result<Any, ChainError> {
    account("granter", granter)?;
    account("grantee", grantee)?;
    if granter == grantee {
        return Err(tx::invalid("grantee", grantee, "nobody grants to themselves"));
    }
    let grant =
        Grant { authorization: Some(authorization.pack()?), expiration: expires_at.map(timestamp).transpose()? };
    Ok(any(&MsgGrant { granter: granter.to_owned(), grantee: grantee.to_owned(), grant: Some(grant) }))
}

/// The message that ends the authorization for a message type.
///
/// # Errors
/// [`ChainError::Invalid`] for bad addresses.
pub fn revoke(granter: &str, grantee: &str, type_url: &str) -> Result<Any, ChainError> {
    account("granter", granter)?;
    account("grantee", grantee)?;
    Ok(any(&MsgRevoke { granter: granter.to_owned(), grantee: grantee.to_owned(), msg_type_url: type_url.to_owned() }))
}

/// The message in which a grantee sends messages of others.
///
/// # Errors
/// [`ChainError::Invalid`] for a bad address or no messages.
pub fn exec(grantee: &str, messages: &[Any]) -> Result<Any, ChainError> {
    account("grantee", grantee)?;
    if messages.is_empty() {
        return Err(tx::invalid("messages", "none", "there is nothing to send"));
    }
    let msgs = messages
        .iter()
        .map(|any| prost_types::Any { type_url: any.type_url.clone(), value: any.value.clone() })
        .collect();
    Ok(any(&MsgExec { grantee: grantee.to_owned(), msgs }))
}

impl<K: SigningKey> Signer<K> {
    /// Lets another account act for this one.
    ///
    /// # Errors
    /// As [`grant`] and [`Signer::execute`].
    pub async fn grant(
        &self,
        grantee: &str,
        authorization: &Authorization,
        expires_at: Option<u64>,
    ) -> Result<TxOutcome, ChainError> {
        self.broadcast(vec![grant(self.address(), grantee, authorization, expires_at)?]).await
    }

    /// Ends what another account may do for this one, for a message type.
    ///
    /// # Errors
    /// As [`revoke`] and [`Signer::execute`].
    pub async fn revoke(&self, grantee: &str, type_url: &str) -> Result<TxOutcome, ChainError> {
        self.broadcast(vec![revoke(self.address(), grantee, type_url)?]).await
    }

    /// Calls a contract in the name of another account, which has granted that.
    ///
    /// # Errors
    /// As [`Signer::execute`].
    pub async fn execute_for(
        &self,
        granter: &str,
        contract: &str,
        msg: &impl Serialize,
        funds: &[Coin],
    ) -> Result<TxOutcome, ChainError> {
        let call = tx::execute(granter, contract, msg, funds)?;
        self.broadcast(vec![exec(self.address(), &[call])?]).await
    }
}

impl ChainClient {
    /// What one account may do for another; an empty type means every message type.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] or [`ChainError::BadAnswer`].
    pub async fn authorizations(
        &self,
        granter: &str,
        grantee: &str,
        type_url: &str,
    ) -> Result<Vec<Granted>, ChainError> {
        let call = "Grants";
        let mut found = Vec::new();
        let mut key = Vec::new();
        for _ in 0..MAX_PAGES {
            let request = QueryGrantsRequest {
                granter: granter.to_owned(),
                grantee: grantee.to_owned(),
                msg_type_url: type_url.to_owned(),
                pagination: page(key),
            };
            let answer = match AuthzClient::new(self.channel()).grants(request).await {
                Ok(answer) => answer.into_inner(),
                Err(status) if status.code() == tonic::Code::NotFound => return Ok(found),
                Err(status) => return Err(ChainError::rpc(call, &status)),
            };
            for grant in answer.grants {
                let any = grant.authorization.ok_or_else(|| missing(call, "the authorization"))?;
                found.push(Granted {
                    authorization: Authorization::read(call, &any)?,
                    expires_at: grant.expiration.as_ref().map(|time| seconds(call, time)).transpose()?,
                });
            }
            key = answer.pagination.unwrap_or_default().next_key;
            if key.is_empty() {
                return Ok(found);
            }
        }
        Err(ChainError::answer(call, "the list does not end"))
    }
}

fn decode<M: Message + Default>(call: &'static str, any: &prost_types::Any) -> Result<M, ChainError> {
    M::decode(any.value.as_slice()).map_err(|error| ChainError::answer(call, error.to_string()))
}

fn some_coins(funds: &[Coin]) -> Result<Vec<openledger_cosmos_api::cosmos::base::v1beta1::Coin>, ChainError> {
    let coins = wire_coins(funds)?;
    if coins.is_empty() {
        return Err(tx::invalid("funds", "none", "the authorization would permit no coins; limit the calls instead"));
    }
    Ok(coins)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn calls(limit: Limit, filter: Filter) -> Authorization {
        let contract = Key::generate("contract").expect("randomness").address().to_owned();
        Authorization::Contracts(vec![Calls { contract, limit, filter }])
    }

    #[test]
    fn every_authorization_survives_the_wire() {
        let coins = || vec![Coin::new(3u128, "ustake")];
        for authorization in [
            Authorization::Generic { type_url: EXECUTE_CONTRACT.to_owned() },
            calls(Limit::Calls(5), Filter::All),
            calls(Limit::Funds(coins()), Filter::Keys(vec!["claim".to_owned()])),
            calls(Limit::Combined { calls: 2, funds: coins() }, Filter::Exactly(vec![r#"{"claim":{}}"#.to_owned()])),
        ] {
            let back = Authorization::read("x", &authorization.pack().expect("packs")).expect("reads");
            assert_eq!(back, authorization);
            assert_eq!(back.message_type(), EXECUTE_CONTRACT);
        }
    }

    #[test]
    fn refuses_authorizations_that_permit_nothing_or_are_malformed() {
        let (a, b) = (Key::generate("a").expect("randomness"), Key::generate("b").expect("randomness"));
        let bad_contract = Calls { contract: "x".to_owned(), limit: Limit::Calls(1), filter: Filter::All };
        for authorization in [
            Authorization::Generic { type_url: "cosmwasm".to_owned() },
            Authorization::Contracts(vec![]),
            Authorization::Contracts(vec![bad_contract]),
            calls(Limit::Calls(0), Filter::All),
            calls(Limit::Funds(vec![]), Filter::All),
            calls(Limit::Calls(1), Filter::Keys(vec![])),
            calls(Limit::Calls(1), Filter::Exactly(vec![])),
            calls(Limit::Calls(1), Filter::Exactly(vec!["{".to_owned()])),
            Authorization::Other { type_url: "/x".to_owned() },
        ] {
            let error = grant(a.address(), b.address(), &authorization, None).expect_err("refused");
            assert_eq!(error.code(), "CHAIN_INVALID_VALUE", "{authorization:?}");
        }
        let fine = calls(Limit::Calls(1), Filter::All);
        assert!(grant(a.address(), b.address(), &fine, Some(1_800_000_000)).is_ok());
        assert_eq!(grant(a.address(), a.address(), &fine, None).expect_err("self").code(), "CHAIN_INVALID_VALUE");
        assert_eq!(exec(b.address(), &[]).expect_err("empty").code(), "CHAIN_INVALID_VALUE");
    }

    #[test]
    fn exec_wraps_the_granters_own_message() {
        let (cold, hot) = (Key::generate("a").expect("randomness"), Key::generate("b").expect("randomness"));
        let call = tx::execute(cold.address(), hot.address(), &serde_json::json!({"claim": {}}), &[]).expect("packs");
        let any = exec(hot.address(), std::slice::from_ref(&call)).expect("packs");
        assert_eq!(any.type_url, "/cosmos.authz.v1beta1.MsgExec");
        let wire = MsgExec::decode(any.value.as_slice()).expect("decodes");
        assert_eq!((wire.grantee.as_str(), wire.msgs.len()), (hot.address(), 1));
        assert_eq!((wire.msgs[0].type_url.as_str(), &wire.msgs[0].value), (EXECUTE_CONTRACT, &call.value));
    }
}
