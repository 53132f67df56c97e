//! The operator in ONNX Runtime against the standard form of the same graph.

use std::{cell::RefCell, collections::HashMap, sync::Arc};

use openledger_lora::{Adapter, Matrices, Module, StepPlan};
use openledger_onnx_graph::{
    AttentionShape, LoraForm, LoraSite, Model, ROW_SLOTS,
    build::{Dim, float_tensor, node, value_info},
    element, find_sites, inject_lora,
    proto::{GraphProto, ModelProto, OperatorSetIdProto},
};
use ort::{
    session::{Session, SessionInputValue},
    value::Tensor,
};
use proptest::prelude::*;

use super::{CurrentStep, operators};
use crate::runtime::Runtime;

const HEADS: AttentionShape = AttentionShape { heads: 2, kv_heads: 1, head_size: 9 };
const WIDTH: usize = 36;
/// A packed projection and one after it that fills the width again.
const LAYERS: [(&str, usize); 2] =
    [("/model/layers.0/attn/qkv_proj/MatMul", WIDTH), ("/model/layers.0/mlp/down_proj/MatMul", 21)];

/// Numbers in -0.5..0.5 from a fixed stream.
fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// x [batch, seq, WIDTH] -> packed projection -> down -> y1, with y0 the packed output.
fn base() -> Model {
    let mut graph = GraphProto { name: Some("main".to_owned()), ..GraphProto::default() };
    let dims = |width| [Dim::Named("batch_size"), Dim::Named("sequence_length"), Dim::Fixed(width)];
    graph.input.push(value_info("x", element::FLOAT, &dims(WIDTH)));
    let mut input = "x".to_owned();
    for (index, (name, width)) in LAYERS.into_iter().enumerate() {
        let (weight, output) = (format!("w{index}"), format!("y{index}"));
        graph.initializer.push(float_tensor(&weight, &[WIDTH, width], &random(WIDTH * width, index as u64 + 1)));
        graph.node.push(node("MatMul", name, &[&input, &weight], &output));
        graph.output.push(value_info(&output, element::FLOAT, &dims(width)));
        input = output;
    }
    Model::from_proto(ModelProto {
        ir_version: Some(10),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(21) }],
        graph: Some(graph),
        ..ModelProto::default()
    })
    .unwrap()
}

struct Form {
    session: Session,
    sites: Vec<LoraSite>,
    step: Arc<CurrentStep>,
}

fn form(form: LoraForm, threads: usize) -> Form {
    let mut model = base();
    let found = find_sites(&model, &HEADS).unwrap();
    let sites = inject_lora(&mut model, &found, form).unwrap();
    let step = Arc::new(CurrentStep::default());
    let own = (form == LoraForm::Operator).then(|| operators(&step, threads).unwrap());
    let session = Runtime::load(None).unwrap().session(&model, threads, own).unwrap();
    Form { session, sites, step }
}

/// One adapter: rank and the numbers of every site, A [rank, in] and B [rank, out].
struct Numbers {
    rank: usize,
    a: Vec<Vec<f32>>,
    b: Vec<Vec<f32>>,
}

fn numbers(sites: &[LoraSite], rank: usize, seed: u64) -> Numbers {
    let matrix = |width: usize, at: usize| random(rank * width, seed + at as u64);
    Numbers {
        rank,
        a: sites.iter().enumerate().map(|(at, site)| matrix(site.in_features, at)).collect(),
        b: sites.iter().enumerate().map(|(at, site)| matrix(site.out_features, at + 100)).collect(),
    }
}

fn outputs(session: &mut Session, inputs: HashMap<String, SessionInputValue<'_>>) -> Vec<Vec<f32>> {
    let outputs = session.run(inputs).unwrap();
    ["y0", "y1"].map(|name| outputs[name].try_extract_tensor::<f32>().unwrap().1.to_vec()).into()
}

fn inputs(x: &[f32], slots: &[i64]) -> HashMap<String, SessionInputValue<'static>> {
    let tokens = x.len() / WIDTH / slots.len();
    HashMap::from([
        ("x".to_owned(), Tensor::from_array(([slots.len(), tokens, WIDTH], x.to_vec())).unwrap().into()),
        (ROW_SLOTS.to_owned(), Tensor::from_array(([slots.len()], slots.to_vec())).unwrap().into()),
    ])
}

fn by_operator(form: &mut Form, adapters: &[Numbers], x: &[f32], slots: &[i64]) -> Vec<Vec<f32>> {
    let held: Vec<Arc<Adapter>> = adapters
        .iter()
        .map(|own| {
            let module = |(at, site): (usize, &LoraSite)| {
                let matrices = Matrices::exact(own.a[at].clone(), own.b[at].clone());
                (at, Module::new([own.rank, site.in_features, site.out_features], matrices, 1.0).unwrap())
            };
            Arc::new(Adapter::new(form.sites.iter().enumerate().map(module)))
        })
        .collect();
    let plan = StepPlan::new(slots, |slot| held.get(usize::try_from(slot).ok()?.checked_sub(1)?).cloned());
    let step = form.step.begin(plan);
    let found = outputs(&mut form.session, inputs(x, slots));
    drop(step);
    // Nothing of the step is held afterwards.
    assert!(held.iter().all(|adapter| Arc::strong_count(adapter) == 1));
    found
}

fn by_standard(form: &mut Form, adapters: &[Numbers], x: &[f32], slots: &[i64]) -> Vec<Vec<f32>> {
    let (count, rank) = (adapters.len() + 1, adapters.iter().map(|own| own.rank).max().unwrap_or(1));
    let mut inputs = inputs(x, slots);
    for (at, site) in form.sites.iter().enumerate() {
        let (k, n) = (site.in_features, site.out_features);
        let (mut a, mut b) = (vec![0.0; count * k * rank], vec![0.0; count * rank * n]);
        for (slot, own) in adapters.iter().enumerate().map(|(slot, own)| (slot + 1, own)) {
            for component in 0..own.rank {
                for input in 0..k {
                    a[(slot * k + input) * rank + component] = own.a[at][component * k + input];
                }
            }
            b[slot * rank * n..][..own.rank * n].copy_from_slice(&own.b[at]);
        }
        let names = site.slot_inputs.as_ref().unwrap();
        inputs.insert(names.a.clone(), Tensor::from_array(([count, k, rank], a)).unwrap().into());
        inputs.insert(names.b.clone(), Tensor::from_array(([count, rank, n], b)).unwrap().into());
    }
    outputs(&mut form.session, inputs)
}

#[test]
fn both_forms_agree_over_ranks_mixes_and_lengths() {
    // Cells, because a property is a function that changes nothing it captures.
    let forms = [LoraForm::Operator, LoraForm::Standard].map(|kind| RefCell::new(form(kind, 1)));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(64));
    let ranks = prop::collection::vec(1..=openledger_lora::MAX_RANK, 1..6);
    let batch = (any::<u32>(), 1..6_usize, ranks).prop_flat_map(|(seed, tokens, ranks)| {
        let slots = prop::collection::vec(0..=ranks.len() as i64, 1..10);
        (Just(u64::from(seed)), Just(tokens), Just(ranks), slots)
    });
    let outcome = runner.run(&batch, |(seed, tokens, ranks, slots)| {
        let [operator, standard] = &forms;
        let (mut operator, mut standard) = (operator.borrow_mut(), standard.borrow_mut());
        let adapters: Vec<Numbers> =
            ranks.iter().zip(seed..).map(|(&rank, seed)| numbers(&standard.sites, rank, seed * 1000)).collect();
        let x = random(slots.len() * tokens * WIDTH, seed);
        let found = by_operator(&mut operator, &adapters, &x, &slots);
        let expected = by_standard(&mut standard, &adapters, &x, &slots);
        for (found, expected) in found.iter().zip(&expected) {
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                prop_assert!((found - expected).abs() <= 1e-4 * (1.0 + expected.abs()), "{} {}", found, expected);
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn neither_threads_nor_neighbours_change_a_bit() {
    let mut one = form(LoraForm::Operator, 1);
    let mut two = form(LoraForm::Operator, 2);
    let adapters: Vec<Numbers> =
        [16, 1, 128].into_iter().zip(1..).map(|(rank, seed)| numbers(&one.sites, rank, seed)).collect();
    // Long enough that the work is shared.
    let (slots, tokens) = ([1, 3, 0, 2, 3, 3], 40);
    let x = random(slots.len() * tokens * WIDTH, 9);
    let together = by_operator(&mut one, &adapters, &x, &slots);
    assert_eq!(by_operator(&mut two, &adapters, &x, &slots), together);
    let changed = by_operator(&mut one, &adapters, &x, &[0; 6]);
    assert_ne!(changed, together);
    let size = tokens * WIDTH;
    // In the packed projection a row depends on nothing but itself: its base has the same bits in
    // both batches, because they have the same number of rows.
    for row in 0..slots.len() {
        let mut lone = [0; 6];
        lone[row] = slots[row];
        let alone = by_operator(&mut one, &adapters, &x, &lone);
        assert_eq!(alone[0][row * size..][..size], together[0][row * size..][..size], "{row}");
    }
    assert_eq!(together[0][2 * size..][..size], changed[0][2 * size..][..size], "a row without an adapter");
}

#[test]
fn a_run_that_was_not_announced_fails() {
    let mut operator = form(LoraForm::Operator, 1);
    let x = random(2 * WIDTH, 1);
    let error = operator.session.run(inputs(&x, &[0, 0])).err().unwrap();
    assert!(error.to_string().contains("no step was announced"), "{error}");
    let _step = operator.step.begin(StepPlan::new(&[0, 1], |_| None));
    let error = operator.session.run(inputs(&x, &[0, 0])).err().unwrap();
    assert!(error.to_string().contains("planned for other rows"), "{error}");
}
