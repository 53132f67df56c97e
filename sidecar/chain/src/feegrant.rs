//! Fee allowances: one account lets another pay its fees from the first one's coins.
//!
//! ```no_run
//! # async fn example(operator: openledger_chain::Signer, granter: openledger_chain::Signer)
//! # -> Result<(), openledger_chain::ChainError> {
//! use openledger_chain::feegrant::{Allowance, Spending};
//! use cosmwasm_std::Coin;
//!
//! let day = Allowance::Basic(Spending { limit: vec![Coin::new(1_000_000u128, "ustake")], expires_at: None });
//! let only_calls = day.for_messages(["/cosmwasm.wasm.v1.MsgExecuteContract"]);
//! granter.grant_allowance(operator.address(), &only_calls).await?;
//! let operator = operator.with_fee_granter(granter.address())?;
//! # Ok(()) }
//! ```

use cosmrs::Any;
use cosmwasm_std::Coin;
use openledger_cosmos_api::cosmos::feegrant::v1beta1::{
    AllowedMsgAllowance, BasicAllowance, Grant, MsgGrantAllowance, MsgRevokeAllowance, PeriodicAllowance,
    QueryAllowanceRequest, QueryAllowancesByGranterRequest, QueryAllowancesRequest,
    query_client::QueryClient as FeegrantClient,
};
use prost::{Message, Name};
use prost_types::Duration;

use crate::{
    client::ChainClient,
    error::ChainError,
    grants::{MAX_PAGES, missing, page, read_coins, seconds, timestamp},
    outcome::TxOutcome,
    signer::Signer,
    signing::SigningKey,
    tx::{account, any, packed, wire_coins},
};

/// A sum and an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spending {
    /// What may be spent in all; empty for no limit.
    pub limit: Vec<Coin>,
    /// Unix seconds; `None` for no end.
    pub expires_at: Option<u64>,
}

/// What may be spent on fees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// A sum in all.
    Basic(Spending),
    /// A sum in each period, within a sum in all.
    Periodic {
        /// In all.
        total: Spending,
        /// Length of a period in seconds.
        period_s: u64,
        /// In each period.
        per_period: Vec<Coin>,
    },
    /// Another allowance, for transactions of these message types only.
    Messages {
        /// What may be spent.
        allowance: Box<Allowance>,
        /// Type URLs.
        type_urls: Vec<String>,
    },
    /// One that this client does not know.
    Other {
        /// Its type URL.
        type_url: String,
    },
}

/// An allowance and its parties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeeGrant {
    /// Who pays.
    pub granter: String,
    /// Whose fees are paid.
    pub grantee: String,
    /// What may be spent; current nodes subtract what has been spent.
    pub allowance: Allowance,
}

impl Allowance {
    /// Restricts the allowance to transactions of these message types.
    #[must_use]
    pub fn for_messages<'a>(self, type_urls: impl IntoIterator<Item = &'a str>) -> Self {
        let type_urls = type_urls.into_iter().map(str::to_owned).collect();
        Self::Messages { allowance: Box::new(self), type_urls }
    }

    fn pack(&self) -> Result<prost_types::Any, ChainError> {
        match self {
            Self::Basic(spending) => Ok(packed(&spending.wire()?)),
            Self::Periodic { total, period_s, per_period } => {
                let seconds = i64::try_from(*period_s)
                    .ok()
                    .filter(|seconds| *seconds > 0)
                    .ok_or_else(|| invalid("period", period_s, "a period lasts at least a second, and not for ever"))?;
                let per_period = wire_coins(per_period)?;
                if per_period.is_empty() {
                    return Err(invalid("period limit", "none", "each period needs a limit"));
                }
                Ok(packed(&PeriodicAllowance {
                    basic: Some(total.wire()?),
                    period: Some(Duration { seconds, nanos: 0 }),
                    period_spend_limit: per_period.clone(),
                    period_can_spend: per_period,
                    // The chain begins the first period when it takes the grant, as this moment has passed.
                    period_reset: Some(prost_types::Timestamp { seconds: 0, nanos: 0 }),
                }))
            }
            Self::Messages { allowance, type_urls } => {
                if type_urls.is_empty() {
                    return Err(invalid("message types", "none", "the allowance would pay for nothing"));
                }
                if matches!(**allowance, Self::Messages { .. }) {
                    return Err(invalid("allowance", "message types", "it is restricted to message types already"));
                }
                Ok(packed(&AllowedMsgAllowance {
                    allowance: Some(allowance.pack()?),
                    allowed_messages: type_urls.clone(),
                }))
            }
            Self::Other { type_url } => Err(invalid("allowance", type_url, "this client cannot make it")),
        }
    }

    fn read(call: &'static str, any: &prost_types::Any, depth: usize) -> Result<Self, ChainError> {
        fn decode<M: Message + Default>(call: &'static str, any: &prost_types::Any) -> Result<M, ChainError> {
            M::decode(any.value.as_slice()).map_err(|error| ChainError::answer(call, error.to_string()))
        }
        let url = any.type_url.as_str();
        if url == BasicAllowance::type_url() {
            return Ok(Self::Basic(Spending::read(call, &decode(call, any)?)?));
        }
        if url == PeriodicAllowance::type_url() {
            let wire: PeriodicAllowance = decode(call, any)?;
            let period = wire.period.ok_or_else(|| missing(call, "the period"))?;
            return Ok(Self::Periodic {
                total: Spending::read(call, &wire.basic.unwrap_or_default())?,
                period_s: u64::try_from(period.seconds)
                    .map_err(|_| ChainError::answer(call, "a period is negative"))?,
                per_period: read_coins(call, &wire.period_spend_limit)?,
            });
        }
        if url == AllowedMsgAllowance::type_url() && depth == 0 {
            let wire: AllowedMsgAllowance = decode(call, any)?;
            let inner = wire.allowance.ok_or_else(|| missing(call, "the inner allowance"))?;
            let allowance = Box::new(Self::read(call, &inner, depth.saturating_add(1))?);
            return Ok(Self::Messages { allowance, type_urls: wire.allowed_messages });
        }
        Ok(Self::Other { type_url: url.to_owned() })
    }
}

impl Spending {
    fn wire(&self) -> Result<BasicAllowance, ChainError> {
        Ok(BasicAllowance {
            spend_limit: wire_coins(&self.limit)?,
            expiration: self.expires_at.map(timestamp).transpose()?,
        })
    }

    fn read(call: &'static str, wire: &BasicAllowance) -> Result<Self, ChainError> {
        Ok(Self {
            limit: read_coins(call, &wire.spend_limit)?,
            expires_at: wire.expiration.as_ref().map(|time| seconds(call, time)).transpose()?,
        })
    }
}

/// The message that gives an allowance.
///
/// # Errors
/// [`ChainError::Invalid`] for bad addresses, coins or limits.
pub fn grant(granter: &str, grantee: &str, allowance: &Allowance) -> Result<Any, ChainError> {
    account("granter", granter)?;
    account("grantee", grantee)?;
    if granter == grantee {
        return Err(invalid("grantee", grantee, "nobody grants to themselves"));
    }
    Ok(any(&MsgGrantAllowance {
        granter: granter.to_owned(),
        grantee: grantee.to_owned(),
        allowance: Some(allowance.pack()?),
    }))
}

/// The message that ends an allowance.
///
/// # Errors
/// [`ChainError::Invalid`] for bad addresses.
pub fn revoke(granter: &str, grantee: &str) -> Result<Any, ChainError> {
    account("granter", granter)?;
    account("grantee", grantee)?;
    Ok(any(&MsgRevokeAllowance { granter: granter.to_owned(), grantee: grantee.to_owned() }))
}

impl<K: SigningKey> Signer<K> {
    /// Gives an allowance from this account.
    ///
    /// # Errors
    /// As [`grant`] and [`Signer::execute`].
    pub async fn grant_allowance(&self, grantee: &str, allowance: &Allowance) -> Result<TxOutcome, ChainError> {
        self.broadcast(vec![grant(self.address(), grantee, allowance)?]).await
    }

    /// Ends an allowance from this account.
    ///
    /// # Errors
    /// As [`revoke`] and [`Signer::execute`].
    pub async fn revoke_allowance(&self, grantee: &str) -> Result<TxOutcome, ChainError> {
        self.broadcast(vec![revoke(self.address(), grantee)?]).await
    }
}

impl ChainClient {
    /// The allowance between two accounts, if there is one.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] or [`ChainError::BadAnswer`].
    pub async fn fee_allowance(&self, granter: &str, grantee: &str) -> Result<Option<FeeGrant>, ChainError> {
        let call = "Allowance";
        let request = QueryAllowanceRequest { granter: granter.to_owned(), grantee: grantee.to_owned() };
        match FeegrantClient::new(self.channel()).allowance(request).await {
            Ok(answer) => answer.into_inner().allowance.map(|grant| read_grant(call, grant)).transpose(),
            // SDK nodes answer an absent grant with an internal error and this text.
            Err(status) if status.code() == tonic::Code::NotFound || status.message().contains("not found") => Ok(None),
            Err(status) => Err(ChainError::rpc(call, &status)),
        }
    }

    /// All allowances that an account has been given.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] or [`ChainError::BadAnswer`].
    pub async fn fee_allowances(&self, grantee: &str) -> Result<Vec<FeeGrant>, ChainError> {
        let call = "Allowances";
        let mut found = Vec::new();
        let mut key = Vec::new();
        for _ in 0..MAX_PAGES {
            let request = QueryAllowancesRequest { grantee: grantee.to_owned(), pagination: page(key) };
            let answer = FeegrantClient::new(self.channel())
                .allowances(request)
                .await
                .map_err(|status| ChainError::rpc(call, &status))?
                .into_inner();
            for grant in answer.allowances {
                found.push(read_grant(call, grant)?);
            }
            key = answer.pagination.unwrap_or_default().next_key;
            if key.is_empty() {
                return Ok(found);
            }
        }
        Err(ChainError::answer(call, "the list does not end"))
    }

    /// All allowances that an account has given.
    ///
    /// # Errors
    /// [`ChainError::Rpc`] or [`ChainError::BadAnswer`].
    pub async fn fee_allowances_by(&self, granter: &str) -> Result<Vec<FeeGrant>, ChainError> {
        let call = "AllowancesByGranter";
        let mut found = Vec::new();
        let mut key = Vec::new();
        for _ in 0..MAX_PAGES {
            let request = QueryAllowancesByGranterRequest { granter: granter.to_owned(), pagination: page(key) };
            let answer = FeegrantClient::new(self.channel())
                .allowances_by_granter(request)
                .await
                .map_err(|status| ChainError::rpc(call, &status))?
                .into_inner();
            for grant in answer.allowances {
                found.push(read_grant(call, grant)?);
            }
            key = answer.pagination.unwrap_or_default().next_key;
            if key.is_empty() {
                return Ok(found);
            }
        }
        Err(ChainError::answer(call, "the list does not end"))
    }
}

fn read_grant(call: &'static str, grant: Grant) -> Result<FeeGrant, ChainError> {
    let any = grant.allowance.ok_or_else(|| missing(call, "the allowance"))?;
    Ok(FeeGrant { granter: grant.granter, grantee: grant.grantee, allowance: Allowance::read(call, &any, 0)? })
}

fn invalid(what: &'static str, value: impl std::fmt::Display, reason: &str) -> ChainError {
    crate::tx::invalid(what, &value.to_string(), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn coins() -> Vec<Coin> {
        vec![Coin::new(5u128, "ustake"), Coin::new(7u128, "uatom")]
    }

    #[test]
    fn every_allowance_survives_the_wire() {
        let sorted = vec![Coin::new(7u128, "uatom"), Coin::new(5u128, "ustake")];
        let basic = Allowance::Basic(Spending { limit: coins(), expires_at: Some(1_800_000_000) });
        let read = Allowance::read("x", &basic.pack().expect("packs"), 0).expect("reads");
        assert_eq!(read, Allowance::Basic(Spending { limit: sorted.clone(), expires_at: Some(1_800_000_000) }));
        let periodic = Allowance::Periodic { total: Spending::default(), period_s: 86_400, per_period: sorted.clone() };
        let only = periodic.clone().for_messages(["/cosmwasm.wasm.v1.MsgExecuteContract"]);
        assert_eq!(Allowance::read("x", &only.pack().expect("packs"), 0).expect("reads"), only);
        let odd = prost_types::Any { type_url: "/x.Odd".to_owned(), value: vec![1] };
        assert_eq!(Allowance::read("x", &odd, 0).expect("named"), Allowance::Other { type_url: "/x.Odd".to_owned() });
    }

    #[test]
    fn refuses_allowances_that_a_chain_would_refuse_or_that_mean_nothing() {
        let (a, b) = (Key::generate("a").expect("randomness"), Key::generate("b").expect("randomness"));
        let basic = Allowance::Basic(Spending::default());
        assert!(grant(a.address(), b.address(), &basic).is_ok());
        for (granter, grantee) in [("x", b.address()), (a.address(), "x"), (a.address(), a.address())] {
            assert_eq!(grant(granter, grantee, &basic).expect_err("refused").code(), "CHAIN_INVALID_VALUE");
        }
        let periodic = |period_s, per_period| Allowance::Periodic { total: Spending::default(), period_s, per_period };
        for allowance in [
            periodic(0, coins()),
            periodic(u64::MAX, coins()),
            periodic(60, vec![]),
            basic.clone().for_messages([]),
            basic.clone().for_messages(["/a"]).for_messages(["/b"]),
            Allowance::Basic(Spending { limit: vec![], expires_at: Some(u64::MAX) }),
            Allowance::Other { type_url: "/x.Odd".to_owned() },
        ] {
            let error = grant(a.address(), b.address(), &allowance).expect_err("refused");
            assert_eq!(error.code(), "CHAIN_INVALID_VALUE", "{allowance:?}");
        }
        assert_eq!(revoke("x", b.address()).expect_err("refused").code(), "CHAIN_INVALID_VALUE");
    }
}
