//! Leaving out the rows whose logits nobody wants.
//!
//! In the last product a row costs as much as in several layers, and of a prompt only the last
//! token's logits are wanted. Rows are chosen before the product, so that the others are not
//! computed.

use std::collections::HashSet;

use super::{LOGIT_ROWS, PagedOptions, paged};
use crate::{
    GraphError,
    build::{int_attribute, node},
    grad::prune::reads,
    proto::{GraphProto, NodeProto, tensor_shape_proto::dimension, type_proto},
    validate::plain_domain,
};

/// What may stand between the last product and the logits: one value per logit.
const PER_ELEMENT: [&str; 7] = ["Add", "Sub", "Mul", "Div", "Tanh", "Cast", "Identity"];
/// The last product.
const PRODUCTS: [(&str, &str); 2] = [("", "MatMul"), ("com.microsoft", "MatMulNBits")];

/// Gathers the rows of [`LOGIT_ROWS`] before the last product.
pub(super) fn gather_before(graph: &mut GraphProto, options: &PagedOptions<'_>) -> Result<(), GraphError> {
    let head = find(graph, options)?;
    let place = &mut graph.node[head];
    let Some(hidden) = place.input.first_mut() else {
        return Err(paged("the last product has no input; export the model again".to_owned()));
    };
    let rows = format!("{hidden}/logit_rows");
    let mut gather = node("Gather", &rows, &[hidden, LOGIT_ROWS], &rows);
    gather.attribute.push(int_attribute("axis", 0));
    *hidden = rows;
    graph.node.insert(head, gather);
    forget_shapes(graph, head, options.logits)
}

/// Index of the last product: from the logits back over what works per element.
fn find(graph: &GraphProto, options: &PagedOptions<'_>) -> Result<usize, GraphError> {
    let live = live_values(graph);
    let mut wanted = options.logits;
    loop {
        let index = graph.node.iter().position(|node| node.output.iter().any(|output| output == wanted));
        let Some((index, node)) = index.and_then(|index| Some((index, graph.node.get(index)?))) else {
            return Err(paged(format!("nothing computes {wanted:?}; export with the onnxruntime-genai builder")));
        };
        let readers = graph.node.iter().filter(|reader| reads(reader).contains(&wanted)).count();
        if wanted == options.logits && readers > 0 {
            return Err(paged("the logits are read inside the graph; export without".to_owned()));
        }
        let mut inputs = node.input.iter().filter(|input| live.contains(input.as_str()));
        let (first, more) = (inputs.next(), inputs.next());
        let (Some(first), None) = (first, more) else {
            return Err(unknown(node));
        };
        if PRODUCTS.contains(&(plain_domain(node.domain()), node.op_type())) {
            return if node.input.first() == Some(first) { Ok(index) } else { Err(unknown(node)) };
        }
        if !(plain_domain(node.domain()).is_empty() && PER_ELEMENT.contains(&node.op_type())) {
            return Err(unknown(node));
        }
        wanted = first;
    }
}

/// Values that depend on what a run is given.
fn live_values(graph: &GraphProto) -> HashSet<&str> {
    let constants: HashSet<&str> = graph.initializer.iter().map(|tensor| tensor.name()).collect();
    let inputs = graph.input.iter().map(|input| input.name());
    let mut live: HashSet<&str> = inputs.filter(|name| !constants.contains(name)).collect();
    for node in &graph.node {
        if reads(node).iter().any(|input| live.contains(input)) {
            live.extend(node.output.iter().map(String::as_str).filter(|output| !output.is_empty()));
        }
    }
    live
}

/// Drops the declared shapes of everything behind the gather at `index`: they have other rows now.
fn forget_shapes(graph: &mut GraphProto, index: usize, logits: &str) -> Result<(), GraphError> {
    let mut behind: HashSet<String> =
        graph.node.get(index).map(|node| node.output.clone()).into_iter().flatten().collect();
    for node in graph.node.iter().skip(index) {
        if reads(node).iter().any(|input| behind.contains(*input)) {
            behind.extend(node.output.iter().cloned());
        }
    }
    if graph.output.iter().any(|output| output.name() != logits && behind.contains(output.name())) {
        return Err(paged("another output is computed from the logits; export without it".to_owned()));
    }
    graph.value_info.retain(|value| !behind.contains(value.name()));
    for output in graph.output.iter_mut().filter(|output| output.name() == logits) {
        let tensor = output.r#type.as_mut().and_then(|of| of.value.as_mut());
        let Some(type_proto::Value::TensorType(tensor)) = tensor else {
            continue;
        };
        if let Some(rows) = tensor.shape.as_mut().and_then(|shape| shape.dim.first_mut()) {
            rows.value = Some(dimension::Value::DimParam("logit_rows".to_owned()));
        }
    }
    Ok(())
}

fn unknown(node: &NodeProto) -> GraphError {
    paged(format!(
        "{:?} ({}) stands between the hidden states and the logits; export with the onnxruntime-genai builder",
        node.name(),
        node.op_type()
    ))
}
