//! The trained example model and helpers shared by the tests.

#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use openledger_engine::{
    AttentionForm, Engine, EngineConfig, EngineError, FinishReason, GenerateEvent, GenerateRequest, LoraForm,
};
use serde::Deserialize;

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub fn model_dir() -> PathBuf {
    repository().join("examples/model")
}

pub fn adapter_dir(name: &str) -> PathBuf {
    repository().join("examples/adapters").join(name)
}

/// Rank of the example adapters.
pub fn example_rank() -> usize {
    let config = std::fs::read(adapter_dir("sotu/full").join("adapter_config.json")).unwrap();
    let config: serde_json::Value = serde_json::from_slice(&config).unwrap();
    usize::try_from(config["r"].as_u64().unwrap()).unwrap()
}

/// The forms of LoRA and attention under test: the defaults, except in the target that runs the same
/// tests again in the portable ones.
pub fn config(model_dir: PathBuf) -> EngineConfig {
    let config = EngineConfig::new(model_dir);
    assert_eq!(config.lora, Some(LoraForm::Operator), "the default on CPU");
    assert_eq!(config.attention, AttentionForm::Paged, "the default on CPU");
    if is_portable() {
        return EngineConfig { lora: Some(LoraForm::Standard), attention: AttentionForm::Stock, ..config };
    }
    config
}

/// True in the target that tests the portable forms.
pub fn is_portable() -> bool {
    env!("CARGO_CRATE_NAME") == "standard_form"
}

pub fn start() -> Engine {
    Engine::start(config(model_dir())).unwrap()
}

/// One entry of `tests/golden/peft/cases.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Case {
    pub id: String,
    pub adapter: String,
    pub prompt: String,
    pub prompt_ids: Vec<u32>,
    pub greedy_ids: Vec<u32>,
    pub greedy_text: String,
    pub answer_ids: Vec<u32>,
    pub answer_log_prob: f64,
}

impl Case {
    pub fn adapter(&self) -> Option<String> {
        (self.adapter != "base").then(|| self.adapter.clone())
    }
}

pub fn golden() -> PathBuf {
    repository().join("tests/golden/peft")
}

pub fn cases() -> Vec<Case> {
    let text = std::fs::read_to_string(golden().join("cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Starts an engine with every adapter that the golden cases use.
pub async fn start_with_adapters() -> Engine {
    let engine = start();
    load_adapters(&engine).await;
    engine
}

pub async fn load_adapters(engine: &Engine) {
    for name in ["wordnet/full", "wordnet/without-animal", "sotu/full"] {
        engine.load_adapter(name, &adapter_dir(name), None).await.unwrap();
    }
}

pub fn greedy(adapter: Option<String>, prompt: Vec<u32>, max_new_tokens: usize) -> GenerateRequest {
    GenerateRequest { adapter, ..GenerateRequest::greedy(prompt, max_new_tokens) }
}

/// A finished answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub tokens: Vec<u32>,
    pub text: String,
    pub streamed: String,
    pub reason: FinishReason,
}

pub async fn collect(
    mut events: tokio::sync::mpsc::Receiver<Result<GenerateEvent, EngineError>>,
) -> Result<Answer, EngineError> {
    let (mut ids, mut streamed) = (Vec::new(), String::new());
    while let Some(event) = events.recv().await {
        match event? {
            GenerateEvent::Token { id, text, .. } => {
                ids.push(id);
                streamed.push_str(&text);
            }
            GenerateEvent::Finished { tokens, text, reason } => {
                assert_eq!(tokens, ids);
                return Ok(Answer { tokens, text, streamed, reason });
            }
        }
    }
    panic!("the stream ended without a last event")
}

pub async fn answer(engine: &Engine, request: GenerateRequest) -> Answer {
    collect(engine.generate(request).await.unwrap()).await.unwrap()
}

/// A copy of a folder, without the folders in it, in which a test can damage files.
pub fn copy_of(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            continue;
        }
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    copy
}
