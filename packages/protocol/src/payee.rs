//! Who earns: an account, or something on chain whose income follows its current owner.
//!
//! A payee is a string in credits and payouts. Settlement looks up where the money goes when it is claimed, so that a
//! contributor who lost a key, or a developer who sold an adapter, changes one record and not the past.

use alloc::{format, string::String};
use core::{fmt, str::FromStr};

/// Longest payee, in bytes: a bech32 account has at most 90 characters.
pub const MAX_BYTES: usize = 90;

/// A payee, parsed. Every payee has one spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payee {
    /// A bech32 account, a contract included.
    Account(String),
    /// A contributor identity of the Datanets contract.
    Identity(u64),
    /// The developer's part of an adapter of the models contract.
    Adapter(u64),
    /// The commons of a Datanet.
    Datanet(u64),
}

/// Why a text is no payee.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayeeError {
    /// Empty or longer than [`MAX_BYTES`].
    #[error("a payee has 1 to {MAX_BYTES} bytes, this one has {0}")]
    Length(usize),
    /// The part before the colon names nothing.
    #[error("{0:?} is no kind of payee: identity, adapter and datanet are")]
    Kind(String),
    /// The part after the colon is no id.
    #[error("{0:?} is no id: decimal digits without leading zeros, from 1 to 2^64 - 1")]
    Id(String),
}

impl FromStr for Payee {
    type Err = PayeeError;

    fn from_str(text: &str) -> Result<Self, PayeeError> {
        if text.is_empty() || text.len() > MAX_BYTES {
            return Err(PayeeError::Length(text.len()));
        }
        let Some((kind, digits)) = text.split_once(':') else {
            return Ok(Self::Account(text.into()));
        };
        let make = match kind {
            "identity" => Self::Identity,
            "adapter" => Self::Adapter,
            "datanet" => Self::Datanet,
            _ => return Err(PayeeError::Kind(kind.into())),
        };
        let id = digits.parse::<u64>().ok().filter(|id| *id > 0 && format!("{id}") == digits);
        id.map(make).ok_or_else(|| PayeeError::Id(digits.into()))
    }
}

impl fmt::Display for Payee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(address) => f.write_str(address),
            Self::Identity(id) => write!(f, "identity:{id}"),
            Self::Adapter(id) => write!(f, "adapter:{id}"),
            Self::Datanet(id) => write!(f, "datanet:{id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_payee_is_refused_by_name() {
        assert_eq!("".parse::<Payee>(), Err(PayeeError::Length(0)));
        assert_eq!("a".repeat(91).parse::<Payee>(), Err(PayeeError::Length(91)));
        assert_eq!("pool:1".parse::<Payee>(), Err(PayeeError::Kind("pool".into())));
        for id in ["", "0", "01", "+1", "-1", " 1", "1 ", "1:2", "18446744073709551616", "x"] {
            assert_eq!(format!("adapter:{id}").parse::<Payee>(), Err(PayeeError::Id(id.into())), "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn every_payee_has_one_spelling(kind in 0..4u8, id in 1u64..) {
            let payee = match kind {
                0 => Payee::Account(format!("wasm1{id}")),
                1 => Payee::Identity(id),
                2 => Payee::Adapter(id),
                _ => Payee::Datanet(id),
            };
            prop_assert_eq!(payee.to_string().parse::<Payee>(), Ok(payee));
        }
    }
}
