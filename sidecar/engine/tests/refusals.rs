//! Bad input: every kind has its own code and changes nothing.

#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use openledger_engine::{Engine, EngineConfig, GenerateRequest, Limits, Sampling, ScoreRow};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use support::{adapter_dir, answer, copy_of, greedy, model_dir, start};

fn truncate(path: &Path, keep: f64) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..(bytes.len() as f64 * keep) as usize]).unwrap();
}

fn edit_json(path: &Path, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    edit(&mut value);
    std::fs::write(path, serde_json::to_vec(&value).unwrap()).unwrap();
}

#[test]
fn broken_model_folders_are_refused() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 11] = [
        ("MODEL_BROKEN", |dir| truncate(&dir.join("model.onnx"), 0.7)),
        ("MODEL_BROKEN", |dir| std::fs::write(dir.join("model.onnx"), b"not a model").unwrap()),
        ("MODEL_BROKEN", |dir| std::fs::write(dir.join("model.onnx"), b"").unwrap()),
        ("MODEL_BROKEN", |dir| truncate(&dir.join("model.onnx.data"), 0.9)),
        ("MODEL_BROKEN", |dir| std::fs::remove_file(dir.join("model.onnx.data")).unwrap()),
        ("TOKENIZER_BROKEN", |dir| truncate(&dir.join("tokenizer.json"), 0.5)),
        ("TOKENIZER_BROKEN", |dir| std::fs::remove_file(dir.join("tokenizer.json")).unwrap()),
        ("TOKENIZER_BROKEN", |dir| std::fs::write(dir.join("tokenizer.json"), b"{}").unwrap()),
        ("MODEL_FOLDER_INVALID", |dir| truncate(&dir.join("genai_config.json"), 0.5)),
        ("MODEL_FOLDER_INVALID", |dir| {
            std::fs::remove_file(dir.join("genai_config.json")).unwrap();
            std::fs::remove_file(dir.join("config.json")).unwrap();
        }),
        ("MODEL_FOLDER_INVALID", |dir| {
            edit_json(&dir.join("genai_config.json"), |config| {
                config["model"]["decoder"]["filename"] = json!("../model.onnx");
            });
        }),
    ];
    for (code, damage) in damages {
        let copy = copy_of(&model_dir());
        damage(copy.path());
        let error = Engine::start(support::config(copy.path().to_owned())).err().unwrap();
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn a_configuration_of_another_model_is_refused() {
    let changes: [fn(&mut Value); 4] = [
        |model| model["vocab_size"] = json!(4096),
        |model| model["decoder"]["num_hidden_layers"] = json!(3),
        |model| model["decoder"]["num_hidden_layers"] = json!(5),
        |model| model["decoder"]["inputs"]["past_key_names"] = json!("past.%d.k"),
    ];
    for change in changes {
        let copy = copy_of(&model_dir());
        edit_json(&copy.path().join("genai_config.json"), |config| change(&mut config["model"]));
        let error = Engine::start(support::config(copy.path().to_owned())).err().unwrap();
        assert_eq!(error.code(), "MODEL_UNSUPPORTED", "{error}");
    }
}

#[test]
fn a_missing_runtime_is_named() {
    let config =
        EngineConfig { ort_library: Some("/nowhere/libonnxruntime.so".into()), ..support::config(model_dir()) };
    assert_eq!(Engine::start(config).err().unwrap().code(), "RUNTIME_UNAVAILABLE");
}

#[tokio::test]
async fn broken_and_unsupported_adapters_are_refused() {
    type Damage = fn(&Path);
    const CONFIG: &str = "adapter_config.json";
    const WEIGHTS: &str = "adapter_model.safetensors";
    let damages: [(&str, Damage); 21] = [
        ("ADAPTER_BROKEN", |dir| truncate(&dir.join(WEIGHTS), 0.8)),
        ("ADAPTER_BROKEN", |dir| std::fs::write(dir.join(WEIGHTS), b"\xff\xff\xff\xff\xff\xff\xff\xff{}").unwrap()),
        ("ADAPTER_BROKEN", |dir| std::fs::remove_file(dir.join(WEIGHTS)).unwrap()),
        ("ADAPTER_BROKEN", |dir| std::fs::remove_file(dir.join(CONFIG)).unwrap()),
        ("ADAPTER_BROKEN", |dir| truncate(&dir.join(CONFIG), 0.5)),
        ("ADAPTER_BROKEN", |dir| edit_json(&dir.join(CONFIG), |c| c["r"] = json!(0))),
        ("ADAPTER_RANK_MISMATCH", |dir| edit_json(&dir.join(CONFIG), |c| c["r"] = json!(support::example_rank() + 1))),
        ("ADAPTER_RANK_MISMATCH", |dir| {
            edit_json(&dir.join(CONFIG), |c| c["rank_pattern"] = json!({ "q_proj": 3 }));
        }),
        ("ADAPTER_UNSUPPORTED", |dir| edit_json(&dir.join(CONFIG), |c| c["use_dora"] = json!(true))),
        ("ADAPTER_UNSUPPORTED", |dir| edit_json(&dir.join(CONFIG), |c| c["bias"] = json!("all"))),
        ("ADAPTER_UNSUPPORTED", |dir| {
            edit_json(&dir.join(CONFIG), |c| c["modules_to_save"] = json!(["lm_head"]));
        }),
        ("ADAPTER_UNSUPPORTED", |dir| edit_json(&dir.join(CONFIG), |c| c["fan_in_fan_out"] = json!(true))),
        ("ADAPTER_UNSUPPORTED", |dir| edit_json(&dir.join(CONFIG), |c| c["peft_type"] = json!("IA3"))),
        ("ADAPTER_UNSUPPORTED", |dir| {
            edit_json(&dir.join(CONFIG), |c| c["init_lora_weights"] = json!("pissa"));
        }),
        ("ADAPTER_UNSUPPORTED", |dir| {
            edit_json(&dir.join(CONFIG), |c| c["rank_pattern"] = json!({ ".*proj": 4 }));
        }),
        ("ADAPTER_UNSUPPORTED", |dir| {
            edit_json(&dir.join(CONFIG), |c| c["a_field_of_tomorrow"] = json!("on"));
        }),
        ("ADAPTER_SITE_UNKNOWN", |dir| rename(dir, "layers.3.", "layers.9.")),
        ("ADAPTER_UNSUPPORTED", |dir| rename(dir, "layers.0.self_attn.q_proj", "lm_head")),
        ("ADAPTER_SITE_UNKNOWN", |dir| {
            edit_json(&dir.join(CONFIG), |c| {
                c["target_modules"].as_array_mut().unwrap().push(json!("router"));
            });
        }),
        ("ADAPTER_SHAPE_MISMATCH", |dir| rename(dir, "layers.0.mlp.up_proj", "layers.0.mlp.down_proj2")),
        ("ADAPTER_NOT_FINITE", |dir| {
            rewrite(dir, |name, data| {
                if name.contains("layers.2.self_attn.v_proj.lora_A") {
                    data[0] = 0x80;
                    data[1] = 0x7f;
                }
                Some(name.to_owned())
            });
        }),
    ];
    let engine = start();
    for (code, damage) in damages {
        let copy = copy_of(&adapter_dir("sotu/full"));
        damage(copy.path());
        let error = engine.load_adapter("a", copy.path(), None).await.err().unwrap();
        // A renamed module is an unknown site or, when it is only missing, an incomplete file.
        let same = error.code() == code || (code == "ADAPTER_SHAPE_MISMATCH" && error.code() == "ADAPTER_SITE_UNKNOWN");
        assert!(same, "expected {code}: {error}");
        let unknown = engine.generate(greedy(Some("a".to_owned()), vec![1], 1)).await;
        assert_eq!(unknown.unwrap_err().code(), "ADAPTER_UNKNOWN");
    }
}

/// Writes the weights again with other names or numbers; `None` leaves a tensor out.
fn rewrite(dir: &Path, mut edit: impl FnMut(&str, &mut Vec<u8>) -> Option<String>) {
    let path = dir.join("adapter_model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut kept: Vec<(String, Dtype, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, view) in file.iter() {
        let mut data = view.data().to_vec();
        if let Some(name) = edit(name, &mut data) {
            kept.push((name, view.dtype(), view.shape().to_vec(), data));
        }
    }
    let views: Vec<(String, TensorView<'_>)> = kept
        .iter()
        .map(|(name, dtype, shape, data)| (name.clone(), TensorView::new(*dtype, shape.clone(), data).unwrap()))
        .collect();
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

fn rename(dir: &Path, from: &str, to: &str) {
    rewrite(dir, |name, _| Some(name.replace(from, to)));
}

#[tokio::test]
async fn incomplete_and_misshapen_adapters_are_refused() {
    let engine = start();
    let copy = copy_of(&adapter_dir("sotu/full"));
    rewrite(copy.path(), |name, _| (!name.contains("layers.1.mlp.gate_proj")).then(|| name.to_owned()));
    let error = engine.load_adapter("a", copy.path(), None).await.err().unwrap();
    assert_eq!(error.code(), "ADAPTER_SHAPE_MISMATCH", "{error}");
    // Only one half of a module.
    let copy = copy_of(&adapter_dir("sotu/full"));
    rewrite(copy.path(), |name, _| (!name.contains("q_proj.lora_B")).then(|| name.to_owned()));
    let error = engine.load_adapter("a", copy.path(), None).await.err().unwrap();
    assert_eq!(error.code(), "ADAPTER_SHAPE_MISMATCH", "{error}");
    // k has half the width of q in this model.
    let copy = copy_of(&adapter_dir("sotu/full"));
    rewrite(copy.path(), |name, _| {
        Some(if name.contains("q_proj") { name.replace("q_proj", "k_proj") } else { name.replace("k_proj", "q_proj") })
    });
    let error = engine.load_adapter("a", copy.path(), None).await.err().unwrap();
    assert_eq!(error.code(), "ADAPTER_SHAPE_MISMATCH", "{error}");
}

#[tokio::test]
async fn digests_must_match() {
    let engine = start();
    let dir = adapter_dir("sotu/full");
    let wrong = engine.load_adapter("a", &dir, Some([7; 32])).await;
    assert_eq!(wrong.unwrap_err().code(), "ADAPTER_DIGEST_MISMATCH");
    let info = engine.load_adapter("a", &dir, None).await.unwrap();
    engine.load_adapter("b", &dir, Some(info.digest)).await.unwrap();
    let listed = std::fs::read(dir.join("../adapters.json")).unwrap();
    let listed: Value = serde_json::from_slice(&listed).unwrap();
    let full = listed["variants"].as_array().unwrap().iter().find(|v| v["name"] == "full").unwrap();
    assert_eq!(full["sha256"], hex::encode(info.digest));
    assert_eq!((info.rank, info.sites), (support::example_rank(), 28));
    let other = engine.load_adapter("a", &adapter_dir("wordnet/full"), None).await;
    assert_eq!(other.unwrap_err().code(), "ADAPTER_EXISTS");
}

#[tokio::test]
async fn limits_hold() {
    let engine = Engine::start(EngineConfig {
        limits: Limits {
            max_batch: 2,
            max_prompt_tokens: 16,
            max_new_tokens: 300,
            max_score_rows: 2,
            max_queue: 2,
            max_adapters: 1,
            max_rank: 64,
            ..Limits::default()
        },
        ..support::config(model_dir())
    })
    .unwrap();
    let over = |request: GenerateRequest| {
        let engine = engine.clone();
        async move { engine.generate(request).await.unwrap_err().code() }
    };
    assert_eq!(over(greedy(None, vec![5; 17], 4)).await, "REQUEST_OVER_LIMIT");
    assert_eq!(over(greedy(None, vec![5; 4], 301)).await, "REQUEST_OVER_LIMIT");
    assert_eq!(over(greedy(None, vec![5; 4], 0)).await, "REQUEST_INVALID");
    assert_eq!(over(greedy(None, vec![], 4)).await, "REQUEST_INVALID");
    assert_eq!(over(greedy(None, vec![2048], 4)).await, "REQUEST_INVALID");
    let stop = |stop: &str| GenerateRequest { stop: vec![stop.to_owned()], ..greedy(None, vec![5], 4) };
    assert_eq!(over(stop("")).await, "REQUEST_INVALID");
    assert_eq!(over(stop(&"x".repeat(257))).await, "REQUEST_OVER_LIMIT");
    let hot = GenerateRequest {
        sampling: Sampling { temperature: f32::INFINITY, ..Sampling::greedy() },
        ..greedy(None, vec![5], 4)
    };
    assert_eq!(over(hot).await, "REQUEST_INVALID");
    let row = ScoreRow { adapter: None, prompt: vec![5], completion: vec![6] };
    assert_eq!(engine.score(vec![row.clone(); 3]).await.unwrap_err().code(), "REQUEST_OVER_LIMIT");
    let unknown = ScoreRow { adapter: Some("nobody".to_owned()), ..row.clone() };
    assert_eq!(engine.score(vec![row.clone(), unknown]).await.unwrap_err().code(), "ADAPTER_UNKNOWN");
    assert_eq!(engine.score(vec![]).await.unwrap(), Vec::<f64>::new());
    engine.load_adapter("a", &adapter_dir("sotu/full"), None).await.unwrap();
    let second = engine.load_adapter("b", &adapter_dir("wordnet/full"), None).await;
    assert_eq!(second.unwrap_err().code(), "ADAPTER_LIMIT");
    let mut streams = Vec::new();
    let mut full = 0;
    for _ in 0..40 {
        match engine.generate(greedy(None, vec![5; 8], 290)).await {
            Ok(stream) => streams.push(stream),
            Err(error) => {
                assert_eq!(error.code(), "QUEUE_FULL");
                full += 1;
            }
        }
    }
    assert!(full > 0);
}

#[tokio::test]
async fn a_rank_above_the_limit_is_refused() {
    let engine = Engine::start(EngineConfig {
        limits: Limits { max_rank: support::example_rank() - 1, ..Limits::default() },
        ..support::config(model_dir())
    })
    .unwrap();
    let error = engine.load_adapter("a", &adapter_dir("sotu/full"), None).await.err().unwrap();
    assert_eq!(error.code(), "ADAPTER_LIMIT");
}

#[tokio::test]
async fn a_graph_without_sites_answers_as_the_base_does_and_refuses_every_adapter() {
    let (engine, plain) =
        (start(), Engine::start(EngineConfig { lora: None, ..support::config(model_dir()) }).unwrap());
    assert_eq!(plain.model().lora_sites, 0);
    let prompt = engine.encode("What is a termite?\n").unwrap();
    let expected = answer(&engine, greedy(None, prompt.clone(), 24)).await;
    assert_eq!(answer(&plain, greedy(None, prompt, 24)).await, expected);
    let refused = plain.load_adapter("sotu", &adapter_dir("sotu/full"), None).await.unwrap_err();
    assert_eq!(refused.code(), "ADAPTER_SITE_UNKNOWN");
}
