//! Bounded text.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use cosmwasm_schema::schemars::{gen::SchemaGenerator, schema::Schema, JsonSchema};
use cosmwasm_schema::serde::{de::Error as _, Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// Text of 1 to `MAX` bytes (UTF-8), without control characters and without white space at its ends.
///
/// In JSON it is a plain string. Wallets show these values, so characters that could hide or reorder text are refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(String);

/// Why a text was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TextError {
    /// No characters.
    #[error("text is empty: give 1 to {max} bytes")]
    Empty {
        /// Bound in bytes.
        max: usize,
    },
    /// Too many bytes.
    #[error("text has {found} bytes: at most {max} are accepted")]
    TooLong {
        /// Bytes received.
        found: usize,
        /// Bound in bytes.
        max: usize,
    },
    /// Control or bidirectional formatting character.
    #[error("text has the invisible character U+{code:04X} at byte {at}: remove it")]
    Invisible {
        /// Code point.
        code: u32,
        /// Byte offset.
        at: usize,
    },
    /// White space at an end.
    #[error("text begins or ends with white space: remove it")]
    Untrimmed,
}

impl<const MAX: usize> Text<MAX> {
    /// Checks and keeps a text.
    pub fn new(value: impl Into<String>) -> Result<Self, TextError> {
        let value = value.into();
        if value.is_empty() {
            return Err(TextError::Empty { max: MAX });
        }
        if value.len() > MAX {
            return Err(TextError::TooLong { found: value.len(), max: MAX });
        }
        if let Some((at, c)) = value.char_indices().find(|(_, c)| is_invisible(*c)) {
            return Err(TextError::Invisible { code: u32::from(c), at });
        }
        if value.trim().len() != value.len() {
            return Err(TextError::Untrimmed);
        }
        Ok(Self(value))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, zero-width characters and the Unicode controls that reorder what a reader sees.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> TryFrom<&str> for Text<MAX> {
    type Error = TextError;
    fn try_from(value: &str) -> Result<Self, TextError> {
        Self::new(value)
    }
}

impl<const MAX: usize> From<Text<MAX>> for String {
    fn from(value: Text<MAX>) -> Self {
        value.0
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl<const MAX: usize> JsonSchema for Text<MAX> {
    fn schema_name() -> String {
        format!("Text{MAX}")
    }
    fn schema_id() -> Cow<'static, str> {
        Cow::Owned(Self::schema_name())
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let max = u32::try_from(MAX).unwrap_or(u32::MAX);
        crate::hex::string_schema(1, max, None, format!("Visible text of 1 to {MAX} bytes."))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use cosmwasm_std::{from_json, to_json_string};

    #[test]
    fn keeps_good_text_as_a_plain_string() {
        let text: Text<8> = Text::new("a ü").unwrap();
        assert_eq!(to_json_string(&text).unwrap(), "\"a ü\"");
        assert_eq!(from_json::<Text<8>>("\"a ü\"").unwrap(), text);
    }

    #[test]
    fn refuses_each_kind_of_bad_text() {
        assert_eq!(Text::<3>::new(""), Err(TextError::Empty { max: 3 }));
        assert_eq!(Text::<3>::new("abcd"), Err(TextError::TooLong { found: 4, max: 3 }));
        assert_eq!(Text::<3>::new("üü"), Err(TextError::TooLong { found: 4, max: 3 }));
        assert_eq!(Text::<9>::new("a\nb"), Err(TextError::Invisible { code: 10, at: 1 }));
        assert_eq!(Text::<9>::new("a\u{202E}b"), Err(TextError::Invisible { code: 0x202E, at: 1 }));
        assert_eq!(Text::<9>::new(" a"), Err(TextError::Untrimmed));
        assert!(from_json::<Text<3>>("\"abcd\"").unwrap_err().to_string().contains("at most 3"));
    }
}
