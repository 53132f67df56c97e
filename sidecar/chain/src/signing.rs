//! Whatever signs transactions: a key in this process or one in another.

use std::{fmt, future::Future};

use crate::{error::ChainError, key::Key, remote::RemoteKey};

/// A key that signs transactions in direct mode.
pub trait SigningKey: fmt::Debug + Send + Sync + 'static {
    /// The account, bech32.
    fn address(&self) -> &str;

    /// The compressed point.
    fn public_key(&self) -> [u8; 33];

    /// Signs a `SignDoc`: `r || s`, low s, over the SHA-256 of its bytes.
    ///
    /// # Errors
    /// What the key's place can meet: [`ChainError::SignerRefused`] and [`ChainError::SignerUnreachable`] for a
    /// remote one.
    fn sign_document(&self, document: &[u8]) -> impl Future<Output = Result<[u8; 64], ChainError>> + Send;
}

impl SigningKey for Key {
    fn address(&self) -> &str {
        Self::address(self)
    }

    fn public_key(&self) -> [u8; 33] {
        Self::public_key(self)
    }

    async fn sign_document(&self, document: &[u8]) -> Result<[u8; 64], ChainError> {
        self.sign_bytes(document)
    }
}

/// A key of either place, for programs whose configuration decides.
pub enum AnyKey {
    /// In this process.
    Local(Key),
    /// In a signer process.
    Remote(RemoteKey),
}

impl From<Key> for AnyKey {
    fn from(key: Key) -> Self {
        Self::Local(key)
    }
}

impl From<RemoteKey> for AnyKey {
    fn from(key: RemoteKey) -> Self {
        Self::Remote(key)
    }
}

impl SigningKey for AnyKey {
    fn address(&self) -> &str {
        match self {
            Self::Local(key) => key.address(),
            Self::Remote(key) => key.address(),
        }
    }

    fn public_key(&self) -> [u8; 33] {
        match self {
            Self::Local(key) => key.public_key(),
            Self::Remote(key) => key.public_key(),
        }
    }

    async fn sign_document(&self, document: &[u8]) -> Result<[u8; 64], ChainError> {
        match self {
            Self::Local(key) => key.sign_document(document).await,
            Self::Remote(key) => key.sign_document(document).await,
        }
    }
}

impl fmt::Debug for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(key) => key.fmt(f),
            Self::Remote(key) => key.fmt(f),
        }
    }
}
