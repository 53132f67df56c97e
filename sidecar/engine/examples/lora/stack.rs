//! A decoder with random weights, in the form that the onnxruntime-genai builder gives one.

use std::{error::Error, fs, path::Path};

use openledger_onnx_graph::{
    Model,
    build::{Dim, float_tensor, int_attribute, node, value_info},
    element,
    proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto},
};
use serde_json::{Value, json};

const VOCABULARY: usize = 2048;

/// Sizes of a Llama-like decoder.
pub struct Shape {
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_size: usize,
    pub feed_forward: usize,
}

impl Shape {
    /// Those of `examples/model`.
    pub fn of_example() -> Self {
        Self { hidden: 128, layers: 4, heads: 4, kv_heads: 2, head_size: 32, feed_forward: 344 }
    }

    /// Layers of a 135M Llama, enough of them to be larger than the last-level cache.
    pub fn beyond_cache() -> Self {
        Self { hidden: 576, layers: 8, heads: 9, kv_heads: 3, head_size: 64, feed_forward: 1536 }
    }

    /// For a quick look that everything works.
    pub fn small() -> Self {
        Self { hidden: 192, layers: 2, heads: 3, kv_heads: 1, head_size: 64, feed_forward: 512 }
    }

    /// Block, name, inputs and outputs of every module of a layer.
    pub fn modules(&self) -> [(&'static str, &'static str, usize, usize); 7] {
        let (hidden, wide) = (self.hidden, self.feed_forward);
        let (q, kv) = (self.heads * self.head_size, self.kv_heads * self.head_size);
        [
            ("self_attn", "q_proj", hidden, q),
            ("self_attn", "k_proj", hidden, kv),
            ("self_attn", "v_proj", hidden, kv),
            ("self_attn", "o_proj", q, hidden),
            ("mlp", "gate_proj", hidden, wide),
            ("mlp", "up_proj", hidden, wide),
            ("mlp", "down_proj", wide, hidden),
        ]
    }

    /// Bytes of the layers' matrices in 32 bits.
    pub fn weight_bytes(&self) -> usize {
        self.modules().iter().map(|module| module.2 * module.3 * 4).sum::<usize>() * self.layers
    }
}

/// Numbers in -0.5..0.5 from a fixed stream.
pub fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// A copy of a model folder whose answers never end early.
pub fn copy_without_eos(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    let path = to.join("genai_config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path)?)?;
    config["model"]["eos_token_id"] = Value::Null;
    fs::write(path, config.to_string())?;
    Ok(())
}

/// Writes a model folder with the given tokenizer.
pub fn write(folder: &Path, shape: &Shape, tokenizer: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    fs::copy(tokenizer, folder.join("tokenizer.json"))?;
    fs::write(folder.join("model.onnx"), Model::from_proto(decoder(shape))?.to_bytes())?;
    let config = json!({ "model": {
        "context_length": 512,
        "vocab_size": VOCABULARY,
        "eos_token_id": null,
        "decoder": {
            "filename": "model.onnx",
            "head_size": shape.head_size,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.kv_heads,
            "num_hidden_layers": shape.layers,
            "inputs": {},
            "outputs": {},
        },
    }});
    fs::write(folder.join("genai_config.json"), config.to_string())?;
    Ok(())
}

/// A graph under construction; weights get their seed from their number.
struct Builder {
    graph: GraphProto,
}

impl Builder {
    fn weight(&mut self, name: &str, dims: &[usize]) {
        let count = dims.iter().product();
        // Variance near 1 / inputs keeps the size of activations.
        let inputs = dims.first().copied().unwrap_or(1) as f32;
        let scale = 3.4 / inputs.sqrt();
        let values = random(count, self.graph.initializer.len() as u64);
        let values: Vec<f32> = values.into_iter().map(|value| value * scale).collect();
        self.graph.initializer.push(float_tensor(name, dims, &values));
    }

    fn push(&mut self, node: NodeProto) {
        self.graph.node.push(node);
    }

    /// `output = input W` under the builder's node name; the output is named like the node.
    fn linear(&mut self, at: &str, input: &str, dims: [usize; 2]) -> String {
        let (name, weight) = (format!("{at}/MatMul"), format!("{at}/weight"));
        self.weight(&weight, &dims);
        self.push(node("MatMul", &name, &[input, &weight], &name));
        name
    }

    fn norm(&mut self, at: &str, input: &str, width: usize) -> String {
        let weight = format!("{at}/weight");
        self.graph.initializer.push(float_tensor(&weight, &[width], &vec![1.0; width]));
        self.push(node("SimplifiedLayerNormalization", at, &[input, &weight], at));
        at.to_owned()
    }

    fn binary(&mut self, operator: &str, at: &str, left: &str, right: &str) -> String {
        self.push(node(operator, at, &[left, right], at));
        at.to_owned()
    }

    fn integers(&mut self, name: &str, dims: Vec<i64>, value: i64) {
        self.graph.initializer.push(TensorProto {
            name: Some(name.to_owned()),
            dims,
            data_type: Some(element::INT64),
            raw_data: Some(value.to_le_bytes().to_vec().into()),
            ..TensorProto::default()
        });
    }

    fn cast_to_int32(&mut self, input: &str, output: &str) {
        let mut cast = node("Cast", output, &[input], output);
        cast.attribute.push(int_attribute("to", i64::from(element::INT32)));
        self.push(cast);
    }

    /// Lengths of the rows and of the cache, as the attention operator wants them.
    fn lengths(&mut self) {
        self.integers("one", vec![1], 1);
        self.integers("index", vec![], 1);
        let mut sum = node("ReduceSum", "mask/sum", &["attention_mask", "one"], "mask/sum");
        sum.attribute.push(int_attribute("keepdims", 0));
        self.push(sum);
        self.binary("Sub", "mask/last", "mask/sum", "one");
        self.cast_to_int32("mask/last", "seqlens");
        self.push(node("Shape", "mask/shape", &["attention_mask"], "mask/shape"));
        self.binary("Gather", "mask/width", "mask/shape", "index");
        self.cast_to_int32("mask/width", "total");
    }

    fn layer(&mut self, shape: &Shape, layer: usize, input: &str) -> String {
        let at = |rest: &str| format!("/model/layers.{layer}/{rest}");
        let (hidden, wide) = (shape.hidden, shape.feed_forward);
        let (q, kv) = (shape.heads * shape.head_size, shape.kv_heads * shape.head_size);
        let normed = self.norm(&at("input_layernorm/Norm"), input, hidden);
        let packed = self.linear(&at("attn/qkv_proj"), &normed, [hidden, q + 2 * kv]);
        let name = at("attn/GroupQueryAttention");
        let [key, value] = ["key", "value"].map(|kind| format!("past_key_values.{layer}.{kind}"));
        let mut attention =
            node("GroupQueryAttention", &name, &[&packed, "", "", &key, &value, "seqlens", "total"], &name);
        attention.output.extend(["key", "value"].map(|kind| format!("present.{layer}.{kind}")));
        attention.domain = Some("com.microsoft".to_owned());
        for (name, value) in [("num_heads", shape.heads), ("kv_num_heads", shape.kv_heads)] {
            attention.attribute.push(int_attribute(name, value as i64));
        }
        self.push(attention);
        let attended = self.linear(&at("attn/o_proj"), &name, [q, hidden]);
        let middle = self.binary("Add", &at("attn/Add"), input, &attended);
        let normed = self.norm(&at("post_attention_layernorm/Norm"), &middle, hidden);
        let gate = self.linear(&at("mlp/gate_proj"), &normed, [hidden, wide]);
        let up = self.linear(&at("mlp/up_proj"), &normed, [hidden, wide]);
        let sigmoid = at("mlp/Sigmoid");
        self.push(node("Sigmoid", &sigmoid, &[&gate], &sigmoid));
        let gated = self.binary("Mul", &at("mlp/gated"), &gate, &sigmoid);
        let product = self.binary("Mul", &at("mlp/product"), &gated, &up);
        let down = self.linear(&at("mlp/down_proj"), &product, [wide, hidden]);
        self.binary("Add", &at("mlp/Add"), &middle, &down)
    }
}

fn decoder(shape: &Shape) -> ModelProto {
    let mut builder = Builder { graph: GraphProto { name: Some("main".to_owned()), ..GraphProto::default() } };
    let (batch, length, total) = (Dim::Named("batch_size"), Dim::Named("sequence_length"), Dim::Named("total"));
    builder.graph.input.push(value_info("input_ids", element::INT64, &[batch, length]));
    builder.graph.input.push(value_info("attention_mask", element::INT64, &[batch, total]));
    for layer in 0..shape.layers {
        for kind in ["key", "value"] {
            let dims = |cache| [batch, Dim::Fixed(shape.kv_heads), Dim::Named(cache), Dim::Fixed(shape.head_size)];
            let (past, present) = (format!("past_key_values.{layer}.{kind}"), format!("present.{layer}.{kind}"));
            builder.graph.input.push(value_info(&past, element::FLOAT, &dims("past")));
            builder.graph.output.push(value_info(&present, element::FLOAT, &dims("present")));
        }
    }
    builder.lengths();
    builder.weight("embedding", &[VOCABULARY, shape.hidden]);
    let mut hidden = builder.binary("Gather", "/model/embed", "embedding", "input_ids");
    for layer in 0..shape.layers {
        hidden = builder.layer(shape, layer, &hidden);
    }
    let normed = builder.norm("/model/norm", &hidden, shape.hidden);
    builder.weight("/lm_head/weight", &[shape.hidden, VOCABULARY]);
    builder.push(node("MatMul", "/lm_head/MatMul", &[&normed, "/lm_head/weight"], "logits"));
    builder.graph.output.push(value_info("logits", element::FLOAT, &[batch, length, Dim::Fixed(VOCABULARY)]));
    let import = |domain: Option<&str>, version| OperatorSetIdProto {
        domain: domain.map(str::to_owned),
        version: Some(version),
    };
    ModelProto {
        ir_version: Some(10),
        opset_import: vec![import(None, 21), import(Some("com.microsoft"), 1)],
        graph: Some(builder.graph),
        ..ModelProto::default()
    }
}
