//! A decoder without its cache: the past is empty, whole sequences go in.

use super::{GradError, graph::GraphBuilder};
use crate::{
    AttentionShape,
    build::int_attribute,
    element,
    proto::{TensorProto, ValueInfoProto},
};

/// Replaces a cache input by a tensor without tokens, [batch, kv heads, 0, head width].
///
/// # Errors
/// [`GradError::Value`] for an input that is no 32-bit cache of rank 4.
pub(super) fn empty_past(
    graph: &mut GraphBuilder,
    past: &ValueInfoProto,
    input_ids: &str,
    attention: &AttentionShape,
) -> Result<(), GradError> {
    let fact = super::dims::Fact::declared(past);
    if fact.data_type != element::FLOAT || fact.shape.is_none_or(|shape| shape.len() != 4) {
        return Err(GradError::Value {
            name: past.name().to_owned(),
            reason: "it is no cache of 32-bit floats [batch, kv heads, tokens, width]; export the model in fp32"
                .to_owned(),
        });
    }
    let size = |size: usize| i64::try_from(size).unwrap_or(i64::MAX);
    graph.enter(past.name());
    let rest = graph.int_vector(&[size(attention.kv_heads), 0, size(attention.head_size)]);
    let (shape, first) = (graph.op("Shape", &[input_ids])?, graph.int_vector(&[0]));
    let batch = graph.op_with("Gather", &[&shape, &first], vec![int_attribute("axis", 0)])?;
    let shape = graph.op_with("Concat", &[&batch, &rest], vec![int_attribute("axis", 0)])?;
    let zero = TensorProto {
        dims: vec![1],
        data_type: Some(element::FLOAT),
        raw_data: Some(vec![0; 4].into()),
        ..TensorProto::default()
    };
    let value = super::attributes::with_tensor("value", zero);
    graph.op_named("ConstantOfShape", &[&shape], vec![value], &[past.name()])
}
