use blst::{
    BLST_ERROR,
    min_pk::{AggregatePublicKey, PublicKey, Signature},
};
use k256::ecdsa::{VerifyingKey, signature::hazmat::PrehashVerifier};
use serde_json::Value;

use crate::{
    json::{bytes, hash, list, read, text},
    messages::encode,
};

/// The rule for vouchers and receipts: a compressed key, 64 bytes, low s.
fn secp256k1(key: &[u8], digest: &[u8; 32], signature: &[u8]) -> bool {
    let (Ok(point), Ok(signature)) =
        (VerifyingKey::from_sec1_bytes(key), k256::ecdsa::Signature::from_slice(signature))
    else {
        return false;
    };
    key.len() == 33 && signature.normalize_s().is_none() && point.verify_prehash(digest, &signature).is_ok()
}

/// The rule for epochs and proofs: both points in their subgroups, neither at infinity.
fn bls(key: &[u8], digest: &[u8; 32], dst: &str, signature: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) = (PublicKey::key_validate(key), Signature::sig_validate(signature, true)) else {
        return false;
    };
    signature.verify(true, digest, dst.as_bytes(), &[], &key, true) == BLST_ERROR::BLST_SUCCESS
}

#[test]
fn secp256k1_signatures() {
    let file = read("secp256k1.json");
    for case in list(&file, "valid") {
        let digest = hash(case, "digest");
        assert_eq!(encode(text(case, "kind"), &case["message"]).1, digest, "{case}");
        assert!(secp256k1(&bytes(case, "public_key"), &digest, &bytes(case, "signature")), "{case}");
    }
    for case in list(&file, "invalid") {
        assert!(!secp256k1(&bytes(case, "public_key"), &hash(case, "digest"), &bytes(case, "signature")), "{case}");
    }
}

#[test]
fn bls_signatures_of_epochs_and_keys() {
    let file = read("bls12_381.json");
    let dst = &file["dst"];
    let epoch = &file["epoch"];
    let digest = hash(epoch, "digest");
    assert_eq!(encode("epoch", &epoch["message"]).1, digest);
    for validator in list(&file, "validators") {
        let key = bytes(validator, "public_key");
        let proof = &validator["proof"];
        assert_eq!(encode("proof-of-possession", &proof["message"]).1, hash(proof, "digest"));
        assert_eq!(text(&proof["message"], "public_key"), text(validator, "public_key"));
        assert!(bls(&key, &hash(proof, "digest"), text(dst, "proof_of_possession"), &bytes(proof, "signature")));
        assert!(bls(&key, &digest, text(dst, "epoch"), &bytes(validator, "signature")));
    }
    assert!(bls(&bytes(epoch, "signing_key"), &digest, text(dst, "epoch"), &bytes(epoch, "signature")));
    for case in list(&file, "invalid") {
        let suite = text(dst, text(case, "dst"));
        assert!(!bls(&bytes(case, "public_key"), &hash(case, "digest"), suite, &bytes(case, "signature")), "{case}");
    }
}

#[test]
fn the_signing_key_is_the_sum_of_those_present() {
    let file = read("bls12_381.json");
    let absent: Vec<u64> = list(&file["epoch"], "absent").iter().map(|index| index.as_u64().unwrap()).collect();
    let sum = |keep: &dyn Fn(u64) -> bool| {
        let keys: Vec<PublicKey> = list(&file, "validators")
            .iter()
            .zip(0..)
            .filter(|(_, index)| keep(*index))
            .map(|(validator, _)| PublicKey::key_validate(&bytes(validator, "public_key")).unwrap())
            .collect();
        AggregatePublicKey::aggregate(&keys.iter().collect::<Vec<_>>(), true).unwrap().to_public_key().to_bytes()
    };
    assert_eq!(sum(&|_| true).to_vec(), bytes(&file["epoch"], "key_of_everybody"));
    assert_eq!(sum(&|index| !absent.contains(&index)).to_vec(), bytes(&file["epoch"], "signing_key"));
}

#[test]
fn points_that_are_no_keys_and_no_signatures() {
    let file = read("bls12_381.json");
    let refused = |key: &str, accept: &dyn Fn(&[u8]) -> bool| {
        let cases: &[Value] = list(&file, key);
        assert!(!cases.is_empty());
        for case in cases {
            assert!(!accept(&bytes(case, "bytes")), "{case}");
        }
    };
    refused("invalid_keys", &|bytes| PublicKey::key_validate(bytes).is_ok());
    refused("invalid_signatures", &|bytes| Signature::sig_validate(bytes, true).is_ok());
}
