use blst::{
    BLST_ERROR,
    min_pk::{AggregatePublicKey, AggregateSignature, PublicKey, SecretKey, Signature},
};
use serde_json::{Value, json};

use super::{epoch, staking, with};
use crate::messages::encode;

/// Ciphersuite of epoch signatures: keys in G1, signatures in G2, proofs of possession.
pub const EPOCH_DST: &str = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
/// Ciphersuite of proofs of possession.
pub const PROOF_DST: &str = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

const VALIDATORS: usize = 4;
const ABSENT: usize = 2;

pub fn make() -> Value {
    let keys: Vec<SecretKey> =
        (0..VALIDATORS).map(|index| SecretKey::key_gen(&[0x40 + index as u8; 32], &[]).unwrap()).collect();
    let publics: Vec<PublicKey> = keys.iter().map(SecretKey::sk_to_pk).collect();
    let (_, digest) = encode("epoch", &epoch());
    let validators: Vec<Value> = keys
        .iter()
        .enumerate()
        .map(|(index, key)| {
            let (message, digest, proof) = proof(key, &key.sk_to_pk(), index);
            json!({
                "secret_key": hex::encode(key.to_bytes()),
                "public_key": hex::encode(key.sk_to_pk().to_bytes()),
                "proof": { "message": message, "digest": hex::encode(digest), "signature": hex::encode(proof.to_bytes()) },
                "signature": hex::encode(sign(key, &digest_of_epoch(), EPOCH_DST).to_bytes()),
            })
        })
        .collect();
    let present: Vec<usize> = (0..VALIDATORS).filter(|index| *index != ABSENT).collect();
    let everybody = aggregate_keys(&publics);
    let mut signing = AggregatePublicKey::from_public_key(&everybody);
    signing.sub_aggregate(&AggregatePublicKey::from_public_key(&publics[ABSENT]));
    let signing = signing.to_public_key();
    let signature = aggregate(&keys, &present, &digest);
    json!({
        "about": "BLS12-381 with keys in G1 (48 bytes) and signatures in G2 (96 bytes) over digests; the signing key is \
                  the key of everybody minus the absent; the secret keys are for tests only",
        "dst": { "epoch": EPOCH_DST, "proof_of_possession": PROOF_DST },
        "validators": validators,
        "epoch": {
            "message": epoch(),
            "digest": hex::encode(digest),
            "absent": [ABSENT],
            "key_of_everybody": hex::encode(everybody.to_bytes()),
            "signing_key": hex::encode(signing.to_bytes()),
            "signature": hex::encode(signature.to_bytes()),
        },
        "invalid": invalid(&keys, &publics, &signing),
        "invalid_keys": invalid_keys(&publics[0]),
        "invalid_signatures": invalid_signatures(&signature),
    })
}

fn digest_of_epoch() -> [u8; 32] {
    encode("epoch", &epoch()).1
}

fn sign(key: &SecretKey, digest: &[u8], dst: &str) -> Signature {
    key.sign(digest, dst.as_bytes(), &[])
}

fn proof(key: &SecretKey, shown: &PublicKey, index: usize) -> (Value, [u8; 32], Signature) {
    let message = json!({
        "scope": staking(),
        "validator": format!("wasm1validator{index}"),
        "public_key": hex::encode(shown.to_bytes()),
    });
    let (_, digest) = encode("proof-of-possession", &message);
    (message, digest, sign(key, &digest, PROOF_DST))
}

fn aggregate_keys(keys: &[PublicKey]) -> PublicKey {
    AggregatePublicKey::aggregate(&keys.iter().collect::<Vec<_>>(), true).unwrap().to_public_key()
}

fn aggregate(keys: &[SecretKey], who: &[usize], digest: &[u8]) -> Signature {
    let signatures: Vec<Signature> = who.iter().map(|index| sign(&keys[*index], digest, EPOCH_DST)).collect();
    AggregateSignature::aggregate(&signatures.iter().collect::<Vec<_>>(), true).unwrap().to_signature()
}

/// Well-formed keys and signatures that do not belong together.
fn invalid(keys: &[SecretKey], publics: &[PublicKey], signing: &PublicKey) -> Vec<Value> {
    let digest = digest_of_epoch();
    let other = encode("epoch", &with(&epoch(), "epoch", "13".into())).1;
    let (_, proof_digest, proof_0) = proof(&keys[0], &publics[0], 0);
    let (_, stolen_digest, _) = proof(&keys[0], &publics[0], 1);
    let everybody = aggregate_keys(publics);
    // A rogue key: what a validator would register to sign for two alone. Its proof cannot exist.
    let mut rogue = AggregatePublicKey::from_public_key(&publics[1]);
    rogue.sub_aggregate(&AggregatePublicKey::from_public_key(&publics[0]));
    let rogue = rogue.to_public_key();
    let (_, rogue_digest, rogue_proof) = proof(&keys[1], &rogue, 1);
    let three = aggregate(keys, &[0, 1, 3], &digest);
    let mut two_of_one = AggregateSignature::from_signature(&aggregate(keys, &[0, 1], &digest));
    two_of_one.add_signature(&sign(&keys[1], &digest, EPOCH_DST), true).unwrap();
    let cases = [
        ("three signed, verified for everybody", "epoch", &everybody, digest, three),
        ("everybody signed, verified for three", "epoch", signing, digest, aggregate(keys, &[0, 1, 2, 3], &digest)),
        ("the absent one signed for a present one", "epoch", signing, digest, aggregate(keys, &[0, 1, 2], &digest)),
        ("one signature counted twice", "epoch", signing, digest, two_of_one.to_signature()),
        ("two signed of three", "epoch", signing, digest, aggregate(keys, &[0, 1], &digest)),
        ("another epoch", "epoch", signing, other, three),
        ("epoch signed under the proof's suite", "epoch", &publics[0], digest, sign(&keys[0], &digest, PROOF_DST)),
        ("epoch verified under the proof's suite", "proof_of_possession", signing, digest, three),
        ("proof verified under the epoch's suite", "epoch", &publics[0], proof_digest, proof_0),
        ("proof of another key", "proof_of_possession", &publics[1], proof_digest, proof_0),
        ("proof copied to another validator", "proof_of_possession", &publics[0], stolen_digest, proof_0),
        ("proof of a rogue key", "proof_of_possession", &rogue, rogue_digest, rogue_proof),
    ];
    cases
        .into_iter()
        .map(|(name, dst, key, digest, signature)| {
            json!({
                "name": name,
                "dst": dst,
                "public_key": hex::encode(key.to_bytes()),
                "digest": hex::encode(digest),
                "signature": hex::encode(signature.to_bytes()),
            })
        })
        .collect()
}

fn invalid_keys(good: &PublicKey) -> Vec<Value> {
    let infinity = [&[0xc0][..], &[0; 47]].concat();
    let stranger = first(48, |bytes| {
        PublicKey::uncompress(bytes).is_ok_and(|key| key.validate() == Err(BLST_ERROR::BLST_POINT_NOT_IN_GROUP))
    });
    let off_curve = first(48, |bytes| PublicKey::uncompress(bytes) == Err(BLST_ERROR::BLST_POINT_NOT_ON_CURVE));
    points(&good.to_bytes(), infinity, stranger, off_curve)
}

fn invalid_signatures(good: &Signature) -> Vec<Value> {
    let infinity = [&[0xc0][..], &[0; 95]].concat();
    let stranger = first(96, |bytes| Signature::uncompress(bytes).is_ok_and(|point| !point.subgroup_check()));
    let off_curve = first(96, |bytes| Signature::uncompress(bytes) == Err(BLST_ERROR::BLST_POINT_NOT_ON_CURVE));
    points(&good.to_bytes(), infinity, stranger, off_curve)
}

fn points(good: &[u8], infinity: Vec<u8>, stranger: Vec<u8>, off_curve: Vec<u8>) -> Vec<Value> {
    let mut uncompressed_flag = good.to_vec();
    uncompressed_flag[0] &= 0x7f;
    let above_modulus = [&[0x9f][..], &vec![0xff; good.len() - 1]].concat();
    let cases = [
        ("point at infinity", infinity),
        ("on the curve, outside the subgroup", stranger),
        ("off the curve", off_curve),
        ("coordinate above the modulus", above_modulus),
        ("compression flag missing", uncompressed_flag),
        ("one byte short", good[..good.len() - 1].to_vec()),
        ("one byte long", [good, &[0]].concat()),
        ("nothing", vec![]),
    ];
    cases.into_iter().map(|(name, bytes)| json!({ "name": name, "bytes": hex::encode(bytes) })).collect()
}

/// The first compressed point with a small x coordinate that `wanted` accepts.
fn first(length: usize, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let candidates = (0..=u8::MAX).map(|x| {
        let mut bytes = vec![0; length];
        bytes[0] = 0x80;
        bytes[length - 1] = x;
        bytes
    });
    candidates.into_iter().find(|bytes| wanted(bytes)).unwrap()
}
