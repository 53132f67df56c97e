//! Messages from their JSON: absent fields are defaults, an absent message differs from an empty one.

use std::str::FromStr;

use openledger_protocol::{
    Attribution, BatchAccess, BatchHeader, Credit, CreditRole, DisputeVerdict, EpochStatement, Hash, Message,
    ProofOfPossession, Receipt, Scope, SessionCharge, Signed, Verdict, Voucher,
};
use serde_json::{Value, json};

/// Encoding and digest of a message of some kind.
pub fn encode(kind: &str, message: &Value) -> (Vec<u8>, Hash) {
    fn both<M: Signed>(message: M) -> (Vec<u8>, Hash) {
        (message.encode_to_vec(), message.digest())
    }
    match kind {
        "voucher" => both(voucher(message)),
        "receipt" => both(receipt(message)),
        "batch" => both(batch(message)),
        "credit" => both(credit(message)),
        "epoch" => both(epoch(message)),
        "verdict" => both(verdict(message)),
        "batch-access" => both(batch_access(message)),
        "proof-of-possession" => both(proof_of_possession(message)),
        other => panic!("no message of kind {other}"),
    }
}

/// What a message of some kind encodes to after decoding `bytes`.
pub fn reencode(kind: &str, bytes: &[u8]) -> Vec<u8> {
    match kind {
        "voucher" => Voucher::decode(bytes).unwrap().encode_to_vec(),
        "receipt" => Receipt::decode(bytes).unwrap().encode_to_vec(),
        "batch" => BatchHeader::decode(bytes).unwrap().encode_to_vec(),
        "credit" => Credit::decode(bytes).unwrap().encode_to_vec(),
        "epoch" => EpochStatement::decode(bytes).unwrap().encode_to_vec(),
        "verdict" => DisputeVerdict::decode(bytes).unwrap().encode_to_vec(),
        "batch-access" => BatchAccess::decode(bytes).unwrap().encode_to_vec(),
        "proof-of-possession" => ProofOfPossession::decode(bytes).unwrap().encode_to_vec(),
        other => panic!("no message of kind {other}"),
    }
}

pub fn scope(json: &Value) -> Scope {
    only(json, &["chain_id", "contract"]);
    Scope { chain_id: text(json, "chain_id"), contract: text(json, "contract") }
}

pub fn voucher(json: &Value) -> Voucher {
    only(json, &["scope", "session_id", "cumulative_amount", "sequence"]);
    Voucher {
        scope: json.get("scope").map(scope),
        session_id: number(json, "session_id"),
        cumulative_amount: text(json, "cumulative_amount"),
        sequence: number(json, "sequence"),
    }
}

fn charge(json: &Value) -> SessionCharge {
    only(json, &["session_id", "cumulative_fee", "voucher_amount", "voucher_sequence"]);
    SessionCharge {
        session_id: number(json, "session_id"),
        cumulative_fee: text(json, "cumulative_fee"),
        voucher_amount: text(json, "voucher_amount"),
        voucher_sequence: number(json, "voucher_sequence"),
    }
}

fn batch(json: &Value) -> BatchHeader {
    let counted = ["sequence", "receipts_root", "receipt_count", "credits_root", "credit_count"];
    only(json, &[&counted[..], &["scope", "node", "total", "charges"]].concat());
    BatchHeader {
        scope: json.get("scope").map(scope),
        node: text(json, "node"),
        sequence: number(json, "sequence"),
        receipts_root: bytes(json, "receipts_root"),
        receipt_count: number(json, "receipt_count"),
        credits_root: bytes(json, "credits_root"),
        credit_count: number(json, "credit_count"),
        total: text(json, "total"),
        charges: items(json, "charges").iter().map(charge).collect(),
    }
}

pub fn credit(json: &Value) -> Credit {
    only(json, &["payee", "receipt_id", "role", "cluster", "amount", "receipt_index"]);
    Credit {
        payee: text(json, "payee"),
        receipt_id: bytes(json, "receipt_id"),
        role: json.get("role").map_or(0, |role| CreditRole::from_str_name(role.as_str().unwrap()).unwrap().into()),
        cluster: number(json, "cluster"),
        amount: text(json, "amount"),
        receipt_index: number(json, "receipt_index"),
    }
}

pub fn credit_json(credit: &Credit) -> Value {
    json!({
        "payee": credit.payee,
        "receipt_id": hex::encode(&credit.receipt_id),
        "role": CreditRole::try_from(credit.role).unwrap().as_str_name(),
        "cluster": credit.cluster.to_string(),
        "amount": credit.amount,
        "receipt_index": credit.receipt_index.to_string(),
    })
}

pub fn epoch(json: &Value) -> EpochStatement {
    only(json, &["scope", "epoch", "set_id", "batch_ids", "payout_root", "payout_total", "payout_count", "round"]);
    EpochStatement {
        scope: json.get("scope").map(scope),
        epoch: number(json, "epoch"),
        set_id: number(json, "set_id"),
        batch_ids: numbers(json, "batch_ids"),
        payout_root: bytes(json, "payout_root"),
        payout_total: text(json, "payout_total"),
        payout_count: number(json, "payout_count"),
        round: small(json, "round"),
    }
}

pub fn verdict(json: &Value) -> DisputeVerdict {
    only(json, &["scope", "dispute_id", "set_id", "receipt_id", "verdict"]);
    let verdict = json.get("verdict").map_or(Verdict::Unspecified, |name| {
        Verdict::from_str_name(name.as_str().unwrap()).unwrap_or_else(|| panic!("no verdict {name}"))
    });
    DisputeVerdict {
        scope: json.get("scope").map(scope),
        dispute_id: number(json, "dispute_id"),
        set_id: number(json, "set_id"),
        receipt_id: bytes(json, "receipt_id"),
        verdict: verdict.into(),
    }
}

pub fn batch_access(json: &Value) -> BatchAccess {
    only(json, &["scope", "validator", "batch_id"]);
    BatchAccess {
        scope: json.get("scope").map(scope),
        validator: text(json, "validator"),
        batch_id: number(json, "batch_id"),
    }
}

pub fn proof_of_possession(json: &Value) -> ProofOfPossession {
    only(json, &["scope", "validator", "public_key"]);
    ProofOfPossession {
        scope: json.get("scope").map(scope),
        validator: text(json, "validator"),
        public_key: bytes(json, "public_key"),
    }
}

fn attribution(json: &Value) -> Attribution {
    only(json, &["policy", "deltas", "floor", "lift", "shares", "explained", "unattributed", "query_commitment"]);
    Attribution {
        policy: text(json, "policy"),
        deltas: numbers(json, "deltas"),
        floor: number(json, "floor"),
        lift: number(json, "lift"),
        shares: numbers(json, "shares"),
        explained: number(json, "explained"),
        unattributed: number(json, "unattributed"),
        query_commitment: bytes(json, "query_commitment"),
    }
}

pub fn attribution_json(attribution: &Attribution) -> Value {
    json!({
        "policy": attribution.policy,
        "deltas": crate::json::strings(&attribution.deltas),
        "floor": attribution.floor.to_string(),
        "lift": attribution.lift.to_string(),
        "shares": crate::json::strings(&attribution.shares),
        "explained": attribution.explained.to_string(),
        "unattributed": attribution.unattributed.to_string(),
    })
}

pub fn receipt(json: &Value) -> Receipt {
    let who = ["scope", "node", "session_id", "voucher_sequence", "adapter_id", "adapter_version", "served_at"];
    let digests = ["base_digest", "adapter_digest", "tokenizer_digest"];
    let commitments = ["prompt_commitment", "response_commitment", "sampling_commitment"];
    let tokens = ["prompt_tokens", "response_tokens", "prompt_price", "response_price"];
    only(json, &[&who[..], &digests, &commitments, &tokens, &["fee", "cumulative_fee", "attribution"]].concat());
    Receipt {
        scope: json.get("scope").map(scope),
        node: text(json, "node"),
        session_id: number(json, "session_id"),
        voucher_sequence: number(json, "voucher_sequence"),
        adapter_id: number(json, "adapter_id"),
        adapter_version: small(json, "adapter_version"),
        base_digest: bytes(json, "base_digest"),
        adapter_digest: bytes(json, "adapter_digest"),
        tokenizer_digest: bytes(json, "tokenizer_digest"),
        prompt_commitment: bytes(json, "prompt_commitment"),
        response_commitment: bytes(json, "response_commitment"),
        sampling_commitment: bytes(json, "sampling_commitment"),
        prompt_tokens: small(json, "prompt_tokens"),
        response_tokens: small(json, "response_tokens"),
        prompt_price: text(json, "prompt_price"),
        response_price: text(json, "response_price"),
        fee: text(json, "fee"),
        cumulative_fee: text(json, "cumulative_fee"),
        attribution: json.get("attribution").map(attribution),
        served_at: number(json, "served_at"),
    }
}

/// A misspelt field would silently become a default.
fn only(json: &Value, fields: &[&str]) {
    for key in json.as_object().unwrap_or_else(|| panic!("no object: {json}")).keys() {
        assert!(fields.contains(&key.as_str()), "unknown field {key} in {json}");
    }
}

fn text(json: &Value, key: &str) -> String {
    json.get(key).map_or(String::new(), |value| value.as_str().unwrap().into())
}

fn bytes(json: &Value, key: &str) -> Vec<u8> {
    hex::decode(text(json, key)).unwrap()
}

fn number<T: FromStr + Default>(json: &Value, key: &str) -> T {
    json.get(key).map_or_else(T::default, parse)
}

fn small(json: &Value, key: &str) -> u32 {
    json.get(key).map_or(0, |value| value.as_u64().unwrap().try_into().unwrap())
}

fn numbers<T: FromStr>(json: &Value, key: &str) -> Vec<T> {
    items(json, key).iter().map(parse).collect()
}

fn items<'a>(json: &'a Value, key: &str) -> &'a [Value] {
    json.get(key).map_or(&[], |value| value.as_array().unwrap())
}

fn parse<T: FromStr>(value: &Value) -> T {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no integer as text: {value}"))
}
