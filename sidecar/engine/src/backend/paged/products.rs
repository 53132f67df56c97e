//! What the same bits of a step rest on: whether ONNX Runtime's products give a row the same bits
//! whatever the number of rows. If a new version of it fails here, nothing above can hold.

use std::collections::HashMap;

use openledger_onnx_graph::{
    build::{Dim, float_tensor, int_attribute, node, value_info},
    element,
    proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto},
};
use ort::session::SessionInputValue;

use super::*;

const ROWS: [usize; 12] = [1, 2, 3, 5, 8, 13, 16, 17, 31, 33, 64, 100];
/// Inputs and outputs of products of small models.
const SIZES: [(usize, usize); 6] = [(128, 344), (576, 960), (576, 1536), (1536, 576), (576, 2048), (2048, 512)];
const GROUP: usize = 32;

fn random(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..count).map(|_| next()).collect()
}

/// x [tokens, 1, inputs] -> y [tokens, 1, outputs].
fn model(inputs: usize, outputs: usize, product: NodeProto, constants: Vec<TensorProto>) -> Model {
    let dims = |width| [Dim::Named("tokens"), Dim::Fixed(1), Dim::Fixed(width)];
    let graph = GraphProto {
        name: Some("main".to_owned()),
        input: vec![value_info("x", element::FLOAT, &dims(inputs))],
        output: vec![value_info("y", element::FLOAT, &dims(outputs))],
        initializer: constants,
        node: vec![product],
        ..GraphProto::default()
    };
    let import = |domain: &str, version| OperatorSetIdProto { domain: Some(domain.to_owned()), version: Some(version) };
    Model::from_proto(ModelProto {
        ir_version: Some(10),
        opset_import: vec![import("", 21), import("com.microsoft", 1)],
        graph: Some(graph),
        ..ModelProto::default()
    })
    .unwrap()
}

fn plain((inputs, outputs): (usize, usize)) -> Model {
    let weight = float_tensor("w", &[inputs, outputs], &random(inputs * outputs, 1));
    model(inputs, outputs, node("MatMul", "product", &["x", "w"], "y"), vec![weight])
}

fn four_bits((inputs, outputs): (usize, usize), accuracy: i64) -> Model {
    let groups = inputs / GROUP;
    let count = outputs * groups;
    let nibbles: Vec<u8> = random(count * GROUP / 2, 2).iter().map(|value| (value * 255.0 + 128.0) as u8).collect();
    let weight = TensorProto {
        name: Some("w".to_owned()),
        dims: [outputs, groups, GROUP / 2].map(|size| i64::try_from(size).unwrap()).to_vec(),
        data_type: Some(2),
        raw_data: Some(nibbles.into()),
        ..TensorProto::default()
    };
    let scales: Vec<f32> = random(count, 3).iter().map(|value| 0.02 + value.abs() * 0.05).collect();
    let mut product = node("MatMulNBits", "product", &["x", "w", "s"], "y");
    product.domain = Some("com.microsoft".to_owned());
    let size = |size: usize| i64::try_from(size).unwrap();
    product.attribute = vec![
        int_attribute("K", size(inputs)),
        int_attribute("N", size(outputs)),
        int_attribute("bits", 4),
        int_attribute("block_size", size(GROUP)),
        int_attribute("accuracy_level", accuracy),
    ];
    model(inputs, outputs, product, vec![weight, float_tensor("s", &[count], &scales)])
}

/// Numbers of rows among [`ROWS`] whose first, middle or last row has other bits than in a hundred.
fn differing(model: &Model, (inputs, outputs): (usize, usize), threads: usize) -> Vec<usize> {
    let mut session = Runtime::load(None).unwrap().session(model, threads, None).unwrap();
    let x = random(100 * inputs, 4);
    let mut run = |rows: Range<usize>| -> Vec<u32> {
        let values = x[rows.start * inputs..rows.end * inputs].to_vec();
        let x: SessionInputValue<'_> = Tensor::from_array(([rows.len(), 1, inputs], values)).unwrap().into();
        let mut inputs = HashMap::from([("x", x)]);
        if model.graph().input.len() > 1 {
            inputs.insert("factor", Tensor::from_array(([1], vec![0.5_f32])).unwrap().into());
        }
        let y = session.run(inputs).unwrap();
        y["y"].try_extract_tensor::<f32>().unwrap().1.iter().map(|value| value.to_bits()).collect()
    };
    let all = run(0..100);
    let mut differs = |&rows: &usize| {
        [0, (100 - rows) / 2, 100 - rows]
            .into_iter()
            .any(|first| run(first..first + rows) != all[first * outputs..(first + rows) * outputs])
    };
    ROWS.iter().filter(|rows| differs(rows)).copied().collect()
}

/// A weight that is computed in the graph is not packed in advance.
fn unpacked((inputs, outputs): (usize, usize)) -> Model {
    let mut computed = plain((inputs, outputs)).proto().clone();
    let graph = computed.graph.as_mut().unwrap();
    graph.input.push(value_info("factor", element::FLOAT, &[Dim::Fixed(1)]));
    graph.node.insert(0, node("Mul", "scaled", &["w", "factor"], "v"));
    graph.node.last_mut().unwrap().input[1] = "v".to_owned();
    Model::from_proto(computed).unwrap()
}

#[test]
fn only_some_products_need_company() {
    let size = SIZES[0];
    let lone = [plain(size), four_bits(size, 4), unpacked(size), four_bits(size, 0), four_bits(size, 1)];
    let fewest = |integer_dots| lone.each_ref().map(|model| fewest_rows(model.graph(), integer_dots));
    assert_eq!(fewest(true), [1, 1, 2, 2, 2]);
    assert_eq!(fewest(false), [1, 2, 2, 2, 2]);
}

#[test]
fn a_row_of_a_product_has_the_same_bits_among_any_others() {
    for size in SIZES {
        for threads in [1, 2] {
            let models = [
                ("MatMul", plain(size)),
                ("MatMul with a computed weight", unpacked(size)),
                ("MatMulNBits in floats", four_bits(size, 0)),
                ("MatMulNBits in integers", four_bits(size, 4)),
            ];
            for (name, model) in models {
                let found = differing(&model, size, threads);
                println!("{name} {size:?}, {threads} threads: {found:?}");
                let fewest = fewest_rows(model.graph(), has_integer_dots());
                assert!(found.iter().all(|&rows| rows < fewest), "{name} {size:?}, {threads} threads: {found:?}");
            }
        }
    }
}
