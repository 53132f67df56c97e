//! Every failure that a caller can meet: one reason, one gRPC code, one sentence on what to do.

use std::collections::HashMap;

use openledger_attribution::{AuditError, index::IndexError};
use openledger_chain::ChainError;
use openledger_corpus::CorpusError;
use openledger_engine::EngineError;
use openledger_jobs::JobsError;
use openledger_protocol::{amount::AmountError, credits::CreditError, credits::RootError};
use openledger_trainer::TrainError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// A failure with a stable reason.
#[derive(Debug, thiserror::Error)]
pub enum NodeError {
    /// A field of the request is missing, malformed or over its limit.
    #[error("{field}: {problem}")]
    BadRequest {
        /// Name of the field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// No such adapter here.
    #[error("adapter {0} is not served by this node")]
    UnknownAdapter(u64),
    /// The files of an adapter are not what the chain registered.
    #[error("adapter {adapter_id}: {problem}")]
    AdapterMismatch {
        /// Adapter.
        adapter_id: u64,
        /// What differs.
        problem: String,
    },
    /// The voucher is for another chain or contract.
    #[error("the voucher is scoped to another chain or settlement contract")]
    VoucherScope,
    /// The signature is not the session key's.
    #[error("the voucher is not signed by the key of session {0}")]
    VoucherForged(u64),
    /// The sequence was used before.
    #[error("voucher sequence {got} of session {session_id} is not above {last}")]
    VoucherReplayed {
        /// Session.
        session_id: u64,
        /// Sequence in the voucher.
        got: u64,
        /// Highest sequence seen.
        last: u64,
    },
    /// The voucher does not cover the request.
    #[error("the voucher covers {covered} uopen of session {session_id}; this request needs {needed}")]
    VoucherTooSmall {
        /// Session.
        session_id: u64,
        /// Cumulative amount of the voucher.
        covered: u128,
        /// Charged and reserved so far plus this request's maximum.
        needed: u128,
    },
    /// The voucher promises more than the session holds.
    #[error("the voucher promises {promised} uopen; session {session_id} can pay {budget} in all")]
    VoucherOverdrawn {
        /// Session.
        session_id: u64,
        /// Cumulative amount of the voucher.
        promised: u128,
        /// What the session can pay in all.
        budget: u128,
    },
    /// The session cannot pay for this.
    #[error("session {session_id}: {problem}")]
    SessionUnusable {
        /// Session.
        session_id: u64,
        /// Why.
        problem: String,
    },
    /// Batches are shown to validators only.
    #[error("the request is not signed by a member of the newest validator set")]
    NotAValidator,
    /// Nothing under this id.
    #[error("{kind} {id} is unknown here")]
    NotFound {
        /// Kind of thing.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// The answer was delivered, or still is, and its receipt is yet to come.
    #[error("the answer under voucher {sequence} of session {session_id} is still being attributed")]
    ReceiptPending {
        /// Session.
        session_id: u64,
        /// Sequence of the voucher.
        sequence: u64,
    },
    /// The receipts shown are not the ones that the batch commits to: one was changed, left out, added or moved.
    #[error("batch {0}: its receipts are not the committed ones")]
    ReceiptsMismatch(u64),
    /// A batch does not follow from its receipts.
    #[error("batch {batch_id}: {problem}")]
    BatchInvalid {
        /// Batch in the settlement contract.
        batch_id: u64,
        /// What does not hold.
        problem: String,
    },
    /// A proposed epoch does not follow from its batches.
    #[error("epoch {epoch}: {problem}")]
    EpochInvalid {
        /// Epoch.
        epoch: u64,
        /// What does not hold.
        problem: String,
    },
    /// Signing would be an equivocation.
    #[error("round {round} of epoch {epoch} was signed before with another content")]
    WouldEquivocate {
        /// Epoch.
        epoch: u64,
        /// Round.
        round: u32,
    },
    /// Too few validators signed.
    #[error("epoch {epoch}: {signed} of {total} power signed, more than two thirds are needed; {reasons}")]
    NoQuorum {
        /// Epoch.
        epoch: u64,
        /// Power that signed.
        signed: u128,
        /// Power of the set.
        total: u128,
        /// Why the others did not.
        reasons: String,
    },
    /// Recomputing disagrees with a receipt.
    #[error("receipt {receipt}: {problem}")]
    ReceiptInvalid {
        /// Digest in hex.
        receipt: String,
        /// What does not hold.
        problem: String,
    },
    /// The account has this bond already; registering twice would be a mistake.
    #[error("this account is bonded as {role} already, with {bond} uopen")]
    BondedAlready {
        /// Validator or node.
        role: &'static str,
        /// What is bonded, in uopen.
        bond: u128,
    },
    /// There is no bond to add to.
    #[error("this account is not bonded as {role}")]
    NotBonded {
        /// Validator or node.
        role: &'static str,
    },
    /// The account cannot pay.
    #[error("the account holds {held} uopen; {needed} are needed")]
    OpenTooLittle {
        /// In uopen.
        held: u128,
        /// In uopen.
        needed: u128,
    },
    /// The model refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A training or its verification was refused or failed.
    #[error(transparent)]
    Train(TrainError),
    /// A job of a queue was refused or failed.
    #[error(transparent)]
    Jobs(JobsError),
    /// An attribution index cannot be built, read or asked.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Rows of a Datanet are refused.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Rows cannot be compared on a cluster of machines.
    #[cfg(feature = "cluster")]
    #[error(transparent)]
    RowsCluster(#[from] openledger_corpus_cluster::ClusterError),
    /// The chain refused or failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Another node or validator refused or failed.
    #[error("{endpoint}: {status}")]
    Peer {
        /// Its address.
        endpoint: String,
        /// What it said.
        status: String,
    },
    /// The store failed.
    #[error("the ledger cannot be read or written: {0}")]
    Ledger(String),
    /// Too much is under way.
    #[error("{0} are under way already")]
    Busy(&'static str),
    /// Something inside this process failed that no caller can mend.
    #[error("{0}")]
    Internal(String),
    /// The home folder or its configuration cannot be used.
    #[error("{0}")]
    Config(String),
}

impl NodeError {
    /// UPPER_SNAKE name, stable across versions.
    pub fn reason(&self) -> &str {
        match self {
            Self::BadRequest { .. } => "BAD_REQUEST",
            Self::UnknownAdapter(_) => "UNKNOWN_ADAPTER",
            Self::AdapterMismatch { .. } => "ADAPTER_MISMATCH",
            Self::VoucherScope => "VOUCHER_SCOPE",
            Self::VoucherForged(_) => "VOUCHER_FORGED",
            Self::VoucherReplayed { .. } => "VOUCHER_REPLAYED",
            Self::VoucherTooSmall { .. } => "VOUCHER_TOO_SMALL",
            Self::VoucherOverdrawn { .. } => "VOUCHER_OVERDRAWN",
            Self::SessionUnusable { .. } => "SESSION_UNUSABLE",
            Self::NotAValidator => "NOT_A_VALIDATOR",
            Self::NotFound { .. } => "NOT_FOUND",
            Self::ReceiptPending { .. } => "RECEIPT_PENDING",
            Self::ReceiptsMismatch(_) => "RECEIPTS_MISMATCH",
            Self::BatchInvalid { .. } => "BATCH_INVALID",
            Self::EpochInvalid { .. } => "EPOCH_INVALID",
            Self::WouldEquivocate { .. } => "WOULD_EQUIVOCATE",
            Self::NoQuorum { .. } => "NO_QUORUM",
            Self::ReceiptInvalid { .. } => "RECEIPT_INVALID",
            Self::BondedAlready { .. } => "BONDED_ALREADY",
            Self::NotBonded { .. } => "NOT_BONDED",
            Self::OpenTooLittle { .. } => "OPEN_TOO_LITTLE",
            Self::Engine(error) => error.code(),
            Self::Train(error) => error.code(),
            Self::Jobs(error) => error.code(),
            Self::Index(error) => error.code(),
            Self::Corpus(error) => error.code(),
            #[cfg(feature = "cluster")]
            Self::RowsCluster(error) => error.code(),
            Self::Chain(error) => error.code(),
            Self::Peer { .. } => "PEER",
            Self::Ledger(_) => "LEDGER",
            Self::Busy(_) => "BUSY",
            Self::Internal(_) => "INTERNAL",
            Self::Config(_) => "CONFIG",
        }
    }

    /// What the caller should do next.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::BadRequest { .. } => "correct the named field and send the request again",
            Self::UnknownAdapter(_) => "list the adapters that this node serves with ListModels",
            Self::AdapterMismatch { .. } => "install the files that the models contract registered, or register these",
            Self::VoucherScope => "sign the voucher for the chain id and settlement contract of this network",
            Self::VoucherForged(_) => "sign with the key whose public key opened the session, with low S",
            Self::VoucherReplayed { .. } => "sign a voucher with the next sequence",
            Self::VoucherTooSmall { .. } => "sign a voucher over at least the needed amount",
            Self::VoucherOverdrawn { .. } => "sign a smaller voucher or open a session with a larger budget",
            Self::SessionUnusable { .. } => "open a session that allows this adapter, price and time",
            Self::NotAValidator => "sign the BatchAccess message with the BLS key that the set names",
            Self::NotFound { .. } => "check the id; receipts and batches live at the node that made them",
            Self::BatchInvalid { .. } | Self::ReceiptsMismatch(_) | Self::ReceiptInvalid { .. } => {
                "do not pay it: keep the evidence and let the batch expire so that buyers are refunded"
            }
            Self::EpochInvalid { .. } => "propose the epoch that the chain expects, with the batches it holds",
            Self::WouldEquivocate { .. } => {
                "propose the statement that was signed first, or another one in the next round"
            }
            Self::NoQuorum { .. } => "wait for the absent validators or let the batches expire",
            Self::BondedAlready { .. } => "see it with openledger bond show; add to it with --add",
            Self::NotBonded { .. } => "register first: the same command without --add",
            Self::OpenTooLittle { .. } => "send the account more OPEN, or bond less",
            Self::Engine(_) => "see the message; nothing was charged",
            Self::Train(TrainError::Refuted { .. }) => "do not rely on the adapter; keep the folder as evidence",
            Self::Index(_) | Self::Corpus(_) => "see the message; nothing was changed",
            Self::Jobs(JobsError::Queue { .. }) => {
                "check that the queue's file or database can be reached, then try again"
            }
            Self::Jobs(JobsError::GivenUp { .. }) => {
                "mend what the message names, then give the same command again: what is done stays done"
            }
            Self::Jobs(_) => "see the message; results that were made are kept",
            #[cfg(feature = "cluster")]
            Self::RowsCluster(_) => "see the message; nothing was changed",
            Self::Train(_) => "see the message; stored checkpoints and adapters are as they were",
            Self::Chain(_) => "check the chain's address and the account's funds, then try again",
            Self::Peer { .. } => "check that the peer runs and is reachable at its registered endpoint",
            Self::Ledger(_) => "check disk space and permissions of the home folder",
            Self::Busy(_) | Self::ReceiptPending { .. } => "try again in a few seconds",
            Self::Internal(_) => "report it to the operator with the time of the call",
            Self::Config(_) => "correct the configuration and start again",
        }
    }

    fn grpc_code(&self) -> Code {
        match self {
            Self::BadRequest { .. } => Code::InvalidArgument,
            Self::UnknownAdapter(_) | Self::NotFound { .. } => Code::NotFound,
            Self::VoucherScope | Self::VoucherForged(_) | Self::NotAValidator => Code::PermissionDenied,
            Self::VoucherReplayed { .. } => Code::Aborted,
            Self::VoucherTooSmall { .. }
            | Self::VoucherOverdrawn { .. }
            | Self::SessionUnusable { .. }
            | Self::AdapterMismatch { .. }
            | Self::BatchInvalid { .. }
            | Self::ReceiptsMismatch(_)
            | Self::EpochInvalid { .. }
            | Self::WouldEquivocate { .. }
            | Self::NoQuorum { .. }
            | Self::BondedAlready { .. }
            | Self::NotBonded { .. }
            | Self::OpenTooLittle { .. }
            | Self::Train(_)
            | Self::Jobs(_)
            | Self::Index(_)
            | Self::Corpus(_)
            | Self::ReceiptInvalid { .. } => Code::FailedPrecondition,
            Self::Engine(error) => match error.code() {
                "REQUEST_OVER_LIMIT" | "REQUEST_INVALID" => Code::InvalidArgument,
                "ADAPTER_UNKNOWN" => Code::NotFound,
                "ADAPTER_UNAVAILABLE" | "ENGINE_STOPPED" => Code::Unavailable,
                "QUEUE_FULL" | "TENANT_LIMIT" => Code::ResourceExhausted,
                "DEADLINE_EXCEEDED" => Code::DeadlineExceeded,
                _ => Code::Internal,
            },
            Self::Chain(_) | Self::Peer { .. } | Self::ReceiptPending { .. } => Code::Unavailable,
            #[cfg(feature = "cluster")]
            Self::RowsCluster(_) => Code::Unavailable,
            Self::Busy(_) => Code::ResourceExhausted,
            Self::Ledger(_) | Self::Internal(_) | Self::Config(_) => Code::Internal,
        }
    }
}

impl From<NodeError> for Status {
    fn from(error: NodeError) -> Self {
        let mut details = ErrorDetails::new();
        let metadata = HashMap::from([("fix".to_owned(), error.fix().to_owned())]);
        details.set_error_info(error.reason(), "openledger", metadata);
        Status::with_error_details(error.grpc_code(), error.to_string(), details)
    }
}

impl From<JobsError> for NodeError {
    fn from(error: JobsError) -> Self {
        match error {
            JobsError::Train(error) => error.into(),
            JobsError::Index(error) => Self::Index(error),
            JobsError::Audit(AuditError::Engine(error)) => Self::Engine(error),
            other => Self::Jobs(other),
        }
    }
}

impl From<sqlx::Error> for NodeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Ledger(error.to_string())
    }
}

impl From<AmountError> for NodeError {
    fn from(error: AmountError) -> Self {
        Self::BadRequest { field: "amount", problem: error.to_string() }
    }
}

/// A credit error names the receipt that it was found in.
pub fn receipt_error(id: &[u8], error: CreditError) -> NodeError {
    NodeError::ReceiptInvalid { receipt: hex::encode(id), problem: error.to_string() }
}

/// A root error names what it was computed for.
pub fn root_error(what: &str, error: RootError) -> NodeError {
    NodeError::Internal(format!("{what}: {error}"))
}
