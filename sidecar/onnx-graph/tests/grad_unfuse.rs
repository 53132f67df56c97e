//! Rewritten operators: the same values as the fused ones, and gradients equal to finite differences.

#![allow(clippy::unwrap_used)]

mod runtime;

use openledger_onnx_graph::{
    LoadLimits, Model,
    build::{Dim, float_tensor, int_attribute, node, value_info},
    element, find_sites,
    grad::{
        GradError, GradientOptions, LOG_LIKELIHOOD, TARGET_WEIGHTS, TARGETS, adjoint_name, gradient_graph,
        gradient_name, lora_factors, vector_jacobian_product,
    },
    proto::{AttributeProto, GraphProto, ModelProto, OperatorSetIdProto, TensorProto},
};
use runtime::{Data, Random, Runner, Value, Values, double::as_double, llama::float_attribute, text_attribute};

const STEP: f64 = 1e-5;

/// One fused operator with its inputs.
struct Case {
    op: &'static str,
    domain: &'static str,
    attributes: Vec<AttributeProto>,
    /// Name, declared axes and value; those of 32-bit floats are differentiated by.
    inputs: Vec<(&'static str, Vec<Dim<'static>>, Value)>,
    constants: Vec<TensorProto>,
    /// Names as the node reads them; empty for one left out.
    reads: Vec<&'static str>,
    /// Names as the node writes them; the first is returned.
    writes: Vec<&'static str>,
    opset: i64,
}

impl Case {
    fn model(&self) -> Model {
        let mut fused = node(self.op, self.op, &self.reads, self.writes[0]);
        fused.output = self.writes.iter().map(|&name| name.to_owned()).collect();
        fused.domain = Some(self.domain.to_owned());
        fused.attribute.clone_from(&self.attributes);
        let inputs = self.inputs.iter().map(|(name, dims, value)| value_info(name, value.data_type(), dims));
        let outputs: Vec<_> = self.writes.iter().filter(|name| !name.is_empty()).collect();
        let rank = |name: &str| if name.starts_with("present") { 4 } else { self.inputs[0].1.len() };
        let axes = ["o0", "o1", "o2", "o3"].map(Dim::Named);
        let proto = ModelProto {
            ir_version: Some(10),
            opset_import: [("", self.opset), ("com.microsoft", 1)]
                .map(|(domain, version)| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) })
                .to_vec(),
            graph: Some(GraphProto {
                name: Some("case".to_owned()),
                input: inputs.collect(),
                initializer: self.constants.clone(),
                output: outputs.iter().map(|name| value_info(name, element::FLOAT, &axes[..rank(name)])).collect(),
                node: vec![fused],
                ..GraphProto::default()
            }),
            ..ModelProto::default()
        };
        Model::from_proto(proto).unwrap()
    }

    fn check(&self) {
        let model = self.model();
        let y = self.writes[0];
        let feed: Values = self.inputs.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone())).collect();
        let by: Vec<&str> = self
            .inputs
            .iter()
            .filter(|(_, _, value)| matches!(value.data, Data::F32(_)) && value.len() > 0)
            .map(|(name, _, _)| *name)
            .collect();
        let fused = Runner::new(&model).run(&feed).remove(y).unwrap();
        let gradient = vector_jacobian_product(&model, y, &by).unwrap();
        assert!(gradient.graph().node.iter().all(|node| node.domain().is_empty()), "standard operators only");
        let asked = gradient.graph().node.iter().filter(|node| node.op_type() == "NonZero").count();
        assert_eq!(asked, 0, "{}: broadcasts are undone without asking the running graph", self.op);
        let adjoint = Random::new(5).floats(fused.len());
        let kept: Vec<String> = gradient.graph().input.iter().map(|input| input.name().to_owned()).collect();
        let mut both: Values = feed.into_iter().filter(|(name, _)| kept.contains(name)).collect();
        #[allow(clippy::cast_possible_truncation)]
        let narrow = adjoint.iter().map(|&value| value as f32).collect();
        both.insert(adjoint_name(y), Value::f32(&fused.dims, narrow));
        let plain = Runner::new(&gradient).run(&both);
        for (at, (plain, fused)) in plain[y].floats().iter().zip(fused.floats()).enumerate() {
            assert!((plain - fused).abs() < 2e-5, "{} element {at}: {plain} instead of {fused}", self.op);
        }
        let mut wide = Runner::new(&as_double(&gradient));
        let both: Values = both
            .into_iter()
            .map(|(name, value)| match value.data {
                Data::F32(_) => (name, Value::f64(&value.dims.clone(), value.floats())),
                _ => (name, value),
            })
            .collect();
        let adjoint = both[&adjoint_name(y)].floats();
        let found = wide.run(&both);
        for name in by {
            for at in 0..both[name].len() {
                let mut moved = |by: f64| -> f64 {
                    let mut changed = both.clone();
                    changed.insert(name.to_owned(), both[name].moved(at, by));
                    wide.run(&changed)[y].floats().iter().zip(&adjoint).map(|(y, adjoint)| y * adjoint).sum()
                };
                let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let got = found[&gradient_name(name)].floats()[at];
                let error = (got - expected).abs() / (1.0 + expected.abs());
                assert!(error < 1e-7, "{} by {name}[{at}]: {got} instead of {expected}", self.op);
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation)]
fn random(dims: &[usize], seed: u64) -> Value {
    let data = Random::new(seed).floats(dims.iter().product()).into_iter().map(|value| value as f32).collect();
    Value::f32(dims, data)
}

fn constant(name: &str, dims: &[usize], seed: u64) -> TensorProto {
    let Data::F32(data) = random(dims, seed).data else { unreachable!() };
    float_tensor(name, dims, &data)
}

const B: Dim<'static> = Dim::Named("batch");
const T: Dim<'static> = Dim::Named("tokens");

#[test]
fn normalisation() {
    for (domain, op, opset) in [
        ("", "SimplifiedLayerNormalization", 17),
        ("", "SimplifiedLayerNormalization", 21),
        ("", "RMSNormalization", 23),
    ] {
        Case {
            op,
            domain,
            attributes: vec![float_attribute("epsilon", 1e-3), int_attribute("axis", -1)],
            inputs: vec![
                ("x", vec![B, T, Dim::Fixed(5)], random(&[2, 3, 5], 1)),
                ("w", vec![Dim::Fixed(5)], random(&[5], 2)),
            ],
            constants: Vec::new(),
            reads: vec!["x", "w"],
            writes: vec!["y"],
            opset,
        }
        .check();
    }
}

#[test]
fn layer_normalisation() {
    for biased in [false, true] {
        let mut case = Case {
            op: "LayerNormalization",
            domain: "",
            attributes: vec![float_attribute("epsilon", 1e-3), int_attribute("axis", 2)],
            inputs: vec![
                ("x", vec![B, T, Dim::Fixed(5)], random(&[2, 3, 5], 1)),
                ("w", vec![Dim::Fixed(5)], random(&[5], 2)),
                ("b", vec![Dim::Fixed(5)], random(&[5], 3)),
            ],
            constants: Vec::new(),
            reads: vec!["x", "w", "b"],
            writes: vec!["y"],
            opset: 17,
        };
        if !biased {
            case.inputs.pop();
            case.reads.pop();
        }
        case.check();
        let mut skip = Case { op: "SkipLayerNormalization", domain: "com.microsoft", ..case };
        skip.attributes = vec![float_attribute("epsilon", 1e-3)];
        skip.inputs.push(("skip", vec![B, T, Dim::Fixed(5)], random(&[2, 3, 5], 4)));
        skip.constants = vec![constant("own", &[5], 6)];
        skip.reads = vec!["x", "skip", "w"];
        if biased {
            skip.reads.extend(["b", "own"]);
        }
        skip.writes = vec!["y", "", "", "sum"];
        skip.check();
    }
}

#[test]
fn activations() {
    let case = |op, domain, opset| Case {
        op,
        domain,
        attributes: Vec::new(),
        inputs: vec![("x", vec![B, Dim::Fixed(4)], random(&[3, 4], 1))],
        constants: vec![constant("bias", &[4], 2)],
        reads: vec!["x"],
        writes: vec!["y"],
        opset,
    };
    case("FastGelu", "com.microsoft", 17).check();
    Case { reads: vec!["x", "bias"], ..case("FastGelu", "com.microsoft", 17) }.check();
    case("QuickGelu", "com.microsoft", 17).check();
    Case { attributes: vec![float_attribute("alpha", 0.6)], ..case("QuickGelu", "com.microsoft", 17) }.check();
    Case { attributes: vec![text_attribute("approximate", "tanh")], ..case("Gelu", "", 20) }.check();
    // The runtime has the error function in 32 bits only, so the exact form is compared by value and coarsely.
    for exact in [case("Gelu", "", 20), case("Gelu", "com.microsoft", 17)] {
        let model = exact.model();
        let gradient = vector_jacobian_product(&model, "y", &["x"]).unwrap();
        let mut runner = Runner::new(&gradient);
        let x = exact.inputs[0].2.clone();
        let ones = Value::f32(&x.dims, vec![1.0; x.len()]);
        let mut at = |x: &Value| runner.run(&runtime::values([("x", x.clone()), ("adjoint.y", ones.clone())]));
        let fused = Runner::new(&model).run(&runtime::values([("x", x.clone())])).remove("y").unwrap();
        let found = at(&x);
        let moved = |by: f32| {
            let data = x.floats().into_iter().map(|value| value as f32 + by).collect();
            Value::f32(&x.dims, data)
        };
        let (above, below) = (at(&moved(1e-2)), at(&moved(-1e-2)));
        for index in 0..x.len() {
            assert!((found["y"].floats()[index] - fused.floats()[index]).abs() < 1e-6);
            let expected = (above["y"].floats()[index] - below["y"].floats()[index]) / 2e-2;
            assert!((found["gradient.x"].floats()[index] - expected).abs() < 1e-4);
        }
    }
}

#[test]
fn normalisation_of_a_sum() {
    for bias in [false, true] {
        for y_first in [true, false] {
            let mut case = Case {
                op: "SkipSimplifiedLayerNormalization",
                domain: "com.microsoft",
                attributes: vec![float_attribute("epsilon", 1e-3)],
                inputs: vec![
                    ("x", vec![B, T, Dim::Fixed(4)], random(&[2, 3, 4], 1)),
                    ("skip", vec![B, T, Dim::Fixed(4)], random(&[2, 3, 4], 2)),
                ],
                constants: vec![constant("w", &[4], 3), constant("bias", &[4], 4)],
                reads: vec!["x", "skip", "w"],
                writes: vec!["y", "", "", "sum"],
                opset: 21,
            };
            if bias {
                case.reads.push("bias");
            }
            if y_first {
                case.check();
            } else {
                // The sum alone, as the last residual of a decoder.
                let model = case.model();
                assert!(vector_jacobian_product(&model, "sum", &["x", "skip"]).is_ok());
            }
        }
    }
}

#[test]
fn rotary_embedding() {
    let half = 2;
    for interleaved in [0, 1] {
        for (rank, dims, axes) in [
            (3, vec![2, 3, 2 * 4], vec![B, T, Dim::Fixed(8)]),
            (4, vec![2, 2, 3, 4], vec![B, Dim::Fixed(2), T, Dim::Fixed(4)]),
        ] {
            for positions in [
                (vec![B, T], Value::i64(&[2, 3], vec![0, 1, 2, 4, 2, 0])),
                (vec![Dim::Fixed(1)], Value::i64(&[1], vec![2])),
            ] {
                let attributes = vec![int_attribute("interleaved", interleaved)];
                Case {
                    op: "RotaryEmbedding",
                    domain: "com.microsoft",
                    attributes,
                    inputs: vec![
                        ("x", axes.clone(), random(&dims, rank)),
                        ("at", positions.0.clone(), positions.1.clone()),
                    ],
                    constants: vec![constant("cos", &[6, half], 3), constant("sin", &[6, half], 4)],
                    reads: vec!["x", "at", "cos", "sin"],
                    writes: vec!["y"],
                    opset: 21,
                }
                .check();
            }
        }
    }
}

fn bytes(name: &str, dims: &[usize], seed: u64) -> TensorProto {
    let mut random = Random::new(seed);
    let raw: Vec<u8> = (0..dims.iter().product()).map(|_| (random.bits() >> 20) as u8).collect();
    TensorProto {
        name: Some(name.to_owned()),
        dims: dims.iter().map(|&size| i64::try_from(size).unwrap()).collect(),
        data_type: Some(2),
        raw_data: Some(raw.into()),
        ..TensorProto::default()
    }
}

fn quantised(bits: usize, k: usize, zero: Option<&'static str>, bias: bool) -> Case {
    let (n, block) = (5, 16);
    let blocks = k.div_ceil(block);
    let count = |count: usize| i64::try_from(count).unwrap();
    let mut reads = vec!["x", "packed", "scales", zero.unwrap_or_default()];
    if bias {
        reads.extend(["", "bias"]);
    }
    Case {
        op: "MatMulNBits",
        domain: "com.microsoft",
        attributes: vec![
            int_attribute("K", count(k)),
            int_attribute("N", count(n)),
            int_attribute("bits", count(bits)),
            int_attribute("block_size", count(block)),
        ],
        inputs: vec![("x", vec![B, T, Dim::Fixed(k)], random(&[2, 3, k], 1))],
        constants: vec![
            bytes("packed", &[n, blocks, block * bits / 8], 2),
            float_tensor("scales", &[n * blocks], &vec![0.01; n * blocks]),
            bytes("zero", &[n * (blocks * bits).div_ceil(8)], 3),
            constant("real_zero", &[n * blocks], 4),
            constant("bias", &[n], 5),
        ],
        reads,
        writes: vec!["y"],
        opset: 21,
    }
}

#[test]
fn quantised_products() {
    for bits in [4, 8] {
        for k in [32, 48, 40] {
            for zero in [None, Some("zero")] {
                quantised(bits, k, zero, false).check();
            }
        }
    }
    quantised(4, 32, Some("real_zero"), false).check();
    quantised(4, 48, Some("zero"), true).check();
}

#[test]
fn other_quantisations_are_refused() {
    let mut two_bits = quantised(4, 32, None, false);
    two_bits.attributes[2] = int_attribute("bits", 2);
    let mut grouped = quantised(4, 32, None, false);
    grouped.reads.push("zero");
    let mut nothing = quantised(4, 32, None, false);
    nothing.attributes.clear();
    for case in [two_bits, grouped, nothing] {
        let error = vector_jacobian_product(&case.model(), "y", &["x"]).unwrap_err();
        assert!(matches!(&error, GradError::Node { op, .. } if op == "com.microsoft.MatMulNBits"), "{error}");
    }
}

/// A fresh prompt of two full rows. The cache inputs are left out.
fn attention(heads: usize, kv: usize, width: usize, packed: bool, tokens: usize) -> Case {
    let count = |count: usize| i64::try_from(count).unwrap();
    let tensor = |name: &'static str, columns: usize, seed: u64| {
        (name, vec![B, T, Dim::Fixed(columns)], random(&[2, tokens, columns], seed))
    };
    let mut inputs = if packed {
        vec![tensor("q", (heads + 2 * kv) * width, 1)]
    } else {
        vec![tensor("q", heads * width, 1), tensor("k", kv * width, 2), tensor("v", kv * width, 3)]
    };
    inputs.push(("lengths", vec![B], Value::i32(&[2], vec![i32::try_from(tokens).unwrap() - 1; 2])));
    inputs.push(("total", Vec::new(), Value::i32(&[], vec![i32::try_from(tokens).unwrap()])));
    Case {
        op: "GroupQueryAttention",
        domain: "com.microsoft",
        attributes: vec![int_attribute("num_heads", count(heads)), int_attribute("kv_num_heads", count(kv))],
        inputs,
        constants: vec![constant("cos", &[6, width / 2], 4), constant("sin", &[6, width / 2], 5)],
        reads: vec!["q", if packed { "" } else { "k" }, if packed { "" } else { "v" }, "", "", "lengths", "total"],
        writes: vec!["y", "present.key", "present.value"],
        opset: 21,
    }
}

#[test]
fn grouped_attention() {
    for (heads, kv) in [(2, 2), (4, 2), (3, 1)] {
        for packed in [false, true] {
            attention(heads, kv, 8, packed, 4).check();
        }
    }
}

#[test]
fn attention_with_rotation() {
    for interleaved in [0, 1] {
        for packed in [false, true] {
            let mut case = attention(2, 1, 16, packed, 3);
            case.reads.extend(["cos", "sin"]);
            case.attributes.extend([int_attribute("do_rotary", 1), int_attribute("rotary_interleaved", interleaved)]);
            case.check();
        }
    }
}

#[test]
fn what_attention_does_not_cover_is_refused() {
    let mut positions = attention(2, 1, 16, false, 3);
    positions.inputs.push(("at", vec![B, T], Value::i64(&[2, 3], vec![0, 1, 2, 0, 1, 2])));
    positions.reads.extend(["cos", "sin", "at"]);
    let mut bias = attention(2, 1, 16, false, 3);
    bias.inputs.push(("bias", vec![B, Dim::Fixed(1), T, T], random(&[2, 1, 3, 3], 9)));
    bias.reads.extend(["", "", "", "bias"]);
    let mut no_table = attention(2, 1, 16, false, 3);
    no_table.attributes.push(int_attribute("do_rotary", 1));
    let mut wide_table = attention(2, 1, 16, false, 3);
    wide_table.constants = vec![constant("cos", &[6, 9], 4), constant("sin", &[6, 9], 5)];
    wide_table.reads.extend(["cos", "sin"]);
    wide_table.attributes.push(int_attribute("do_rotary", 1));
    for case in [positions, bias, no_table, wide_table] {
        let error = vector_jacobian_product(&case.model(), "y", &["q"]).unwrap_err();
        let named = matches!(&error, GradError::Node { op, .. } if op == "com.microsoft.GroupQueryAttention");
        assert!(named, "{error}");
    }
}

#[test]
fn attention_with_scale_cap_and_window() {
    for attribute in [
        float_attribute("scale", 0.3),
        float_attribute("softcap", 0.7),
        int_attribute("local_window_size", 1),
        int_attribute("local_window_size", 2),
        int_attribute("local_window_size", 3),
        int_attribute("local_window_size", 9),
    ] {
        let mut case = attention(2, 1, 8, true, 5);
        case.attributes.push(attribute);
        case.check();
    }
}

/// Attention from ordinary operators, a mask that is computed, positions as an input, and a cache that is
/// joined to the keys: what Optimum exports.
#[test]
fn a_decoder_of_ordinary_operators_with_a_cache() {
    let path = runtime::repository().join("sidecar/engine/tests/optimum/model.onnx");
    let model = Model::load(&path, &LoadLimits::default()).unwrap();
    let attention = openledger_onnx_graph::AttentionShape { heads: 4, kv_heads: 2, head_size: 8 };
    let options = GradientOptions {
        input_ids: "input_ids".to_owned(),
        logits: "logits".to_owned(),
        past: (0..2).flat_map(|i| ["key", "value"].map(|kind| format!("past_key_values.{i}.{kind}"))).collect(),
        attention,
        sites: find_sites(&model, &attention).unwrap(),
    };
    let graph = gradient_graph(&model, &options).unwrap();
    let factors = lora_factors(&options.sites);
    assert_eq!(factors.len(), 14);
    // Two rows of five tokens, the second one padded on the left by two.
    let mut inputs = runtime::values([
        ("input_ids", Value::i64(&[2, 5], vec![1, 40, 77, 9, 200, 0, 0, 1, 33, 34])),
        ("attention_mask", Value::i64(&[2, 5], vec![1, 1, 1, 1, 1, 0, 0, 1, 1, 1])),
        ("position_ids", Value::i64(&[2, 5], vec![0, 1, 2, 3, 4, 0, 0, 0, 1, 2])),
        (TARGETS, Value::i64(&[2, 5], vec![40, 77, 9, 200, -1, -1, -1, 33, 34, -1])),
        (TARGET_WEIGHTS, Value::f64(&[2, 5], vec![0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0])),
    ]);
    let rank = 2;
    for (index, factors) in (0_u64..).zip(&factors) {
        let scaled = |dims: [usize; 3], seed| {
            let data = Random::new(seed).floats(dims.iter().product()).into_iter().map(|v| 0.2 * v).collect();
            Value::f64(&dims, data)
        };
        inputs.insert(factors.a_input.clone(), scaled([2, rank, factors.in_features], 2 * index + 1));
        inputs.insert(factors.b_input.clone(), scaled([2, factors.out_features, rank], 2 * index + 2));
    }
    let mut wide = Runner::new(&as_double(&graph));
    let found = wide.run(&inputs);
    let mut random = Random::new(3);
    for factors in &factors {
        for (input, output) in [(&factors.a_input, &factors.a_gradient), (&factors.b_input, &factors.b_gradient)] {
            let size = inputs[input].len() / 2;
            for row in 0..2 {
                let at = row * size + usize::try_from(random.bits() % size as u64).unwrap();
                let mut moved = |by: f64| -> f64 {
                    let mut changed = inputs.clone();
                    changed.insert(input.clone(), inputs[input].moved(at, by));
                    wide.run(&changed)[LOG_LIKELIHOOD].floats()[row]
                };
                let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let got = found[output].floats()[at];
                assert!((got - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{output}[{at}]: {got} {expected}");
            }
        }
    }
    // The padded row alone, without padding, has the same gradients.
    let mut alone: Values = inputs
        .iter()
        .filter(|(name, _)| name.starts_with("lora"))
        .map(|(name, value)| {
            let (half, dims) = (value.len() / 2, [1, value.dims[1], value.dims[2]]);
            (name.clone(), Value::f64(&dims, value.floats()[half..].to_vec()))
        })
        .collect();
    alone.extend(runtime::values([
        ("input_ids", Value::i64(&[1, 3], vec![1, 33, 34])),
        ("attention_mask", Value::i64(&[1, 3], vec![1; 3])),
        ("position_ids", Value::i64(&[1, 3], vec![0, 1, 2])),
        (TARGETS, Value::i64(&[1, 3], vec![33, 34, 0])),
        (TARGET_WEIGHTS, Value::f64(&[1, 3], vec![1.0, 1.0, 0.0])),
    ]));
    let alone = wide.run(&alone);
    for factors in &factors {
        for name in [&factors.a_gradient, &factors.b_gradient] {
            let half = found[name].len() / 2;
            let padded = &found[name].floats()[half..];
            for (padded, alone) in padded.iter().zip(alone[name].floats()) {
                assert!((padded - alone).abs() < 1e-9 * (1.0 + alone.abs()), "{name}: {padded} {alone}");
            }
        }
    }
}
