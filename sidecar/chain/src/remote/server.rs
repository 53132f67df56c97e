//! The side that holds the key.

use std::{fmt, future::Future, sync::Arc, time::Duration};
#[cfg(unix)]
use std::{
    io,
    path::{Path, PathBuf},
};

use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
#[cfg(unix)]
use tokio_stream::wrappers::UnixListenerStream;
use tonic::{
    Request, Response, Status,
    transport::{Server, server::TcpIncoming},
};
use zeroize::Zeroizing;

use super::{
    api::{
        PublicKeyRequest, PublicKeyResponse, SignDirectRequest, SignDirectResponse,
        signer_service_server::{SignerService, SignerServiceServer},
    },
    document::SigningRequest,
    policy::{Refusal, SignPolicy},
};
use crate::{error::ChainError, key::Key};

/// Code uploads are the largest transactions.
const MAX_REQUEST: usize = 4 << 20;
const MAX_CONCURRENT: usize = 8;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter tokens could be guessed.
const MIN_TOKEN: usize = 32;
const MAX_TOKEN: usize = 256;

/// A shared secret between signer and client, for listeners that other users of the machine can reach.
#[derive(Clone)]
pub struct Token(Arc<Zeroizing<String>>);

impl Token {
    /// Takes 32 to 256 visible ASCII characters.
    ///
    /// # Errors
    /// [`ChainError::Key`] for anything else.
    pub fn new(text: &str) -> Result<Self, ChainError> {
        let text = text.trim();
        let fits = (MIN_TOKEN..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !fits {
            return Err(ChainError::Key {
                reason: format!("a signer's token has {MIN_TOKEN} to {MAX_TOKEN} visible ASCII characters"),
            });
        }
        Ok(Self(Arc::new(Zeroizing::new(text.to_owned()))))
    }

    /// 256 fresh bits.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the system gives no randomness.
    pub fn generate() -> Result<Self, ChainError> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *bytes)
            .map_err(|error| ChainError::Key { reason: format!("no randomness from the system: {error}") })?;
        Self::new(&Zeroizing::new(hex::encode(*bytes)))
    }

    /// The secret, to be handed to the other side.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub(super) fn header(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", self.expose()))
    }

    /// Takes the same time for every wrong token of the right length.
    fn matches(&self, header: &[u8]) -> bool {
        let own = self.header();
        own.len() == header.len() && own.bytes().zip(header).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// What the operator is told of every request.
type Witness = dyn Fn(&SigningRequest, Result<(), &Refusal>) + Send + Sync;

/// A signer: one key, one policy.
pub struct SignerServer {
    key: Key,
    policy: SignPolicy,
    token: Option<Token>,
    witness: Box<Witness>,
}

impl SignerServer {
    /// A signer that writes every request to the log.
    #[must_use]
    pub fn new(key: Key, policy: SignPolicy) -> Self {
        Self { key, policy, token: None, witness: Box::new(log) }
    }

    /// Asks every caller for a token.
    #[must_use]
    pub fn with_token(self, token: Token) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Shows every readable request to `witness`, with the refusal if it is not signed, instead of the log.
    #[must_use]
    pub fn with_witness(self, witness: impl Fn(&SigningRequest, Result<(), &Refusal>) + Send + Sync + 'static) -> Self {
        Self { witness: Box::new(witness), ..self }
    }

    /// Serves on a loopback port until `stop` completes. A token is demanded: every user of a machine reaches its ports.
    ///
    /// # Errors
    /// [`ChainError::SignerUnreachable`] for another address, without a token, or when listening fails.
    pub async fn serve_tcp(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ChainError> {
        let address = listener.local_addr().map_err(|error| unusable("the listener", &error))?;
        if !address.ip().is_loopback() {
            return Err(unusable(&address, &"a signer listens on loopback only; reach it through a tunnel"));
        }
        if self.token.is_none() {
            return Err(unusable(&address, &"a signer on a port needs a token; a unix socket does without"));
        }
        tracing::info!(account = self.key.address(), %address, "signing");
        router()
            .add_service(self.service())
            .serve_with_incoming_shutdown(TcpIncoming::from(listener).with_nodelay(Some(true)), stop)
            .await
            .map_err(|error| unusable(&address, &error))
    }

    /// Serves on a unix socket that only this user can open, until `stop` completes.
    ///
    /// # Errors
    /// [`ChainError::SignerUnreachable`] when another process listens there already, or listening fails.
    #[cfg(unix)]
    pub async fn serve_unix(self, path: &Path, stop: impl Future<Output = ()> + Send) -> Result<(), ChainError> {
        let listener = listen(path).await.map_err(|error| unusable(&path.display(), &error))?;
        tracing::info!(account = self.key.address(), path = %path.display(), "signing");
        let served = router()
            .add_service(self.service())
            .serve_with_incoming_shutdown(UnixListenerStream::new(listener), stop)
            .await
            .map_err(|error| unusable(&path.display(), &error));
        let _ = std::fs::remove_file(path);
        served
    }

    fn service(self) -> SignerServiceServer<Self> {
        SignerServiceServer::new(self).max_decoding_message_size(MAX_REQUEST)
    }

    fn admit<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let Some(token) = &self.token else { return Ok(()) };
        let given = request.metadata().get("authorization").map(|value| value.as_bytes());
        if given.is_some_and(|given| token.matches(given)) {
            return Ok(());
        }
        Err(Status::unauthenticated("the signer's token is missing or wrong"))
    }

    fn check_address(&self, address: &str) -> Result<(), Status> {
        if address == self.key.address() {
            return Ok(());
        }
        let shown: String = address.chars().take(90).collect();
        Err(Status::not_found(format!("the signer does not hold {shown:?}")))
    }
}

impl fmt::Debug for SignerServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerServer").field("key", &self.key).field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[tonic::async_trait]
impl SignerService for SignerServer {
    async fn public_key(&self, request: Request<PublicKeyRequest>) -> Result<Response<PublicKeyResponse>, Status> {
        self.admit(&request)?;
        self.check_address(&request.get_ref().address)?;
        Ok(Response::new(PublicKeyResponse { public_key: self.key.public_key().to_vec() }))
    }

    async fn sign_direct(&self, request: Request<SignDirectRequest>) -> Result<Response<SignDirectResponse>, Status> {
        self.admit(&request)?;
        let request = request.into_inner();
        self.check_address(&request.address)?;
        let read = SigningRequest::read(&request.sign_bytes, &self.key.public_key()).map_err(|refusal| {
            tracing::warn!(account = self.key.address(), %refusal, "refused");
            Status::invalid_argument(refusal.to_string())
        })?;
        let allowed = self.policy.check(&read);
        (self.witness)(&read, allowed.as_ref().copied());
        allowed.map_err(|refusal| Status::permission_denied(refusal.to_string()))?;
        let signature =
            self.key.sign_bytes(&request.sign_bytes).map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(SignDirectResponse { signature: signature.to_vec() }))
    }
}

fn log(request: &SigningRequest, allowed: Result<(), &Refusal>) {
    match allowed {
        Ok(()) => tracing::info!(%request, "signed"),
        Err(refusal) => tracing::warn!(%request, %refusal, "refused"),
    }
}

fn router() -> Server {
    Server::builder().timeout(TIMEOUT).concurrency_limit_per_connection(MAX_CONCURRENT)
}

/// Binds in a directory that is closed to others, closes the socket itself, and then moves it to its place: at no moment
/// can others open it.
#[cfg(unix)]
async fn listen(path: &Path) -> io::Result<UnixListener> {
    use std::{
        fs::{self, DirBuilder, Permissions},
        os::unix::fs::{DirBuilderExt, PermissionsExt},
    };
    if UnixStream::connect(path).await.is_ok() {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "another signer answers there"));
    }
    let mut closed = path.as_os_str().to_owned();
    closed.push(format!(".{}", std::process::id()));
    let closed = PathBuf::from(closed);
    DirBuilder::new().mode(0o700).create(&closed)?;
    let inside = closed.join("socket");
    let listener = UnixListener::bind(&inside).and_then(|listener| {
        fs::set_permissions(&inside, Permissions::from_mode(0o600))?;
        fs::rename(&inside, path)?;
        Ok(listener)
    });
    let _ = fs::remove_file(&inside);
    let _ = fs::remove_dir(&closed);
    listener
}

fn unusable(endpoint: &(impl fmt::Display + ?Sized), reason: &dyn fmt::Display) -> ChainError {
    ChainError::SignerUnreachable { endpoint: endpoint.to_string(), reason: reason.to_string() }
}
