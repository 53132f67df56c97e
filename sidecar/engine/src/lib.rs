//! Batched multi-LoRA generation on ONNX Runtime.
//!
//! [`Engine`] is a handle to one thread that owns the session. Requests for different adapters
//! share every batch: each row carries the slot of its adapter, and the transformed graph adds
//! that adapter's low-rank product, on CPU by an operator of ours (`lora`, `openledger-lora`), else
//! by standard ones (`openledger-onnx-graph`). The scheduler lets requests in as adapters and cache allow and
//! plans steps of decoding rows and parts of prompts; a [`backend`] runs them. Completions that are scored for attribution
//! and audits go the same way.
//!
//! [`gradient::GradientSession`] is the other user of the runtime: log-probabilities and LoRA gradients for training and
//! attribution. It also runs in another executor, without the runtime.

mod adapter;
mod attention;
mod backend;
mod bounded_file;
mod chat;
mod config;
mod cuda;
#[cfg(feature = "double")]
pub mod double;
mod engine;
mod error;
mod float;
pub mod gradient;
mod grammar;
mod graph_check;
mod interface;
mod kv;
mod lora;
mod model_config;
mod model_folder;
mod pool;
mod provider;
mod report;
mod request;
mod runtime;
mod sampling;
mod scheduler;
mod sequence;
mod slots;
mod stats;
mod text;
mod worker;

pub use adapter::AdapterInfo;
pub use chat::{ChatMessage, ChatOptions};
pub use config::{AttentionForm, EngineConfig, Limits};
pub use engine::Engine;
pub use error::EngineError;
pub use grammar::Grammar;
pub use model_folder::ModelInfo;
pub use openledger_onnx_graph::LoraForm;
pub use provider::{Provider, UnknownProvider};
pub use report::{InspectedModel, ModelReport};
pub use request::{FinishReason, GenerateEvent, GenerateRequest, ScaledAdapter, ScoreRow};
pub use sampling::{Candidate, Likelihood, Past, Penalties, Sampling};
pub use slots::AdapterStats;
pub use stats::EngineStats;
