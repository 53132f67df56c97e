//! The multi-LoRA transformation against plain matrix arithmetic.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;

use openledger_onnx_graph::{LoraSite, Model, ROW_SLOTS, find_sites, inject_lora};
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
    let base = Model::from_proto(parallel(&layers(k))).unwrap();
    let mut model = base.clone();
    let sites = find_sites(&base, &ATTENTION).unwrap();
    let added = inject_lora(&mut model, &sites).unwrap();
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
        inputs.insert(site.a_input.clone(), a);
        inputs.insert(site.b_input.clone(), b);
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
                    let hidden = matmul(&x, &slice(&adapters[&site.a_input], slot));
                    let delta = matmul(&hidden, &slice(&adapters[&site.b_input], slot));
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
    let (_, _, sites) = injected(2);
    let found: Vec<(usize, &str, usize)> = sites.iter().map(|s| (s.layer, s.module.as_str(), s.out_features)).collect();
    let expected = [(0, "q_proj", 6), (0, "k_proj", 3), (0, "v_proj", 3), (0, "up_proj", 5), (1, "o_proj", 4)];
    assert_eq!(found, expected);
}

#[test]
fn the_transformation_is_deterministic_and_its_result_is_a_valid_file() {
    let (_, first, _) = injected(3);
    let (_, second, _) = injected(3);
    assert_eq!(first.to_bytes(), second.to_bytes());
    let read = Model::from_bytes(first.to_bytes().into()).unwrap();
    assert_eq!(read.proto(), first.proto());
    let outputs = |model: &Model| model.graph().output.iter().map(|o| o.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(outputs(&first), ["y0", "y1", "y2", "y3"]);
}

#[test]
fn a_model_is_not_transformed_twice() {
    let (_, mut model, _) = injected(3);
    let before = model.to_bytes();
    let sites = find_sites(&model, &ATTENTION).unwrap();
    assert!(inject_lora(&mut model, &sites).is_err());
    assert_eq!(model.to_bytes(), before);
}

#[test]
fn a_graph_without_sites_is_refused() {
    let head = Layer { name: "/lm_head/MatMul", weight: random(&[2, 3], 1) };
    let mut model = Model::from_proto(parallel(&[head])).unwrap();
    let sites = find_sites(&model, &ATTENTION).unwrap();
    assert!(inject_lora(&mut model, &sites).unwrap_err().to_string().contains("no linear layer"));
}
