//! Parameters of a CometBFT call, whether they came as JSON or in a URL.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Named parameters. From a URL all are texts, quoted or in hex.
pub struct Params {
    values: Map<String, Value>,
    from_url: bool,
}

impl Params {
    /// From a JSON-RPC request.
    ///
    /// # Errors
    /// Positional parameters are not known here.
    pub fn of_request(params: Option<Value>) -> Result<Self, String> {
        match params {
            None | Some(Value::Null) => Ok(Self::empty()),
            Some(Value::Object(values)) => Ok(Self { values, from_url: false }),
            Some(Value::Array(list)) if list.is_empty() => Ok(Self::empty()),
            Some(_) => Err("params must be an object with names".to_owned()),
        }
    }

    /// From a URL's query part.
    pub fn of_url(pairs: Vec<(String, String)>) -> Self {
        let values = pairs.into_iter().map(|(key, value)| (key, Value::String(value))).collect();
        Self { values, from_url: true }
    }

    fn empty() -> Self {
        Self { values: Map::new(), from_url: false }
    }

    /// A text; empty when absent.
    pub fn text(&self, name: &str) -> String {
        let text = self.values.get(name).and_then(Value::as_str).unwrap_or_default();
        let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        bare.filter(|_| self.from_url).unwrap_or(text).to_owned()
    }

    /// A whole number, as number or text.
    ///
    /// # Errors
    /// It is something else.
    pub fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let value = match self.values.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim_matches('"').parse().ok(),
            Some(value) => value.as_u64(),
        };
        value.map(Some).ok_or_else(|| format!("{name} is no whole number"))
    }

    /// Bytes in hex: the form of `abci_query`'s data.
    ///
    /// # Errors
    /// It is not hex.
    pub fn hex(&self, name: &str) -> Result<Vec<u8>, String> {
        let text = self.text(name);
        hex::decode(text.strip_prefix("0x").unwrap_or(&text)).map_err(|_| format!("{name} is not hex"))
    }

    /// Bytes in base64, or with `0x` in hex: the form of transactions and hashes.
    ///
    /// # Errors
    /// It is neither.
    pub fn base64(&self, name: &str) -> Result<Vec<u8>, String> {
        let text = self.text(name);
        match text.strip_prefix("0x").filter(|_| self.from_url) {
            Some(digits) => hex::decode(digits).map_err(|_| format!("{name} is not hex")),
            None => STANDARD.decode(&text).map_err(|_| format!("{name} is not base64")),
        }
    }
}
