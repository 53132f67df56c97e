//! The configuration files of model folders, brought to one form.
//!
//! The onnxruntime-genai builder writes `genai_config.json`, which names every input and output.
//! Optimum leaves the model's own `config.json` and always uses the same names.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, de::DeserializeOwned};

use crate::{EngineError, bounded_file::read_bounded};

const MAX_CONFIG_BYTES: u64 = 1 << 20;
const MAX_LAYERS: usize = 4096;

/// What the folder says about the model.
#[derive(Debug, Deserialize)]
pub(crate) struct ModelConfig {
    pub context_length: usize,
    pub vocab_size: usize,
    eos_token_id: Option<OneOrMany>,
    pub decoder: DecoderConfig,
    /// The model's family, for example `llama`.
    #[serde(rename = "type")]
    pub family: Option<String>,
    #[serde(skip)]
    pub exporter: Exporter,
}

/// What wrote the folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Exporter {
    /// The onnxruntime-genai builder, which writes `genai_config.json`.
    #[default]
    Builder,
    /// Optimum.
    Optimum,
}

#[derive(Debug, Deserialize)]
pub(crate) struct DecoderConfig {
    pub filename: String,
    pub head_size: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub num_hidden_layers: usize,
    pub inputs: InputNames,
    pub outputs: OutputNames,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct InputNames {
    pub input_ids: String,
    pub attention_mask: String,
    pub position_ids: String,
    pub past_key_names: String,
    pub past_value_names: String,
}

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct OutputNames {
    pub logits: String,
    pub present_key_names: String,
    pub present_value_names: String,
}

impl Default for InputNames {
    fn default() -> Self {
        Self {
            input_ids: "input_ids".to_owned(),
            attention_mask: "attention_mask".to_owned(),
            position_ids: "position_ids".to_owned(),
            past_key_names: "past_key_values.%d.key".to_owned(),
            past_value_names: "past_key_values.%d.value".to_owned(),
        }
    }
}

impl Default for OutputNames {
    fn default() -> Self {
        Self {
            logits: "logits".to_owned(),
            present_key_names: "present.%d.key".to_owned(),
            present_value_names: "present.%d.value".to_owned(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

#[derive(Deserialize)]
struct GenaiConfig {
    model: ModelConfig,
}

/// The fields of a Hugging Face `config.json` that matter here.
#[derive(Deserialize)]
struct HubConfig {
    vocab_size: usize,
    hidden_size: usize,
    max_position_embeddings: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    model_type: Option<String>,
    eos_token_id: Option<OneOrMany>,
}

impl ModelConfig {
    /// Reads `genai_config.json`, or `config.json` in folders without it.
    ///
    /// # Errors
    /// [`EngineError::ModelFolder`] for a missing, malformed or absurd file.
    pub fn read(folder: &Path) -> Result<Self, EngineError> {
        let (genai, hub) = (folder.join("genai_config.json"), folder.join("config.json"));
        let (path, config) = if genai.exists() || !hub.exists() {
            let config: GenaiConfig = read_json(&genai)?;
            (genai, config.model)
        } else {
            let config: HubConfig = read_json(&hub)?;
            (hub, config.into())
        };
        let decoder = &config.decoder;
        let sizes = [
            config.vocab_size,
            config.context_length,
            decoder.head_size,
            decoder.num_hidden_layers,
            decoder.num_attention_heads,
            decoder.num_key_value_heads,
        ];
        if sizes.contains(&0) || decoder.num_hidden_layers > MAX_LAYERS {
            return Err(broken(&path, "a size is zero or absurd"));
        }
        let mut components = Path::new(&decoder.filename).components();
        if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
            return Err(broken(&path, "decoder.filename is not a file name"));
        }
        Ok(config)
    }

    /// Token ids that end an answer; none when the model has no such token.
    pub fn eos_token_ids(&self) -> Vec<u32> {
        match &self.eos_token_id {
            None => Vec::new(),
            Some(OneOrMany::One(id)) => vec![*id],
            Some(OneOrMany::Many(ids)) => ids.clone(),
        }
    }
}

impl From<HubConfig> for ModelConfig {
    fn from(config: HubConfig) -> Self {
        let heads = config.num_attention_heads;
        Self {
            context_length: config.max_position_embeddings,
            vocab_size: config.vocab_size,
            eos_token_id: config.eos_token_id,
            family: config.model_type,
            exporter: Exporter::Optimum,
            decoder: DecoderConfig {
                filename: "model.onnx".to_owned(),
                head_size: config.head_dim.unwrap_or_else(|| config.hidden_size.checked_div(heads).unwrap_or(0)),
                num_attention_heads: heads,
                num_key_value_heads: config.num_key_value_heads.unwrap_or(heads),
                num_hidden_layers: config.num_hidden_layers,
                inputs: InputNames::default(),
                outputs: OutputNames::default(),
            },
        }
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, EngineError> {
    let bytes = read_bounded(path, MAX_CONFIG_BYTES).map_err(|reason| broken(path, &reason))?;
    serde_json::from_slice(&bytes).map_err(|error| broken(path, &error.to_string()))
}

fn broken(path: &Path, reason: &str) -> EngineError {
    EngineError::ModelFolder { path: PathBuf::from(path), reason: reason.to_owned() }
}
