//! The transformed graph against the untouched one in ONNX Runtime: without an adapter the
//! outputs are equal to the last bit.

#![allow(clippy::unwrap_used)]

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    sync::Arc,
};

use openledger_onnx_graph::{
    AttentionShape, LoadLimits, LoraForm, LoraSite, Model, ROW_SLOTS, find_sites, inject_lora,
};
use ort::{
    environment::Environment,
    session::{Session, SessionInputValue},
    value::Tensor,
};

const ROWS: usize = 3;
const WIDTH: usize = 9;
const LENGTHS: [usize; ROWS] = [9, 4, 7];
const RANK: usize = 5;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn environment() -> Environment {
    let library = match std::env::var_os("ORT_DYLIB_PATH") {
        Some(path) => PathBuf::from(path),
        None => repository().join(".openledger/onnxruntime/libonnxruntime.so.1.31.1"),
    };
    ort::init_from(library).unwrap().with_telemetry(false).build().unwrap()
}

fn session(environment: &Environment, model: &Model) -> Session {
    let mut builder = Session::builder(environment).unwrap().with_intra_threads(1).unwrap();
    for (name, bytes) in model.external_files() {
        builder = builder.with_external_initializer_file_in_memory(name, Arc::clone(bytes)).unwrap();
    }
    builder.commit_from_memory(&model.to_bytes()).unwrap()
}

type Inputs<'a> = Vec<(Cow<'a, str>, SessionInputValue<'a>)>;

/// Right-padded prompts of different lengths.
fn prompts() -> Inputs<'static> {
    let ids: Vec<i64> = (0..ROWS * WIDTH).map(|i| 3 + (i as i64 * 37) % 1000).collect();
    let mask: Vec<i64> = LENGTHS.iter().flat_map(|&n| (0..WIDTH).map(move |i| i64::from(i < n))).collect();
    let mut inputs: Inputs<'static> = vec![
        ("input_ids".into(), Tensor::from_array(([ROWS, WIDTH], ids)).unwrap().into()),
        ("attention_mask".into(), Tensor::from_array(([ROWS, WIDTH], mask)).unwrap().into()),
    ];
    for layer in 0..4 {
        for kind in ["key", "value"] {
            let empty = Tensor::from_array(([ROWS, 2, 0, 32], Vec::<f32>::new())).unwrap();
            inputs.push((format!("past_key_values.{layer}.{kind}").into(), empty.into()));
        }
    }
    inputs
}

/// Two slots: zeros, and numbers that would show.
fn slots(sites: &[LoraSite], row_slots: [i64; ROWS]) -> Inputs<'static> {
    let mut inputs: Inputs<'static> =
        vec![(ROW_SLOTS.into(), Tensor::from_array(([ROWS], row_slots.to_vec())).unwrap().into())];
    for site in sites {
        let filled = |size: usize| [vec![0.0_f32; size], vec![0.05; size]].concat();
        let a = Tensor::from_array(([2, site.in_features, RANK], filled(site.in_features * RANK))).unwrap();
        let b = Tensor::from_array(([2, RANK, site.out_features], filled(RANK * site.out_features))).unwrap();
        let names = site.slot_inputs.as_ref().unwrap();
        inputs.push((names.a.clone().into(), a.into()));
        inputs.push((names.b.clone().into(), b.into()));
    }
    inputs
}

/// Logits of the valid positions of every row.
fn logits(session: &mut Session, inputs: Inputs<'_>) -> Vec<Vec<f32>> {
    let outputs = session.run(inputs).unwrap();
    let (shape, data) = outputs["logits"].try_extract_tensor::<f32>().unwrap();
    let vocab = usize::try_from(shape[2]).unwrap();
    let row = |row: usize| data[row * WIDTH * vocab..][..LENGTHS[row] * vocab].to_vec();
    (0..ROWS).map(row).collect()
}

#[test]
fn rows_without_an_adapter_are_bit_equal() {
    let environment = environment();
    let base = Model::load(&repository().join("examples/model/model.onnx"), &LoadLimits::default()).unwrap();
    let mut injected = base.clone();
    let shape = AttentionShape { heads: 4, kv_heads: 2, head_size: 32 };
    let sites = inject_lora(&mut injected, &find_sites(&base, &shape).unwrap(), LoraForm::Standard).unwrap();
    let expected = logits(&mut session(&environment, &base), prompts());
    let mut session = session(&environment, &injected);
    let with = |row_slots| prompts().into_iter().chain(slots(&sites, row_slots)).collect();
    assert_eq!(logits(&mut session, with([0, 0, 0])), expected);
    // A neighbour with an adapter changes nothing for the others.
    let mixed = logits(&mut session, with([0, 1, 0]));
    assert_eq!((&mixed[0], &mixed[2]), (&expected[0], &expected[2]));
    assert_ne!(mixed[1], expected[1]);
}
