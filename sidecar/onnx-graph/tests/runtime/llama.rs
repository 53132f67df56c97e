//! A tiny random decoder in the shape that the onnxruntime-genai builder exports.

use openledger_onnx_graph::{
    AttentionShape, Model,
    build::{Dim, float_tensor, int_attribute, node, value_info},
    element, find_sites,
    grad::GradientOptions,
    proto::{AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, attribute_proto::AttributeType},
};

use super::Random;

const BATCH: Dim<'static> = Dim::Named("batch_size");
const TOKENS: Dim<'static> = Dim::Named("sequence_length");

/// Sizes of a decoder.
#[derive(Debug, Clone, Copy)]
pub struct Llama {
    pub layers: usize,
    pub hidden: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub width: usize,
    pub ffn: usize,
    pub vocab: usize,
    pub packed: bool,
    pub tied: bool,
    /// Biases on q, k and v, as Qwen2 has them.
    pub biased: bool,
    /// Norms of every query and key head, as Qwen3 has them; needs separate projections.
    pub head_norms: bool,
    /// Positions in the rotary tables.
    pub positions: usize,
    pub seed: u64,
}

pub const TINY: Llama = Llama {
    layers: 2,
    hidden: 12,
    heads: 4,
    kv_heads: 2,
    width: 16,
    ffn: 10,
    vocab: 17,
    packed: true,
    tied: true,
    biased: false,
    head_norms: false,
    positions: 16,
    seed: 3,
};

pub fn float_attribute(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.to_owned()),
        f: Some(value),
        r#type: Some(AttributeType::Float.into()),
        ..AttributeProto::default()
    }
}

struct Writer {
    graph: GraphProto,
    random: Random,
}

impl Writer {
    #[allow(clippy::cast_possible_truncation)]
    fn weight(&mut self, name: &str, dims: &[usize], scale: f64, shift: f64) {
        let count = dims.iter().product();
        let values: Vec<f32> = self.random.floats(count).into_iter().map(|v| (v * scale + shift) as f32).collect();
        self.graph.initializer.push(float_tensor(name, dims, &values));
    }

    fn add(&mut self, op: &str, name: &str, inputs: &[&str], output: &str) -> &mut NodeProto {
        self.graph.node.push(node(op, name, inputs, output));
        self.graph.node.last_mut().unwrap()
    }

    /// `y = x W`, named as the builder names it.
    fn linear(&mut self, path: &str, x: &str, k: usize, n: usize) -> String {
        let (weight, output) = (format!("{path}.weight"), format!("/{path}/output_0"));
        self.weight(&weight, &[k, n], 0.7, 0.0);
        self.add("MatMul", &format!("/{path}/MatMul"), &[x, &weight], &output);
        output
    }
}

impl Llama {
    pub fn attention(&self) -> AttentionShape {
        AttentionShape { heads: self.heads, kv_heads: self.kv_heads, head_size: self.width }
    }

    pub fn past(&self) -> Vec<String> {
        (0..self.layers).flat_map(|i| ["key", "value"].map(|kind| format!("past_key_values.{i}.{kind}"))).collect()
    }

    pub fn options(&self) -> GradientOptions {
        GradientOptions {
            input_ids: "input_ids".to_owned(),
            logits: "logits".to_owned(),
            past: self.past(),
            attention: self.attention(),
            sites: find_sites(&self.model(), &self.attention()).unwrap(),
        }
    }

    pub fn model(&self) -> Model {
        let mut w = Writer {
            graph: GraphProto { name: Some("main".to_owned()), ..GraphProto::default() },
            random: Random::new(self.seed),
        };
        let g = &mut w.graph;
        g.input.push(value_info("input_ids", element::INT64, &[BATCH, TOKENS]));
        g.input.push(value_info("attention_mask", element::INT64, &[BATCH, Dim::Named("total_sequence_length")]));
        g.output.push(value_info("logits", element::FLOAT, &[BATCH, TOKENS, Dim::Fixed(self.vocab)]));
        let cache = [BATCH, Dim::Fixed(self.kv_heads), Dim::Named("past_sequence_length"), Dim::Fixed(self.width)];
        for name in self.past() {
            g.input.push(value_info(&name, element::FLOAT, &cache));
            let present = name.replace("past_key_values", "present");
            g.output.push(value_info(&present, element::FLOAT, &cache));
        }
        w.tables(self.positions, self.width / 2);
        w.row_lengths();
        let embedded = self.embedding(&mut w);
        self.blocks(&mut w, embedded);
        let proto = ModelProto {
            ir_version: Some(10),
            opset_import: [("", 21), ("com.microsoft", 1)]
                .map(|(domain, version)| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) })
                .to_vec(),
            graph: Some(w.graph),
            ..ModelProto::default()
        };
        Model::from_proto(proto).unwrap()
    }

    fn embedding(&self, w: &mut Writer) -> String {
        let table = if self.tied {
            w.weight("lm_head.MatMul.weight", &[self.hidden, self.vocab], 0.7, 0.0);
            w.add("Transpose", "/model/embed_tokens/Transpose", &["lm_head.MatMul.weight"], "embed_tokens")
                .attribute
                .push(super::ints_attribute("perm", &[1, 0]));
            "embed_tokens"
        } else {
            w.weight("lm_head.MatMul.weight", &[self.hidden, self.vocab], 0.7, 0.0);
            w.weight("embedding.weight", &[self.vocab, self.hidden], 0.7, 0.0);
            "embedding.weight"
        };
        w.add("Gather", "/model/embed_tokens/Gather", &[table, "input_ids"], "embedded");
        "embedded".to_owned()
    }

    fn bias(&self, w: &mut Writer, x: &str, columns: usize) -> String {
        if !self.biased {
            return x.to_owned();
        }
        let (bias, sum) = (format!("{x}.bias"), format!("{x}.sum"));
        w.weight(&bias, &[columns], 0.5, 0.0);
        w.add("Add", &sum, &[x, &bias], &sum);
        sum
    }

    fn blocks(&self, w: &mut Writer, embedded: String) {
        let (q, kv) = (self.heads * self.width, self.kv_heads * self.width);
        let (mut residual, mut normal) = (embedded, String::new());
        for i in 0..self.layers {
            let path = |name: &str| format!("model.layers.{i}.{name}").replace('.', "/").replace("layers/", "layers.");
            if i == 0 {
                w.weight("norm.first", &[self.hidden], 0.3, 1.0);
                normal = "normal.first".to_owned();
                let first = w.add(
                    "SimplifiedLayerNormalization",
                    "/model/layers.0/input_layernorm/LayerNorm",
                    &[&residual, "norm.first"],
                    &normal,
                );
                first.attribute.extend([float_attribute("epsilon", 1e-5), int_attribute("axis", -1)]);
            }
            let (query, key, value) = if self.packed {
                let all = w.linear(&path("attn.qkv_proj"), &normal, self.hidden, q + 2 * kv);
                (self.bias(w, &all, q + 2 * kv), String::new(), String::new())
            } else {
                let mut one = |name: &str, columns: usize| {
                    let y = w.linear(&path(&format!("attn.{name}_proj")), &normal, self.hidden, columns);
                    let y = self.bias(w, &y, columns);
                    if self.head_norms && name != "v" { w.head_norm(&y, columns, self.width) } else { y }
                };
                (one("q", q), one("k", kv), one("v", kv))
            };
            let (past_k, past_v) = (format!("past_key_values.{i}.key"), format!("past_key_values.{i}.value"));
            let inputs = [&query, &key, &value, &past_k, &past_v, "lengths", "total", "cos_cache", "sin_cache"];
            let mixed = format!("mixed.{i}");
            let attention =
                w.add("GroupQueryAttention", &format!("/{}", path("attn.GroupQueryAttention")), &inputs, &mixed);
            attention.domain = Some("com.microsoft".to_owned());
            attention.output.extend([format!("present.{i}.key"), format!("present.{i}.value")]);
            let count = |count: usize| i64::try_from(count).unwrap();
            attention.attribute.extend([
                int_attribute("num_heads", count(self.heads)),
                int_attribute("kv_num_heads", count(self.kv_heads)),
                int_attribute("do_rotary", 1),
            ]);
            let attended = w.linear(&path("attn.o_proj"), &mixed, q, self.hidden);
            (residual, normal) = w.skip_norm(&format!("post.{i}"), &residual, &attended, self.hidden);
            let gate = w.linear(&path("mlp.gate_proj"), &normal, self.hidden, self.ffn);
            let up = w.linear(&path("mlp.up_proj"), &normal, self.hidden, self.ffn);
            let names = ["sigmoid", "silu", "product"].map(|name| format!("{name}.{i}"));
            w.add("Sigmoid", &names[0], &[&gate], &names[0]);
            w.add("Mul", &names[1], &[&gate, &names[0]], &names[1]);
            w.add("Mul", &names[2], &[&names[1], &up], &names[2]);
            let down = w.linear(&path("mlp.down_proj"), &names[2], self.ffn, self.hidden);
            (residual, normal) = w.skip_norm(&format!("next.{i}"), &residual, &down, self.hidden);
        }
        w.add("MatMul", "/lm_head/MatMul", &[&normal, "lm_head.MatMul.weight"], "logits");
    }
}

impl Writer {
    /// Sum with the residual and norm of it.
    fn skip_norm(&mut self, name: &str, x: &str, skip: &str, hidden: usize) -> (String, String) {
        let (weight, normal, sum) = (format!("norm.{name}"), format!("normal.{name}"), format!("sum.{name}"));
        self.weight(&weight, &[hidden], 0.3, 1.0);
        let skip = self.add("SkipSimplifiedLayerNormalization", name, &[x, skip, &weight], &normal);
        skip.domain = Some("com.microsoft".to_owned());
        skip.output.extend([String::new(), String::new(), sum.clone()]);
        skip.attribute.push(float_attribute("epsilon", 1e-5));
        (sum, normal)
    }

    /// Norm of every head: one row per token and head.
    fn head_norm(&mut self, x: &str, columns: usize, width: usize) -> String {
        let names = ["weight", "rows", "normal", "joined"].map(|part| format!("{x}.head.{part}"));
        let size = |size: usize| i64::try_from(size).unwrap();
        self.weight(&names[0], &[width], 0.3, 1.0);
        for (shape, last) in [("rows", width), ("joined", columns)] {
            self.graph.initializer.push(super::int_tensor(&format!("{x}.{shape}.shape"), &[0, -1, size(last)]));
        }
        self.add("Reshape", &names[1], &[x, &format!("{x}.rows.shape")], &names[1]);
        let norm = self.add("SimplifiedLayerNormalization", &names[2], &[&names[1], &names[0]], &names[2]);
        norm.attribute.extend([float_attribute("epsilon", 1e-6), int_attribute("axis", -1)]);
        self.add("Reshape", &names[3], &[&names[2], &format!("{x}.joined.shape")], &names[3]);
        names[3].clone()
    }

    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn tables(&mut self, positions: usize, half: usize) {
        let angle = |i: usize| (i / half) as f64 / 10_f64.powf((i % half) as f64 / half as f64);
        let table = |f: fn(f64) -> f64| -> Vec<f32> { (0..positions * half).map(|i| f(angle(i)) as f32).collect() };
        self.graph.initializer.push(float_tensor("cos_cache", &[positions, half], &table(f64::cos)));
        self.graph.initializer.push(float_tensor("sin_cache", &[positions, half], &table(f64::sin)));
    }

    /// Lengths of rows and of the buffer from the attention mask, as the builder computes them.
    fn row_lengths(&mut self) {
        self.graph.initializer.push(super::int_tensor("one", &[1]));
        let to_int32 = int_attribute("to", i64::from(element::INT32));
        self.add("ReduceSum", "sum", &["attention_mask", "one"], "sum").attribute.push(int_attribute("keepdims", 0));
        self.add("Sub", "last", &["sum", "one"], "last");
        self.add("Cast", "lengths", &["last"], "lengths").attribute.push(to_int32.clone());
        self.add("Shape", "shape", &["attention_mask"], "shape");
        self.graph.initializer.push(super::int_scalar("second", 1));
        self.add("Gather", "buffer", &["shape", "second"], "buffer");
        self.add("Cast", "total", &["buffer"], "total").attribute.push(to_int32);
    }
}
