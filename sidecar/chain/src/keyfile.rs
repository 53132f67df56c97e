//! Keys on disk and as text: the JSON that chain binaries print for a new key, the JSON that the relayer Hermes keeps,
//! the armour of `keys export`, the bare hex of `keys export --unarmored-hex`.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use cosmrs::{AccountId, bip32};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{address::address_of, armor::MAX_TEXT, error::ChainError, key::Key};

/// A key file larger than this is none.
const MAX_BYTES: u64 = MAX_TEXT as u64;

/// What `keys add --output json` prints. Hermes takes it with `keys add --key-file`.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Added {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    address: String,
    pubkey: String,
    mnemonic: String,
}

/// What Hermes keeps in `keys/<chain>/keyring-test/<name>.json`. Before version 1.3 both keys were extended ones.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Hermes {
    private_key: String,
    public_key: String,
    address: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_type: Option<String>,
    account: String,
}

impl Key {
    /// Writes the key to a new file that only its owner may read. The secret is not encrypted; a key that has no words
    /// is written as Hermes writes it.
    ///
    /// # Errors
    /// [`ChainError::KeyFile`] when the file exists already or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ChainError> {
        let text = if self.words().is_some() { self.to_added_json() } else { self.to_hermes_json() };
        write_private(path, text.map_err(|error| file_error(path, &error))?.as_bytes())
    }

    /// Writes the armour of [`Key::export_armor`] to a new file that only its owner may read.
    ///
    /// # Errors
    /// [`ChainError::Armor`] for a weak passphrase, [`ChainError::KeyFile`] as [`Key::save`].
    pub fn save_armor(&self, path: &Path, passphrase: &str) -> Result<(), ChainError> {
        write_private(path, self.export_armor(passphrase)?.as_bytes())
    }

    /// Reads a key file of either JSON and checks that its secret belongs to its address.
    ///
    /// # Errors
    /// [`ChainError::KeyFile`] when it is missing, readable by others, too large, not such a file, or inconsistent.
    pub fn load(path: &Path) -> Result<Self, ChainError> {
        let text = read_private(path)?;
        Self::from_json(&stem(path), &text).map_err(|error| file_error(path, &error))
    }

    /// Reads a key file of any known form; see [`Key::import`].
    ///
    /// # Errors
    /// [`ChainError::KeyFile`] as [`Key::load`], and what [`Key::import`] says.
    pub fn load_any(path: &Path, passphrase: Option<&str>) -> Result<Self, ChainError> {
        let text = read_private(path)?;
        Self::import(&stem(path), &text, passphrase)
    }

    /// Reads a key from a text of any known form: the armour of `keys export`, either JSON, bare hex, or words.
    /// Only the armour needs a passphrase.
    ///
    /// # Errors
    /// [`ChainError::Armor`] for an armour, [`ChainError::Key`] for everything else.
    pub fn import(name: &str, text: &str, passphrase: Option<&str>) -> Result<Self, ChainError> {
        let text = text.trim();
        if text.contains("-----BEGIN ") {
            let passphrase = passphrase
                .ok_or_else(|| refused("an armoured key needs the passphrase that it was exported with".to_owned()))?;
            return Self::from_armor(name, text, passphrase);
        }
        if text.starts_with('{') {
            return Self::from_json(name, text);
        }
        if text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let mut secret = Zeroizing::new([0; 32]);
            hex::decode_to_slice(text, &mut *secret).map_err(|error| refused(error.to_string()))?;
            return Self::from_secret(name, secret.as_slice());
        }
        Self::from_mnemonic(name, text)
    }

    /// Reads the JSON of `keys add --output json` or of Hermes, and checks that the secret belongs to the address.
    /// The name inside wins over `name`.
    ///
    /// # Errors
    /// [`ChainError::Key`] when it is neither, or inconsistent.
    pub fn from_json(name: &str, text: &str) -> Result<Self, ChainError> {
        // A parser's own text could quote the secret, so only its position is passed on.
        let malformed = |error: serde_json::Error| {
            refused(format!(
                "it is not the JSON of a key (line {}); export it again with keys add --output json",
                error.line()
            ))
        };
        if text.len() > MAX_TEXT {
            return Err(refused("it is too large to be a key".to_owned()));
        }
        // Which of the two it is shows in one field, so that errors name lines of the right shape.
        #[derive(Deserialize)]
        struct Shape {
            private_key: Option<serde::de::IgnoredAny>,
        }
        let shape: Shape = serde_json::from_str(text).map_err(malformed)?;
        if shape.private_key.is_some() {
            Self::of_hermes(name, &serde_json::from_str(text).map_err(malformed)?)
        } else {
            Self::of_added(&serde_json::from_str(text).map_err(malformed)?)
        }
    }

    fn of_added(file: &Added) -> Result<Self, ChainError> {
        let key = Self::from_mnemonic(&file.name, &file.mnemonic)?;
        if key.address() != file.address {
            return Err(refused(format!(
                "its words belong to {}, not to {}; the prefix or the derivation path differs",
                key.address(),
                shown(&file.address)
            )));
        }
        Ok(key)
    }

    fn of_hermes(name: &str, file: &Hermes) -> Result<Self, ChainError> {
        if file.address_type.as_deref().is_some_and(|kind| kind != "Cosmos") {
            return Err(refused("its address is of another kind than Cosmos chains use".to_owned()));
        }
        let key = if file.private_key.starts_with("xprv") {
            let extended: bip32::XPrv = file
                .private_key
                .parse()
                .map_err(|_| refused("its private_key is not an extended private key".to_owned()))?;
            Self::from_secret(name, &Zeroizing::new(extended.to_bytes())[..])?
        } else {
            let mut secret = Zeroizing::new([0; 32]);
            hex::decode_to_slice(&file.private_key, &mut *secret)
                .map_err(|_| refused("its private_key is not 64 hex digits".to_owned()))?;
            Self::from_secret(name, secret.as_slice())?
        };
        // Another prefix is another chain's name of the same account: its 20 bytes must agree.
        let bytes = |address: &str| address.parse::<AccountId>().map(|account| account.to_bytes());
        let own = bytes(key.address()).map_err(|error| refused(error.to_string()))?;
        let said =
            bytes(&file.account).map_err(|_| refused(format!("its account {} is no address", shown(&file.account))))?;
        if said != own || file.address != own {
            return Err(refused(format!(
                "its private key belongs to {}, not to {}",
                key.address(),
                shown(&file.account)
            )));
        }
        Ok(key)
    }

    /// The JSON of `keys add --output json`, as Hermes takes it with `keys add --key-file`. The words are in it.
    ///
    /// # Errors
    /// [`ChainError::Key`] for a key without words, or one that its words give only at another path.
    pub fn to_added_json(&self) -> Result<Zeroizing<String>, ChainError> {
        let words = self.words().ok_or_else(|| refused("the key was imported without words".to_owned()))?;
        if Self::from_mnemonic(self.name(), words)?.address() != self.address() {
            return Err(refused("the key lies at another path of its words, which this JSON does not name".to_owned()));
        }
        json(&Added {
            name: self.name().to_owned(),
            kind: "local".to_owned(),
            address: self.address().to_owned(),
            pubkey: format!(
                r#"{{"@type":"/cosmos.crypto.secp256k1.PubKey","key":"{}"}}"#,
                STANDARD.encode(self.public_key())
            ),
            mnemonic: words.to_owned(),
        })
    }

    /// The JSON that Hermes keeps in its own keyring. The secret is in it.
    ///
    /// # Errors
    /// [`ChainError::Key`] when it cannot be written, which no key is known to cause.
    pub fn to_hermes_json(&self) -> Result<Zeroizing<String>, ChainError> {
        let account = address_of(&self.public_key())?;
        let address = account.parse::<AccountId>().map_err(|error| refused(error.to_string()))?.to_bytes();
        json(&Hermes {
            private_key: hex::encode(self.secret_bytes().as_slice()),
            public_key: hex::encode(self.public_key()),
            address,
            address_type: Some("Cosmos".to_owned()),
            account,
        })
    }
}

fn json(value: &impl Serialize) -> Result<Zeroizing<String>, ChainError> {
    serde_json::to_string_pretty(value).map(Zeroizing::new).map_err(|error| refused(error.to_string()))
}

/// Writes a file that must not exist yet.
fn write_private(path: &Path, text: &[u8]) -> Result<(), ChainError> {
    let failed = |reason: String| ChainError::KeyFile { path: path.to_owned(), reason };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut target = options
        .open(path)
        .map_err(|error| failed(format!("{error}; choose another name, existing keys are never overwritten")))?;
    target.write_all(text).and_then(|()| target.sync_all()).map_err(|error| failed(error.to_string()))
}

/// Reads a file that nobody else may read.
fn read_private(path: &Path) -> Result<Zeroizing<String>, ChainError> {
    let failed = |reason: String| ChainError::KeyFile { path: path.to_owned(), reason };
    let source = fs::File::open(path).map_err(|error| failed(error.to_string()))?;
    let metadata = source.metadata().map_err(|error| failed(error.to_string()))?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(failed("others may read it; run chmod 600 and consider the key exposed".to_owned()));
    }
    if metadata.len() > MAX_BYTES {
        return Err(failed("it is too large to be a key file".to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    source.take(MAX_BYTES).read_to_string(&mut text).map_err(|error| failed(error.to_string()))?;
    Ok(text)
}

/// A key error with the place of its file.
fn file_error(path: &Path, error: &ChainError) -> ChainError {
    let reason = match error {
        ChainError::Key { reason } => reason.clone(),
        other => other.to_string(),
    };
    ChainError::KeyFile { path: path.to_owned(), reason }
}

fn stem(path: &Path) -> String {
    path.file_stem().map_or_else(|| "key".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn shown(text: &str) -> String {
    text.chars().take(90).collect()
}

fn refused(reason: String) -> ChainError {
    ChainError::Key { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_disk_and_stays_private() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("operator.json");
        let key = Key::generate("operator").expect("randomness");
        key.save(&path).expect("writes");
        let back = Key::load(&path).expect("reads");
        assert_eq!(back.address(), key.address());
        assert_eq!(back.name(), "operator");
        assert_eq!(key.save(&path).expect_err("never overwrites").code(), "CHAIN_KEY_FILE");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).expect("exists").permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
            let error = Key::load(&path).expect_err("others may read");
            assert!(error.to_string().contains("chmod 600"));
        }
    }

    #[test]
    fn a_key_without_words_survives_the_disk_in_every_form() {
        let home = tempfile::tempdir().expect("a directory");
        let made = Key::generate("made").expect("randomness");
        let bare = Key::from_secret("bare", made.secret_bytes().as_slice()).expect("a scalar");
        let plain = home.path().join("bare.json");
        bare.save(&plain).expect("writes");
        let back = Key::load(&plain).expect("reads");
        assert_eq!((back.address(), back.name(), back.words()), (made.address(), "bare", None));
        assert_eq!(bare.to_added_json().expect_err("no words").code(), "CHAIN_KEY");
        let armored = home.path().join("bare.asc");
        bare.save_armor(&armored, "long enough").expect("writes");
        assert_eq!(bare.save_armor(&armored, "long enough").expect_err("never overwrites").code(), "CHAIN_KEY_FILE");
        let back = Key::load_any(&armored, Some("long enough")).expect("opens");
        assert_eq!((back.address(), back.name()), (made.address(), "bare"));
        let error = Key::load_any(&armored, None).expect_err("locked");
        assert!(error.to_string().contains("passphrase"), "{error}");
        assert_eq!(Key::load(&armored).expect_err("no JSON").code(), "CHAIN_KEY_FILE");
    }

    #[test]
    fn a_key_at_another_path_is_not_written_as_words_that_mean_another_account() {
        let words = Key::generate("x").expect("randomness").mnemonic().to_owned();
        let second = Key::from_mnemonic_at("second", &words, "m/44'/118'/0'/0/1").expect("a path");
        let error = second.to_added_json().expect_err("no path in this JSON");
        assert!(error.to_string().contains("another path"), "{error}");
        assert!(!error.to_string().contains(&words));
    }

    #[test]
    fn a_broken_file_never_shows_its_words() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("broken.json");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&path)
            .and_then(|mut file| file.write_all(br#"{"name":"x","mnemonic":"zebra zebra""#))
            .expect("writes");
        let error = Key::load(&path).expect_err("cut off");
        assert_eq!(error.code(), "CHAIN_KEY_FILE");
        assert!(!error.to_string().contains("zebra"));
    }
}
