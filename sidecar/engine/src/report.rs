//! What a model folder holds, told without a runtime.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use openledger_onnx_graph::{LoraForm, LoraSite, Model, Sites};

use crate::{
    AdapterInfo, EngineError, Limits, Provider,
    float::FloatType,
    interface::Attention,
    model_config::Exporter,
    model_folder::{BaseFolder, Chat, ModelFolder},
    slots::Prepared,
};

/// A cache holds a key and a value.
const CACHES_PER_LAYER: u64 = 2;

/// Everything that can be said about a model before it runs.
#[derive(Debug, Clone)]
pub struct ModelReport {
    /// `onnxruntime-genai builder` or `Optimum`.
    pub exporter: &'static str,
    /// The model's family as its configuration names it, for example `llama`.
    pub family: Option<String>,
    /// Formats of the decoder's linear layers: `fp32`, `fp16`, `bf16`, `int8`, `int4`, or several joined by `+`.
    pub precision: String,
    /// What the cache holds: `fp32`, `fp16` or `bf16`.
    pub cache_precision: &'static str,
    /// What is of 16 bits runs in the portable forms only ([`crate::EngineConfig::portable`]).
    pub portable_only: bool,
    /// Providers that have kernels for the model's attention.
    pub providers: Vec<&'static str>,
    /// Whether rows of different lengths share a step.
    pub batched: bool,
    /// Decoder layers.
    pub layers: usize,
    /// Query heads of a layer.
    pub heads: usize,
    /// Key and value heads of a layer.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_size: usize,
    /// Number of token ids.
    pub vocab_size: usize,
    /// Tokens of prompt and answer together.
    pub context_length: usize,
    /// In how many layers adapters can attach to a module, by its name.
    pub sites: BTreeMap<String, usize>,
    /// Products of the layers that no adapter can attach to.
    pub unmatched: Vec<String>,
    /// Bytes of cache for one token of one row.
    pub kv_bytes_per_token: u64,
    /// Bytes of the ONNX file and its weights.
    pub base_bytes: u64,
    /// As [`crate::ModelInfo::base_digest`].
    pub base_digest: [u8; 32],
    /// As [`crate::ModelInfo::tokenizer_digest`].
    pub tokenizer_digest: [u8; 32],
    /// Names of the chat templates, or why they cannot be used.
    pub chat_templates: Result<Vec<String>, String>,
}

/// A model folder that was read by the engine's own code, without a session.
#[derive(Debug)]
pub struct InspectedModel {
    report: ModelReport,
    sites: Vec<LoraSite>,
    form: LoraForm,
    limits: Limits,
}

impl InspectedModel {
    /// Reads and checks a model folder as [`crate::Engine::start`] does, up to the session.
    ///
    /// # Errors
    /// All errors of models and tokenizers.
    pub fn read(folder: &Path, limits: Limits) -> Result<Self, EngineError> {
        let base = BaseFolder::read(folder, "")?;
        let single = base.linear.linear.iter().all(|site| FloatType::of(site.data_type) == Some(FloatType::F32));
        let form =
            if single && base.interface.expect_32_bits().is_ok() { LoraForm::Operator } else { LoraForm::Standard };
        let folder = ModelFolder::of(base, Some(form))?;
        Ok(Self { report: report(&folder, form)?, sites: folder.sites, form, limits })
    }

    /// What the folder holds.
    #[must_use]
    pub fn report(&self) -> &ModelReport {
        &self.report
    }

    /// Reads an adapter as [`crate::Engine::load_adapter`] does. Its id is the folder's name.
    ///
    /// # Errors
    /// All errors of adapters except those of ids: the adapter does not fit.
    pub fn check_adapter(&self, folder: &Path) -> Result<AdapterInfo, EngineError> {
        let prepared = Prepared::read(folder, None, None, &self.sites, &self.limits, self.form)?;
        let Prepared { generation, digest, rank, sites, .. } = prepared;
        let id = folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned();
        Ok(AdapterInfo { id, digest, generation, resident: false, pinned: false, rank, sites })
    }
}

fn report(folder: &ModelFolder, form: LoraForm) -> Result<ModelReport, EngineError> {
    let decoder = &folder.config.decoder;
    let mut sites: BTreeMap<String, usize> = BTreeMap::new();
    for site in &folder.sites {
        *sites.entry(site.module.clone()).or_default() += 1;
    }
    let sizes = [decoder.num_hidden_layers, decoder.num_key_value_heads, decoder.head_size];
    let numbers = sizes.into_iter().try_fold(1_u64, |product, size| product.checked_mul(u64::try_from(size).ok()?));
    let of = folder.interface.cache_type;
    let number_bytes = u64::try_from(of.bytes()).unwrap_or(u64::MAX);
    let bytes = numbers.and_then(|numbers| numbers.checked_mul(CACHES_PER_LAYER.checked_mul(number_bytes)?));
    let runs_on = |provider: &Provider| folder.interface.expect_attention_on(*provider).is_ok();
    let providers = [(Provider::Cpu, "cpu"), (Provider::Cuda { device: 0 }, "cuda")];
    Ok(ModelReport {
        exporter: match folder.config.exporter {
            Exporter::Builder => "onnxruntime-genai builder",
            Exporter::Optimum => "Optimum",
        },
        family: folder.config.family.clone(),
        precision: precision(&folder.model, &folder.linear),
        cache_precision: of.name(),
        portable_only: form == LoraForm::Standard,
        providers: providers.iter().filter(|(provider, _)| runs_on(provider)).map(|(_, name)| *name).collect(),
        batched: folder.interface.attention == Attention::Grouped,
        layers: decoder.num_hidden_layers,
        heads: decoder.num_attention_heads,
        kv_heads: decoder.num_key_value_heads,
        head_size: decoder.head_size,
        vocab_size: folder.info.vocab_size,
        context_length: folder.info.context_length,
        sites,
        unmatched: folder.linear.unmatched.clone(),
        kv_bytes_per_token: bytes.ok_or_else(|| EngineError::ModelUnsupported {
            reason: "its cache has more bytes than can be counted; check genai_config.json".to_owned(),
        })?,
        base_bytes: folder.base_bytes,
        base_digest: folder.info.base_digest,
        tokenizer_digest: folder.info.tokenizer_digest,
        chat_templates: chat(&folder.chat),
    })
}

fn chat(chat: &Chat) -> Result<Vec<String>, String> {
    match chat {
        Ok(templates) => Ok(templates.as_ref().map_or_else(Vec::new, |templates| templates.names())),
        Err(reason) => Err(reason.clone()),
    }
}

/// Formats of the linear layers that adapters attach to.
fn precision(model: &Model, linear: &Sites) -> String {
    let types: BTreeMap<&str, i32> = linear.linear.iter().map(|site| (site.node.as_str(), site.data_type)).collect();
    let formats: BTreeSet<String> = model
        .graph()
        .node
        .iter()
        .filter_map(|node| Some((node, *types.get(node.name())?)))
        .map(|(node, of)| match node.op_type() {
            "MatMulNBits" => {
                let bits = node.attribute.iter().find(|attribute| attribute.name() == "bits");
                format!("int{}", bits.and_then(|bits| bits.i).unwrap_or(4))
            }
            _ => FloatType::of(of).map_or("unknown", FloatType::name).to_owned(),
        })
        .collect();
    formats.into_iter().collect::<Vec<_>>().join("+")
}
