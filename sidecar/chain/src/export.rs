//! The text of `keys export`: a private key, encrypted with a passphrase, in ASCII armour.
//!
//! The header `kdf` says how the passphrase becomes a key, and with it which cipher follows:
//! * `bcrypt` (SDK up to 0.47): cost 12, SHA-256 of the hash's text, XSalsa20-Poly1305 with the nonce in front;
//! * `argon2` (SDK 0.50 and later): Argon2id, one pass over 64 MiB in four lanes, ChaCha20-Poly1305 with a nonce of
//!   zeros. The salt is fresh for every export, so that no key is ever used for two texts.
//!
//! Inside lies the amino encoding of the secret: four bytes for the type, the length, the bytes.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::ChaCha20Poly1305;
use crypto_secretbox::{
    XSalsa20Poly1305,
    aead::{Aead, KeyInit},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    armor::{Armor, ArmorError},
    error::ChainError,
    key::Key,
};

const BLOCK: &str = "TENDERMINT PRIVATE KEY";
const ALGORITHM: &str = "secp256k1";
/// Amino's name of `tendermint/PrivKeySecp256k1`, and the length that follows.
const AMINO_SECP256K1: [u8; 5] = [0xe1, 0xb0, 0xf7, 0x9b, 32];
const SALT: usize = 16;
const BCRYPT_COST: u32 = 12;
const ARGON2_MEMORY_KIB: u32 = 64 * 1024;
const ARGON2_PASSES: u32 = 1;
const ARGON2_LANES: u32 = 4;
const SECRETBOX_NONCE: usize = 24;
const CHACHA_NONCE: usize = 12;
/// What the SDK asks of a new passphrase.
const MIN_PASSPHRASE: usize = 8;
/// A longer header value is not repeated in an error.
const SHOWN: usize = 32;

impl Key {
    /// Reads the text that `keys export` of any SDK chain's binary prints.
    ///
    /// # Errors
    /// [`ChainError::Armor`] with the reason: no armour, cut off, changed, wrong passphrase, unknown derivation or
    /// key type.
    pub fn from_armor(name: &str, text: &str, passphrase: &str) -> Result<Self, ChainError> {
        Self::from_secret(name, open(text, passphrase)?.as_slice())
    }

    /// The key as `keys export` of a current SDK prints it; `keys import` of any such chain's binary takes it, and
    /// so does [`Key::from_armor`]. The words, if there are some, are not part of it.
    ///
    /// # Errors
    /// [`ChainError::Armor`] for a passphrase of fewer than eight characters, or without randomness.
    pub fn export_armor(&self, passphrase: &str) -> Result<Zeroizing<String>, ChainError> {
        Ok(seal(&self.secret_bytes(), passphrase)?)
    }
}

fn open(text: &str, passphrase: &str) -> Result<Zeroizing<[u8; 32]>, ArmorError> {
    let armor = Armor::decode(text)?;
    if armor.block != BLOCK {
        return Err(ArmorError::WrongBlock { found: shown(&armor.block), expected: BLOCK });
    }
    let header = |name: &str| armor.headers.get(name).map(String::as_str);
    // Armours of the first SDKs have no type: there was only one.
    let algorithm = header("type").unwrap_or(ALGORITHM);
    if algorithm != ALGORITHM {
        return Err(ArmorError::UnknownAlgorithm { algorithm: shown(algorithm) });
    }
    let salt = |text: Option<&str>| {
        let mut salt = [0; SALT];
        hex::decode_to_slice(text.unwrap_or_default(), &mut salt)
            .map_err(|_| ArmorError::Malformed("the header salt is not 32 hex digits"))?;
        Ok(salt)
    };
    let plain = match header("kdf") {
        Some("bcrypt") => {
            let key = bcrypt_key(passphrase, salt(header("salt"))?)?;
            let (nonce, sealed) =
                armor.data.split_at_checked(SECRETBOX_NONCE).ok_or(ArmorError::Malformed("the ciphertext is short"))?;
            XSalsa20Poly1305::new((&*key).into()).decrypt(nonce.into(), sealed)
        }
        Some("argon2") => {
            let key = argon2_key(passphrase, &salt(header("salt"))?)?;
            ChaCha20Poly1305::new((&*key).into()).decrypt(&[0; CHACHA_NONCE].into(), armor.data.as_slice())
        }
        other => return Err(ArmorError::UnknownKdf { kdf: shown(other.unwrap_or_default()) }),
    };
    let plain = Zeroizing::new(plain.map_err(|_| ArmorError::WrongPassphrase)?);
    let secret = plain.strip_prefix(&AMINO_SECP256K1).ok_or(ArmorError::NotAKey)?;
    Ok(Zeroizing::new(secret.try_into().map_err(|_| ArmorError::NotAKey)?))
}

fn seal(secret: &[u8; 32], passphrase: &str) -> Result<Zeroizing<String>, ArmorError> {
    if passphrase.chars().count() < MIN_PASSPHRASE {
        return Err(ArmorError::WeakPassphrase { least: MIN_PASSPHRASE });
    }
    let mut salt = [0; SALT];
    getrandom::fill(&mut salt).map_err(|_| ArmorError::Derivation("the system gives no randomness"))?;
    let key = argon2_key(passphrase, &salt)?;
    let plain = Zeroizing::new([AMINO_SECP256K1.as_slice(), secret].concat());
    let data = ChaCha20Poly1305::new((&*key).into())
        .encrypt(&[0; CHACHA_NONCE].into(), plain.as_slice())
        .map_err(|_| ArmorError::Derivation("the cipher failed"))?;
    let headers = [("kdf", "argon2".to_owned()), ("salt", hex::encode_upper(salt)), ("type", ALGORITHM.to_owned())];
    let armor = Armor {
        block: BLOCK.to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
        data: Zeroizing::new(data),
    };
    Ok(armor.encode())
}

fn bcrypt_key(passphrase: &str, salt: [u8; SALT]) -> Result<Zeroizing<[u8; 32]>, ArmorError> {
    let parts = bcrypt::hash_with_salt(passphrase, BCRYPT_COST, salt)
        .map_err(|_| ArmorError::Derivation("bcrypt takes no such passphrase"))?;
    let hash = Zeroizing::new(parts.format_for_version(bcrypt::Version::TwoA));
    Ok(Zeroizing::new(Sha256::digest(hash.as_bytes()).into()))
}

fn argon2_key(passphrase: &str, salt: &[u8; SALT]) -> Result<Zeroizing<[u8; 32]>, ArmorError> {
    let failed = |_| ArmorError::Derivation("argon2 failed");
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES, Some(key.len())).map_err(failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut *key)
        .map_err(failed)?;
    Ok(key)
}

fn shown(text: &str) -> String {
    text.chars().take(SHOWN).collect()
}
