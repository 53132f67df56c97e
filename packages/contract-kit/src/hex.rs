//! Fixed-length bytes that are lower-case hexadecimal strings in JSON and in storage.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use cosmwasm_schema::schemars::{
    gen::SchemaGenerator,
    schema::{InstanceType, Metadata, Schema, SchemaObject, StringValidation},
    JsonSchema,
};
use cosmwasm_schema::serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Exactly `N` bytes. Upper-case digits, prefixes and any other length are refused, so every value has one spelling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hex<const N: usize>([u8; N]);

/// SHA-256 digest or Merkle root.
pub type Digest = Hex<32>;
/// Compressed secp256k1 public key.
pub type PublicKey33 = Hex<33>;
/// secp256k1 signature, r then s.
pub type Signature64 = Hex<64>;
/// Compressed BLS12-381 G1 point.
pub type BlsPublicKey = Hex<48>;
/// Compressed BLS12-381 G2 point.
pub type BlsSignature = Hex<96>;

/// Why a hexadecimal string was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum HexError {
    /// Wrong number of digits.
    #[error("hex string has {found} characters: {expected} are needed")]
    Length {
        /// Characters received.
        found: usize,
        /// Characters needed.
        expected: usize,
    },
    /// Something other than 0-9 and a-f.
    #[error("hex string has a wrong character at position {at}: only 0-9 and a-f are accepted")]
    Character {
        /// Position of the first wrong one.
        at: usize,
    },
}

impl<const N: usize> Hex<N> {
    /// Number of hexadecimal digits.
    pub const DIGITS: usize = N.saturating_mul(2);

    /// Wraps bytes.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes, by value.
    pub const fn into_bytes(self) -> [u8; N] {
        self.0
    }

    /// True when all bytes are zero, which no digest or key of ours is.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|b| *b == 0)
    }
}

impl Hex<33> {
    /// True when the first byte is that of a compressed point. Whether the point is on the curve shows only in use.
    pub fn has_compressed_prefix(&self) -> bool {
        matches!(self.0.first(), Some(2 | 3))
    }
}

impl<const N: usize> AsRef<[u8]> for Hex<N> {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> From<[u8; N]> for Hex<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hex({self})")
    }
}

impl<const N: usize> FromStr for Hex<N> {
    type Err = HexError;
    fn from_str(text: &str) -> Result<Self, HexError> {
        if text.len() != Self::DIGITS {
            return Err(HexError::Length { found: text.len(), expected: Self::DIGITS });
        }
        if let Some(at) = text.bytes().position(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(HexError::Character { at });
        }
        let mut bytes = [0u8; N];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| HexError::Character { at: 0 })?;
        Ok(Self(bytes))
    }
}

impl<const N: usize> Serialize for Hex<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, const N: usize> Deserialize<'de> for Hex<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl<const N: usize> JsonSchema for Hex<N> {
    fn schema_name() -> String {
        format!("Hex{N}")
    }
    fn schema_id() -> Cow<'static, str> {
        Cow::Owned(Self::schema_name())
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let digits = u32::try_from(Self::DIGITS).unwrap_or(u32::MAX);
        let pattern = format!("^[0-9a-f]{{{digits}}}$");
        string_schema(digits, digits, Some(pattern), format!("{N} bytes as lower-case hexadecimal."))
    }
}

/// JSON schema of a bounded string.
pub(crate) fn string_schema(min: u32, max: u32, pattern: Option<String>, description: String) -> Schema {
    Schema::Object(SchemaObject {
        instance_type: Some(InstanceType::String.into()),
        string: Some(Box::new(StringValidation { min_length: Some(min), max_length: Some(max), pattern })),
        metadata: Some(Box::new(Metadata { description: Some(description), ..Default::default() })),
        ..Default::default()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_std::{from_json, to_json_string};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_survives_json_with_one_spelling(bytes in prop::array::uniform32(any::<u8>())) {
            let digest = Digest::new(bytes);
            let json = to_json_string(&digest).unwrap();
            prop_assert_eq!(json.len(), 66);
            prop_assert_eq!(json.to_lowercase(), json.clone());
            prop_assert_eq!(from_json::<Digest>(json).unwrap(), digest);
        }
    }

    #[test]
    fn refuses_length_case_and_prefix() {
        assert_eq!("00".parse::<Hex<2>>(), Err(HexError::Length { found: 2, expected: 4 }));
        assert_eq!("00AA".parse::<Hex<2>>(), Err(HexError::Character { at: 2 }));
        assert_eq!("0x00".parse::<Hex<2>>(), Err(HexError::Character { at: 1 }));
        assert_eq!("ü00".parse::<Hex<2>>(), Err(HexError::Character { at: 0 }));
        assert!(from_json::<Hex<2>>("\"00\"").is_err());
    }

    #[test]
    fn knows_zero_and_compressed_points() {
        assert!(Digest::new([0; 32]).is_zero());
        assert!(!Digest::new([1; 32]).is_zero());
        let mut key = [7u8; 33];
        assert!(!PublicKey33::new(key).has_compressed_prefix());
        key[0] = 3;
        assert!(PublicKey33::new(key).has_compressed_prefix());
    }
}
