//! Everything that can go wrong, with a stable code for callers and a message for people.

use std::path::PathBuf;

use openledger_onnx_graph::GraphError;

use crate::Provider;

/// Why the engine refused or failed. A refused call changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The ONNX Runtime library is missing, unusable, or another one is already loaded.
    #[error("ONNX Runtime: {reason}; run `cargo xtask setup` or set ORT_DYLIB_PATH to a libonnxruntime >= 1.24")]
    Runtime {
        /// What happened.
        reason: String,
    },
    /// What the provider needs is missing, or it fails to start.
    #[error("{provider} cannot be used: {reason}")]
    Provider {
        /// The provider that was asked for.
        provider: Provider,
        /// What is missing and what to do.
        reason: String,
    },
    /// A form of the graph that the provider does not run.
    #[error("{form} is made for the processor and does not run on {provider}; choose {instead}")]
    FormUnsupported {
        /// What was asked for.
        form: &'static str,
        /// Where it was to run.
        provider: Provider,
        /// What runs there.
        instead: &'static str,
    },
    /// A file of the model folder is missing or not what it should be.
    #[error("model folder, {path}: {reason}; export the model again with the onnxruntime-genai builder")]
    ModelFolder {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The ONNX file or its weights are broken.
    #[error("model graph: {0}")]
    ModelBroken(#[from] GraphError),
    /// A sound model that this engine cannot serve.
    #[error("the model cannot be served: {reason}")]
    ModelUnsupported {
        /// What it has or lacks, and what to do.
        reason: String,
    },
    /// `tokenizer.json` is broken or belongs to another model.
    #[error("tokenizer {path}: {reason}; fetch the tokenizer.json of this model again")]
    TokenizerBroken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Text that the tokenizer cannot encode or ids that it cannot decode.
    #[error("the tokenizer failed: {reason}; check the text or token ids")]
    Tokenization {
        /// Its message.
        reason: String,
    },
    /// The model comes without a chat template.
    #[error("the model has no chat template; send a prompt, or put a chat_template.jinja into the model folder")]
    ChatTemplateMissing,
    /// The model's chat template cannot be read, or it fails on messages that it does not refuse.
    #[error("the model's chat template failed: {reason}; send a prompt, or correct the template in the model folder")]
    ChatTemplate {
        /// What happened.
        reason: String,
    },
    /// A file of an adapter folder is missing, truncated or damaged.
    #[error("adapter file {path}: {reason}; fetch the adapter again")]
    AdapterBroken {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The adapter asks for something that would not be honoured.
    #[error("the adapter uses {feature}, which this engine does not honour; train it as plain LoRA on linear layers")]
    AdapterUnsupported {
        /// The configuration field and value.
        feature: String,
    },
    /// Configured and stored rank differ.
    #[error(
        "rank mismatch at {module}: the configuration says {configured}, the weights have {stored}; the files do not belong together"
    )]
    AdapterRank {
        /// The module.
        module: String,
        /// From `adapter_config.json`.
        configured: usize,
        /// From the tensor.
        stored: usize,
    },
    /// The adapter targets a layer that the base does not have.
    #[error("the base model has no LoRA site {site:?}; the adapter was trained on another model")]
    AdapterSite {
        /// The site or tensor name.
        site: String,
    },
    /// A tensor's shape does not fit its site, or a tensor is missing.
    #[error("adapter tensor {tensor:?}: {reason}; the adapter was trained on another model or is incomplete")]
    AdapterShape {
        /// The tensor.
        tensor: String,
        /// The disagreement.
        reason: String,
    },
    /// Infinite or not-a-number weights.
    #[error("adapter tensor {tensor:?} holds values that are not finite; train the adapter again")]
    AdapterNotFinite {
        /// The tensor.
        tensor: String,
    },
    /// The file is not the one that was registered.
    #[error("adapter digest is {found}, expected {expected}; fetch the registered file or register this one")]
    AdapterDigest {
        /// Hex digest asked for.
        expected: String,
        /// Hex digest of the file.
        found: String,
    },
    /// The id is taken by other weights.
    #[error("adapter {id:?} is already loaded with other weights; unload it first or choose another id")]
    AdapterExists {
        /// The id.
        id: String,
    },
    /// No adapter of this id is loaded. The base never answers in its place.
    #[error("no adapter {id:?} is loaded; load it first or ask for a loaded one")]
    AdapterUnknown {
        /// The id.
        id: String,
    },
    /// The id has another generation than the one to be replaced.
    #[error("adapter {id:?} has generation {found}, not {expected}; look at it again before replacing it")]
    AdapterConflict {
        /// The id.
        id: String,
        /// Hex generation that was to be replaced.
        expected: String,
        /// Hex generation that is there.
        found: String,
    },
    /// An adapter that had to be read again could not be.
    #[error("the adapter could not be read again: {reason}; load it again")]
    AdapterUnavailable {
        /// Why.
        reason: String,
    },
    /// Too many adapters, or one of too high a rank or size.
    #[error("adapter {what} is {value}, the limit is {limit}; unload adapters, use a smaller one or raise the limit")]
    AdapterLimit {
        /// The bounded quantity.
        what: &'static str,
        /// Its value.
        value: usize,
        /// The bound.
        limit: usize,
    },
    /// A request over a limit.
    #[error("{what}: {value} is over the limit of {limit}; send a smaller request")]
    RequestLimit {
        /// The bounded quantity.
        what: &'static str,
        /// Its value.
        value: usize,
        /// The bound.
        limit: usize,
    },
    /// A request that makes no sense.
    #[error("invalid request: {reason}")]
    RequestInvalid {
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// The waiting line is full.
    #[error("{waiting} requests are waiting already; try again later")]
    QueueFull {
        /// Length of the line.
        waiting: usize,
    },
    /// One tenant has too many requests at once.
    #[error("{tenant:?} would have {value} requests at once, the limit is {limit}; wait for one of them to end")]
    TenantLimit {
        /// Who asks.
        tenant: String,
        /// How many there would be.
        value: usize,
        /// The bound.
        limit: usize,
    },
    /// The request did not end in time.
    #[error("the deadline passed before the answer was complete; allow more time or ask for fewer tokens")]
    DeadlineExceeded,
    /// ONNX Runtime failed during a step.
    #[error("the model failed to run: {reason}; try again, and report it with the model's digest if it persists")]
    Inference {
        /// Its message.
        reason: String,
    },
    /// The engine is shutting down.
    #[error("the engine has stopped; start it again")]
    Stopped,
}

impl EngineError {
    /// Stable code for machines: the same in gRPC, HTTP, logs and the command line.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Runtime { .. } => "RUNTIME_UNAVAILABLE",
            Self::Provider { .. } => "PROVIDER_UNAVAILABLE",
            Self::FormUnsupported { .. } => "FORM_UNSUPPORTED",
            Self::ModelFolder { .. } => "MODEL_FOLDER_INVALID",
            Self::ModelBroken(_) => "MODEL_BROKEN",
            Self::ModelUnsupported { .. } => "MODEL_UNSUPPORTED",
            Self::TokenizerBroken { .. } => "TOKENIZER_BROKEN",
            Self::Tokenization { .. } => "TOKENIZATION_FAILED",
            Self::ChatTemplateMissing => "CHAT_TEMPLATE_MISSING",
            Self::ChatTemplate { .. } => "CHAT_TEMPLATE_FAILED",
            Self::AdapterBroken { .. } => "ADAPTER_BROKEN",
            Self::AdapterUnsupported { .. } => "ADAPTER_UNSUPPORTED",
            Self::AdapterRank { .. } => "ADAPTER_RANK_MISMATCH",
            Self::AdapterSite { .. } => "ADAPTER_SITE_UNKNOWN",
            Self::AdapterShape { .. } => "ADAPTER_SHAPE_MISMATCH",
            Self::AdapterNotFinite { .. } => "ADAPTER_NOT_FINITE",
            Self::AdapterDigest { .. } => "ADAPTER_DIGEST_MISMATCH",
            Self::AdapterExists { .. } => "ADAPTER_EXISTS",
            Self::AdapterUnknown { .. } => "ADAPTER_UNKNOWN",
            Self::AdapterUnavailable { .. } => "ADAPTER_UNAVAILABLE",
            Self::AdapterConflict { .. } => "ADAPTER_CONFLICT",
            Self::AdapterLimit { .. } => "ADAPTER_LIMIT",
            Self::RequestLimit { .. } => "REQUEST_OVER_LIMIT",
            Self::RequestInvalid { .. } => "REQUEST_INVALID",
            Self::QueueFull { .. } => "QUEUE_FULL",
            Self::TenantLimit { .. } => "TENANT_LIMIT",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Inference { .. } => "INFERENCE_FAILED",
            Self::Stopped => "ENGINE_STOPPED",
        }
    }
}

pub(crate) fn inference(error: impl std::fmt::Display) -> EngineError {
    EngineError::Inference { reason: error.to_string() }
}
