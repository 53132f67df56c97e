//! Leaving out the rows whose logits nobody wants.
//!
//! In the last product a row costs as much as in several layers, and of a prompt only the last
//! token's logits are wanted. Rows are chosen before the product, so that the others are not
//! computed.

use std::collections::HashSet;

use crate::{
    GraphError, Model,
    build::{Dim, int_attribute, node, value_info},
    element,
    grad::prune::reads,
    proto::{GraphProto, NodeProto, tensor_shape_proto::dimension, type_proto},
    validate::plain_domain,
};

/// Name of the graph input that chooses the rows whose logits are wanted: int64 `[chosen]`, each an
/// index below the number of tokens.
pub const LOGIT_ROWS: &str = "paged.logit_rows";

/// What may stand between the last product and the logits: one value per logit.
const PER_ELEMENT: [&str; 7] = ["Add", "Sub", "Mul", "Div", "Tanh", "Cast", "Identity"];
/// The last product.
const PRODUCTS: [(&str, &str); 2] = [("", "MatMul"), ("com.microsoft", "MatMulNBits")];

/// What the hidden states before the head are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// [tokens, 1, hidden]: every token is a row.
    Tokens,
    /// [rows, tokens, hidden]: they are flattened first, and the logits lose an axis.
    Sequences,
}

/// Gathers before the head of a graph of sequences the positions of [`LOGIT_ROWS`], counted through all rows; the logits become
/// [chosen, vocabulary].
///
/// # Errors
/// [`GraphError::Head`] when no head is found, or the graph chooses already. The model is unchanged then.
pub fn choose_logits(model: &mut Model, logits: &str) -> Result<(), GraphError> {
    let mut changed = model.clone();
    gather_before(changed.graph_mut(), logits, Layout::Sequences)?;
    changed.check()?;
    *model = changed;
    Ok(())
}

/// Declares [`LOGIT_ROWS`] and gathers its rows before the last product.
pub(crate) fn gather_before(graph: &mut GraphProto, logits: &str, layout: Layout) -> Result<(), GraphError> {
    if graph.input.iter().any(|input| input.name() == LOGIT_ROWS) {
        return Err(unfit(format!("the graph has an input {LOGIT_ROWS:?} already; transform the original model")));
    }
    let head = find(graph, logits)?;
    let Some(hidden) = graph.node.get_mut(head).and_then(|product| product.input.first_mut()) else {
        return Err(unfit("the last product has no input; export the model again".to_owned()));
    };
    let rows = format!("{hidden}/logit_rows");
    let all = std::mem::replace(hidden, rows.clone());
    let (source, flatten) = match layout {
        Layout::Tokens => (all, None),
        Layout::Sequences => {
            let flat = format!("{all}/flat");
            let mut flatten = node("Flatten", &flat, &[&all], &flat);
            flatten.attribute.push(int_attribute("axis", 2));
            (flat, Some(flatten))
        }
    };
    let mut gather = node("Gather", &rows, &[&source, LOGIT_ROWS], &rows);
    gather.attribute.push(int_attribute("axis", 0));
    drop(graph.node.splice(head..head, flatten.into_iter().chain([gather])));
    graph.input.push(value_info(LOGIT_ROWS, element::INT64, &[Dim::Named("logit_rows")]));
    forget_shapes(graph, head, logits, layout)
}

/// Index of the last product: from the logits back over what works per element.
fn find(graph: &GraphProto, logits: &str) -> Result<usize, GraphError> {
    let live = live_values(graph);
    let mut wanted = logits;
    loop {
        let index = graph.node.iter().position(|node| node.output.iter().any(|output| output == wanted));
        let Some((index, node)) = index.and_then(|index| Some((index, graph.node.get(index)?))) else {
            return Err(unfit(format!("nothing computes {wanted:?}; export with the onnxruntime-genai builder")));
        };
        let readers = graph.node.iter().filter(|reader| reads(reader).contains(&wanted)).count();
        if wanted == logits && readers > 0 {
            return Err(unfit("the logits are read inside the graph; export without".to_owned()));
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
fn forget_shapes(graph: &mut GraphProto, index: usize, logits: &str, layout: Layout) -> Result<(), GraphError> {
    let mut behind: HashSet<String> =
        graph.node.get(index).map(|node| node.output.clone()).into_iter().flatten().collect();
    for node in graph.node.iter().skip(index) {
        if reads(node).iter().any(|input| behind.contains(*input)) {
            behind.extend(node.output.iter().cloned());
        }
    }
    if graph.output.iter().any(|output| output.name() != logits && behind.contains(output.name())) {
        return Err(unfit("another output is computed from the logits; export without it".to_owned()));
    }
    graph.value_info.retain(|value| !behind.contains(value.name()));
    for output in graph.output.iter_mut().filter(|output| output.name() == logits) {
        let tensor = output.r#type.as_mut().and_then(|of| of.value.as_mut());
        let Some(type_proto::Value::TensorType(tensor)) = tensor else {
            continue;
        };
        let Some(shape) = tensor.shape.as_mut() else {
            continue;
        };
        if layout == Layout::Sequences && shape.dim.len() > 1 {
            shape.dim.remove(1);
        }
        if let Some(rows) = shape.dim.first_mut() {
            rows.value = Some(dimension::Value::DimParam("logit_rows".to_owned()));
        }
    }
    Ok(())
}

fn unknown(node: &NodeProto) -> GraphError {
    unfit(format!(
        "{:?} ({}) stands between the hidden states and the logits; export with the onnxruntime-genai builder",
        node.name(),
        node.op_type()
    ))
}

fn unfit(reason: String) -> GraphError {
    GraphError::Head { reason }
}
