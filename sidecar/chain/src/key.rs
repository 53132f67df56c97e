//! An account's key: words, secret, public key, address.

use std::fmt;

use bip39::{Language, Mnemonic, WordCount};
use cosmrs::{bip32, crypto::PublicKey};
use k256::ecdsa::{Signature, SigningKey, signature::hazmat::PrehashSigner};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::ChainError;

/// Prefix of every address.
pub const BECH32_PREFIX: &str = "wasm";
/// Where the account's key lies below the mnemonic's root.
pub const HD_PATH: &str = "m/44'/118'/0'/0/0";

/// Deepest derivation path taken; wallets use five levels.
const MAX_DEPTH: usize = 10;

/// A secp256k1 account key. Secrets are wiped from memory on drop and never printed.
pub struct Key {
    name: String,
    address: String,
    public: [u8; 33],
    secret: SigningKey,
    /// Empty for a key that came as its secret alone.
    mnemonic: Zeroizing<String>,
}

impl Key {
    /// Makes a key from 24 fresh words.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the system gives no randomness.
    pub fn generate(name: &str) -> Result<Self, ChainError> {
        let mnemonic = Mnemonic::generate_in(Language::English, WordCount::Words24)
            .map_err(|error| refused(format!("no randomness from the system: {error}")))?;
        Self::from_mnemonic(name, &Zeroizing::new(mnemonic.to_string()))
    }

    /// Makes the key at [`HD_PATH`] of BIP-39 words, without a passphrase.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the words are not a valid English mnemonic.
    pub fn from_mnemonic(name: &str, words: &str) -> Result<Self, ChainError> {
        Self::from_mnemonic_at(name, words, HD_PATH)
    }

    /// Makes the key at another path of BIP-39 words, for example `m/44'/118'/0'/0/1` for the second account.
    ///
    /// [`Key::save`] keeps the words only; such a key is kept whole by [`Key::export_armor`].
    ///
    /// # Errors
    /// [`ChainError::Key`] when the words are not a valid English mnemonic, or the path is none.
    pub fn from_mnemonic_at(name: &str, words: &str, path: &str) -> Result<Self, ChainError> {
        let mnemonic = Mnemonic::parse_in(Language::English, words).map_err(|_| {
            refused("the words are not a valid English mnemonic; check their spelling and order".to_owned())
        })?;
        let seed = Zeroizing::new(mnemonic.to_seed(""));
        let path: bip32::DerivationPath =
            path.parse().map_err(|_| refused(format!("the derivation path must look like {HD_PATH}")))?;
        if path.len() > MAX_DEPTH {
            return Err(refused(format!("a derivation path has at most {MAX_DEPTH} levels")));
        }
        let derived =
            bip32::XPrv::derive_from_path(seed.as_slice(), &path).map_err(|error| refused(error.to_string()))?;
        Self::of_secret(name, derived.private_key().clone(), Zeroizing::new(mnemonic.to_string()))
    }

    /// Makes the key of a secret scalar: 32 bytes, big endian. It has no words.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the bytes are no secret of the curve.
    pub fn from_secret(name: &str, secret: &[u8]) -> Result<Self, ChainError> {
        // The curve library pads shorter ones, which would be another account than was meant.
        let secret = (secret.len() == 32).then(|| SigningKey::from_slice(secret).ok()).flatten();
        let secret = secret.ok_or_else(|| refused("the secret must be 32 bytes and lie on the curve".to_owned()))?;
        Self::of_secret(name, secret, Zeroizing::default())
    }

    fn of_secret(name: &str, secret: SigningKey, mnemonic: Zeroizing<String>) -> Result<Self, ChainError> {
        let public = PublicKey::from(secret.verifying_key());
        let address = public.account_id(BECH32_PREFIX).map_err(|error| refused(error.to_string()))?;
        let compressed = <[u8; 33]>::try_from(public.to_bytes().as_slice())
            .map_err(|_| refused("the public key is not 33 bytes".to_owned()))?;
        Ok(Self { name: name.to_owned(), address: address.to_string(), public: compressed, secret, mnemonic })
    }

    /// What the operator calls the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Bech32 with [`BECH32_PREFIX`].
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The compressed point.
    #[must_use]
    pub fn public_key(&self) -> [u8; 33] {
        self.public
    }

    /// The words, to be written down once. Whoever has them has the account. Empty for a key that was imported
    /// without words: see [`Key::words`].
    #[must_use]
    pub fn mnemonic(&self) -> &str {
        &self.mnemonic
    }

    /// The words, if the key was made of some.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        (!self.mnemonic.is_empty()).then(|| self.mnemonic.as_str())
    }

    /// Signs a 32-byte digest: `r || s`, low-S, deterministic (RFC 6979).
    ///
    /// # Errors
    /// [`ChainError::Key`] when the arithmetic fails, which no digest is known to cause.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<[u8; 64], ChainError> {
        let signature: Signature = self.secret.sign_prehash(digest).map_err(|error| refused(error.to_string()))?;
        let signature = signature.normalize_s().unwrap_or(signature);
        Ok(signature.to_bytes().into())
    }

    /// Signs bytes as transactions are signed: over their SHA-256.
    ///
    /// # Errors
    /// As [`Key::sign_digest`].
    pub fn sign_bytes(&self, bytes: &[u8]) -> Result<[u8; 64], ChainError> {
        self.sign_digest(&Sha256::digest(bytes).into())
    }

    /// The secret scalar, for files that hold it.
    pub(crate) fn secret_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.secret.to_bytes().into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).field("address", &self.address).finish_non_exhaustive()
    }
}

fn refused(reason: String) -> ChainError {
    ChainError::Key { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All-zero entropy; its Cosmos account is published in many wallets' tests.
    const ABANDON: &str =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

    #[test]
    fn derives_the_known_account() {
        let key = Key::from_mnemonic("zero", ABANDON).expect("valid words");
        let cosmos = PublicKey::from(key.secret.verifying_key()).account_id("cosmos").expect("an address");
        assert_eq!(cosmos.to_string(), "cosmos19rl4cm2hmr8afy4kldpxz3fka4jguq0auqdal4");
        assert!(key.address().starts_with("wasm19rl4cm2hmr8afy4kldpxz3fka4jguq0a"));
    }

    #[test]
    fn refuses_wrong_words_without_repeating_them() {
        let error = Key::from_mnemonic("bad", "abandon abandon secretword").expect_err("too few");
        assert_eq!(error.code(), "CHAIN_KEY");
        assert!(!error.to_string().contains("secretword"));
        let key = Key::generate("fresh").expect("randomness");
        assert!(!format!("{key:?}").contains(key.mnemonic()));
    }

    #[test]
    fn other_paths_are_other_accounts_and_must_be_paths() {
        let first = Key::from_mnemonic("zero", ABANDON).expect("valid words");
        let same = Key::from_mnemonic_at("zero", ABANDON, HD_PATH).expect("a path");
        assert_eq!(first.address(), same.address());
        let second = Key::from_mnemonic_at("zero", ABANDON, "m/44'/118'/0'/0/1").expect("a path");
        assert_ne!(first.address(), second.address());
        for path in ["", "44'", "m/x", "m/0/0/0/0/0/0/0/0/0/0/0"] {
            assert_eq!(Key::from_mnemonic_at("zero", ABANDON, path).expect_err(path).code(), "CHAIN_KEY", "{path}");
        }
    }

    #[test]
    fn a_secret_alone_makes_the_same_account_without_words() {
        let key = Key::from_mnemonic("zero", ABANDON).expect("valid words");
        let bare = Key::from_secret("bare", key.secret_bytes().as_slice()).expect("a scalar");
        assert_eq!(bare.address(), key.address());
        assert_eq!((bare.words(), bare.mnemonic()), (None, ""));
        assert_eq!(key.words(), Some(ABANDON));
        assert_eq!(bare.sign_bytes(b"x").expect("signs"), key.sign_bytes(b"x").expect("signs"));
        for bytes in [&[0; 32][..], &[255; 32], &[1; 31], &[1; 33]] {
            assert_eq!(Key::from_secret("bad", bytes).expect_err("no scalar").code(), "CHAIN_KEY");
        }
    }

    #[test]
    fn signs_low_s() {
        use k256::ecdsa::{VerifyingKey, signature::hazmat::PrehashVerifier};
        let key = Key::generate("signer").expect("randomness");
        for byte in 0..32u8 {
            let digest = [byte; 32];
            let bytes = key.sign_digest(&digest).expect("signs");
            let signature = Signature::from_slice(&bytes).expect("two scalars");
            assert!(signature.normalize_s().is_none(), "high s");
            VerifyingKey::from_sec1_bytes(&key.public_key())
                .expect("a point")
                .verify_prehash(&digest, &signature)
                .expect("verifies");
        }
    }
}
