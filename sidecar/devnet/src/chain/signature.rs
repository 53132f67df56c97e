//! Signatures of transactions.

use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use openledger_cosmos_api::cosmos::{
    crypto::secp256k1::PubKey,
    tx::{
        signing::v1beta1::SignMode,
        v1beta1::{SignDoc, SignerInfo, mode_info},
    },
};
use prost::{Message, Name};
use prost_types::Any;

use super::{amino, decode::DecodedTx, fault::Fault};

/// What a signature must be bound to.
pub struct Binding<'a> {
    pub chain_id: &'a str,
    pub account_number: u64,
    pub sequence: u64,
}

/// Reads a compressed secp256k1 key and checks that it is a point of the curve.
pub fn read_key(any: &Any) -> Result<[u8; 33], Fault> {
    if any.type_url != PubKey::type_url() {
        let shown: String = any.type_url.chars().take(128).collect();
        return Err(Fault::invalid_pubkey(format!("{shown}: only single secp256k1 keys sign here")));
    }
    let key = PubKey::decode(any.value.as_slice()).map_err(|error| Fault::invalid_pubkey(error.to_string()))?;
    let bytes: [u8; 33] = key.key.try_into().map_err(|_| Fault::invalid_pubkey("a compressed key has 33 bytes"))?;
    VerifyingKey::from_sec1_bytes(&bytes).map_err(|_| Fault::invalid_pubkey("the key is no point of the curve"))?;
    Ok(bytes)
}

/// The address of a key on this chain.
pub fn address_of(key: &[u8; 33], prefix: &str) -> Result<String, Fault> {
    let point =
        VerifyingKey::from_sec1_bytes(key).map_err(|_| Fault::invalid_pubkey("the key is no point of the curve"))?;
    cosmrs::crypto::PublicKey::from(point)
        .account_id(prefix)
        .map(|id| id.to_string())
        .map_err(|error| Fault::invalid_pubkey(error.to_string()))
}

/// Checks one signature under the mode its signer chose.
pub fn verify(
    tx: &DecodedTx,
    info: &SignerInfo,
    key: &[u8; 33],
    signature: &[u8],
    binding: &Binding<'_>,
) -> Result<(), Fault> {
    let document = match sign_mode(info)? {
        SignMode::Direct => SignDoc {
            body_bytes: tx.raw.body_bytes.clone(),
            auth_info_bytes: tx.raw.auth_info_bytes.clone(),
            chain_id: binding.chain_id.to_owned(),
            account_number: binding.account_number,
        }
        .encode_to_vec(),
        SignMode::LegacyAminoJson => amino::sign_bytes(tx, binding.chain_id, binding.account_number, binding.sequence)?,
        other => {
            return Err(Fault::unauthorized(format!(
                "{} is not supported; sign direct or legacy JSON",
                other.as_str_name()
            )));
        }
    };
    let refused = || {
        Fault::unauthorized(format!(
            "signature verification failed; please verify account number ({}), sequence ({}) and chain-id ({})",
            binding.account_number, binding.sequence, binding.chain_id
        ))
    };
    let point = VerifyingKey::from_sec1_bytes(key).map_err(|_| refused())?;
    let signature = Signature::from_slice(signature).map_err(|_| refused())?;
    // The second signature that ECDSA allows for every first would give a transaction a second hash.
    if signature.normalize_s().is_some() {
        return Err(refused());
    }
    point.verify(&document, &signature).map_err(|_| refused())
}

fn sign_mode(info: &SignerInfo) -> Result<SignMode, Fault> {
    match info.mode_info.as_ref().and_then(|mode| mode.sum.as_ref()) {
        Some(mode_info::Sum::Single(single)) => Ok(single.mode()),
        Some(mode_info::Sum::Multi(_)) => {
            Err(Fault::unauthorized("threshold keys are not supported in this simulation"))
        }
        None => Err(Fault::unauthorized("the signer names no signing mode")),
    }
}
