//! Inputs and outputs of a decoder graph.

use openledger_onnx_graph::{
    Model, element,
    proto::{ValueInfoProto, type_proto},
};

use crate::{EngineError, Provider, float::FloatType, model_config::DecoderConfig};

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
    pub logits_type: FloatType,
    /// Past inputs, key then value of each layer.
    pub past: Vec<String>,
    /// Present outputs in the same order.
    pub present: Vec<String>,
    /// Of all keys and values.
    pub cache_type: FloatType,
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
        let find = |list: &[ValueInfoProto], name: &str| match list.iter().find(|v| v.name() == name) {
            None => Err(unsupported(format!("the graph has no {name:?}, which its configuration names"))),
            Some(value) => Ok(element_type(value)),
        };
        for name in [&names.input_ids, &names.attention_mask] {
            let of = find(&graph.input, name)?;
            if of != element::INT64 {
                let (found, wanted) = (element::name(of), element::name(element::INT64));
                return Err(unsupported(format!(
                    "{name:?} is of {found}, not of {wanted}; export a text-only decoder"
                )));
            }
        }
        let floats = |name: &str, of: i32| {
            FloatType::of(of).ok_or_else(|| {
                let found = element::name(of);
                unsupported(format!("{name:?} is of {found}; export with precision fp32, fp16, bf16, int8 or int4"))
            })
        };
        let logits_type = floats(&decoder.outputs.logits, find(&graph.output, &decoder.outputs.logits)?)?;
        let inputs = past.iter().map(|name| Ok::<_, EngineError>((name, find(&graph.input, name)?)));
        let outputs = present.iter().map(|name| Ok::<_, EngineError>((name, find(&graph.output, name)?)));
        let mut cache_type = None;
        for cache in inputs.chain(outputs) {
            let (name, of) = cache?;
            let of = floats(name, of)?;
            if *cache_type.get_or_insert(of) != of {
                return Err(unsupported(format!("{name:?} is of other floats than the first cache; export again")));
            }
        }
        let cache_type = cache_type.unwrap_or(FloatType::F32);
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
                logits_type,
                past,
                present,
                cache_type,
                kv_heads: decoder.num_key_value_heads,
                head_size: decoder.head_size,
            }),
        }
    }

    /// Bytes of keys and values of one token, in every layer.
    pub fn token_bytes(&self) -> usize {
        let numbers = self.past.len().saturating_mul(self.kv_heads).saturating_mul(self.head_size);
        numbers.saturating_mul(self.cache_type.bytes())
    }

    /// Checks that logits and cache are of 32 bits, as our own operators, training and attribution compute.
    ///
    /// # Errors
    /// [`EngineError::ModelUnsupported`].
    pub fn expect_32_bits(&self) -> Result<(), EngineError> {
        let cache = self.past.first().map_or("the cache", String::as_str);
        for (name, of) in [(self.logits.as_str(), self.logits_type), (cache, self.cache_type)] {
            if of != FloatType::F32 {
                return Err(half_precision(&format!("{name:?} is of 16-bit floats ({})", of.name())));
            }
        }
        Ok(())
    }

    /// Checks that a provider has kernels for the model's own attention. Without one the runtime would quietly compute on the
    /// processor, or refuse with a message that does not say what to export.
    ///
    /// # Errors
    /// [`EngineError::ModelUnsupported`].
    pub fn expect_attention_on(&self, provider: Provider) -> Result<(), EngineError> {
        match (self.attention, provider, self.cache_type) {
            (Attention::Grouped, Provider::Cpu, FloatType::Bf16) => Err(unsupported(
                "its attention is of bf16, for which the processor has no kernel; set provider = \"cuda\", or export for CPU \
                 with precision fp32, int8 or int4"
                    .to_owned(),
            )),
            (Attention::Grouped, Provider::Cuda { .. }, FloatType::F32) => Err(unsupported(
                "its attention is of 32-bit floats, for which CUDA has no kernel; export with -e cuda and precision fp16, bf16 \
                 or int4"
                    .to_owned(),
            )),
            _ => Ok(()),
        }
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

/// The refusal of what is of 16 bits where 32 are computed.
pub(crate) fn half_precision(what: &str) -> EngineError {
    unsupported(format!(
        "{what}; export for CPU with precision fp32, int8 or int4, or serve it in the portable forms: model.lora = \"standard\" and \
         model.attention = \"stock\""
    ))
}

pub(crate) fn unsupported(reason: String) -> EngineError {
    EngineError::ModelUnsupported { reason }
}
