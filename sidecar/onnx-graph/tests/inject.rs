//! The multi-LoRA transformation against plain matrix arithmetic.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;

use openledger_onnx_graph::{
    LORA_DELTA, LoraForm, LoraSite, Model, OPERATOR_DOMAIN, PART_WIDTHS, ROW_SLOTS, SITE, find_sites, inject_lora,
};
use proptest::prelude::*;
use support::{ATTENTION, Layer, Tensor, matmul, parallel, run};

fn random(dims: &[usize], seed: u64) -> Tensor {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    let data = (0..dims.iter().product()).map(|_| next()).collect();
    Tensor::new(dims, data)
}

fn layers(k: usize) -> Vec<Layer> {
    let names = [
        ("/model/layers.0/attn/qkv_proj/MatMul", 12),
        ("/model/layers.0/mlp/up_proj/MatMul", 5),
        ("/model/layers.1/self_attn/o_proj/MatMul", 4),
        ("/lm_head/MatMul", 7),
    ];
    let layer =
        |(index, (name, n)): (usize, (&'static str, usize))| Layer { name, weight: random(&[k, n], index as u64 + 1) };
    names.into_iter().enumerate().map(layer).collect()
}

fn injected(k: usize) -> (Model, Model, Vec<LoraSite>) {
    injected_as(k, LoraForm::Standard)
}

fn injected_as(k: usize, form: LoraForm) -> (Model, Model, Vec<LoraSite>) {
    let base = Model::from_proto(parallel(&layers(k))).unwrap();
    let mut model = base.clone();
    let sites = find_sites(&base, &ATTENTION).unwrap();
    let added = inject_lora(&mut model, &sites, form).unwrap();
    (base, model, added)
}

/// Slot tensors with zeros in slot 0.
fn slots(sites: &[LoraSite], count: usize, rank: usize, seed: u64) -> HashMap<String, Tensor> {
    let mut inputs = HashMap::new();
    for (index, site) in sites.iter().enumerate() {
        let mut a = random(&[count, site.in_features, rank], seed + 2 * index as u64);
        let mut b = random(&[count, rank, site.out_features], seed + 2 * index as u64 + 1);
        a.data[..site.in_features * rank].fill(0.0);
        b.data[..rank * site.out_features].fill(0.0);
        inputs.insert(site.slot_inputs.as_ref().unwrap().a.clone(), a);
        inputs.insert(site.slot_inputs.as_ref().unwrap().b.clone(), b);
    }
    inputs
}

fn slice(tensor: &Tensor, index: usize) -> Tensor {
    let size = tensor.data.len() / tensor.dims[0];
    Tensor::new(&tensor.dims[1..], tensor.data[index * size..(index + 1) * size].to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_row_gets_its_own_adapter(
        k in 1usize..6,
        rank in 1usize..5,
        seq in 1usize..4,
        rows in prop::collection::vec(0usize..4, 1..6),
        seed in 1u64..1_000_000,
    ) {
        let (base, model, sites) = injected(k);
        let x = random(&[rows.len(), seq, k], seed);
        let mut inputs = slots(&sites, 4, rank, seed + 100);
        let adapters = inputs.clone();
        inputs.insert("x".to_owned(), x.clone());
        inputs.insert(ROW_SLOTS.to_owned(), Tensor::new(&[rows.len()], rows.iter().map(|&r| r as f32).collect()));
        let found = run(&model, inputs);
        let plain = run(&base, HashMap::from([("x".to_owned(), x.clone())]));
        for (output, modules) in [
            ("y0", vec![(0, "q_proj"), (0, "k_proj"), (0, "v_proj")]),
            ("y1", vec![(0, "up_proj")]),
            ("y2", vec![(1, "o_proj")]),
            ("y3", vec![]),
        ] {
            let (found, plain) = (&found[output], &plain[output]);
            prop_assert_eq!(&found.dims, &plain.dims);
            let width = *plain.dims.last().unwrap();
            for (row, &slot) in rows.iter().enumerate() {
                let own = |t: &Tensor| slice(t, row).data;
                if slot == 0 {
                    prop_assert_eq!(own(found), own(plain));
                    continue;
                }
                let x = Tensor::new(&[1, seq, k], slice(&x, row).data);
                let mut expected = own(plain);
                let mut column = 0;
                for (layer, module) in &modules {
                    let site = sites.iter().find(|s| s.layer == *layer && s.module == *module).unwrap();
                    let inputs = site.slot_inputs.as_ref().unwrap();
                    let hidden = matmul(&x, &slice(&adapters[&inputs.a], slot));
                    let delta = matmul(&hidden, &slice(&adapters[&inputs.b], slot));
                    for (index, value) in delta.data.iter().enumerate() {
                        let (token, at) = (index / site.out_features, index % site.out_features);
                        expected[token * width + column + at] += value;
                    }
                    column += site.out_features;
                }
                for (found, expected) in own(found).iter().zip(&expected) {
                    prop_assert!((found - expected).abs() < 1e-5, "{} {}", found, expected);
                }
            }
        }
    }
}

#[test]
fn packed_columns_are_q_then_k_then_v() {
    for form in [LoraForm::Standard, LoraForm::Operator] {
        let (_, _, sites) = injected_as(2, form);
        let found: Vec<(usize, &str, usize)> =
            sites.iter().map(|s| (s.layer, s.module.as_str(), s.out_features)).collect();
        let expected = [(0, "q_proj", 6), (0, "k_proj", 3), (0, "v_proj", 3), (0, "up_proj", 5), (1, "o_proj", 4)];
        assert_eq!(found, expected);
    }
}

#[test]
fn the_operator_form_adds_one_node_per_site_and_one_input() {
    let (base, model, sites) = injected_as(2, LoraForm::Operator);
    assert!(sites.iter().all(|site| site.slot_inputs.is_none()));
    let added: Vec<&str> = model.graph().input.iter().map(|input| input.name()).skip(1).collect();
    assert_eq!(added, [ROW_SLOTS]);
    assert_eq!((base.opset(OPERATOR_DOMAIN), model.opset(OPERATOR_DOMAIN)), (None, Some(1)));
    let nodes = &model.graph().node;
    let deltas: Vec<_> = nodes.iter().filter(|node| node.op_type() == LORA_DELTA).collect();
    assert_eq!((deltas.len(), nodes.len()), (3, base.graph().node.len() + 3));
    for (delta, (product, output, site, widths)) in deltas.into_iter().zip([
        ("/model/layers.0/attn/qkv_proj/MatMul", "y0", 0, &[6, 3, 3][..]),
        ("/model/layers.0/mlp/up_proj/MatMul", "y1", 3, &[5]),
        ("/model/layers.1/self_attn/o_proj/MatMul", "y2", 4, &[4]),
    ]) {
        let base = nodes.iter().find(|node| node.name() == product).unwrap();
        assert_eq!(delta.domain(), OPERATOR_DOMAIN);
        assert_eq!(delta.input, [base.output[0].as_str(), "x", ROW_SLOTS]);
        assert_eq!(delta.output, [output]);
        let attribute = |name: &str| delta.attribute.iter().find(|attribute| attribute.name() == name).unwrap();
        assert_eq!(attribute(SITE).i(), site);
        assert_eq!(attribute(PART_WIDTHS).ints, widths);
    }
}

#[test]
fn the_transformation_is_deterministic_and_its_result_is_a_valid_file() {
    for form in [LoraForm::Standard, LoraForm::Operator] {
        let (_, first, _) = injected_as(3, form);
        let (_, second, _) = injected_as(3, form);
        assert_eq!(first.to_bytes(), second.to_bytes());
        let read = Model::from_bytes(first.to_bytes().into()).unwrap();
        assert_eq!(read.proto(), first.proto());
        let outputs = |model: &Model| model.graph().output.iter().map(|o| o.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(outputs(&first), ["y0", "y1", "y2", "y3"]);
    }
}

#[test]
fn a_model_is_not_transformed_twice() {
    let forms = [LoraForm::Standard, LoraForm::Operator];
    for (first, second) in forms.into_iter().flat_map(|first| forms.map(|second| (first, second))) {
        let (_, mut model, _) = injected_as(3, first);
        let before = model.to_bytes();
        let sites = find_sites(&model, &ATTENTION).unwrap();
        assert!(inject_lora(&mut model, &sites, second).is_err(), "{first:?} {second:?}");
        assert_eq!(model.to_bytes(), before);
    }
}

#[test]
fn a_graph_without_sites_is_refused() {
    let head = Layer { name: "/lm_head/MatMul", weight: random(&[2, 3], 1) };
    let mut model = Model::from_proto(parallel(&[head])).unwrap();
    let sites = find_sites(&model, &ATTENTION).unwrap();
    assert!(inject_lora(&mut model, &sites, LoraForm::Operator).unwrap_err().to_string().contains("no linear layer"));
}
