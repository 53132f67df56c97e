//! `openledger model`: what a model folder holds and whether it can be served.

use std::{fmt::Write, path::PathBuf};

use clap::{Args, Subcommand};
use openledger_engine::{
    AdapterInfo, Engine, EngineConfig, EngineError, InspectedModel, Limits, ModelReport, Provider,
};
use serde_json::{Value, json};

use super::{Output, print};
use crate::error::NodeError;

/// Look at models before serving them.
#[derive(Debug, Subcommand)]
pub enum Model {
    /// Read a model folder as the engine does and say what it holds, or why it cannot be served.
    Check(Check),
}

/// Needs no home, no chain and, without --run, no ONNX Runtime.
#[derive(Debug, Args)]
pub struct Check {
    /// Folder with the ONNX file, its configuration and tokenizer.json.
    folder: PathBuf,
    /// A PEFT adapter that should fit; may be given several times.
    #[arg(long = "adapter", value_name = "DIR")]
    adapters: Vec<PathBuf>,
    /// Also load the model and run one token through it and every adapter that fits.
    #[arg(long)]
    run: bool,
    /// With --run, where: cpu, cuda or cuda:N.
    #[arg(long, default_value = "cpu", requires = "run")]
    provider: Provider,
}

impl Model {
    pub async fn run(self, output: Output) -> Result<(), NodeError> {
        match self {
            Self::Check(check) => check.run(output).await,
        }
    }
}

/// One adapter and what became of it.
struct Tried {
    folder: PathBuf,
    outcome: Result<AdapterInfo, EngineError>,
}

impl Check {
    async fn run(self, output: Output) -> Result<(), NodeError> {
        let model = match InspectedModel::read(&self.folder, Limits::default()) {
            Ok(model) => model,
            Err(error) => {
                if output == Output::Json {
                    println!("{}", refused(&error));
                }
                return Err(error.into());
            }
        };
        let mut tried: Vec<Tried> =
            self.adapters.into_iter().map(|folder| Tried { outcome: model.check_adapter(&folder), folder }).collect();
        let config = match self.provider {
            Provider::Cpu if !model.report().portable_only => EngineConfig::new(&self.folder),
            provider => EngineConfig::portable(&self.folder, provider),
        };
        let ran = if self.run { Some(try_out(config, &mut tried).await) } else { None };
        print(output, &text(model.report(), &tried, ran.as_ref()), &value(model.report(), &tried, ran.as_ref()));
        if let Some(Err(error)) = ran {
            return Err(error.into());
        }
        match tried.into_iter().find_map(|adapter| adapter.outcome.err()) {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}

/// Starts an engine and runs one token through the base and every adapter that fits. Returns the
/// version of ONNX Runtime; adapters that fail lose their place among those that fit.
async fn try_out(config: EngineConfig, tried: &mut [Tried]) -> Result<String, EngineError> {
    let engine = Engine::start(config)?;
    engine.prompt_logits(None, vec![0], 1).await?;
    for (index, adapter) in tried.iter_mut().enumerate().filter(|(_, adapter)| adapter.outcome.is_ok()) {
        let id = index.to_string();
        let outcome = async {
            engine.load_adapter(&id, &adapter.folder, None).await?;
            engine.prompt_logits(Some(&id), vec![0], 1).await?;
            engine.unload_adapter(&id).await
        };
        if let Err(error) = outcome.await {
            adapter.outcome = Err(error);
        }
    }
    Ok(engine.model().ort_version.clone())
}

fn text(report: &ModelReport, tried: &[Tried], ran: Option<&Result<String, EngineError>>) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{name:<16}{value}");
    };
    let family = report.family.as_ref().map_or_else(String::new, |family| format!(", {family}"));
    line("export", format!("{}{family}", report.exporter));
    line("precision", report.precision.clone());
    line("layers", report.layers.to_string());
    line("heads", format!("{} of {}, {} for keys and values", report.heads, report.head_size, report.kv_heads));
    line("vocabulary", report.vocab_size.to_string());
    line("context", format!("{} tokens", report.context_length));
    line("batches", if report.batched { "of different lengths" } else { "one row at a time" }.to_owned());
    let sites = report.sites.iter().map(|(module, layers)| format!("{module} x {layers}"));
    line("LoRA sites", sites.collect::<Vec<_>>().join(", "));
    if !report.unmatched.is_empty() {
        line("not for LoRA", report.unmatched.join(", "));
    }
    line("cache", format!("{} bytes per token, {}", report.kv_bytes_per_token, report.cache_precision));
    let forms = if report.portable_only { "; lora = \"standard\", attention = \"stock\"" } else { "" };
    line("runs on", format!("{}{forms}", report.providers.join(", ")));
    line("base", format!("{} bytes", report.base_bytes));
    line("base digest", hex::encode(report.base_digest));
    line("tokenizer", hex::encode(report.tokenizer_digest));
    line(
        "chat template",
        match &report.chat_templates {
            Ok(names) if names.is_empty() => "none; prompts only".to_owned(),
            Ok(names) => names.join(", "),
            Err(reason) => format!("broken: {reason}"),
        },
    );
    for adapter in tried {
        let outcome = match &adapter.outcome {
            Ok(info) => format!("fits, rank {}, {} modules", info.rank, info.sites),
            Err(error) => format!("does not fit: {error}"),
        };
        line("adapter", format!("{}: {outcome}", adapter.folder.display()));
    }
    match ran {
        None => {}
        Some(Ok(version)) => line("run", format!("answers, ONNX Runtime {version}")),
        Some(Err(error)) => line("run", format!("fails: {error}")),
    }
    out.truncate(out.trim_end().len());
    out
}

fn value(report: &ModelReport, tried: &[Tried], ran: Option<&Result<String, EngineError>>) -> Value {
    let (templates, broken) = match &report.chat_templates {
        Ok(names) => (Some(names), None),
        Err(reason) => (None, Some(reason)),
    };
    let adapters = tried.iter().map(|adapter| match &adapter.outcome {
        Ok(info) => json!({
            "folder": adapter.folder, "fits": true, "rank": info.rank, "modules": info.sites,
            "digest": hex::encode(info.digest),
        }),
        Err(error) => json!({
            "folder": adapter.folder, "fits": false, "code": error.code(), "reason": error.to_string(),
        }),
    });
    json!({
        "served": !matches!(ran, Some(Err(_))),
        "export": report.exporter,
        "family": report.family,
        "precision": report.precision,
        "cache_precision": report.cache_precision,
        "providers": report.providers,
        "portable_only": report.portable_only,
        "layers": report.layers,
        "heads": report.heads,
        "kv_heads": report.kv_heads,
        "head_size": report.head_size,
        "vocab_size": report.vocab_size,
        "context_length": report.context_length,
        "batched": report.batched,
        "lora_sites": report.sites,
        "unmatched": report.unmatched,
        "kv_bytes_per_token": report.kv_bytes_per_token,
        "base_bytes": report.base_bytes,
        "base_digest": hex::encode(report.base_digest),
        "tokenizer_digest": hex::encode(report.tokenizer_digest),
        "chat_templates": templates,
        "chat_template_error": broken,
        "adapters": adapters.collect::<Vec<_>>(),
        "ort_version": ran.and_then(|ran| ran.as_ref().ok()),
        "run_error": ran.and_then(|ran| ran.as_ref().err()).map(|error| json!({
            "code": error.code(), "reason": error.to_string(),
        })),
    })
}

fn refused(error: &EngineError) -> Value {
    json!({ "served": false, "code": error.code(), "reason": error.to_string() })
}
