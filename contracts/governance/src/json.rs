//! JSON inside a message, so that a wallet shows what a proposal would send and not its base64.
//!
//! A value has one meaning in every reader: whole numbers that a double holds exactly, no key twice, at most
//! [`MAX_DEPTH`] levels.

use std::{collections::BTreeMap, fmt};

use cosmwasm_schema::schemars::{
    gen::SchemaGenerator,
    schema::{Metadata, Schema, SchemaObject},
    JsonSchema,
};
use cosmwasm_schema::serde::{
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
    Deserialize, Deserializer, Serialize, Serializer,
};

/// Levels of objects and lists within each other.
pub const MAX_DEPTH: usize = 16;
/// Largest number, in both directions: what a double holds exactly. Larger ones are strings in every message of ours.
pub const MAX_NUMBER: u64 = 9_007_199_254_740_991;

/// Any JSON value without fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number of at most 53 bits.
    Number(i64),
    /// Text.
    String(String),
    /// A list.
    Array(Vec<Json>),
    /// Named values.
    Object(BTreeMap<String, Json>),
}

impl Json {
    /// The value of a key of an object.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Self::Object(values) => values.get(key),
            _ => None,
        }
    }

    /// The text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// A message of a contract: an object with one key, the message's name. Returns name and content.
    pub fn as_message(&self) -> Option<(&str, &Json)> {
        match self {
            Self::Object(values) if values.len() == 1 => {
                values.iter().next().map(|(name, content)| (name.as_str(), content))
            }
            _ => None,
        }
    }

    /// An object with one key.
    pub fn message(name: &str, content: Json) -> Self {
        Self::Object(BTreeMap::from([(name.to_owned(), content)]))
    }
}

/// As JSON text, for events and errors.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cosmwasm_std::to_json_string(self).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_i64(*value),
            Self::String(value) => serializer.serialize_str(value),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Object(values) => serializer.collect_map(values),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Level(MAX_DEPTH).deserialize(deserializer)
    }
}

/// Reads a value that may hold this many further levels.
#[derive(Clone, Copy)]
struct Level(usize);

impl Level {
    fn deeper<E: cosmwasm_schema::serde::de::Error>(self) -> Result<Self, E> {
        match self.0.checked_sub(1) {
            Some(left) => Ok(Self(left)),
            None => Err(E::custom(format!("JSON is nested deeper than {MAX_DEPTH} levels"))),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level {
    type Value = Json;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Level {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without fractions")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E: cosmwasm_schema::serde::de::Error>(self, value: u64) -> Result<Json, E> {
        match i64::try_from(value) {
            Ok(number) if value <= MAX_NUMBER => Ok(Json::Number(number)),
            _ => Err(E::custom(format!("{value} is above {MAX_NUMBER}: write it as a string"))),
        }
    }

    fn visit_i64<E: cosmwasm_schema::serde::de::Error>(self, value: i64) -> Result<Json, E> {
        if value.unsigned_abs() > MAX_NUMBER {
            return Err(E::custom(format!("{value} is beyond {MAX_NUMBER}: write it as a string")));
        }
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Json::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let inner = self.deeper()?;
        let mut values = BTreeMap::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(inner)?;
            if values.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key} comes twice")));
            }
            values.insert(key, value);
        }
        Ok(Json::Object(values))
    }
}

impl JsonSchema for Json {
    fn schema_name() -> String {
        "Json".to_owned()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        Schema::Object(SchemaObject {
            metadata: Some(Box::new(Metadata {
                description: Some("Any JSON value: whole numbers of at most 53 bits, at most 16 levels.".to_owned()),
                ..Default::default()
            })),
            ..Default::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cosmwasm_std::{from_json, to_json_string};

    #[test]
    fn values_survive_and_have_one_spelling() {
        let text = r#"{"a":[1,-2,"x",null,true],"b":{"c":"9007199254740993"}}"#;
        let json: Json = from_json(text).unwrap();
        assert_eq!(to_json_string(&json).unwrap(), text);
        assert_eq!(from_json::<Json>(r#"{"b":1,"a":2}"#).unwrap().to_string(), r#"{"a":2,"b":1}"#);
    }

    #[test]
    fn ambiguous_values_are_refused() {
        assert!(from_json::<Json>(r#"{"a":1,"a":2}"#).unwrap_err().to_string().contains("twice"));
        assert!(from_json::<Json>("9007199254740992").unwrap_err().to_string().contains("string"));
        assert!(from_json::<Json>("-9007199254740992").is_err());
        assert_eq!(from_json::<Json>("-9007199254740991").unwrap(), Json::Number(-9_007_199_254_740_991));
        assert!(from_json::<Json>("1.5").is_err());
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(from_json::<Json>(nested(16)).is_ok());
        assert!(from_json::<Json>(nested(17)).unwrap_err().to_string().contains("nested deeper"));
    }

    #[test]
    fn a_message_is_an_object_with_one_key() {
        let json = Json::message("pause", Json::Object(BTreeMap::new()));
        assert_eq!(json.as_message().unwrap().0, "pause");
        assert!(from_json::<Json>(r#"{"a":{},"b":{}}"#).unwrap().as_message().is_none());
        assert!(Json::String("pause".into()).as_message().is_none());
    }
}
