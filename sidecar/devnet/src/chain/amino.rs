//! The legacy JSON that hardware wallets sign: rebuilt from the decoded transaction, never taken from the client.

use base64::{Engine, engine::general_purpose::STANDARD};
use openledger_cosmos_api::{
    cosmos::base::v1beta1::Coin,
    cosmwasm::wasm::v1::{AccessConfig, AccessType},
};
use serde_json::{Map, Value, json};

use super::{
    decode::{Action, DecodedTx},
    fault::Fault,
};

/// Integers that every JSON implementation keeps exactly.
const MAX_EXACT: u64 = 1 << 53;

/// The bytes a `SIGN_MODE_LEGACY_AMINO_JSON` signature covers.
pub fn sign_bytes(tx: &DecodedTx, chain_id: &str, account_number: u64, sequence: u64) -> Result<Vec<u8>, Fault> {
    let fee = tx.auth.fee.clone().unwrap_or_default();
    let mut fee_json = json!({
        "amount": coins(&fee.amount),
        "gas": fee.gas_limit.to_string(),
    });
    put_text(&mut fee_json, "payer", &fee.payer);
    put_text(&mut fee_json, "granter", &fee.granter);
    let messages = tx.actions.iter().map(message).collect::<Result<Vec<_>, _>>()?;
    let mut document = json!({
        "account_number": account_number.to_string(),
        "chain_id": chain_id,
        "fee": fee_json,
        "memo": tx.body.memo,
        "msgs": messages,
        "sequence": sequence.to_string(),
    });
    if tx.body.timeout_height != 0 {
        put(&mut document, "timeout_height", json!(tx.body.timeout_height.to_string()));
    }
    let mut out = String::new();
    write_sorted(&document, &mut out)?;
    Ok(out.into_bytes())
}

fn message(action: &Action) -> Result<Value, Fault> {
    let (kind, value) = match action {
        Action::Send(msg) => (
            "cosmos-sdk/MsgSend",
            json!({
                "amount": coins(&msg.amount),
                "from_address": msg.from_address,
                "to_address": msg.to_address,
            }),
        ),
        Action::Store(msg) => {
            let mut value = json!({
                "sender": msg.sender,
                "wasm_byte_code": STANDARD.encode(&msg.wasm_byte_code),
            });
            if let Some(access) = &msg.instantiate_permission {
                put(&mut value, "instantiate_permission", permission(access));
            }
            ("wasm/MsgStoreCode", value)
        }
        Action::Instantiate(msg) => {
            let mut value = json!({
                "code_id": msg.code_id.to_string(),
                "funds": coins(&msg.funds),
                "label": msg.label,
                "msg": inline(&msg.msg)?,
                "sender": msg.sender,
            });
            put_text(&mut value, "admin", &msg.admin);
            ("wasm/MsgInstantiateContract", value)
        }
        Action::Instantiate2(msg) => {
            let mut value = json!({
                "code_id": msg.code_id.to_string(),
                "funds": coins(&msg.funds),
                "label": msg.label,
                "msg": inline(&msg.msg)?,
                "salt": STANDARD.encode(&msg.salt),
                "sender": msg.sender,
            });
            put_text(&mut value, "admin", &msg.admin);
            if msg.fix_msg {
                put(&mut value, "fix_msg", Value::Bool(true));
            }
            ("wasm/MsgInstantiateContract2", value)
        }
        Action::Execute(msg) => (
            "wasm/MsgExecuteContract",
            json!({
                "contract": msg.contract,
                "funds": coins(&msg.funds),
                "msg": inline(&msg.msg)?,
                "sender": msg.sender,
            }),
        ),
        Action::Migrate(msg) => (
            "wasm/MsgMigrateContract",
            json!({
                "code_id": msg.code_id.to_string(),
                "contract": msg.contract,
                "msg": inline(&msg.msg)?,
                "sender": msg.sender,
            }),
        ),
        Action::UpdateAdmin(msg) => (
            "wasm/MsgUpdateAdmin",
            json!({
                "contract": msg.contract,
                "new_admin": msg.new_admin,
                "sender": msg.sender,
            }),
        ),
        Action::ClearAdmin(msg) => (
            "wasm/MsgClearAdmin",
            json!({
                "contract": msg.contract,
                "sender": msg.sender,
            }),
        ),
        Action::Sudo(_) => {
            return Err(Fault::invalid_request("nobody holds the gov account's key, so nobody signs a sudo message"));
        }
    };
    Ok(json!({ "type": kind, "value": value }))
}

fn coins(coins: &[Coin]) -> Value {
    coins.iter().map(|coin| json!({ "amount": coin.amount, "denom": coin.denom })).collect()
}

fn permission(access: &AccessConfig) -> Value {
    let name = match access.permission() {
        AccessType::Nobody => "Nobody",
        AccessType::Everybody => "Everybody",
        AccessType::AnyOfAddresses => "AnyOfAddresses",
        AccessType::Unspecified => "Unspecified",
    };
    let mut value = json!({ "permission": name });
    if !access.addresses.is_empty() {
        put(&mut value, "addresses", json!(access.addresses));
    }
    value
}

/// A contract message as part of the document.
fn inline(msg: &[u8]) -> Result<Value, Fault> {
    serde_json::from_slice(msg)
        .map_err(|error| Fault::invalid_request(format!("contract message is not JSON: {error}")))
}

fn put_text(value: &mut Value, key: &str, text: &str) {
    if !text.is_empty() {
        put(value, key, json!(text));
    }
}

fn put(value: &mut Value, key: &str, entry: Value) {
    if let Value::Object(map) = value {
        map.insert(key.to_owned(), entry);
    }
}

/// Keys sorted at every level, no white space.
fn write_sorted(value: &Value, out: &mut String) -> Result<(), Fault> {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => {
            let exact = number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_EXACT)
                || number.as_u64().is_some_and(|n| n <= MAX_EXACT);
            if !exact {
                return Err(Fault::invalid_request(format!(
                    "the number {number} does not survive legacy JSON signing; write it as a string"
                )));
            }
            out.push_str(&number.to_string());
        }
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_sorted(item, out)?;
            }
            out.push(']');
        }
        Value::Object(map) => write_object(map, out)?,
    }
    Ok(())
}

fn write_object(map: &Map<String, Value>, out: &mut String) -> Result<(), Fault> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_text(key, out);
        out.push(':');
        write_sorted(value, out)?;
    }
    out.push('}');
    Ok(())
}

/// A string as Go's encoder writes it: HTML characters and the two line separators are escaped too.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '&' | '<' | '>' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &Value) -> String {
        let mut out = String::new();
        write_sorted(value, &mut out).expect("exact numbers");
        out
    }

    #[test]
    fn sorts_at_every_level_and_escapes_as_go_does() {
        let value = json!({"b": {"z": 1, "a": [true, null]}, "a": "x<y>&\"\u{2028}\u{1}\n"});
        assert_eq!(written(&value), r#"{"a":"x\u003cy\u003e\u0026\"\u2028\u0001\n","b":{"a":[true,null],"z":1}}"#);
    }

    #[test]
    fn refuses_numbers_that_lose_digits() {
        for value in [json!(1.5), json!(9_007_199_254_740_993_u64), json!(u64::MAX)] {
            let mut out = String::new();
            assert!(write_sorted(&value, &mut out).is_err(), "{value}");
        }
        assert_eq!(written(&json!(-9_007_199_254_740_992_i64)), "-9007199254740992");
    }
}
