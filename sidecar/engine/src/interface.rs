//! Inputs and outputs of a decoder graph.

use openledger_onnx_graph::{
    Model, element,
    proto::{ValueInfoProto, type_proto},
};

use crate::{EngineError, model_config::DecoderConfig};

/// How the graph computes attention, which decides what may share a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attention {
    /// `GroupQueryAttention`: rows of different lengths share a run.
    Grouped,
    /// Ordinary operators over the whole cache: padding would be read, so every row runs alone.
    Plain,
}

/// Names and sizes of the graph's interface.
#[derive(Debug, Clone)]
pub(crate) struct Interface {
    pub attention: Attention,
    pub input_ids: String,
    pub attention_mask: String,
    pub position_ids: Option<String>,
    pub logits: String,
    /// Past inputs, key then value of each layer.
    pub past: Vec<String>,
    /// Present outputs in the same order.
    pub present: Vec<String>,
    pub kv_heads: usize,
    pub head_size: usize,
}

impl Interface {
    /// Finds the interface of a graph under the names of its configuration.
    ///
    /// # Errors
    /// [`EngineError::ModelUnsupported`] when graph and configuration do not fit together or the
    /// graph needs something that is not provided.
    pub fn of(model: &Model, decoder: &DecoderConfig, vocab: usize) -> Result<Self, EngineError> {
        let graph = model.graph();
        let attentions = graph.node.iter().filter(|node| node.op_type() == "GroupQueryAttention");
        let (found, layers) = (attentions.count(), decoder.num_hidden_layers);
        let attention = match found {
            0 => Attention::Plain,
            all if all == layers => Attention::Grouped,
            some => {
                return Err(unsupported(format!(
                    "{some} GroupQueryAttention nodes for {layers} layers; export with the onnxruntime-genai builder for CPU"
                )));
            }
        };
        let pairs = |key: &str, value: &str| -> Vec<String> {
            (0..layers).flat_map(|layer| [key, value].map(|name| name.replace("%d", &layer.to_string()))).collect()
        };
        let names = &decoder.inputs;
        let past = pairs(&names.past_key_names, &names.past_value_names);
        let present = pairs(&decoder.outputs.present_key_names, &decoder.outputs.present_value_names);
        let find = |list: &[ValueInfoProto], name: &str, of: i32| match list.iter().find(|v| v.name() == name) {
            None => Err(unsupported(format!("the graph has no {name:?}, which its configuration names"))),
            Some(value) if element_type(value) != of => Err(unsupported(format!(
                "{name:?} is of {}, not of {}; export for CPU with precision fp32, int8 or int4",
                element::name(element_type(value)),
                element::name(of)
            ))),
            Some(_) => Ok(()),
        };
        find(&graph.input, &names.input_ids, element::INT64)?;
        find(&graph.input, &names.attention_mask, element::INT64)?;
        find(&graph.output, &decoder.outputs.logits, element::FLOAT)?;
        for name in &past {
            find(&graph.input, name, element::FLOAT)?;
        }
        for name in &present {
            find(&graph.output, name, element::FLOAT)?;
        }
        let has_positions = graph.input.iter().any(|input| input.name() == names.position_ids);
        let known = past.len() + 2 + usize::from(has_positions);
        let constants = |name: &str| graph.initializer.iter().any(|tensor| tensor.name() == name);
        let required = graph.input.iter().filter(|input| !constants(input.name())).count();
        if required != known {
            return Err(unsupported(format!(
                "{required} graph inputs where {known} are known; export a text-only decoder"
            )));
        }
        let logits = graph.output.iter().find(|out| out.name() == decoder.outputs.logits);
        match logits.and_then(last_dimension) {
            Some(width) if usize::try_from(width) != Ok(vocab) => Err(unsupported(format!(
                "logits are {width} wide, the vocabulary {vocab}; the configuration belongs to another model"
            ))),
            _ => Ok(Self {
                attention,
                input_ids: names.input_ids.clone(),
                attention_mask: names.attention_mask.clone(),
                position_ids: has_positions.then(|| names.position_ids.clone()),
                logits: decoder.outputs.logits.clone(),
                past,
                present,
                kv_heads: decoder.num_key_value_heads,
                head_size: decoder.head_size,
            }),
        }
    }

    /// Bytes of keys and values of one token: 32-bit floats of every layer.
    pub fn token_bytes(&self) -> usize {
        self.past.len().saturating_mul(self.kv_heads).saturating_mul(self.head_size).saturating_mul(4)
    }
}

fn tensor_type(value: &ValueInfoProto) -> Option<&type_proto::Tensor> {
    match value.r#type.as_ref()?.value.as_ref()? {
        type_proto::Value::TensorType(tensor) => Some(tensor),
        _ => None,
    }
}

fn element_type(value: &ValueInfoProto) -> i32 {
    tensor_type(value).map_or(0, |tensor| tensor.elem_type())
}

fn last_dimension(value: &ValueInfoProto) -> Option<i64> {
    use openledger_onnx_graph::proto::tensor_shape_proto::dimension::Value;
    match tensor_type(value)?.shape.as_ref()?.dim.last()?.value.as_ref()? {
        Value::DimValue(size) => Some(*size),
        Value::DimParam(_) => None,
    }
}

pub(crate) fn unsupported(reason: String) -> EngineError {
    EngineError::ModelUnsupported { reason }
}
