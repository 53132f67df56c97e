//! Files, and the few spellings that all vectors share: integers as strings, bytes as lower-case hex.

use std::path::PathBuf;

use serde_json::Value;

/// Set it to write the files instead of only comparing them.
pub const WRITE_SWITCH: &str = "OPENLEDGER_WRITE_VECTORS";

/// Widest line of a file; a value that fits stays on one line.
const WIDTH: usize = 120;

/// Where a vector file lives.
pub fn path(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "..", "..", "tests", "vectors", name].iter().collect()
}

/// The stored content of a vector file.
pub fn read(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path(name)).unwrap()).unwrap()
}

/// Text of a file, independent of serde_json's features: sorted keys, two spaces, short values on one line.
pub fn render(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, 0, &mut text);
    text.push('\n');
    text
}

fn write(value: &Value, depth: usize, lead: usize, text: &mut String) {
    let flat = flat(value);
    let (open, close, parts): (char, char, Vec<(String, &Value)>) = match value {
        Value::Array(items) => ('[', ']', items.iter().map(|item| (String::new(), item)).collect()),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            ('{', '}', keys.into_iter().map(|key| (format!("{}: ", Value::from(key.as_str())), &map[key])).collect())
        }
        _ => return text.push_str(&flat),
    };
    if flat.len() + lead + 2 * depth < WIDTH || parts.is_empty() {
        return text.push_str(&flat);
    }
    text.push(open);
    let count = parts.len();
    for (position, (key, part)) in parts.into_iter().enumerate() {
        text.push('\n');
        text.push_str(&"  ".repeat(depth + 1));
        text.push_str(&key);
        write(part, depth + 1, key.len() + 1, text);
        if position + 1 < count {
            text.push(',');
        }
    }
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
    text.push(close);
}

fn flat(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(flat).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let parts: Vec<String> =
                keys.into_iter().map(|key| format!("{}: {}", Value::from(key.as_str()), flat(&map[key]))).collect();
            if parts.is_empty() { "{}".into() } else { format!("{{ {} }}", parts.join(", ")) }
        }
        scalar => scalar.to_string(),
    }
}

/// Elements of an array field.
pub fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap_or_else(|| panic!("no list {key} in {value}"))
}

/// A text field.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("no text {key} in {value}"))
}

/// A field of bytes.
pub fn bytes(value: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(value, key)).unwrap()
}

/// A field of 32 bytes.
pub fn hash(value: &Value, key: &str) -> [u8; 32] {
    bytes(value, key).try_into().unwrap()
}

/// An integer written as a string.
pub fn number<T: std::str::FromStr>(value: &Value, key: &str) -> T {
    parse(&value[key])
}

/// Integers written as strings.
pub fn numbers<T: std::str::FromStr>(value: &Value, key: &str) -> Vec<T> {
    list(value, key).iter().map(parse).collect()
}

/// A list of hex strings.
pub fn blobs(value: &Value, key: &str) -> Vec<Vec<u8>> {
    list(value, key).iter().map(|item| hex::decode(item.as_str().unwrap()).unwrap()).collect()
}

/// Integers as strings.
pub fn strings<T: ToString>(values: impl IntoIterator<Item = T>) -> Vec<String> {
    values.into_iter().map(|value| value.to_string()).collect()
}

fn parse<T: std::str::FromStr>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no integer as text: {value}"))
}
