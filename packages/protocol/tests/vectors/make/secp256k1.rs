use k256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use serde_json::{Value, json};

use super::{receipt, voucher, with};
use crate::messages::encode;

pub fn make() -> Value {
    let session = key(0x11);
    let node = key(0x22);
    let other_voucher = with(&voucher(), "sequence", "4".into());
    let valid = [
        ("voucher by the session key", &session, 0x11, "voucher", voucher()),
        ("next voucher by the session key", &session, 0x11, "voucher", other_voucher.clone()),
        ("receipt by the node key", &node, 0x22, "receipt", receipt()),
    ];
    let valid = valid.map(|(name, key, byte, kind, message)| {
        let (_, digest) = encode(kind, &message);
        json!({
            "name": name,
            "secret_key": hex::encode([byte; 32]),
            "public_key": hex::encode(public(key)),
            "kind": kind,
            "message": message,
            "digest": hex::encode(digest),
            "signature": hex::encode(sign(key, &digest).to_bytes()),
        })
    });
    json!({
        "about": "64-byte r||s signatures with low s over a message's digest (not hashed again), nonces by RFC 6979; \
                  public keys are compressed; the secret keys are for tests only",
        "valid": valid,
        "invalid": invalid(&session, &node, &other_voucher),
    })
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_slice(&[byte; 32]).unwrap()
}

fn public(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_encoded_point(true).as_bytes().to_vec()
}

fn sign(key: &SigningKey, digest: &[u8; 32]) -> Signature {
    let signature: Signature = key.sign_prehash(digest).unwrap();
    signature.normalize_s().unwrap_or(signature)
}

fn invalid(session: &SigningKey, node: &SigningKey, other: &Value) -> Vec<Value> {
    let (encoding, digest) = encode("voucher", &voucher());
    let good = sign(session, &digest);
    let bytes = good.to_bytes().to_vec();
    let (r, s) = bytes.split_at(32);
    let high = Signature::from_scalars(*good.r(), -*good.s()).unwrap().to_bytes().to_vec();
    let order = hex::decode("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141").unwrap();
    let mut flipped = bytes.clone();
    flipped[40] ^= 1;
    let twice: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(digest).into();
    let plain: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(encoding).into();
    let good_key = public(session);
    let mut off_curve = good_key.clone();
    off_curve[1..].copy_from_slice(&[5; 32]);
    let zero = [0; 32];
    let cases: Vec<(&str, Vec<u8>, Vec<u8>)> = vec![
        ("high s, the same signature spelled twice", good_key.clone(), high),
        ("one bit flipped", good_key.clone(), flipped),
        ("r and s swapped", good_key.clone(), [s, r].concat()),
        ("r zero", good_key.clone(), [&zero, s].concat()),
        ("s zero", good_key.clone(), [r, &zero].concat()),
        ("r at the order", good_key.clone(), [&order, s].concat()),
        ("s at the order", good_key.clone(), [r, &order].concat()),
        ("63 bytes", good_key.clone(), bytes[..63].to_vec()),
        ("65 bytes, with a recovery id", good_key.clone(), [&bytes[..], &[0]].concat()),
        ("DER", good_key.clone(), good.to_der().as_bytes().to_vec()),
        ("another key", public(node), bytes.clone()),
        (
            "another voucher's signature",
            good_key.clone(),
            sign(session, &encode("voucher", other).1).to_bytes().to_vec(),
        ),
        ("digest hashed again", good_key.clone(), sign(session, &twice).to_bytes().to_vec()),
        ("message hashed without its tag", good_key.clone(), sign(session, &plain).to_bytes().to_vec()),
        ("the other root of the key", [&[good_key[0] ^ 1], &good_key[1..]].concat(), bytes.clone()),
        ("key off the curve", off_curve, bytes.clone()),
        ("key of 32 bytes", good_key[1..].to_vec(), bytes.clone()),
        ("uncompressed key", session.verifying_key().to_encoded_point(false).as_bytes().to_vec(), bytes.clone()),
    ];
    cases
        .into_iter()
        .map(|(name, key, signature)| {
            json!({
                "name": name,
                "public_key": hex::encode(key),
                "digest": hex::encode(digest),
                "signature": hex::encode(signature),
            })
        })
        .collect()
}
