//! Addresses of public keys.

use cosmrs::crypto::PublicKey;
use k256::ecdsa::VerifyingKey;

use crate::{error::ChainError, key::BECH32_PREFIX};

/// The account of a compressed secp256k1 key.
///
/// # Errors
/// [`ChainError::Key`] when the bytes are no point of the curve.
pub fn address_of(public_key: &[u8]) -> Result<String, ChainError> {
    let refused = |reason: String| ChainError::Key { reason };
    let key = VerifyingKey::from_sec1_bytes(public_key).map_err(|error| refused(error.to_string()))?;
    let account = PublicKey::from(&key).account_id(BECH32_PREFIX).map_err(|error| refused(error.to_string()))?;
    Ok(account.to_string())
}
