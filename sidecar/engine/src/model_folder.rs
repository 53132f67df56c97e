//! Reading a model folder as the onnxruntime-genai builder or Optimum writes it.

use std::path::Path;

use openledger_onnx_graph::{
    AttentionShape, LoadLimits, LoraForm, LoraSite, Model, Sites, element, find_sites, inject_lora,
};
use sha2::{Digest, Sha256};
use tokenizers::Tokenizer;

use crate::{
    EngineError,
    bounded_file::read_bounded,
    chat::ChatTemplates,
    float::FloatType,
    graph_check,
    interface::{Interface, half_precision},
    model_config::ModelConfig,
};

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
    /// Version of the loaded ONNX Runtime, or the name of what computes in its place.
    pub ort_version: String,
    /// Token ids that end an answer.
    pub eos_token_ids: Vec<u32>,
    /// Number of modules that adapters can attach to.
    pub lora_sites: usize,
}

/// A model folder, checked and transformed, ready for a session.
pub(crate) struct ModelFolder {
    pub model: Model,
    pub interface: Interface,
    pub attention: AttentionShape,
    pub sites: Vec<LoraSite>,
    pub tokenizer: Tokenizer,
    pub chat: Chat,
    pub config: ModelConfig,
    /// The linear layers before the transformation.
    pub linear: Sites,
    /// Bytes of the ONNX file and its weights.
    pub base_bytes: u64,
    pub info: ModelInfo,
}

/// The chat templates of a model, if it has some. Broken ones do not keep it from answering prompts.
pub(crate) type Chat = Result<Option<ChatTemplates>, String>;

/// A model folder, checked, with its graph as it was exported.
pub(crate) struct BaseFolder {
    pub model: Model,
    pub interface: Interface,
    pub attention: AttentionShape,
    /// The linear layers.
    pub linear: Sites,
    pub tokenizer: Tokenizer,
    pub chat: Chat,
    pub config: ModelConfig,
    /// Bytes of the ONNX file and its weights.
    pub base_bytes: u64,
    pub info: ModelInfo,
}

impl BaseFolder {
    /// Reads and checks a model folder.
    ///
    /// # Errors
    /// [`EngineError::ModelFolder`], [`EngineError::ModelBroken`],
    /// [`EngineError::ModelUnsupported`] and [`EngineError::TokenizerBroken`].
    pub fn read(folder: &Path, ort_version: &str) -> Result<Self, EngineError> {
        let config = ModelConfig::read(folder)?;
        let decoder = &config.decoder;
        let model = Model::load(&folder.join(&decoder.filename), &LoadLimits::default())?;
        let base_bytes = base_bytes(&model);
        let base_digest = base_digest(&decoder.filename, &model);
        graph_check::check(&model, decoder)?;
        let interface = Interface::of(&model, decoder, config.vocab_size)?;
        let attention = AttentionShape {
            heads: decoder.num_attention_heads,
            kv_heads: decoder.num_key_value_heads,
            head_size: decoder.head_size,
        };
        let linear = find_sites(&model, &attention)?;
        let (tokenizer, tokenizer_digest) = read_tokenizer(folder, config.vocab_size)?;
        let info = ModelInfo {
            base_digest,
            tokenizer_digest,
            vocab_size: config.vocab_size,
            context_length: config.context_length,
            ort_version: ort_version.to_owned(),
            eos_token_ids: config.eos_token_ids(),
            lora_sites: linear.linear.iter().map(|site| site.parts.len()).sum(),
        };
        let chat = ChatTemplates::read(folder).map_err(|error| error.to_string());
        if let Err(reason) = &chat {
            tracing::warn!(%reason, "conversations cannot be answered");
        }
        Ok(Self { model, interface, attention, linear, tokenizer, chat, config, base_bytes, info })
    }
}

impl ModelFolder {
    /// Reads, checks and transforms a model folder; without a form there are no sites for adapters.
    ///
    /// # Errors
    /// [`EngineError::ModelFolder`], [`EngineError::ModelBroken`],
    /// [`EngineError::ModelUnsupported`] and [`EngineError::TokenizerBroken`].
    pub fn read(folder: &Path, form: impl Into<Option<LoraForm>>, ort_version: &str) -> Result<Self, EngineError> {
        Self::of(BaseFolder::read(folder, ort_version)?, form.into())
    }

    /// Transforms a folder that was read.
    ///
    /// # Errors
    /// [`EngineError::ModelBroken`], [`EngineError::ModelUnsupported`].
    pub fn of(base: BaseFolder, form: Option<LoraForm>) -> Result<Self, EngineError> {
        let BaseFolder { mut model, interface, attention, linear, tokenizer, chat, config, base_bytes, info } = base;
        let sites = match form {
            Some(form) => inject_lora(&mut model, &linear, form)?,
            None => Vec::new(),
        };
        let computed =
            |of: i32| FloatType::of(of).is_some_and(|of| form != Some(LoraForm::Operator) || of == FloatType::F32);
        if let Some(site) = sites.iter().find(|site| !computed(site.data_type)) {
            let of = element::name(site.data_type);
            return Err(half_precision(&format!("{} in layer {} takes and gives {of}", site.module, site.layer)));
        }
        let info = ModelInfo { lora_sites: sites.len(), ..info };
        Ok(Self { model, interface, attention, sites, tokenizer, chat, config, linear, base_bytes, info })
    }
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

fn base_bytes(model: &Model) -> u64 {
    let files = model.external_files().values().map(|file| file.len());
    files.chain([model.source().len()]).map(|size| u64::try_from(size).unwrap_or(u64::MAX)).fold(0, u64::saturating_add)
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
