//! An engine without a model, for tests of what is around one: the same scheduler, adapters, cache bookkeeping, sampling and
//! handle, in front of a stand-in of fixed speed. What it says is not language, and its model information says so.

use std::{collections::HashMap, io, path::Path, time::Duration};

use openledger_onnx_graph::{LoraForm, LoraSite, element};
use safetensors::{Dtype, tensor::TensorView};
use tokenizers::{
    AddedToken, Tokenizer, decoders::byte_level::ByteLevel as Decoder, models::bpe::BPE,
    pre_tokenizers::byte_level::ByteLevel,
};

use crate::{
    Engine, EngineError, Limits, ModelInfo,
    backend::{DoubleBackend, Pace, next_token},
    engine::Parts,
};

/// Ids 0 to 255 are bytes, this one ends an answer.
pub const EOS: u32 = 256;
const VOCAB: usize = 257;
const WIDTH: usize = 4;

/// A stand-in and its speed.
#[derive(Debug, Clone)]
pub struct Double {
    /// Time of every step.
    pub step: Duration,
    /// Time of every token in a step.
    pub token: Duration,
    /// Every so manieth step fails.
    pub fails_every: Option<u64>,
    /// Bytes that the cache is said to need for a token.
    pub token_bytes: usize,
    /// As of any engine.
    pub limits: Limits,
}

impl Default for Double {
    fn default() -> Self {
        let zero = Duration::ZERO;
        Self { step: zero, token: zero, fails_every: None, token_bytes: 1024, limits: Limits::default() }
    }
}

impl Double {
    /// Starts the engine.
    ///
    /// # Errors
    /// [`EngineError::TokenizerBroken`] and [`EngineError::Runtime`], which only a broken machine can cause.
    pub fn start(self) -> Result<Engine, EngineError> {
        let pace = Pace { step: self.step, token: self.token, fails_every: self.fails_every };
        let site = LoraSite {
            layer: 0,
            module: "q_proj".to_owned(),
            slot_inputs: None,
            in_features: WIDTH,
            out_features: WIDTH,
            data_type: element::FLOAT,
        };
        let info = ModelInfo {
            base_digest: [0; 32],
            tokenizer_digest: [0; 32],
            vocab_size: VOCAB,
            context_length: 1 << 16,
            ort_version: "none: a test double, not a model".to_owned(),
            eos_token_ids: vec![EOS],
            lora_sites: 1,
        };
        Engine::assemble(Parts {
            backend: Box::new(DoubleBackend::new(pace, VOCAB, self.limits.block_tokens)),
            token_bytes: self.token_bytes.max(1),
            sites: vec![site].into(),
            form: LoraForm::Operator,
            tokenizer: tokenizer()?,
            chat: Ok(None),
            info,
            limits: self.limits,
        })
    }
}

/// What a [`Double`] answers to a prompt by the likeliest tokens: at most `count` of them, [`EOS`] included. `generation` is that of
/// the adapter.
#[must_use]
pub fn answer(generation: Option<[u8; 32]>, prompt: &[u32], count: usize) -> Vec<u32> {
    let mut text = prompt.to_vec();
    while text.len() < prompt.len().saturating_add(count) {
        let next = next_token(generation, &text, VOCAB);
        text.push(next);
        if next == EOS {
            break;
        }
    }
    text.split_off(prompt.len())
}

/// Writes a PEFT folder that fits a [`Double`]; seeds make different adapters.
///
/// # Errors
/// Those of the file system.
pub fn write_adapter(folder: &Path, seed: u16) -> io::Result<()> {
    let [low, high] = seed.to_le_bytes();
    let values: Vec<f32> = [low, high, 1, 2].map(f32::from).to_vec();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let view = |shape: [usize; 2]| TensorView::new(Dtype::F32, shape.to_vec(), &bytes).map_err(io::Error::other);
    let name = |matrix: &str| format!("base_model.model.model.layers.0.self_attn.q_proj.lora_{matrix}.weight");
    let tensors = [(name("A"), view([1, WIDTH])?), (name("B"), view([WIDTH, 1])?)];
    let file = safetensors::serialize(tensors, None).map_err(io::Error::other)?;
    let config = serde_json::json!({ "peft_type": "LORA", "r": 1, "lora_alpha": 1, "target_modules": ["q_proj"] });
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("adapter_model.safetensors"), file)?;
    std::fs::write(folder.join("adapter_config.json"), config.to_string())
}

/// One token per byte.
fn tokenizer() -> Result<Tokenizer, EngineError> {
    let broken = |reason: String| EngineError::TokenizerBroken { path: "built in".into(), reason };
    let mut alphabet: Vec<char> = ByteLevel::alphabet().into_iter().collect();
    alphabet.sort_unstable();
    let vocab: HashMap<String, u32> = alphabet.into_iter().map(String::from).zip(0..).collect();
    let model = BPE::builder()
        .vocab_and_merges(vocab.into_iter().collect::<tokenizers::models::bpe::Vocab>(), Vec::new())
        .build()
        .map_err(|error| broken(error.to_string()))?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(false, false, false)));
    tokenizer.with_decoder(Some(Decoder::default()));
    tokenizer.add_special_tokens([AddedToken::from("<eos>", true)]).map_err(|error| broken(error.to_string()))?;
    Ok(tokenizer)
}
