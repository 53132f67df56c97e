//! Keys on disk, in the JSON that chain binaries print for a new key and that relayers read.

use std::{
    fs::{self, OpenOptions},
    io::{Read, Write},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use crate::{error::ChainError, key::Key};

/// A key file larger than this is none.
const MAX_BYTES: u64 = 16 * 1024;

#[derive(Serialize, Deserialize)]
struct KeyFile {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    address: String,
    pubkey: String,
    mnemonic: String,
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        self.mnemonic.zeroize();
    }
}

impl Key {
    /// Writes the key to a new file that only its owner may read. The secret is not encrypted.
    ///
    /// # Errors
    /// [`ChainError::KeyFile`] when the file exists already or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ChainError> {
        let failed = |reason: String| ChainError::KeyFile { path: path.to_owned(), reason };
        let file = KeyFile {
            name: self.name().to_owned(),
            kind: "local".to_owned(),
            address: self.address().to_owned(),
            pubkey: format!(
                r#"{{"@type":"/cosmos.crypto.secp256k1.PubKey","key":"{}"}}"#,
                STANDARD.encode(self.public_key())
            ),
            mnemonic: self.mnemonic().to_owned(),
        };
        let text = Zeroizing::new(serde_json::to_vec_pretty(&file).map_err(|error| failed(error.to_string()))?);
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut target = options
            .open(path)
            .map_err(|error| failed(format!("{error}; choose another name, existing keys are never overwritten")))?;
        target.write_all(&text).and_then(|()| target.sync_all()).map_err(|error| failed(error.to_string()))
    }

    /// Reads a key file and checks that its words belong to its address.
    ///
    /// # Errors
    /// [`ChainError::KeyFile`] when it is missing, readable by others, too large, not such a file, or inconsistent.
    pub fn load(path: &Path) -> Result<Self, ChainError> {
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
        let mut text = Zeroizing::new(Vec::new());
        source.take(MAX_BYTES).read_to_end(&mut text).map_err(|error| failed(error.to_string()))?;
        // The parser's own text could quote the words, so only its position is passed on.
        let file: KeyFile = serde_json::from_slice(&text).map_err(|error| {
            failed(format!(
                "it is not the JSON of a key (line {}); export it again with keys add --output json",
                error.line()
            ))
        })?;
        let key = Self::from_mnemonic(&file.name, &file.mnemonic)?;
        if key.address() != file.address {
            return Err(failed(format!(
                "its words belong to {}, not to {}; the prefix or the derivation path differs",
                key.address(),
                file.address
            )));
        }
        Ok(key)
    }
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
