//! Batched multi-LoRA generation on ONNX Runtime.
//!
//! [`Engine`] is a handle to one thread that owns the session. Requests for different adapters
//! share every batch: each row carries the slot of its adapter, and the transformed graph adds
//! that adapter's low-rank product, on CPU by an operator of ours (`lora`, `openledger-lora`), else
//! by standard ones (`openledger-onnx-graph`). A step is either a prefill of
//! right-padded prompts or one more token for every running row; new requests join in between.
//! The same thread scores completions for attribution and audits.
//!
//! [`gradient::GradientSession`] is the other user of the runtime: log-probabilities and LoRA gradients for training.

mod adapter;
mod bounded_file;
mod config;
mod engine;
mod error;
mod forward;
pub mod gradient;
mod grammar;
mod interface;
mod kv;
mod lora;
mod model_config;
mod model_folder;
mod request;
mod runtime;
mod sampling;
mod scheduler;
mod sequence;
mod slots;
mod text;
mod worker;

pub use adapter::AdapterInfo;
pub use config::{EngineConfig, Limits};
pub use engine::Engine;
pub use error::EngineError;
pub use grammar::Grammar;
pub use model_folder::ModelInfo;
pub use openledger_onnx_graph::LoraForm;
pub use request::{FinishReason, GenerateEvent, GenerateRequest, ScoreRow};
pub use sampling::{Candidate, Likelihood, Past, Penalties, Sampling};
