//! Models of the shapes that people use, exported by the onnxruntime-genai builder, against what
//! transformers and PEFT compute with the same weights (`tests/models/make.py`).

#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;

use openledger_engine::Engine;
use openledger_onnx_graph::{Message, proto::ModelProto};
use safetensors::SafeTensors;
use serde::Deserialize;
use support::{answer, collect, greedy, repository};

/// Largest difference of logits, as a part of the largest golden logit.
///
/// Both sides compute in 32 bits in other orders. Of weights of 4 or 8 bits the golden model has
/// the numbers that they stand for; with `accuracy_level` 1 the products with them are of 32 bits.
const TOLERANCE: f32 = 2e-5;
/// The same for `accuracy_level` 4, the builder's default: products round their input to 8 bits in
/// blocks, by up to half of 1/127 of a block's largest number. Over the products of two layers that
/// comes to a few per cent at worst (4% measured); a wrong weight, column or scale comes to the
/// logits' own size. The exact comparison of the same packed weights is a test of its own.
const ROUNDED_TOLERANCE: f32 = 0.08;

#[derive(Clone, Deserialize)]
struct Case {
    adapter: Option<String>,
    index: usize,
    prompt: Vec<u32>,
    greedy: Vec<u32>,
}

struct Shape {
    name: &'static str,
    /// Whether products round their inputs.
    rounded: bool,
}

const fn exact(name: &'static str) -> Shape {
    Shape { name, rounded: false }
}

const SHAPES: [Shape; 11] = [
    exact("llama"),
    exact("llama-fused-mlp"),
    exact("llama-int4"),
    exact("llama-int8"),
    exact("qwen2"),
    Shape { name: "qwen2-int4", rounded: true },
    exact("qwen3"),
    exact("qwen3-int8"),
    exact("gemma2"),
    exact("phi3"),
    exact("phi3-int4"),
];

impl Shape {
    fn folder(&self) -> PathBuf {
        repository().join("tests/golden/models").join(self.name)
    }

    fn cases(&self) -> Vec<Case> {
        serde_json::from_slice(&std::fs::read(self.folder().join("cases.json")).unwrap()).unwrap()
    }

    /// An engine on a copy of this shape's folder, or on itself, with its adapters.
    async fn start(&self, folder: PathBuf) -> Engine {
        let engine = Engine::start(support::config(folder)).unwrap();
        for adapter in ["all-linear", "patterns"] {
            engine.load_adapter(adapter, &self.folder().join("adapters").join(adapter), None).await.unwrap();
        }
        engine
    }
}

/// Largest difference to the golden logits of all cases, as a part of the largest golden logit.
async fn worst_difference(shape: &Shape, engine: &Engine) -> f32 {
    let bytes = std::fs::read(shape.folder().join("logits.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&bytes).unwrap();
    let (mut worst, cases) = (0.0_f32, shape.cases());
    assert_eq!(cases.len(), 9);
    for case in cases {
        let adapter = case.adapter.as_deref();
        let expected = stored.tensor(&format!("{}/{}", adapter.unwrap_or("base"), case.index)).unwrap();
        let positions = expected.shape()[0];
        let expected: Vec<f32> =
            expected.data().chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().unwrap())).collect();
        let scale = expected.iter().fold(0.0_f32, |largest, logit| largest.max(logit.abs()));
        let found: Vec<f32> =
            engine.prompt_logits(adapter, case.prompt, positions).await.unwrap().into_iter().flatten().collect();
        assert_eq!(found.len(), expected.len());
        let differences = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs() / scale);
        worst = differences.fold(worst, f32::max);
    }
    println!("{}: largest difference {worst:.1e} of the largest logit", shape.name);
    worst
}

#[tokio::test]
async fn logits_are_those_of_transformers_and_peft() {
    for shape in SHAPES {
        let engine = shape.start(shape.folder()).await;
        // Two layers of q, k, v, o, gate, up and down, however the graph packs them.
        assert_eq!(engine.model().lora_sites, 14, "{}", shape.name);
        let worst = worst_difference(&shape, &engine).await;
        let tolerance = if shape.rounded { ROUNDED_TOLERANCE } else { TOLERANCE };
        assert!(worst <= tolerance, "{}: {worst}", shape.name);
    }
}

#[tokio::test]
async fn without_rounded_inputs_the_same_packed_weights_are_exact() {
    for shape in SHAPES.iter().filter(|shape| shape.rounded) {
        let copy = support::copy_of(&shape.folder());
        let path = copy.path().join("model.onnx");
        let mut model = ModelProto::decode(std::fs::read(&path).unwrap().as_slice()).unwrap();
        let nodes = model.graph.as_mut().unwrap().node.iter_mut();
        let mut changed = 0;
        for attribute in nodes.flat_map(|node| &mut node.attribute).filter(|a| a.name() == "accuracy_level") {
            assert_eq!(attribute.i.replace(1), Some(4));
            changed += 1;
        }
        assert_eq!(changed, 11, "one for each product");
        std::fs::write(&path, model.encode_to_vec()).unwrap();
        let engine = shape.start(copy.path().to_owned()).await;
        let worst = worst_difference(shape, &engine).await;
        assert!(worst <= TOLERANCE, "{}: {worst}", shape.name);
    }
}

#[tokio::test]
async fn a_mixed_batch_continues_as_transformers_does() {
    for shape in SHAPES.iter().filter(|shape| !shape.rounded) {
        let engine = shape.start(shape.folder()).await;
        let mut streams = Vec::new();
        for case in shape.cases().into_iter().filter(|case| !case.greedy.is_empty()) {
            let request = || greedy(case.adapter.clone(), case.prompt.clone(), case.greedy.len());
            assert_eq!(answer(&engine, request()).await.tokens, case.greedy, "{} alone", shape.name);
            streams.push((engine.generate(request()).await.unwrap(), case.greedy));
        }
        for (stream, expected) in streams {
            assert_eq!(collect(stream).await.unwrap().tokens, expected, "{} in a batch", shape.name);
        }
    }
}
