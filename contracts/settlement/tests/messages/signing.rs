//! Keys and signatures as buyers and validators make them.

use blst::min_pk::{AggregateSignature, SecretKey};
use k256::ecdsa::{signature::hazmat::PrehashSigner, Signature, SigningKey};
use openledger_protocol::{EpochStatement, ProofOfPossession, Scope, Signed, Voucher};
use settlement::msg::{BlsSignature, PublicKey33, Signature64};

pub const POP_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
pub const EPOCH_DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A validator's key, the same for the same number.
pub fn validator_key(number: u8) -> SecretKey {
    SecretKey::key_gen(&[number; 32], &[]).unwrap()
}

pub fn possession(number: u8, scope: Scope, validator: &str) -> BlsSignature {
    let key = validator_key(number);
    let public_key = key.sk_to_pk().to_bytes().to_vec();
    let digest = ProofOfPossession { scope: Some(scope), validator: validator.into(), public_key }.digest();
    key.sign(&digest, POP_DST, &[]).to_bytes().into()
}

/// Aggregate signature of the validators with these numbers over a statement.
pub fn attest(statement: &EpochStatement, signers: &[u8]) -> BlsSignature {
    sign_all(&statement.digest(), signers)
}

/// Aggregate signature of the validators with these numbers over a digest.
pub fn sign_all(digest: &[u8; 32], signers: &[u8]) -> BlsSignature {
    let signatures: Vec<_> = signers.iter().map(|number| validator_key(*number).sign(digest, EPOCH_DST, &[])).collect();
    let aggregate = AggregateSignature::aggregate(&signatures.iter().collect::<Vec<_>>(), true).unwrap();
    aggregate.to_signature().to_bytes().into()
}

/// A session's key, the same for the same number.
pub fn session_key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number.wrapping_add(1); 32]).unwrap()
}

pub fn public_key(key: &SigningKey) -> PublicKey33 {
    let point = key.verifying_key().to_encoded_point(true);
    let bytes: [u8; 33] = point.as_bytes().try_into().unwrap();
    bytes.into()
}

pub fn voucher(key: &SigningKey, scope: Scope, session_id: u64, amount: u128, sequence: u64) -> Signature64 {
    let digest = Voucher { scope: Some(scope), session_id, cumulative_amount: amount.to_string(), sequence }.digest();
    let signature: Signature = key.sign_prehash(&digest).unwrap();
    let signature = signature.normalize_s().unwrap_or(signature);
    let bytes: [u8; 64] = signature.to_bytes().into();
    bytes.into()
}

/// The same signature with its other s.
pub fn flip_s(signature: &Signature64) -> Signature64 {
    let signature = Signature::from_slice(signature.as_ref()).unwrap();
    let (r, s) = signature.split_scalars();
    let flipped = Signature::from_scalars(r.to_bytes(), (-*s).to_bytes()).unwrap();
    let bytes: [u8; 64] = flipped.to_bytes().into();
    bytes.into()
}
