//! Reading a model folder as the onnxruntime-genai builder writes it.

use std::{
    io::Read,
    path::{Component, Path},
};

use openledger_onnx_graph::{
    AttentionShape, LoadLimits, LoraSite, Model, element, find_sites, inject_lora,
    proto::{ValueInfoProto, type_proto},
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokenizers::Tokenizer;

use crate::EngineError;

const MAX_CONFIG_BYTES: u64 = 1 << 20;
const MAX_TOKENIZER_BYTES: u64 = 256 << 20;

/// What is known about a loaded model.
#[derive(Debug, Clone)]
pub struct ModelInfo {
    /// SHA-256 of the base. With the ONNX file first and its external files in name order it is
    /// what `sha256sum model.onnx model.onnx.data | sha256sum` prints in the model folder: the
    /// hash of one line `<hex>  <name>\n` per file.
    pub base_digest: [u8; 32],
    /// SHA-256 of `tokenizer.json`.
    pub tokenizer_digest: [u8; 32],
    /// Number of token ids the model knows.
    pub vocab_size: usize,
    /// Tokens of prompt and answer together.
    pub context_length: usize,
    /// Version of the loaded ONNX Runtime.
    pub ort_version: String,
    /// Token ids that end an answer.
    pub eos_token_ids: Vec<u32>,
    /// Number of modules that adapters can attach to.
    pub lora_sites: usize,
}

/// Names and sizes of the graph's interface.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub input_ids: String,
    pub attention_mask: String,
    pub position_ids: Option<String>,
    pub logits: String,
    /// Past inputs, key then value of each layer.
    pub past: Vec<String>,
    /// Present outputs in the same order.
    pub present: Vec<String>,
    pub kv_heads: usize,
    pub head_size: usize,
}

/// A model folder, checked and transformed, ready for a session.
pub(crate) struct ModelFolder {
    pub model: Model,
    pub interface: Interface,
    pub sites: Vec<LoraSite>,
    pub tokenizer: Tokenizer,
    pub info: ModelInfo,
}

#[derive(Deserialize)]
struct GenaiConfig {
    model: ModelConfig,
}

#[derive(Deserialize)]
struct ModelConfig {
    context_length: usize,
    vocab_size: usize,
    eos_token_id: OneOrMany,
    decoder: DecoderConfig,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(u32),
    Many(Vec<u32>),
}

#[derive(Deserialize)]
struct DecoderConfig {
    filename: String,
    head_size: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    num_hidden_layers: usize,
    inputs: InputNames,
    outputs: OutputNames,
}

#[derive(Deserialize)]
struct InputNames {
    input_ids: String,
    attention_mask: String,
    #[serde(default = "position_ids")]
    position_ids: String,
    past_key_names: String,
    past_value_names: String,
}

#[derive(Deserialize)]
struct OutputNames {
    logits: String,
    present_key_names: String,
    present_value_names: String,
}

fn position_ids() -> String {
    "position_ids".to_owned()
}

impl ModelFolder {
    /// Reads, checks and transforms a model folder.
    ///
    /// # Errors
    /// [`EngineError::ModelFolder`], [`EngineError::ModelBroken`],
    /// [`EngineError::ModelUnsupported`] and [`EngineError::TokenizerBroken`].
    pub fn read(folder: &Path, ort_version: &str) -> Result<Self, EngineError> {
        let config = read_config(folder)?.model;
        let decoder = &config.decoder;
        if [decoder.head_size, decoder.num_hidden_layers, config.vocab_size, config.context_length].contains(&0)
            || decoder.num_hidden_layers > 4096
        {
            return Err(broken(&folder.join("genai_config.json"), "a size is zero or absurd"));
        }
        let mut components = Path::new(&decoder.filename).components();
        if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
            return Err(broken(&folder.join("genai_config.json"), "decoder.filename is not a file name"));
        }
        let mut model = Model::load(&folder.join(&decoder.filename), &LoadLimits::default())?;
        let base_digest = base_digest(&decoder.filename, &model);
        let interface = interface(&model, decoder, config.vocab_size)?;
        let attention = AttentionShape {
            heads: decoder.num_attention_heads,
            kv_heads: decoder.num_key_value_heads,
            head_size: decoder.head_size,
        };
        let linear = find_sites(&model, &attention)?;
        let sites = inject_lora(&mut model, &linear)?;
        if let Some(site) = sites.iter().find(|site| site.data_type != element::FLOAT) {
            return Err(unsupported(format!(
                "weights of {} in layer {} are not 32-bit floats; export with precision fp32 for CPU",
                site.module, site.layer
            )));
        }
        let (tokenizer, tokenizer_digest) = read_tokenizer(folder, config.vocab_size)?;
        let info = ModelInfo {
            base_digest,
            tokenizer_digest,
            vocab_size: config.vocab_size,
            context_length: config.context_length,
            ort_version: ort_version.to_owned(),
            eos_token_ids: match config.eos_token_id {
                OneOrMany::One(id) => vec![id],
                OneOrMany::Many(ids) => ids,
            },
            lora_sites: sites.len(),
        };
        Ok(Self { model, interface, sites, tokenizer, info })
    }
}

fn read_config(folder: &Path) -> Result<GenaiConfig, EngineError> {
    let path = folder.join("genai_config.json");
    let bytes = read_bounded(&path, MAX_CONFIG_BYTES).map_err(|reason| broken(&path, &reason))?;
    serde_json::from_slice(&bytes).map_err(|error| broken(&path, &error.to_string()))
}

fn read_tokenizer(folder: &Path, vocab_size: usize) -> Result<(Tokenizer, [u8; 32]), EngineError> {
    let path = folder.join("tokenizer.json");
    let fail = |reason: String| EngineError::TokenizerBroken { path: path.clone(), reason };
    let bytes = read_bounded(&path, MAX_TOKENIZER_BYTES).map_err(fail)?;
    let tokenizer = Tokenizer::from_bytes(&bytes).map_err(|error| fail(error.to_string()))?;
    let size = tokenizer.get_vocab_size(true);
    if size > vocab_size {
        return Err(fail(format!("it has {size} tokens, the model only {vocab_size}")));
    }
    if tokenizer.get_decoder().is_none() {
        return Err(fail("it has no decoder, so text cannot be put together".to_owned()));
    }
    Ok((tokenizer, Sha256::digest(&bytes).into()))
}

fn base_digest(filename: &str, model: &Model) -> [u8; 32] {
    let mut lines = Sha256::new();
    let mut line = |name: &str, bytes: &[u8]| {
        lines.update(hex::encode(Sha256::digest(bytes)));
        lines.update("  ");
        lines.update(name);
        lines.update("\n");
    };
    line(filename, model.source());
    for (name, bytes) in model.external_files() {
        line(name, bytes);
    }
    lines.finalize().into()
}

fn interface(model: &Model, decoder: &DecoderConfig, vocab: usize) -> Result<Interface, EngineError> {
    let graph = model.graph();
    let attentions = graph.node.iter().filter(|node| node.op_type() == "GroupQueryAttention");
    let (found, layers) = (attentions.count(), decoder.num_hidden_layers);
    if found != layers {
        return Err(unsupported(format!(
            "{found} GroupQueryAttention nodes for {layers} layers; export with the onnxruntime-genai builder for CPU"
        )));
    }
    let pairs = |key: &str, value: &str| -> Vec<String> {
        (0..layers).flat_map(|layer| [key, value].map(|name| name.replace("%d", &layer.to_string()))).collect()
    };
    let names = &decoder.inputs;
    let past = pairs(&names.past_key_names, &names.past_value_names);
    let present = pairs(&decoder.outputs.present_key_names, &decoder.outputs.present_value_names);
    let find = |list: &[ValueInfoProto], name: &str, of: i32| match list.iter().find(|v| v.name() == name) {
        None => Err(unsupported(format!("the graph has no {name:?}, which genai_config.json names"))),
        Some(value) if element_type(value) != of => {
            Err(unsupported(format!("{name:?} has another element type than {of}; export for CPU in fp32")))
        }
        Some(_) => Ok(()),
    };
    find(&graph.input, &names.input_ids, element::INT64)?;
    find(&graph.input, &names.attention_mask, element::INT64)?;
    find(&graph.output, &decoder.outputs.logits, element::FLOAT)?;
    for name in &past {
        find(&graph.input, name, element::FLOAT)?;
    }
    for name in &present {
        find(&graph.output, name, element::FLOAT)?;
    }
    let has_positions = graph.input.iter().any(|input| input.name() == names.position_ids);
    let known = past.len() + 2 + usize::from(has_positions);
    let constants = |name: &str| graph.initializer.iter().any(|tensor| tensor.name() == name);
    let required = graph.input.iter().filter(|input| !constants(input.name())).count();
    if required != known {
        return Err(unsupported(format!(
            "{required} graph inputs where {known} are known; export a text-only decoder"
        )));
    }
    let logits = graph.output.iter().find(|out| out.name() == decoder.outputs.logits);
    match logits.and_then(last_dimension) {
        Some(width) if usize::try_from(width) != Ok(vocab) => Err(unsupported(format!(
            "logits are {width} wide, the vocabulary {vocab}; genai_config.json belongs to another model"
        ))),
        _ => Ok(Interface {
            input_ids: names.input_ids.clone(),
            attention_mask: names.attention_mask.clone(),
            position_ids: has_positions.then(|| names.position_ids.clone()),
            logits: decoder.outputs.logits.clone(),
            past,
            present,
            kv_heads: decoder.num_key_value_heads,
            head_size: decoder.head_size,
        }),
    }
}

fn tensor_type(value: &ValueInfoProto) -> Option<&type_proto::Tensor> {
    match value.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => Some(tensor),
        _ => None,
    }
}

fn element_type(value: &ValueInfoProto) -> i32 {
    tensor_type(value).map_or(0, |tensor| tensor.elem_type())
}

fn last_dimension(value: &ValueInfoProto) -> Option<i64> {
    use openledger_onnx_graph::proto::tensor_shape_proto::dimension::Value;
    match tensor_type(value)?.shape.as_ref()?.dim.last()?.value.as_ref()? {
        Value::DimValue(size) => Some(*size),
        Value::DimParam(_) => None,
    }
}

/// Reads a file of at most `limit` bytes; the error says what went wrong, without the path.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("larger than the limit of {limit} bytes"));
    }
    Ok(bytes)
}

fn broken(path: &Path, reason: &str) -> EngineError {
    EngineError::ModelFolder { path: path.to_owned(), reason: reason.to_owned() }
}

fn unsupported(reason: String) -> EngineError {
    EngineError::ModelUnsupported { reason }
}
