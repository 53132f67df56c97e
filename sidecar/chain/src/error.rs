//! Everything that can go wrong between this process and a chain.

use std::path::PathBuf;

use crate::armor::ArmorError;

/// A failed chain operation. [`ChainError::code`] is stable; the text says what happened, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ChainError {
    /// The endpoint is no URL, or nothing answers there.
    #[error("no chain answers at {url}: {reason}. Check that the node runs and that the gRPC address is right")]
    Unreachable {
        /// The address as configured.
        url: String,
        /// What the transport reported.
        reason: String,
    },
    /// A call reached the node and failed there, or was cut off on the way.
    #[error("the node refused {call}: {message} ({status})")]
    Rpc {
        /// The gRPC method's short name.
        call: &'static str,
        /// The gRPC status.
        status: tonic::Code,
        /// The node's text.
        message: String,
    },
    /// The node answered something that is not what its interface promises.
    #[error(
        "the node's answer to {call} cannot be read: {reason}. It may be of another version than this client expects"
    )]
    BadAnswer {
        /// The gRPC method's short name.
        call: &'static str,
        /// What is missing or malformed.
        reason: String,
    },
    /// The account exists in no block yet.
    #[error("the chain does not know account {address}. Send it some fee coins first")]
    UnknownAccount {
        /// The bech32 address.
        address: String,
    },
    /// The node would not run the transaction at all.
    #[error("the transaction would fail: {log}")]
    SimulationFailed {
        /// The node's text.
        log: String,
    },
    /// Gas needed exceeds what the configuration allows to spend.
    #[error("the transaction needs {needed} gas and the limit is {limit}. Split the work or raise max_gas")]
    GasLimit {
        /// Estimate after the multiplier.
        needed: u64,
        /// The configured ceiling.
        limit: u64,
    },
    /// The transaction was refused before it reached a block; nothing changed and no fee was paid.
    #[error("the chain refused transaction {hash}: {log} ({codespace} code {code})")]
    Rejected {
        /// Upper-case hex.
        hash: String,
        /// Module that refused.
        codespace: String,
        /// The module's error number.
        code: u32,
        /// The node's text.
        log: String,
    },
    /// The transaction is in a block and failed there; its changes were undone, its fee was paid.
    #[error("transaction {hash} failed at height {height}: {log} ({codespace} code {code})")]
    Failed {
        /// Upper-case hex.
        hash: String,
        /// The including block.
        height: u64,
        /// Module that failed.
        codespace: String,
        /// The module's error number.
        code: u32,
        /// The node's text.
        log: String,
    },
    /// The node took the transaction and no block held it before the deadline.
    #[error(
        "transaction {hash} was not included within {waited_s} s. It may still be: look the hash up before sending again"
    )]
    NotIncluded {
        /// Upper-case hex.
        hash: String,
        /// The deadline in seconds.
        waited_s: u64,
    },
    /// The chain's clock did not reach a moment before the deadline.
    #[error("block time did not reach {wanted} (unix seconds) within {waited_s} s; it is {reached}")]
    TimeNotReached {
        /// Unix seconds asked for.
        wanted: u64,
        /// Unix seconds of the latest block.
        reached: u64,
        /// The deadline in seconds.
        waited_s: u64,
    },
    /// A contract query failed.
    #[error("the query of {contract} failed: {message}")]
    Query {
        /// The contract's address.
        contract: String,
        /// The contract's or the node's text.
        message: String,
    },
    /// A message or an answer is not the JSON that the types say.
    #[error("{what} is not the expected JSON: {reason}")]
    Json {
        /// Which message or answer.
        what: &'static str,
        /// The parser's text.
        reason: String,
    },
    /// An address, denomination or gas price cannot be read.
    #[error("{what} {value:?} is not valid: {reason}")]
    Invalid {
        /// What the value stands for.
        what: &'static str,
        /// The value itself; never a secret.
        value: String,
        /// Why it was refused.
        reason: String,
    },
    /// A mnemonic or a secret cannot be used. The secret itself is never part of the text.
    #[error("the key cannot be used: {reason}")]
    Key {
        /// Why.
        reason: String,
    },
    /// The text of a key export cannot be opened.
    #[error("the exported key cannot be used: {0}")]
    Armor(#[from] ArmorError),
    /// Nothing answers where the remote signer should be, or it answers something else.
    #[error(
        "the remote signer at {endpoint} cannot be used: {reason}. Check that it runs and holds this account's key"
    )]
    SignerUnreachable {
        /// The address as configured, without its token.
        endpoint: String,
        /// What the transport reported, or what is wrong with the answer.
        reason: String,
    },
    /// The remote signer read the transaction and will not sign it.
    #[error("the remote signer refused: {reason}. Its operator decides what it signs")]
    SignerRefused {
        /// The signer's text.
        reason: String,
    },
    /// The chain has passed the last height at which the transaction could have been included.
    #[error("transaction {hash} was not included up to height {height} and never will be; it is safe to send again")]
    Expired {
        /// Upper-case hex.
        hash: String,
        /// The last height at which it could have been included.
        height: u64,
    },
    /// The node belongs to another chain than the stream's cursor.
    #[error("the node is of chain {found}, not {expected}. Point the client at the right chain, or start a new cursor")]
    OtherChain {
        /// The cursor's chain.
        expected: String,
        /// The node's chain.
        found: String,
    },
    /// The chain's history was replaced from before the heights that the cursor remembers.
    #[error(
        "the chain's history changed before height {oldest}, the oldest that is remembered. What was read from it must \
         be read again from the start with a new cursor"
    )]
    HistoryReplaced {
        /// The oldest remembered height; its block is another one now.
        oldest: u64,
    },
    /// The chain gave no usable answer for a while. The stream continues where it was when asked again.
    #[error("no events for {waited_s} s at height {height}: {reason}")]
    StreamStalled {
        /// The height that could not be read.
        height: u64,
        /// How long was tried.
        waited_s: u64,
        /// The last failure.
        reason: String,
    },
    /// A key file cannot be read or written.
    #[error("key file {}: {reason}", path.display())]
    KeyFile {
        /// Where.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
}

impl ChainError {
    /// A stable name for catalogues, logs and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "CHAIN_UNREACHABLE",
            Self::Rpc { .. } => "CHAIN_RPC",
            Self::BadAnswer { .. } => "CHAIN_BAD_ANSWER",
            Self::UnknownAccount { .. } => "CHAIN_UNKNOWN_ACCOUNT",
            Self::SimulationFailed { .. } => "CHAIN_SIMULATION_FAILED",
            Self::GasLimit { .. } => "CHAIN_GAS_LIMIT",
            Self::Rejected { .. } => "CHAIN_TX_REJECTED",
            Self::Failed { .. } => "CHAIN_TX_FAILED",
            Self::NotIncluded { .. } => "CHAIN_TX_NOT_INCLUDED",
            Self::TimeNotReached { .. } => "CHAIN_TIME_NOT_REACHED",
            Self::Query { .. } => "CHAIN_QUERY_FAILED",
            Self::Json { .. } => "CHAIN_JSON",
            Self::Invalid { .. } => "CHAIN_INVALID_VALUE",
            Self::Key { .. } => "CHAIN_KEY",
            Self::Armor(_) => "CHAIN_KEY_ARMOR",
            Self::SignerUnreachable { .. } => "CHAIN_SIGNER_UNREACHABLE",
            Self::SignerRefused { .. } => "CHAIN_SIGNER_REFUSED",
            Self::Expired { .. } => "CHAIN_TX_EXPIRED",
            Self::OtherChain { .. } => "CHAIN_OTHER_CHAIN",
            Self::HistoryReplaced { .. } => "CHAIN_HISTORY_REPLACED",
            Self::StreamStalled { .. } => "CHAIN_STREAM_STALLED",
            Self::KeyFile { .. } => "CHAIN_KEY_FILE",
        }
    }

    /// Whether the signer's sequence was not the one the chain expects.
    ///
    /// By number where the chain gives one (SDK code 32); estimates fail without a number, only with the SDK's text.
    #[must_use]
    pub fn is_sequence_mismatch(&self) -> bool {
        const WRONG_SEQUENCE: u32 = 32;
        match self {
            Self::Rejected { codespace, code, .. } => codespace == "sdk" && *code == WRONG_SEQUENCE,
            Self::SimulationFailed { log } => log.contains("account sequence mismatch"),
            _ => false,
        }
    }

    /// The sequence that the chain asked for in a mismatch, if its text says it.
    pub(crate) fn expected_sequence(&self) -> Option<u64> {
        let log = match self {
            Self::Rejected { log, .. } | Self::SimulationFailed { log } if self.is_sequence_mismatch() => log,
            _ => return None,
        };
        let number = log.split("sequence mismatch, expected ").nth(1)?;
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        number.get(..end)?.parse().ok()
    }

    pub(crate) fn rpc(call: &'static str, status: &tonic::Status) -> Self {
        Self::Rpc { call, status: status.code(), message: status.message().to_owned() }
    }

    pub(crate) fn answer(call: &'static str, reason: impl Into<String>) -> Self {
        Self::BadAnswer { call, reason: reason.into() }
    }
}
