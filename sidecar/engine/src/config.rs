//! What an engine is started with.

use std::path::PathBuf;

use openledger_onnx_graph::LoraForm;

use crate::Provider;

/// Where the model and the runtime are, and how much they may use.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Folder with the ONNX file, `tokenizer.json` and `genai_config.json` (onnxruntime-genai builder)
    /// or `config.json` (Optimum).
    pub model_dir: PathBuf,
    /// The ONNX Runtime library. Without it, `ORT_DYLIB_PATH` and then the project's own folder
    /// are tried. One process can load only one.
    pub ort_library: Option<PathBuf>,
    /// What runs the model. On a card, adapters and attention are in the portable forms: see [`EngineConfig::portable`].
    pub provider: Provider,
    /// Threads of one operator on the processor; 0 lets ONNX Runtime choose.
    pub threads: usize,
    /// How adapters are computed. On CPU the operator is faster and gives the same bits in every
    /// batch; the standard form is the portable one. `None` leaves the graph as it is: every adapter is refused.
    pub lora: Option<LoraForm>,
    /// How attention and its cache are computed.
    pub attention: AttentionForm,
    /// Bounds on requests and adapters.
    pub limits: Limits,
}

impl EngineConfig {
    /// Default limits, one thread, adapters and attention by our operators, library found automatically.
    #[must_use]
    pub fn new(model_dir: impl Into<PathBuf>) -> Self {
        Self {
            model_dir: model_dir.into(),
            ort_library: None,
            provider: Provider::Cpu,
            threads: 1,
            lora: Some(LoraForm::Operator),
            attention: AttentionForm::Paged,
            limits: Limits::default(),
        }
    }

    /// The same on any provider and for models of 16 bits: adapters in standard operators, attention by the model's own.
    #[must_use]
    pub fn portable(model_dir: impl Into<PathBuf>, provider: Provider) -> Self {
        Self { provider, lora: Some(LoraForm::Standard), attention: AttentionForm::Stock, ..Self::new(model_dir) }
    }
}

/// How attention and its cache are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionForm {
    /// By our operator over blocks of the engine's own memory: prompts and single tokens share every step, beginnings are shared,
    /// and nothing is copied. Graphs without GroupQueryAttention have no such form and are run with their own operators.
    Paged,
    /// By the model's own operators: the portable form.
    Stock,
}

/// Bounds on what clients may ask for and on what the engine uses. Requests beyond are refused with a typed error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Sequences that run at once.
    pub max_batch: usize,
    /// Tokens of one prompt.
    pub max_prompt_tokens: usize,
    /// Tokens one request may generate, or one scored completion may have.
    pub max_new_tokens: usize,
    /// Rows of one scoring call.
    pub max_score_rows: usize,
    /// Requests that may wait for a place in the batch.
    pub max_queue: usize,
    /// Requests that one tenant may have waiting and running.
    pub max_tenant_requests: usize,
    /// Prompt tokens of a step in which others decode: the longest that those wait for a newcomer.
    pub prefill_chunk: usize,
    /// Prompt tokens of a step in which nobody decodes.
    pub max_step_tokens: usize,
    /// Tokens in one block of the key-value cache.
    pub block_tokens: usize,
    /// Bytes of the key-value cache: all sequences, and what is kept for others to share.
    pub kv_bytes: usize,
    /// Ids of adapters.
    pub max_adapters: usize,
    /// Adapters in memory at once. The others are read again when a request needs them.
    pub max_resident: usize,
    /// Bytes of the adapters in memory; one adapter may take half of them.
    pub max_adapter_bytes: usize,
    /// Bytes of the adapters of one step, unless it has only one: what a step reads besides the base.
    pub max_step_adapter_bytes: usize,
    /// Rank of one adapter; the operator computes ranks up to 128.
    pub max_rank: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_batch: 32,
            max_prompt_tokens: 2048,
            max_new_tokens: 512,
            max_score_rows: 256,
            max_queue: 256,
            max_tenant_requests: 256,
            prefill_chunk: 128,
            max_step_tokens: 512,
            block_tokens: 16,
            kv_bytes: 2 << 30,
            max_adapters: 4096,
            max_resident: 256,
            max_adapter_bytes: 4 << 30,
            max_step_adapter_bytes: 1 << 30,
            max_rank: openledger_lora::MAX_RANK,
        }
    }
}
