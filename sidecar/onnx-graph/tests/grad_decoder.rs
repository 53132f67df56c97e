//! The gradient graph of whole decoders: against the fused forward pass, finite differences, and itself.

#![allow(clippy::unwrap_used)]

mod runtime;

use openledger_onnx_graph::{
    AttentionShape, Model,
    grad::{
        GradError, GradientOptions, LOG_LIKELIHOOD, LOG_PROBS, LoraFactors, TARGET_WEIGHTS, TARGETS, gradient_graph,
        grouped_gradient_graph, lora_factors,
    },
    proto::{ModelProto, tensor_shape_proto::dimension, type_proto},
};
use runtime::{
    Data, Random, Runner, Value, Values,
    double::as_double,
    llama::{Llama, TINY},
};

const RANK: usize = 3;

/// One row: tokens, and which of them count as the answer.
#[derive(Debug, Clone)]
struct Row {
    ids: Vec<i64>,
    answer: usize,
    seed: u64,
}

fn rows() -> Vec<Row> {
    vec![
        Row { ids: vec![1, 5, 9, 2, 11], answer: 3, seed: 10 },
        Row { ids: vec![4, 4, 16], answer: 2, seed: 20 },
        Row { ids: vec![3, 8, 1, 0, 7, 12], answer: 1, seed: 30 },
    ]
}

/// Inputs for rows padded on the right with `pad` to `width` tokens.
#[allow(clippy::cast_possible_truncation)]
fn feed(factors: &[LoraFactors], rows: &[Row], width: usize, pad: i64) -> Values {
    let (mut ids, mut targets, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let padding = width - row.ids.len();
        ids.extend(row.ids.iter().copied().chain(std::iter::repeat_n(pad, padding)));
        // The last token of the row predicts nothing.
        let first = row.ids.len() - 1 - row.answer;
        targets.extend(row.ids[1..].iter().copied().chain(std::iter::repeat_n(-100, padding + 1)));
        weights.extend((0..width).map(|at| if (first..row.ids.len() - 1).contains(&at) { 1.0 } else { 0.0_f32 }));
    }
    let dims = [rows.len(), width];
    let mut values = runtime::values([
        ("input_ids", Value::i64(&dims, ids)),
        (TARGETS, Value::i64(&dims, targets)),
        (TARGET_WEIGHTS, Value::f32(&dims, weights)),
    ]);
    for (index, factors) in factors.iter().enumerate() {
        for (name, dims) in [
            (&factors.a_input, [rows.len(), RANK, factors.in_features]),
            (&factors.b_input, [rows.len(), factors.out_features, RANK]),
        ] {
            let own = |row: &Row| Random::new(row.seed + 100 * index as u64).floats(dims[1] * dims[2]);
            let data = rows.iter().flat_map(own).map(|value| (0.4 * value) as f32).collect();
            values.insert(name.clone(), Value::f32(&dims, data));
        }
    }
    values
}

/// The same tensors in 64 bits.
fn doubled(values: &Values) -> Values {
    let widen = |value: &Value| match &value.data {
        Data::F32(_) => Value::f64(&value.dims, value.floats()),
        _ => value.clone(),
    };
    values.iter().map(|(name, value)| (name.clone(), widen(value))).collect()
}

fn shapes() -> Vec<Llama> {
    vec![
        TINY,
        Llama { packed: false, tied: false, seed: 5, ..TINY },
        Llama { heads: 6, kv_heads: 2, hidden: 10, layers: 1, seed: 7, ..TINY },
        Llama { heads: 3, kv_heads: 3, packed: false, layers: 1, seed: 9, ..TINY },
        Llama { heads: 4, kv_heads: 1, layers: 3, seed: 11, ..TINY },
        Llama { biased: true, seed: 13, ..TINY },
        Llama { head_norms: true, packed: false, seed: 15, ..TINY },
    ]
}

fn largest_difference(left: &Value, right: &Value) -> f64 {
    assert_eq!(left.dims, right.dims);
    left.floats().iter().zip(right.floats()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn only_standard_operators_and_no_cache_remain() {
    for llama in shapes() {
        let graph = gradient_graph(&llama.model(), &llama.options()).unwrap();
        assert!(graph.graph().node.iter().all(|node| node.domain().is_empty()));
        assert!(graph.graph().node.iter().all(|node| node.op_type() != "SimplifiedLayerNormalization"));
        assert_eq!(graph.opset("com.microsoft"), None);
        let inputs: Vec<&str> = graph.graph().input.iter().map(|input| input.name()).collect();
        assert_eq!(inputs.iter().filter(|name| name.starts_with("past")).count(), 0);
        let factors = lora_factors(&llama.options().sites);
        assert_eq!(factors.len(), 7 * llama.layers);
        assert_eq!(inputs.len(), 3 + 2 * factors.len());
        // The way back needs no shape at run time but those of tensors that are reshaped.
        let asked = graph.graph().node.iter().filter(|node| node.op_type() == "NonZero").count();
        assert_eq!(asked, 1, "the objective looks for the positions that count, and no broadcast asks");
    }
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let compile = || gradient_graph(&TINY.model(), &TINY.options()).unwrap().to_bytes();
    assert_eq!(compile(), compile());
}

#[test]
fn log_probabilities_are_those_of_the_fused_graph() {
    for llama in shapes() {
        let model = llama.model();
        let factors = lora_factors(&llama.options().sites);
        let mut gradient = Runner::new(&gradient_graph(&model, &llama.options()).unwrap());
        let mut fused = Runner::new(&model);
        for row in rows() {
            let mut inputs = feed(&factors, std::slice::from_ref(&row), row.ids.len(), 0);
            for factors in &factors {
                let b = inputs.get_mut(&factors.b_input).unwrap();
                *b = Value::f32(&b.dims, vec![0.0; b.len()]);
            }
            let found = gradient.run(&inputs);
            let mut plain = runtime::values([
                ("input_ids", inputs["input_ids"].clone()),
                ("attention_mask", Value::i64(&[1, row.ids.len()], vec![1; row.ids.len()])),
            ]);
            for name in llama.past() {
                plain.insert(name, Value::f32(&[1, llama.kv_heads, 0, llama.width], Vec::new()));
            }
            let logits = fused.run(&plain)["logits"].floats();
            let mut total = 0.0;
            for at in row.ids.len() - 1 - row.answer..row.ids.len() - 1 {
                let row_logits = &logits[at * llama.vocab..(at + 1) * llama.vocab];
                let sum: f64 = row_logits.iter().map(|value| value.exp()).sum();
                let expected = row_logits[usize::try_from(row.ids[at + 1]).unwrap()] - sum.ln();
                let got = found[LOG_PROBS].floats()[at];
                assert!((got - expected).abs() < 1e-5, "{llama:?} {row:?}: {got} instead of {expected}");
                total += expected;
            }
            assert!((found[LOG_LIKELIHOOD].floats()[0] - total).abs() < 1e-5);
        }
    }
}

#[test]
fn gradients_equal_finite_differences() {
    const STEP: f64 = 1e-5;
    for llama in shapes() {
        let factors = lora_factors(&llama.options().sites);
        let graph = gradient_graph(&llama.model(), &llama.options()).unwrap();
        let mut wide = Runner::new(&as_double(&graph));
        let narrow_inputs = feed(&factors, &rows(), 6, 0);
        let inputs = doubled(&narrow_inputs);
        let found = wide.run(&inputs);
        let narrow = Runner::new(&graph).run(&narrow_inputs);
        let mut random = Random::new(llama.seed);
        let mut largest = 0.0_f64;
        for factors in &factors {
            for (input, output) in [(&factors.a_input, &factors.a_gradient), (&factors.b_input, &factors.b_gradient)] {
                assert_eq!(found[output].dims, inputs[input].dims);
                for _ in 0..4 {
                    let at = usize::try_from(random.bits() % inputs[input].len() as u64).unwrap();
                    let mut moved = |by: f64| -> f64 {
                        let mut changed = inputs.clone();
                        changed.insert(input.clone(), inputs[input].moved(at, by));
                        wide.run(&changed)[LOG_LIKELIHOOD].floats().iter().sum()
                    };
                    let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                    let got = found[output].floats()[at];
                    let error = (got - expected).abs() / (1.0 + expected.abs());
                    assert!(error < 1e-7, "{llama:?} {output}[{at}]: {got} instead of {expected}");
                    largest = largest.max(expected.abs());
                }
                let scale = found[output].floats().iter().fold(0.0_f64, |most, value| most.max(value.abs()));
                assert!(
                    largest_difference(&found[output], &narrow[output]) < 2e-5 * (1.0 + scale),
                    "{output} in 32 bits"
                );
            }
        }
        assert!(largest > 0.1, "the gradients are no rounding noise: {largest}");
    }
}

/// Part of a tensor that belongs to one row.
fn row_of(value: &Value, row: usize) -> Vec<f64> {
    let size = value.len() / value.dims[0];
    value.floats()[row * size..(row + 1) * size].to_vec()
}

#[test]
fn a_row_in_a_padded_batch_has_the_gradients_of_the_row_alone() {
    for llama in shapes() {
        let factors = lora_factors(&llama.options().sites);
        let mut graph = Runner::new(&gradient_graph(&llama.model(), &llama.options()).unwrap());
        let all = rows();
        let batched = graph.run(&feed(&factors, &all, 8, 0));
        let other_padding = graph.run(&feed(&factors, &all, 8, 13));
        for (index, row) in all.iter().enumerate() {
            let alone = graph.run(&feed(&factors, std::slice::from_ref(row), row.ids.len(), 0));
            for name in alone.keys().filter(|name| *name != LOG_PROBS) {
                let (expected, found) = (row_of(&alone[name], 0), row_of(&batched[name], index));
                let scale = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
                for (expected, found) in expected.iter().zip(&found) {
                    assert!(
                        (expected - found).abs() < 2e-6 * (1.0 + scale),
                        "{name} of row {index}: {found} {expected}"
                    );
                }
                assert_eq!(found, row_of(&other_padding[name], index), "which token pads is irrelevant");
            }
            let (short, long) = (row_of(&alone[LOG_PROBS], 0), row_of(&batched[LOG_PROBS], index));
            for (expected, found) in short.iter().zip(&long) {
                assert!((expected - found).abs() < 1e-5);
            }
            assert!(long[short.len()..].iter().all(|&value| value == 0.0));
        }
    }
}

#[test]
fn weights_scale_a_row_and_zero_weights_silence_it() {
    let factors = lora_factors(&TINY.options().sites);
    let mut graph = Runner::new(&gradient_graph(&TINY.model(), &TINY.options()).unwrap());
    let all = rows();
    let plain = graph.run(&feed(&factors, &all, 6, 0));
    let mut inputs = feed(&factors, &all, 6, 0);
    let Data::F32(weights) = &mut inputs.get_mut(TARGET_WEIGHTS).unwrap().data else { panic!("32 bits") };
    weights[..6].fill(0.0);
    weights[6..12].iter_mut().for_each(|weight| *weight *= 2.0);
    let changed = graph.run(&inputs);
    for name in plain.keys().filter(|name| name.starts_with("gradient.")) {
        assert!(row_of(&changed[name], 0).iter().all(|&value| value == 0.0));
        for (once, twice) in row_of(&plain[name], 1).iter().zip(row_of(&changed[name], 1)) {
            assert!((2.0 * once - twice).abs() <= 1e-5 * (1.0 + once.abs()));
        }
        assert_eq!(row_of(&plain[name], 2), row_of(&changed[name], 2));
    }
}

#[test]
fn a_batch_without_any_answer_has_no_gradient() {
    let factors = lora_factors(&TINY.options().sites);
    let mut graph = Runner::new(&gradient_graph(&TINY.model(), &TINY.options()).unwrap());
    let mut inputs = feed(&factors, &rows(), 6, 0);
    let weights = inputs.get_mut(TARGET_WEIGHTS).unwrap();
    *weights = Value::f32(&weights.dims, vec![0.0; weights.len()]);
    let found = graph.run(&inputs);
    assert_eq!(found.len(), 2 + 2 * factors.len());
    assert!(found.values().all(|value| value.floats().iter().all(|&number| number == 0.0)));
}

/// The tiny decoder with a cap on its logits, as Gemma has one: the head is not the last node.
fn capped() -> Model {
    changed(|proto| {
        let graph = proto.graph.as_mut().unwrap();
        let head = graph.node.iter_mut().find(|node| node.output[0] == "logits").unwrap();
        head.output[0] = "uncapped".to_owned();
        let cap = openledger_onnx_graph::build::float_tensor("cap", &[], &[3.0]);
        graph.initializer.push(cap);
        for (op, inputs, output) in [
            ("Div", &["uncapped", "cap"][..], "shrunk"),
            ("Tanh", &["shrunk"], "bent"),
            ("Mul", &["bent", "cap"], "logits"),
        ] {
            graph.node.push(openledger_onnx_graph::build::node(op, output, inputs, output));
        }
    })
}

#[test]
fn logits_that_are_capped_after_the_head_are_differentiated() {
    equals_differences(&capped());
}

/// Compares one element of every gradient of a variant of the tiny decoder with central differences.
fn equals_differences(model: &Model) {
    const STEP: f64 = 1e-5;
    let factors = lora_factors(&TINY.options().sites);
    let graph = gradient_graph(model, &TINY.options()).unwrap();
    assert!(graph.graph().node.iter().all(|node| node.domain().is_empty()));
    let mut graph = Runner::new(&as_double(&graph));
    let inputs = doubled(&feed(&factors, &rows(), 6, 0));
    let found = graph.run(&inputs);
    for factors in &factors {
        for (input, output) in [(&factors.a_input, &factors.a_gradient), (&factors.b_input, &factors.b_gradient)] {
            let mut moved = |by: f64| -> f64 {
                let mut changed = inputs.clone();
                changed.insert(input.clone(), inputs[input].moved(1, by));
                graph.run(&changed)[LOG_LIKELIHOOD].floats().iter().sum()
            };
            let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            let got = found[output].floats()[1];
            assert!((got - expected).abs() < 1e-7 * (1.0 + expected.abs()), "{output}: {got} instead of {expected}");
        }
    }
}

/// The tiny decoder with 4-bit gate projections.
fn quantised() -> Model {
    use openledger_onnx_graph::{build, proto::TensorProto};
    changed(|proto| {
        let graph = proto.graph.as_mut().unwrap();
        let mut random = Random::new(8);
        for node in graph.node.iter_mut().filter(|node| node.name().contains("gate_proj")) {
            let count = |count: usize| i64::try_from(count).unwrap();
            let (packed, scales) = (format!("{}.packed", node.name()), format!("{}.scales", node.name()));
            node.op_type = Some("MatMulNBits".to_owned());
            node.domain = Some("com.microsoft".to_owned());
            node.input = vec![node.input[0].clone(), packed.clone(), scales.clone()];
            for (name, value) in [("K", TINY.hidden), ("N", TINY.ffn), ("bits", 4), ("block_size", 16)] {
                node.attribute.push(build::int_attribute(name, count(value)));
            }
            let raw: Vec<u8> = (0..TINY.ffn * 8).map(|_| (random.bits() >> 20) as u8).collect();
            graph.initializer.push(TensorProto {
                name: Some(packed),
                dims: vec![count(TINY.ffn), 1, 8],
                data_type: Some(2),
                raw_data: Some(raw.into()),
                ..TensorProto::default()
            });
            graph.initializer.push(build::float_tensor(&scales, &[TINY.ffn], &[0.1; TINY.ffn]));
        }
    })
}

#[test]
fn factors_beside_a_quantised_product_have_gradients() {
    // The search takes the product for the site that the plain one was.
    let options = TINY.options();
    assert_eq!(openledger_onnx_graph::find_sites(&quantised(), &options.attention).unwrap(), options.sites);
    equals_differences(&quantised());
}

#[test]
fn groups_have_the_summed_gradients_of_their_rows() {
    for llama in shapes() {
        let factors = lora_factors(&llama.options().sites);
        let compiled = grouped_gradient_graph(&llama.model(), &llama.options()).unwrap();
        let asked = compiled.graph().node.iter().filter(|node| node.op_type() == "NonZero").count();
        assert_eq!(asked, 1, "no broadcast asks");
        let mut grouped = Runner::new(&compiled);
        let mut single = Runner::new(&gradient_graph(&llama.model(), &llama.options()).unwrap());
        let mut rows: Vec<Row> = rows().into_iter().chain(rows().into_iter().take(1)).collect();
        // Two groups of two rows: the rows of a group have the seed, so the factors, of its first.
        (rows[1].seed, rows[3].seed) = (rows[0].seed, rows[2].seed);
        let inputs = feed(&factors, &rows, 7, 0);
        let expected = single.run(&inputs);
        let mut shared = inputs.clone();
        for name in factors.iter().flat_map(|factors| [&factors.a_input, &factors.b_input]) {
            let whole = &inputs[name];
            let data = [0, 2].iter().flat_map(|&row| row_of(whole, row)).map(|value| value as f32).collect();
            shared.insert(name.clone(), Value::f32(&[2, whole.dims[1], whole.dims[2]], data));
        }
        let found = grouped.run(&shared);
        assert!(largest_difference(&expected[LOG_PROBS], &found[LOG_PROBS]) < 1e-5);
        for name in factors.iter().flat_map(|factors| [&factors.a_gradient, &factors.b_gradient]) {
            assert_eq!(found[name].dims[0], 2);
            for group in 0..2 {
                let (left, right) = (row_of(&expected[name], 2 * group), row_of(&expected[name], 2 * group + 1));
                let sums: Vec<f64> = left.iter().zip(&right).map(|(left, right)| left + right).collect();
                let scale = sums.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
                for (sum, found) in sums.iter().zip(row_of(&found[name], group)) {
                    assert!((sum - found).abs() < 1e-5 * (1.0 + scale), "{llama:?} {name}: {found} for {sum}");
                }
            }
        }
    }
}

#[test]
fn unused_adapters_have_gradients_of_b_only() {
    // With B = 0 the output does not depend on A: PEFT's state at the start of training.
    let factors = lora_factors(&TINY.options().sites);
    let mut graph = Runner::new(&gradient_graph(&TINY.model(), &TINY.options()).unwrap());
    let mut inputs = feed(&factors, &rows(), 6, 0);
    for factors in &factors {
        let b = inputs.get_mut(&factors.b_input).unwrap();
        *b = Value::f32(&b.dims, vec![0.0; b.len()]);
    }
    let found = graph.run(&inputs);
    for factors in &factors {
        assert!(found[&factors.a_gradient].floats().iter().all(|&value| value == 0.0));
        assert!(found[&factors.b_gradient].floats().iter().any(|&value| value.abs() > 1e-3));
    }
}

#[test]
fn modules_may_have_ranks_of_their_own() {
    let factors = lora_factors(&TINY.options().sites);
    let mut graph = Runner::new(&gradient_graph(&TINY.model(), &TINY.options()).unwrap());
    let mut inputs = feed(&factors, &rows(), 6, 0);
    let (rows, first) = (rows().len(), &factors[0]);
    let a = Value::f32(&[rows, 1, first.in_features], vec![0.1; rows * first.in_features]);
    let b = Value::f32(&[rows, first.out_features, 1], vec![0.1; rows * first.out_features]);
    inputs.insert(first.a_input.clone(), a.clone());
    inputs.insert(first.b_input.clone(), b);
    assert_eq!(graph.run(&inputs)[&first.a_gradient].dims, a.dims);
}

#[test]
fn axes_without_names_give_the_same_gradients() {
    let nameless = changed(|proto| {
        let graph = proto.graph.as_mut().unwrap();
        for value in graph.input.iter_mut().chain(&mut graph.output) {
            let Some(type_proto::Value::TensorType(tensor)) = value.r#type.as_mut().unwrap().value.as_mut() else {
                panic!("a tensor")
            };
            for dim in &mut tensor.shape.as_mut().unwrap().dim {
                if matches!(dim.value, Some(dimension::Value::DimParam(_))) {
                    dim.value = None;
                }
            }
        }
    });
    let graph = gradient_graph(&nameless, &TINY.options()).unwrap();
    let asked = graph.graph().node.iter().filter(|node| node.op_type() == "NonZero").count();
    assert!(asked > 1, "broadcasts ask the running graph");
    let factors = lora_factors(&TINY.options().sites);
    let mut named = Runner::new(&gradient_graph(&TINY.model(), &TINY.options()).unwrap());
    let mut nameless = Runner::new(&graph);
    for rows in [rows(), rows()[..1].to_vec()] {
        let inputs = feed(&factors, &rows, 6, 0);
        let (expected, found) = (named.run(&inputs), nameless.run(&inputs));
        assert_eq!(expected.len(), found.len());
        for (name, expected) in &expected {
            assert!(largest_difference(expected, &found[name]) < 1e-5, "{name}");
        }
    }
}

fn refusal(model: &Model, options: &GradientOptions) -> GradError {
    gradient_graph(model, options).unwrap_err()
}

/// The tiny decoder with its graph changed.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Model {
    let mut proto = TINY.model().proto().clone();
    change(&mut proto);
    Model::from_proto(proto).unwrap()
}

#[test]
fn wrong_options_are_refused() {
    let model = TINY.model();
    let options = TINY.options();
    let none = GradientOptions { sites: Default::default(), ..options.clone() };
    assert!(matches!(refusal(&model, &none), GradError::NoSites));
    let ids = GradientOptions { input_ids: "tokens".to_owned(), ..options.clone() };
    assert!(matches!(refusal(&model, &ids), GradError::NoSuchValue { what: "input", .. }));
    let ids = GradientOptions { input_ids: "past_key_values.0.key".to_owned(), ..options.clone() };
    assert!(matches!(refusal(&model, &ids), GradError::Value { .. }));
    let logits = GradientOptions { logits: "scores".to_owned(), ..options.clone() };
    assert!(matches!(refusal(&model, &logits), GradError::NoSuchValue { what: "output", .. }));
    let logits = GradientOptions { logits: "present.0.key".to_owned(), ..options.clone() };
    assert!(gradient_graph(&model, &logits).is_err());
    let past = GradientOptions { past: vec!["cache".to_owned()], ..options.clone() };
    assert!(matches!(refusal(&model, &past), GradError::NoSuchValue { what: "cache input", .. }));
    // A cache that is not listed would be read.
    let past = GradientOptions { past: Vec::new(), ..options.clone() };
    match refusal(&model, &past) {
        GradError::Node { op, node, .. } => {
            assert_eq!(op, "com.microsoft.GroupQueryAttention");
            assert_eq!(node, "/model/layers.0/attn/GroupQueryAttention");
        }
        other => panic!("{other}"),
    }
    let mut foreign = options.clone();
    foreign.sites.linear[0].node = "/model/layers.9/attn/qkv_proj/MatMul".to_owned();
    assert!(refusal(&model, &foreign).to_string().contains("layers.9"));
    let mut holes = options.clone();
    holes.sites.linear[0].parts.remove(1);
    assert!(matches!(refusal(&model, &holes), GradError::Graph(_)));
    let mut half = options;
    half.sites.linear[0].data_type = 10;
    assert!(matches!(refusal(&model, &half), GradError::Graph(_)));
}

#[test]
fn operators_that_cannot_be_unfused_are_refused_by_name() {
    let rename = |from: &'static str, to: &'static str| {
        changed(|proto| {
            for node in &mut proto.graph.as_mut().unwrap().node {
                if node.op_type() == from {
                    node.op_type = Some(to.to_owned());
                }
            }
        })
    };
    match refusal(&rename("GroupQueryAttention", "PagedAttention"), &TINY.options()) {
        GradError::NoRule { node, op } => {
            assert_eq!(op, "com.microsoft.PagedAttention");
            assert_eq!(node, "/model/layers.0/attn/GroupQueryAttention");
        }
        other => panic!("{other}"),
    }
    for (name, value) in [("smooth_softmax", 1), ("qk_output", 1)] {
        let model = changed(|proto| {
            let nodes = &mut proto.graph.as_mut().unwrap().node;
            let attention = nodes.iter_mut().find(|node| node.op_type() == "GroupQueryAttention").unwrap();
            attention.attribute.push(openledger_onnx_graph::build::int_attribute(name, value));
        });
        let error = refusal(&model, &TINY.options());
        assert!(matches!(&error, GradError::Node { op, .. } if op.contains("GroupQueryAttention")), "{error}");
    }
    let model = changed(|proto| {
        let nodes = &mut proto.graph.as_mut().unwrap().node;
        let attention = nodes.iter_mut().find(|node| node.op_type() == "GroupQueryAttention").unwrap();
        attention.attribute.retain(|attribute| attribute.name() != "kv_num_heads");
        attention.attribute.push(openledger_onnx_graph::build::int_attribute("kv_num_heads", 3));
    });
    assert!(matches!(refusal(&model, &TINY.options()), GradError::Node { .. }));
}

#[test]
fn names_of_ours_must_be_free() {
    for name in [TARGETS, LOG_PROBS, "lora.layers.0.q_proj.A", "gradient.lora.layers.0.q_proj.A"] {
        let model = changed(|proto| {
            let graph = proto.graph.as_mut().unwrap();
            graph.initializer.push(runtime::int_scalar(name, 1));
        });
        let error = refusal(&model, &TINY.options());
        assert!(matches!(&error, GradError::Value { name: taken, .. } if taken == name), "{error}");
    }
}

#[test]
fn head_counts_of_a_cache_are_only_needed_where_a_graph_reads_it() {
    let wrong = AttentionShape { heads: 1, kv_heads: 1, head_size: 1 };
    let options = GradientOptions { attention: wrong, ..TINY.options() };
    assert_eq!(
        gradient_graph(&TINY.model(), &options).unwrap().to_bytes(),
        gradient_graph(&TINY.model(), &TINY.options()).unwrap().to_bytes()
    );
}
