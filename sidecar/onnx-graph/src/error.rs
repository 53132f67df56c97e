//! What can be wrong with a model file, each with what to do about it.

use std::path::PathBuf;

/// Why a model cannot be read, checked or transformed. Nothing is changed when one is returned.
#[derive(Debug, thiserror::Error)]
pub enum GraphError {
    /// The operating system refused to give a file.
    #[error("cannot read {path}: {source}; check that the model folder is complete and readable")]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file is larger than the configured bound.
    #[error("{path} has {size} bytes, more than the limit of {limit}; raise the limit or use a smaller model")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        limit: u64,
    },
    /// The bytes are not an ONNX model (truncated, damaged, or another format).
    #[error("not a readable ONNX model: {reason}; fetch or export the file again")]
    Corrupt {
        /// What the decoder met.
        reason: String,
    },
    /// The file holds something this crate does not carry.
    #[error("the model uses {what}, which is not supported; export it for inference without it")]
    Unsupported {
        /// The feature.
        what: String,
    },
    /// The IR version is outside the range this crate knows.
    #[error("ONNX IR version {version} is not in the supported range {min}..={max}; export with another version")]
    IrVersion {
        /// The version found.
        version: i64,
        /// Lowest supported.
        min: i64,
        /// Highest supported.
        max: i64,
    },
    /// An operator set whose meaning this crate does not know.
    #[error("unknown operator set {domain:?} version {version}; export with ONNX opset 11 to 26 and com.microsoft 1")]
    UnknownOpset {
        /// Its domain, empty for ONNX.
        domain: String,
        /// Its version.
        version: i64,
    },
    /// A node uses a domain that the model does not import.
    #[error("node {node:?} uses operator domain {domain:?} that the model does not import; export the model again")]
    MissingOpset {
        /// The node.
        node: String,
        /// The domain.
        domain: String,
    },
    /// A node or output reads a value that nothing produces before it.
    #[error("{reader:?} reads {value:?}, which nothing produces before it; the file is incomplete, export it again")]
    MissingValue {
        /// Node name, or `graph output`.
        reader: String,
        /// The value.
        value: String,
    },
    /// Two producers of one value.
    #[error("value {value:?} is produced twice; the file is damaged, export it again")]
    DuplicateValue {
        /// The value.
        value: String,
    },
    /// A tensor's declared shape and its data disagree.
    #[error("tensor {tensor:?}: {reason}; the file is damaged, fetch or export it again")]
    Tensor {
        /// The tensor.
        tensor: String,
        /// The disagreement.
        reason: String,
    },
    /// A reference to a file outside the model folder, or a malformed one.
    #[error("tensor {tensor:?} refers to external file {location:?}: {reason}; keep weight files beside the model")]
    ExternalPath {
        /// The tensor.
        tensor: String,
        /// The reference as written in the model.
        location: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A linear layer that LoRA cannot be attached to.
    #[error("LoRA site {node:?}: {reason}")]
    Site {
        /// The node.
        node: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// An attention node that the paged form cannot stand for.
    #[error("attention {node:?}: {reason}")]
    Attention {
        /// The node.
        node: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// A graph that has no paged form.
    #[error("the model has no paged form: {reason}")]
    Paged {
        /// Why not, and what to do.
        reason: String,
    },
    /// A graph whose logits cannot be computed for chosen rows only.
    #[error("the logits cannot be chosen: {reason}")]
    Head {
        /// Why not, and what to do.
        reason: String,
    },
    /// The paged form was asked of a model without fused attention.
    #[error("no GroupQueryAttention was found; export with the onnxruntime-genai builder for CPU")]
    NoAttention,
    /// The transformation met a model without any LoRA site.
    #[error("no linear layer named `layers.<n>/<module>/MatMul` was found; export with the onnxruntime-genai builder")]
    NoSites,
}
