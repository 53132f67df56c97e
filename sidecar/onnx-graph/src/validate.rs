//! Checks that a decoded model is whole before anything is done with it.

use std::collections::HashSet;

use crate::{
    GraphError,
    domain::{OPERATOR_DOMAIN, OPERATOR_DOMAIN_VERSION},
    external::{external_range, for_each_tensor},
    proto::{GraphProto, ModelProto, TensorProto, tensor_proto::DataLocation},
    tensor::{byte_size, element, element_count, wrong},
};

const IR_MIN: i64 = 4;
const IR_MAX: i64 = 14;
const ONNX_OPSETS: std::ops::RangeInclusive<i64> = 11..=26;
/// Graphs inside node attributes may nest this deep.
const MAX_DEPTH: usize = 8;

/// `ai.onnx` is another spelling of the empty domain.
pub(crate) fn plain_domain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

/// Checks versions, data sizes and that every value has exactly one earlier producer.
///
/// # Errors
/// The first [`GraphError`] met, in file order.
pub(crate) fn validate(model: &ModelProto) -> Result<(), GraphError> {
    let graph =
        model.graph.as_ref().ok_or_else(|| GraphError::Corrupt { reason: "there is no graph in it".to_owned() })?;
    if graph.node.is_empty() {
        return Err(GraphError::Corrupt { reason: "the graph has no nodes".to_owned() });
    }
    let version = model.ir_version();
    if !(IR_MIN..=IR_MAX).contains(&version) {
        return Err(GraphError::IrVersion { version, min: IR_MIN, max: IR_MAX });
    }
    if !model.training_info.is_empty() {
        return Err(GraphError::Unsupported { what: "training graphs".to_owned() });
    }
    let domains = opsets(model)?;
    for_each_tensor(graph, &mut check_tensor)?;
    check_graph(graph, &HashSet::new(), &domains, 0)
}

fn opsets(model: &ModelProto) -> Result<HashSet<&str>, GraphError> {
    let mut domains = HashSet::new();
    for set in &model.opset_import {
        let (domain, version) = (plain_domain(set.domain()), set.version());
        let known = match domain {
            "" => ONNX_OPSETS.contains(&version),
            "com.microsoft" => version == 1,
            OPERATOR_DOMAIN => version == OPERATOR_DOMAIN_VERSION,
            other => model.functions.iter().any(|f| f.domain() == other),
        };
        if !known {
            return Err(GraphError::UnknownOpset { domain: domain.to_owned(), version });
        }
        domains.insert(domain);
    }
    Ok(domains)
}

fn check_tensor(tensor: &TensorProto) -> Result<(), GraphError> {
    if tensor.segment.is_some() {
        return Err(GraphError::Unsupported { what: "tensors in segments".to_owned() });
    }
    if tensor.data_location() == DataLocation::External {
        return external_range(tensor).map(|_| ());
    }
    let count = element_count(tensor)?;
    if let Some(raw) = &tensor.raw_data {
        let expected = byte_size(tensor)?;
        return if raw.len() as u64 == expected {
            Ok(())
        } else {
            Err(wrong(tensor, format!("{} bytes for a shape of {expected} bytes", raw.len())))
        };
    }
    // Narrow types may pack several elements into one number: only plain ones are counted.
    let held = match tensor.data_type() {
        element::FLOAT => tensor.float_data.len(),
        element::INT32 => tensor.int32_data.len(),
        element::INT64 => tensor.int64_data.len(),
        element::DOUBLE => tensor.double_data.len(),
        element::STRING => tensor.string_data.len(),
        other => {
            return match crate::tensor::element_bits(other) {
                Some(_) => Ok(()),
                None => Err(wrong(tensor, format!("unknown element type {other}"))),
            };
        }
    };
    if held as u64 == count { Ok(()) } else { Err(wrong(tensor, format!("{held} elements for a shape of {count}"))) }
}

fn check_graph<'g>(
    graph: &'g GraphProto,
    outer: &HashSet<&'g str>,
    domains: &HashSet<&str>,
    depth: usize,
) -> Result<(), GraphError> {
    if depth > MAX_DEPTH {
        return Err(GraphError::Unsupported { what: format!("graphs nested deeper than {MAX_DEPTH}") });
    }
    let mut known = outer.clone();
    let mut produced: HashSet<&str> = HashSet::new();
    for input in &graph.input {
        produce(input.name(), &mut produced)?;
    }
    // An initialiser may name a graph input: then it is that input's default.
    let mut constants: HashSet<&str> = HashSet::new();
    let sparse = graph.sparse_initializer.iter().flat_map(|s| &s.values);
    for tensor in graph.initializer.iter().chain(sparse) {
        produce(tensor.name(), &mut constants)?;
    }
    produced.extend(constants);
    known.extend(produced.iter().copied());
    for node in &graph.node {
        let domain = plain_domain(node.domain());
        if !domains.contains(domain) {
            return Err(GraphError::MissingOpset { node: node.name().to_owned(), domain: domain.to_owned() });
        }
        for value in node.input.iter().filter(|value| !value.is_empty()) {
            if !known.contains(value.as_str()) {
                return Err(missing(node.name(), value));
            }
        }
        for attribute in &node.attribute {
            for inner in attribute.g.iter().chain(&attribute.graphs) {
                check_graph(inner, &known, domains, depth + 1)?;
            }
        }
        for value in node.output.iter().filter(|value| !value.is_empty()) {
            produce(value, &mut produced)?;
            known.insert(value);
        }
    }
    match graph.output.iter().find(|out| !known.contains(out.name())) {
        Some(output) => Err(missing("graph output", output.name())),
        None => Ok(()),
    }
}

fn produce<'g>(value: &'g str, produced: &mut HashSet<&'g str>) -> Result<(), GraphError> {
    if produced.insert(value) { Ok(()) } else { Err(GraphError::DuplicateValue { value: value.to_owned() }) }
}

fn missing(reader: &str, value: &str) -> GraphError {
    GraphError::MissingValue { reader: reader.to_owned(), value: value.to_owned() }
}
