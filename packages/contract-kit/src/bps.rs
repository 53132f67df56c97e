//! Fractions in basis points.

use std::fmt;

use cosmwasm_schema::schemars::{
    gen::SchemaGenerator,
    schema::{InstanceType, Metadata, NumberValidation, Schema, SchemaObject},
    JsonSchema,
};
use cosmwasm_schema::serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use cosmwasm_std::Uint128;
use thiserror::Error;

/// A fraction of 0 to 10 000 basis points. In JSON it is a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bps(u16);

/// More than 100 %.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{found} basis points: at most 10000 (100 %) are accepted")]
pub struct BpsError {
    /// Value received.
    pub found: u16,
}

impl Bps {
    /// 100 %.
    pub const ONE: u16 = 10_000;
    /// 0 %.
    pub const ZERO: Self = Self(0);

    /// Checks and keeps a number of basis points.
    pub fn new(points: u16) -> Result<Self, BpsError> {
        if points > Self::ONE {
            return Err(BpsError { found: points });
        }
        Ok(Self(points))
    }

    /// Basis points, 0 to 10 000.
    pub const fn points(self) -> u16 {
        self.0
    }

    /// This fraction of an amount, rounded down. Cannot overflow: the product is 256 bits wide.
    pub fn of(self, amount: Uint128) -> Uint128 {
        amount.multiply_ratio(self.0, Self::ONE)
    }
}

impl fmt::Display for Bps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Bps {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(self.0)
    }
}

impl<'de> Deserialize<'de> for Bps {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u16::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Bps {
    fn schema_name() -> String {
        "Bps".to_owned()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::Object(SchemaObject {
            instance_type: Some(InstanceType::Integer.into()),
            number: Some(Box::new(NumberValidation {
                minimum: Some(0.0),
                maximum: Some(f64::from(Self::ONE)),
                ..Default::default()
            })),
            metadata: Some(Box::new(Metadata {
                description: Some("Basis points: 10000 is 100 %.".to_owned()),
                ..Default::default()
            })),
            ..Default::default()
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_std::{from_json, to_json_string};

    #[test]
    fn bounds_hold_in_code_and_json() {
        assert_eq!(Bps::new(10_001), Err(BpsError { found: 10_001 }));
        assert_eq!(to_json_string(&Bps::new(10_000).unwrap()).unwrap(), "10000");
        assert!(from_json::<Bps>("10001").is_err());
        assert!(from_json::<Bps>("-1").is_err());
    }

    #[test]
    fn fractions_round_down_and_never_overflow() {
        let half = Bps::new(5_000).unwrap();
        assert_eq!(half.of(Uint128::new(3)), Uint128::new(1));
        assert_eq!(Bps::new(10_000).unwrap().of(Uint128::MAX), Uint128::MAX);
        assert_eq!(Bps::ZERO.of(Uint128::MAX), Uint128::zero());
    }
}
