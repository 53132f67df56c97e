//! A signer in another process: `openledger.signer.v1`.
//!
//! [`RemoteKey`] asks it, [`SignerServer`] is one. The signer gets whole transactions, never hashes: it reads what it
//! signs, compares it with its [`SignPolicy`], and tells its operator. It never talks to a chain.

mod client;
mod document;
mod policy;
mod server;

pub use self::{
    client::RemoteKey,
    document::{SignedMessage, SigningRequest},
    policy::{Refusal, SignPolicy},
    server::{SignerServer, Token},
};

// Generated code carries the comments of the interface file and follows its generator's style.
#[allow(missing_docs, clippy::all, clippy::unwrap_used)]
pub(crate) mod api {
    tonic::include_proto!("openledger.signer.v1");
}
