//! What an engine is started with.

use std::path::PathBuf;

use openledger_onnx_graph::LoraForm;

/// Where the model and the runtime are, and how much they may use.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Folder with the ONNX file, `tokenizer.json` and `genai_config.json` (onnxruntime-genai builder)
    /// or `config.json` (Optimum).
    pub model_dir: PathBuf,
    /// The ONNX Runtime library. Without it, `ORT_DYLIB_PATH` and then the project's own folder
    /// are tried. One process can load only one.
    pub ort_library: Option<PathBuf>,
    /// Threads of one operator; 0 lets ONNX Runtime choose.
    pub threads: usize,
    /// How adapters are computed. On CPU the operator is faster and gives the same bits in every
    /// batch; the standard form is the portable one.
    pub lora: LoraForm,
    /// Bounds on requests and adapters.
    pub limits: Limits,
}

impl EngineConfig {
    /// Default limits, one thread, adapters by the operator, library found automatically.
    #[must_use]
    pub fn new(model_dir: impl Into<PathBuf>) -> Self {
        Self {
            model_dir: model_dir.into(),
            ort_library: None,
            threads: 1,
            lora: LoraForm::Operator,
            limits: Limits::default(),
        }
    }
}

/// Bounds on what clients may ask for. Requests beyond are refused with a typed error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Rows of one step, and of one scoring call.
    pub max_batch: usize,
    /// Tokens of one prompt.
    pub max_prompt_tokens: usize,
    /// Tokens one request may generate, or one scored completion may have.
    pub max_new_tokens: usize,
    /// Requests that may wait for a place in the batch.
    pub max_queue: usize,
    /// Adapters resident at once, those being unloaded included.
    pub max_adapters: usize,
    /// Rank of one adapter; the operator computes ranks up to 128.
    pub max_rank: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_batch: 32,
            max_prompt_tokens: 2048,
            max_new_tokens: 512,
            max_queue: 256,
            max_adapters: 64,
            max_rank: openledger_lora::MAX_RANK,
        }
    }
}
