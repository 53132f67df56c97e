//! Small graphs and a plain interpreter for the operators that the transformation uses.

#![allow(dead_code, clippy::unwrap_used)]

use std::collections::HashMap;

use openledger_onnx_graph::{
    AttentionShape, Model,
    build::{Dim, float_tensor, node, value_info},
    element,
    proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto},
};

pub const ATTENTION: AttentionShape = AttentionShape { heads: 2, kv_heads: 1, head_size: 3 };

/// A dense tensor; integers are kept as floats.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub dims: Vec<usize>,
    pub data: Vec<f32>,
}

impl Tensor {
    pub fn new(dims: &[usize], data: Vec<f32>) -> Self {
        assert_eq!(dims.iter().product::<usize>(), data.len());
        Self { dims: dims.to_vec(), data }
    }
}

/// One linear layer: node name and weight [k, n].
pub struct Layer {
    pub name: &'static str,
    pub weight: Tensor,
}

/// A graph of parallel linear layers on one input `x` [batch, seq, k]; layer `i` gives `y<i>`.
pub fn parallel(layers: &[Layer]) -> ModelProto {
    let mut graph = GraphProto { name: Some("main".to_owned()), ..GraphProto::default() };
    for (index, layer) in layers.iter().enumerate() {
        let (weight, output) = (format!("w{index}"), format!("y{index}"));
        graph.initializer.push(float_tensor(&weight, &layer.weight.dims, &layer.weight.data));
        graph.node.push(node("MatMul", layer.name, &["x", &weight], &output));
        let dims = [Dim::Named("batch_size"), Dim::Named("sequence_length"), Dim::Fixed(layer.weight.dims[1])];
        graph.output.push(value_info(&output, element::FLOAT, &dims));
    }
    let width = layers.first().map_or(1, |layer| layer.weight.dims[0]);
    let dims = [Dim::Named("batch_size"), Dim::Named("sequence_length"), Dim::Fixed(width)];
    graph.input.push(value_info("x", element::FLOAT, &dims));
    ModelProto {
        ir_version: Some(10),
        opset_import: vec![OperatorSetIdProto { domain: None, version: Some(21) }],
        graph: Some(graph),
        ..ModelProto::default()
    }
}

/// Evaluates a model of MatMul, Gather, Concat and Add nodes.
pub fn run(model: &Model, inputs: HashMap<String, Tensor>) -> HashMap<String, Tensor> {
    let mut values = inputs;
    for tensor in &model.graph().initializer {
        let data = tensor.raw_data().chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        let dims: Vec<usize> = tensor.dims.iter().map(|&d| usize::try_from(d).unwrap()).collect();
        values.insert(tensor.name().to_owned(), Tensor::new(&dims, data));
    }
    for node in &model.graph().node {
        let inputs: Vec<&Tensor> = node.input.iter().map(|name| &values[name]).collect();
        let output = evaluate(node, &inputs);
        values.insert(node.output[0].clone(), output);
    }
    values
}

fn evaluate(node: &NodeProto, inputs: &[&Tensor]) -> Tensor {
    match node.op_type() {
        "MatMul" => matmul(inputs[0], inputs[1]),
        "Gather" => {
            let size = inputs[0].data.len() / inputs[0].dims[0];
            let pick = |row: &f32| inputs[0].data[*row as usize * size..(*row as usize + 1) * size].to_vec();
            let mut dims = inputs[0].dims.clone();
            dims[0] = inputs[1].data.len();
            Tensor::new(&dims, inputs[1].data.iter().flat_map(pick).collect())
        }
        "Concat" => {
            let width = |t: &Tensor| *t.dims.last().unwrap();
            let rows = inputs[0].data.len() / width(inputs[0]);
            let row =
                |row: usize| inputs.iter().flat_map(move |t| t.data[row * width(t)..(row + 1) * width(t)].to_vec());
            let mut dims = inputs[0].dims.clone();
            *dims.last_mut().unwrap() = inputs.iter().map(|t| width(t)).sum();
            Tensor::new(&dims, (0..rows).flat_map(row).collect())
        }
        "Add" => {
            assert_eq!(inputs[0].dims, inputs[1].dims);
            let sum = inputs[0].data.iter().zip(&inputs[1].data).map(|(a, b)| a + b);
            Tensor::new(&inputs[0].dims, sum.collect())
        }
        other => panic!("no {other} in these tests"),
    }
}

/// [b, s, k] x [k, n] or [b, s, k] x [b, k, n].
pub fn matmul(x: &Tensor, w: &Tensor) -> Tensor {
    let &[b, s, k] = x.dims.as_slice() else { panic!("{:?}", x.dims) };
    let n = *w.dims.last().unwrap();
    assert_eq!(w.dims[w.dims.len() - 2], k);
    let mut out = Vec::new();
    for batch in 0..b {
        let base = if w.dims.len() == 3 { batch * k * n } else { 0 };
        for row in 0..s {
            for column in 0..n {
                let x = &x.data[(batch * s + row) * k..][..k];
                out.push(x.iter().enumerate().map(|(i, x)| x * w.data[base + i * n + column]).sum());
            }
        }
    }
    Tensor::new(&[b, s, n], out)
}
