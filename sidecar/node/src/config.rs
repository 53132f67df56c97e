//! The configuration file.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use openledger_engine::{Limits, Provider};
use serde::{Deserialize, Serialize};

use crate::{network::Contracts, serving::AdapterSource, validator::Tolerance};

/// What `openledger init` writes.
pub const TEMPLATE: &str = include_str!("config.toml");

/// Everything that an operator decides.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// gRPC listener.
    pub listen: SocketAddr,
    /// Address at which others reach the listener.
    pub public_url: String,
    /// Address of the metrics' own listener; none when absent.
    pub metrics_listen: Option<SocketAddr>,
    /// gRPC address of the chain.
    pub chain_grpc: String,
    /// OpenLedger's contracts there.
    pub contracts: Contracts,
    /// The base model.
    pub model: Model,
    /// Adapters to serve and to execute again.
    #[serde(default)]
    pub adapters: Vec<AdapterSource>,
    /// Duties as a node.
    pub serving: Serving,
    /// Duties as a validator.
    pub validator: Validator,
}

/// The base model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Folder with `model.onnx`, `genai_config.json` and `tokenizer.json`.
    pub folder: PathBuf,
    /// ONNX Runtime's shared library; `ORT_DYLIB_PATH` when absent.
    pub ort_library: Option<PathBuf>,
    /// What runs the model: `cpu`, `cuda` or `cuda:N`.
    #[serde(default, with = "provider")]
    pub provider: Provider,
    /// Threads of one operator.
    pub threads: usize,
    /// Threads of one operator of the gradient session, where adapters are paid by their indexes.
    #[serde(default = "one")]
    pub gradient_threads: usize,
    /// How adapters are computed.
    #[serde(default)]
    pub lora: Lora,
    /// How attention is computed.
    #[serde(default)]
    pub attention: Attention,
    /// What the engine may use and what clients may ask of it.
    #[serde(default)]
    pub limits: EngineLimits,
}

fn one() -> usize {
    1
}

/// A provider by its name.
mod provider {
    use openledger_engine::Provider;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(provider: &Provider, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(provider)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Provider, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The two forms of attention. Their numbers differ by rounding only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attention {
    /// Our operator over blocks: the faster form on CPU, with the same bits in every batch.
    #[default]
    Paged,
    /// The model's own operators.
    Stock,
}

/// What the engine may use and what clients may ask of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EngineLimits {
    /// Answers that are generated at once.
    pub batch: usize,
    /// Requests that may wait.
    pub queue: usize,
    /// Requests that one account may have waiting and running.
    pub requests_per_account: usize,
    /// Prompt tokens of a step in which others decode.
    pub prefill_chunk: usize,
    /// Memory of the key-value cache, in MiB.
    pub kv_mebibytes: usize,
    /// Memory of the adapters, in MiB; the others are read again when they are needed.
    pub adapter_mebibytes: usize,
}

impl Default for EngineLimits {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            batch: limits.max_batch,
            queue: limits.max_queue,
            requests_per_account: limits.max_tenant_requests,
            prefill_chunk: limits.prefill_chunk,
            kv_mebibytes: limits.kv_bytes >> 20,
            adapter_mebibytes: limits.max_adapter_bytes >> 20,
        }
    }
}

impl From<EngineLimits> for Limits {
    fn from(own: EngineLimits) -> Self {
        Self {
            max_batch: own.batch,
            max_queue: own.queue,
            max_tenant_requests: own.requests_per_account,
            prefill_chunk: own.prefill_chunk,
            kv_bytes: own.kv_mebibytes.saturating_mul(1 << 20),
            max_adapter_bytes: own.adapter_mebibytes.saturating_mul(1 << 20),
            ..Self::default()
        }
    }
}

impl EngineLimits {
    fn has_zero(&self) -> bool {
        let Self { batch, queue, requests_per_account, prefill_chunk, kv_mebibytes, adapter_mebibytes } = *self;
        [batch, queue, requests_per_account, prefill_chunk, kv_mebibytes, adapter_mebibytes].contains(&0)
    }
}

/// The two forms of the LoRA path. Their numbers differ by rounding only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lora {
    /// Our operator: the faster form on CPU.
    #[default]
    Operator,
    /// Standard operators of ONNX.
    Standard,
}

/// Duties as a node.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serving {
    /// Whether to answer paid questions.
    pub enabled: bool,
    /// Seconds between batches.
    pub batch_seconds: u64,
    /// Seconds between proposed epochs.
    pub epoch_seconds: u64,
}

/// Duties as a validator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Validator {
    /// Whether to sign epochs.
    pub enabled: bool,
    /// Receipts executed again, in thousandths.
    pub sample_per_mille: u16,
    /// Allowed difference of a recomputed measurement.
    pub tolerance: Tolerance,
}

impl Config {
    /// Reads a configuration and checks what can be checked without the network.
    pub fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        if config.validator.sample_per_mille > 1000 {
            return Err("validator.sample_per_mille is above 1000".into());
        }
        if config.serving.batch_seconds == 0 || config.serving.epoch_seconds == 0 {
            return Err("serving.batch_seconds and serving.epoch_seconds must be at least 1".into());
        }
        if config.model.threads == 0 || config.model.gradient_threads == 0 {
            return Err("model.threads and model.gradient_threads must be at least 1".into());
        }
        let model = &config.model;
        if model.provider != Provider::Cpu && (model.lora, model.attention) != (Lora::Standard, Attention::Stock) {
            return Err(format!(
                "model.provider = \"{}\" needs model.lora = \"standard\" and model.attention = \"stock\": the other forms are made for \
                 the processor",
                model.provider
            ));
        }
        if config.model.limits.has_zero() {
            return Err("every number of model.limits must be at least 1".into());
        }
        Ok(config)
    }

    /// Relative paths are relative to the home folder.
    pub fn resolve(&mut self, home: &Path) {
        self.model.folder = home.join(&self.model.folder);
        self.model.ort_library = self.model.ort_library.take().map(|library| home.join(library));
        for source in &mut self.adapters {
            source.family = home.join(&source.family);
            source.datanet = home.join(&source.datanet);
            source.index = source.index.take().map(|index| home.join(index));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_a_configuration() {
        let config = Config::parse(TEMPLATE).unwrap();
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.model.lora, Lora::Operator);
        assert_eq!(config.model.attention, Attention::Paged);
        assert_eq!(config.model.provider, Provider::Cpu);
        assert_eq!(config.model.limits, EngineLimits::default());
        let with = |lora: &str| Config::parse(&TEMPLATE.replace("lora = \"operator\"", lora)).unwrap().model.lora;
        assert_eq!((with(""), with("lora = \"standard\"")), (Lora::Operator, Lora::Standard));
    }

    #[test]
    fn a_card_needs_the_portable_forms() {
        let on = |provider: &str| TEMPLATE.replace("provider = \"cpu\"", &format!("provider = \"{provider}\""));
        let error = Config::parse(&on("cuda")).unwrap_err();
        assert!(
            error.contains("model.lora = \"standard\"") && error.contains("model.attention = \"stock\""),
            "{error}"
        );
        let portable = |text: String| text.replace("\"operator\"", "\"standard\"").replace("\"paged\"", "\"stock\"");
        let config = Config::parse(&portable(on("cuda:1"))).unwrap();
        assert_eq!(config.model.provider, Provider::Cuda { device: 1 });
        // What is written is read again.
        let written = toml::to_string(&config).unwrap();
        assert_eq!(Config::parse(&written).unwrap().model.provider, Provider::Cuda { device: 1 });
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, part) in [
            ("sample_per_mille = 50", "sample_per_mille = 1001", "sample_per_mille"),
            ("batch_seconds = 60", "batch_seconds = 0", "batch_seconds"),
            ("batch_seconds = 60", "batch_second = 60", "batch_second"),
            ("threads = 2", "threads = 0", "threads"),
            ("gradient_threads = 1", "gradient_threads = 0", "gradient_threads"),
            ("lora = \"operator\"", "lora = \"fast\"", "lora"),
            ("attention = \"paged\"", "attention = \"flash\"", "attention"),
            ("provider = \"cpu\"", "provider = \"gpu\"", "cuda:N"),
            ("kv_mebibytes = 2048", "kv_mebibytes = 0", "model.limits"),
            ("kv_mebibytes = 2048", "kv_bytes = 2048", "kv_bytes"),
        ] {
            assert!(TEMPLATE.contains(from), "{from}");
            let error = Config::parse(&TEMPLATE.replace(from, to)).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
