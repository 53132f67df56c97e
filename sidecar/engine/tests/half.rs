//! Exports of 16 bits, as the onnxruntime-genai builder makes them for CUDA, against transformers and PEFT with the same rounded
//! weights (`tests/models/make.py`). The processor runs those of fp16 with casts; for the attention of bf16 it has no kernel.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use openledger_engine::{Engine, EngineConfig, Provider};
use safetensors::{SafeTensors, tensor::TensorView};
use serde::Deserialize;
use support::{answer, collect, greedy, repository};

/// Largest difference of logits, as a part of the largest golden logit. Golden numbers are computed in 32 bits; the export rounds to
/// 11 bits after every operator, 2^-11 = 5e-4 each time.
const TOLERANCE: f32 = 1e-2;
const ADAPTERS: [&str; 2] = ["all-linear", "patterns"];
const CARD: Provider = Provider::Cuda { device: 0 };

#[derive(Clone, Deserialize)]
struct Case {
    adapter: Option<String>,
    index: usize,
    prompt: Vec<u32>,
    greedy: Vec<u32>,
}

fn folder(name: &str) -> PathBuf {
    repository().join("tests/golden/half").join(name)
}

/// The same model in 32 bits.
fn single() -> PathBuf {
    repository().join("tests/golden/models/llama")
}

fn cases() -> Vec<Case> {
    serde_json::from_slice(&std::fs::read(folder("llama-fp16").join("cases.json")).unwrap()).unwrap()
}

async fn start(config: EngineConfig) -> Engine {
    let folder = config.model_dir.clone();
    let engine = Engine::start(config).unwrap();
    for adapter in ADAPTERS {
        engine.load_adapter(adapter, &folder.join("adapters").join(adapter), None).await.unwrap();
    }
    engine
}

async fn start_half() -> Engine {
    start(EngineConfig::portable(folder("llama-fp16"), Provider::Cpu)).await
}

/// The largest difference as a part of the largest expected number.
fn apart(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(0.0_f32, |largest, logit| largest.max(logit.abs()));
    found.iter().zip(expected).map(|(found, expected)| (found - expected).abs() / scale).fold(0.0, f32::max)
}

#[tokio::test]
async fn logits_are_those_of_transformers_and_peft() {
    let engine = start_half().await;
    assert_eq!(engine.model().lora_sites, 14);
    let bytes = std::fs::read(folder("llama-fp16").join("logits.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let floats = |view: &TensorView<'_>| -> Vec<f32> {
        view.data().chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect()
    };
    let mut worst = 0.0_f32;
    for case in cases() {
        let adapter = case.adapter.as_deref();
        let expected = stored.tensor(&format!("{}/{}", adapter.unwrap_or("base"), case.index)).unwrap();
        let found = engine.prompt_logits(adapter, case.prompt.clone(), expected.shape()[0]).await.unwrap().concat();
        worst = worst.max(apart(&found, &floats(&expected)));
    }
    println!("fp16: largest difference {worst:.1e} of the largest logit");
    assert!(worst <= TOLERANCE, "{worst}");
    // What is compared is of 16 bits: more exact than they can be, it would be something else.
    assert!(worst > 1e-5, "{worst}");
}

#[tokio::test]
async fn a_mixed_batch_continues_as_transformers_does() {
    let engine = start_half().await;
    let mut streams = Vec::new();
    for case in cases().into_iter().filter(|case| !case.greedy.is_empty()) {
        let request = || greedy(case.adapter.clone(), case.prompt.clone(), case.greedy.len());
        assert_eq!(answer(&engine, request()).await.tokens, case.greedy, "{:?} alone", case.adapter);
        streams.push((engine.generate(request()).await.unwrap(), case.greedy));
    }
    assert!(streams.len() >= 6, "golden answers that end at once compare nothing");
    for (stream, expected) in streams {
        assert_eq!(collect(stream).await.unwrap().tokens, expected, "in a batch");
    }
}

#[tokio::test]
async fn half_of_the_bits_say_nearly_what_all_of_them_say() {
    let (half, single) = (start_half().await, start(EngineConfig::new(single())).await);
    let mut worst = 0.0_f32;
    for case in cases() {
        let adapter = case.adapter.as_deref();
        let [found, expected] = [&half, &single].map(|engine| engine.prompt_logits(adapter, case.prompt.clone(), 1));
        worst = worst.max(apart(&found.await.unwrap().concat(), &expected.await.unwrap().concat()));
    }
    println!("fp16 against fp32: largest difference {worst:.1e} of the largest logit");
    assert!(worst <= TOLERANCE, "{worst}");
}

#[track_caller]
fn refusal(config: EngineConfig) -> (&'static str, String) {
    let error = Engine::start(config).err().unwrap();
    (error.code(), error.to_string())
}

#[test]
fn what_cannot_run_is_refused_with_what_to_do() {
    // Our own operators compute in 32 bits.
    let (code, message) = refusal(EngineConfig::new(folder("llama-fp16")));
    assert_eq!(code, "MODEL_UNSUPPORTED");
    for part in ["fp16", "precision fp32, int8 or int4", "model.lora = \"standard\"", "model.attention = \"stock\""] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let stock_only = EngineConfig {
        attention: openledger_engine::AttentionForm::Paged,
        ..EngineConfig::portable(folder("llama-fp16"), Provider::Cpu)
    };
    assert_eq!(refusal(stock_only).0, "MODEL_UNSUPPORTED");
    // The processor has no attention of bf16.
    let (code, message) = refusal(EngineConfig::portable(folder("llama-bf16"), Provider::Cpu));
    assert_eq!(code, "MODEL_UNSUPPORTED");
    assert!(message.contains("bf16") && message.contains("provider = \"cuda\""), "{message}");
}

#[test]
fn a_card_runs_no_operator_of_ours() {
    let own = EngineConfig { provider: CARD, ..EngineConfig::new(folder("llama-fp16")) };
    let (code, message) = refusal(own.clone());
    assert_eq!(code, "FORM_UNSUPPORTED");
    assert!(message.contains("lora = \"standard\"") && message.contains("cuda:0"), "{message}");
    let paged = EngineConfig { lora: Some(openledger_engine::LoraForm::Standard), ..own };
    let (code, message) = refusal(paged);
    assert_eq!(code, "FORM_UNSUPPORTED");
    assert!(message.contains("attention = \"stock\""), "{message}");
}

#[test]
fn without_its_libraries_a_card_is_refused_and_nothing_falls_back() {
    let library = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    let beside = library.and_then(|library| Some(library.parent()?.join("libonnxruntime_providers_cuda.so")));
    if beside.is_some_and(|provider| provider.is_file()) {
        println!("not tested: this runtime has the provider");
        return;
    }
    let (code, message) = refusal(EngineConfig::portable(folder("llama-fp16"), CARD));
    assert_eq!(code, "PROVIDER_UNAVAILABLE");
    for part in ["cuda:0 cannot be used", "libonnxruntime_providers_cuda.so", "ORT_DYLIB_PATH", "onnxruntime-gpu"] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn an_adapter_that_16_bits_cannot_hold_is_refused() {
    let engine = start_half().await;
    let copy = support::copy_of(&folder("llama-fp16").join("adapters/patterns"));
    let config = copy.path().join("adapter_config.json");
    let mut fields: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    // Scales that 32 bits hold.
    fields["lora_alpha"] = 1e9.into();
    fields["alpha_pattern"] = serde_json::json!({});
    std::fs::write(&config, fields.to_string()).unwrap();
    let error = engine.load_adapter("loud", copy.path(), None).await.unwrap_err();
    assert_eq!(error.code(), "ADAPTER_NOT_FINITE");
    assert!(error.to_string().contains("fp16"), "{error}");
    let single = start(EngineConfig::new(single())).await;
    single.load_adapter("loud", copy.path(), None).await.unwrap();
}
