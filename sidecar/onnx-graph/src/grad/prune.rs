//! Dropping what the outputs do not need.

use std::collections::HashSet;

use crate::proto::{GraphProto, NodeProto};

/// Every value that a node reads, those that its nested graphs capture included.
pub(crate) fn reads(node: &NodeProto) -> Vec<&str> {
    let mut all: Vec<&str> = node.input.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    for inner in node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
        all.extend(inner.node.iter().flat_map(reads));
        all.extend(inner.output.iter().map(|output| output.name()));
    }
    all
}

/// The nodes that the given values need, in graph order.
pub(crate) fn needed<'g>(nodes: &'g [NodeProto], outputs: impl IntoIterator<Item = &'g str>) -> Vec<&'g NodeProto> {
    let mut wanted: HashSet<&str> = outputs.into_iter().collect();
    let mut found = Vec::with_capacity(nodes.len());
    for node in nodes.iter().rev() {
        if node.output.iter().any(|output| wanted.contains(output.as_str())) {
            found.push(node);
            wanted.extend(reads(node));
        }
    }
    found.reverse();
    found
}

/// Drops nodes, constants, annotations and those inputs that the outputs do not need. Inputs in `keep` stay.
pub(crate) fn prune(graph: &mut GraphProto, keep: &HashSet<String>) {
    graph.node = needed(&graph.node, graph.output.iter().map(|output| output.name())).into_iter().cloned().collect();
    let mut used: HashSet<String> = keep.clone();
    used.extend(graph.output.iter().map(|output| output.name().to_owned()));
    used.extend(graph.node.iter().flat_map(reads).map(str::to_owned));
    graph.initializer.retain(|tensor| used.contains(tensor.name()));
    graph.sparse_initializer.retain(|sparse| sparse.values.as_ref().is_some_and(|values| used.contains(values.name())));
    graph.input.retain(|input| used.contains(input.name()));
    let produced: HashSet<&str> = graph.node.iter().flat_map(|node| &node.output).map(String::as_str).collect();
    graph.value_info.retain(|value| produced.contains(value.name()));
    graph.quantization_annotation.clear();
}
