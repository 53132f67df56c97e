//! The side that wants signatures.

use std::{fmt, time::Duration};

use k256::ecdsa::{Signature, VerifyingKey, signature::Verifier};
use tonic::{
    Code, Request, Status,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

use super::{
    api::{PublicKeyRequest, SignDirectRequest, signer_service_client::SignerServiceClient},
    server::Token,
};
use crate::{address::address_of, error::ChainError, signing::SigningKey};

/// A person may have to press a button.
const SIGN_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A key in a signer process. Its answers are checked: a wrong signature is never sent to a chain.
#[derive(Clone)]
pub struct RemoteKey {
    client: SignerServiceClient<Channel>,
    endpoint: String,
    token: Option<Token>,
    address: String,
    public: [u8; 33],
    verifying: VerifyingKey,
}

impl RemoteKey {
    /// Connects to the signer at `http://127.0.0.1:port` or `unix:/path/to/socket` and asks for an account's key.
    ///
    /// # Errors
    /// [`ChainError::SignerUnreachable`] when nothing usable answers, [`ChainError::SignerRefused`] when it does not
    /// hold the account or does not take the token.
    pub async fn connect(endpoint: &str, address: &str, token: Option<Token>) -> Result<Self, ChainError> {
        let unreachable = |reason: String| ChainError::SignerUnreachable { endpoint: endpoint.to_owned(), reason };
        let channel = Endpoint::from_shared(endpoint.to_owned())
            .map_err(|error| unreachable(error.to_string()))?
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(SIGN_TIMEOUT)
            .connect()
            .await
            .map_err(|error| unreachable(crate::client::innermost(&error)))?;
        let mut client = SignerServiceClient::new(channel);
        let request = authorised(PublicKeyRequest { address: address.to_owned() }, token.as_ref());
        let answer = client.public_key(request).await.map_err(|status| failed(endpoint, &status))?.into_inner();
        let public: [u8; 33] = answer
            .public_key
            .as_slice()
            .try_into()
            .map_err(|_| unreachable("its public key is not 33 bytes".to_owned()))?;
        let verifying = VerifyingKey::from_sec1_bytes(&public)
            .map_err(|_| unreachable("its public key is no point of the curve".to_owned()))?;
        let owner = address_of(&public)?;
        if owner != address {
            return Err(unreachable(format!("it answered with the key of {owner} instead of {address}")));
        }
        Ok(Self { client, endpoint: endpoint.to_owned(), token, address: owner, public, verifying })
    }
}

impl SigningKey for RemoteKey {
    fn address(&self) -> &str {
        &self.address
    }

    fn public_key(&self) -> [u8; 33] {
        self.public
    }

    async fn sign_document(&self, document: &[u8]) -> Result<[u8; 64], ChainError> {
        let wrong =
            |reason: &str| ChainError::SignerUnreachable { endpoint: self.endpoint.clone(), reason: reason.to_owned() };
        let request = SignDirectRequest { address: self.address.clone(), sign_bytes: document.to_vec() };
        let request = authorised(request, self.token.as_ref());
        let answer =
            self.client.clone().sign_direct(request).await.map_err(|status| failed(&self.endpoint, &status))?;
        let bytes: [u8; 64] =
            answer.into_inner().signature.as_slice().try_into().map_err(|_| wrong("its signature is not 64 bytes"))?;
        let signature = Signature::from_slice(&bytes).map_err(|_| wrong("its signature is not two scalars"))?;
        if signature.normalize_s().is_some() {
            return Err(wrong("its signature has a high s, which chains refuse"));
        }
        self.verifying
            .verify(document, &signature)
            .map_err(|_| wrong("its signature does not belong to the transaction and the key"))?;
        Ok(bytes)
    }
}

impl fmt::Debug for RemoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteKey")
            .field("endpoint", &self.endpoint)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

fn authorised<T>(message: T, token: Option<&Token>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token
        && let Ok(mut value) = token.header().parse::<MetadataValue<_>>()
    {
        value.set_sensitive(true);
        request.metadata_mut().insert("authorization", value);
    }
    request
}

fn failed(endpoint: &str, status: &Status) -> ChainError {
    match status.code() {
        Code::PermissionDenied | Code::NotFound | Code::InvalidArgument | Code::Unauthenticated => {
            ChainError::SignerRefused { reason: status.message().to_owned() }
        }
        _ => ChainError::SignerUnreachable { endpoint: endpoint.to_owned(), reason: status.message().to_owned() },
    }
}
