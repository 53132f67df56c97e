//! Keys and signatures as buyers and validators make them; the same number gives the same key.

use std::sync::LazyLock;

use blst::min_pk::{AggregateSignature, SecretKey};
use k256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use openledger_contract_kit::{BlsPublicKey, BlsSignature, PublicKey33, Signature64};
use openledger_protocol::{ProofOfPossession, Scope, Signed, Voucher};

const POP_DST: &[u8] = b"BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const EPOCH_DST: &[u8] = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";

/// A validator's key.
#[allow(clippy::expect_used)] // the key material is long enough
pub fn validator(number: u8) -> SecretKey {
    SecretKey::key_gen(&[number.wrapping_add(1); 32], &[]).expect("32 bytes are enough")
}

/// Its public key.
pub fn public(number: u8) -> BlsPublicKey {
    // Every check asks for those of all validators.
    static ALL: LazyLock<Vec<BlsPublicKey>> =
        LazyLock::new(|| (0..=u8::MAX).map(|number| validator(number).sk_to_pk().to_bytes().into()).collect());
    ALL[usize::from(number)]
}

/// Proof that a validator holds its key.
pub fn possession(number: u8, scope: Scope, account: &str) -> BlsSignature {
    let key = validator(number);
    let public_key = key.sk_to_pk().to_bytes().to_vec();
    let digest = ProofOfPossession { scope: Some(scope), validator: account.into(), public_key }.digest();
    key.sign(&digest, POP_DST, &[]).to_bytes().into()
}

/// Aggregate signature of validators over the digest of a statement; at least one of them.
#[allow(clippy::expect_used)] // our own signatures aggregate
pub fn attest(digest: &[u8; 32], signers: &[u8]) -> BlsSignature {
    let signatures: Vec<_> = signers.iter().map(|number| validator(*number).sign(digest, EPOCH_DST, &[])).collect();
    let all: Vec<_> = signatures.iter().collect();
    AggregateSignature::aggregate(&all, false).expect("valid signatures").to_signature().to_bytes().into()
}

/// The session key of a person.
#[allow(clippy::expect_used)] // a small number is a valid scalar
pub fn session(person: usize) -> SigningKey {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&(person as u64 + 1).to_be_bytes());
    SigningKey::from_slice(&bytes).expect("a scalar above zero")
}

/// Its public key.
#[allow(clippy::expect_used)] // compressed points have 33 bytes
pub fn session_public(person: usize) -> PublicKey33 {
    let point = session(person).verifying_key().to_encoded_point(true);
    <[u8; 33]>::try_from(point.as_bytes()).expect("a compressed point").into()
}

/// A voucher's signature.
#[allow(clippy::expect_used)] // signing a digest of 32 bytes does not fail
pub fn voucher(person: usize, scope: Scope, session_id: u64, amount: u128, sequence: u64) -> Signature64 {
    let digest = Voucher { scope: Some(scope), session_id, cumulative_amount: amount.to_string(), sequence }.digest();
    let signature: Signature = session(person).sign_prehash(&digest).expect("a digest");
    let signature = signature.normalize_s().unwrap_or(signature);
    <[u8; 64]>::from(signature.to_bytes()).into()
}
