//! Small graphs of operators that every provider has for floats of any size.

use openledger_onnx_graph::{
    Model,
    build::{Dim, int_attribute, node, value_info},
    element,
    proto::{GraphProto, ModelProto, NodeProto, OperatorSetIdProto, ValueInfoProto},
};

use crate::{EngineError, float::FloatType};

const IR_VERSION: i64 = 10;
const OPSET: i64 = 21;
/// Axes of a cache: [rows, heads, positions, size].
const ROWS: i64 = 0;
const POSITIONS: i64 = 2;

/// Name of one of several values.
pub(super) fn numbered(name: &str, index: usize) -> String {
    format!("{name}.{index}")
}

/// `cache.i` [rows, heads, positions, size] -> `picked.i`, by `rows` and `positions`.
pub(super) fn pick(tensors: usize, of: FloatType) -> GraphProto {
    let mut graph = GraphProto { name: Some("pick".to_owned()), ..GraphProto::default() };
    for name in ["rows", "positions"] {
        graph.input.push(value_info(name, element::INT64, &[Dim::Named(name)]));
    }
    for index in 0..tensors {
        let [cache, chosen, picked] = ["cache", "chosen", "picked"].map(|name| numbered(name, index));
        graph.input.push(cache_info(&cache, of, "stored", "length"));
        graph.output.push(cache_info(&picked, of, "rows", "positions"));
        graph.node.push(along(node("Gather", &chosen, &[&cache, "rows"], &chosen), ROWS));
        graph.node.push(along(node("Gather", &picked, &[&chosen, "positions"], &picked), POSITIONS));
    }
    graph
}

/// `left.i`, `right.i` -> `joined.i`: the rows of both.
pub(super) fn join(tensors: usize, of: FloatType) -> GraphProto {
    let mut graph = GraphProto { name: Some("join".to_owned()), ..GraphProto::default() };
    for index in 0..tensors {
        let [left, right, joined] = ["left", "right", "joined"].map(|name| numbered(name, index));
        graph.input.push(cache_info(&left, of, "left", "length"));
        graph.input.push(cache_info(&right, of, "right", "length"));
        graph.output.push(cache_info(&joined, of, "joined", "length"));
        graph.node.push(along(node("Concat", &joined, &[&left, &right], &joined), ROWS));
    }
    graph
}

/// `slots` [slots, x, y] with `part` [1, x, y] in the place `slot` [1, 1] -> `filled`.
pub(super) fn fill(of: FloatType) -> GraphProto {
    let [x, y] = ["x", "y"].map(Dim::Named);
    GraphProto {
        name: Some("fill".to_owned()),
        input: vec![
            value_info("slots", of.element(), &[Dim::Named("slots"), x, y]),
            value_info("slot", element::INT64, &[Dim::Fixed(1), Dim::Fixed(1)]),
            value_info("part", of.element(), &[Dim::Fixed(1), x, y]),
        ],
        output: vec![value_info("filled", of.element(), &[Dim::Named("slots"), x, y])],
        node: vec![node("ScatterND", "fill", &["slots", "slot", "part"], "filled")],
        ..GraphProto::default()
    }
}

fn cache_info(name: &str, of: FloatType, rows: &str, length: &str) -> ValueInfoProto {
    let axes = [Dim::Named(rows), Dim::Named("heads"), Dim::Named(length), Dim::Named("size")];
    value_info(name, of.element(), &axes)
}

fn along(mut node: NodeProto, axis: i64) -> NodeProto {
    node.attribute.push(int_attribute("axis", axis));
    node
}

/// A graph as a model.
pub(super) fn model(graph: GraphProto) -> Result<Model, EngineError> {
    let imported = OperatorSetIdProto { domain: Some(String::new()), version: Some(OPSET) };
    Ok(Model::from_proto(ModelProto {
        ir_version: Some(IR_VERSION),
        opset_import: vec![imported],
        graph: Some(graph),
        ..ModelProto::default()
    })?)
}
