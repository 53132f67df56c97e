//! The gradient graph in ONNX Runtime.

use std::borrow::Cow;

use openledger_onnx_graph::Model;
use ort::{
    session::{Session, SessionInputValue},
    value::Tensor,
};

use super::{Executor, Input, Output, Values};
use crate::{EngineError, error::inference, runtime::Runtime};

/// A session of ONNX Runtime over a gradient graph.
pub struct OnnxRuntime {
    session: Session,
}

impl OnnxRuntime {
    pub(super) fn new(runtime: &Runtime, graph: &Model, threads: usize) -> Result<Self, EngineError> {
        Ok(Self { session: runtime.session(graph, threads, None)? })
    }
}

impl Executor for OnnxRuntime {
    fn run(&mut self, inputs: Vec<Input<'_>>, outputs: &[Output<'_>]) -> Result<Vec<Vec<f32>>, EngineError> {
        let mut named: Vec<(Cow<'_, str>, SessionInputValue<'static>)> = Vec::with_capacity(inputs.len());
        for Input { name, shape, values } in inputs {
            let value = match values {
                Values::Floats(values) => Tensor::from_array((shape, values)).map_err(inference)?.into(),
                Values::Integers(values) => Tensor::from_array((shape, values)).map_err(inference)?.into(),
            };
            named.push((Cow::Borrowed(name), value));
        }
        let found = self.session.run(named).map_err(inference)?;
        let floats = |&Output { name, len }: &Output<'_>| {
            let value = found.get(name).ok_or_else(|| inference(format!("the graph returned no {name:?}")))?;
            let (_, data) = value.try_extract_tensor::<f32>().map_err(inference)?;
            if data.len() == len {
                return Ok(data.to_vec());
            }
            Err(inference(format!("{name:?} has {} elements, not {len}", data.len())))
        };
        outputs.iter().map(floats).collect()
    }
}
