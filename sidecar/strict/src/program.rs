//! A graph made ready to run: constants read, what depends on them alone computed, last uses known.

use std::collections::HashMap;

use openledger_onnx_graph::Model;

use crate::{
    StrictError, constant,
    context::Context,
    environment,
    ops::{Inputs, Kernel, kernel},
    tensor::Tensor,
};

/// Bytes of values that a run may hold at once, shared ones counted every time: 16 GiB.
pub const MAX_RUN_BYTES: usize = 16 << 30;

/// A graph in the order of its nodes.
pub(crate) struct Program {
    /// Values by number: the constants that a step reads.
    constants: Vec<Option<Tensor>>,
    inputs: HashMap<String, usize>,
    outputs: HashMap<String, usize>,
    steps: Vec<Step>,
}

/// One node.
struct Step {
    operator: String,
    name: String,
    kernel: Kernel,
    inputs: Vec<Option<usize>>,
    /// Values that it gives; `None` for those that nothing reads.
    outputs: Vec<Option<usize>>,
    /// Values that no later step reads.
    last_used: Vec<usize>,
}

impl Step {
    fn run(
        &self,
        context: &Context<'_>,
        constants: &[Option<Tensor>],
        values: &[Option<Tensor>],
    ) -> Result<Vec<Tensor>, StrictError> {
        let node = |fault| StrictError::Node { operator: self.operator.clone(), node: self.name.clone(), fault };
        let find = |id: usize| {
            let constant = constants.get(id).and_then(Option::as_ref);
            constant.or_else(|| values.get(id).and_then(Option::as_ref)).ok_or_else(|| node(crate::Fault::Arity))
        };
        let inputs = self.inputs.iter().map(|id| id.map(find).transpose()).collect::<Result<_, _>>()?;
        let outputs = (self.kernel)(&Inputs(inputs), context).map_err(node)?;
        if outputs.len() == self.outputs.len() { Ok(outputs) } else { Err(node(crate::Fault::Arity)) }
    }
}

/// Numbers of the values of a graph.
#[derive(Default)]
struct Names<'g> {
    ids: HashMap<&'g str, usize>,
}

impl<'g> Names<'g> {
    fn give(&mut self, name: &'g str) -> Result<usize, StrictError> {
        let id = self.ids.len();
        match self.ids.insert(name, id) {
            None => Ok(id),
            Some(_) => Err(value(name, "is given twice; the graph is broken")),
        }
    }

    fn find(&self, name: &str) -> Result<usize, StrictError> {
        self.ids.get(name).copied().ok_or_else(|| value(name, "is read before anything gives it; the graph is broken"))
    }
}

fn value(name: &str, reason: &'static str) -> StrictError {
    StrictError::Value { name: name.to_owned(), reason }
}

impl Program {
    /// Reads a graph and computes what depends on constants alone.
    ///
    /// # Errors
    /// [`StrictError::Operator`] and [`StrictError::Node`] for what has no strict form, [`StrictError::Constant`],
    /// [`StrictError::Value`] for a graph that is not in order, [`StrictError::Arithmetic`].
    pub fn new(model: &Model, context: &Context<'_>) -> Result<Self, StrictError> {
        environment::check()?;
        let graph = model.graph();
        let mut names = Names::default();
        let mut constants: Vec<Option<Tensor>> = Vec::new();
        for constant in &graph.initializer {
            let fault = |fault| StrictError::Constant { name: constant.name().to_owned(), fault };
            names.give(constant.name())?;
            constants.push(Some(constant::read(model, constant).map_err(fault)?));
        }
        let mut inputs = HashMap::new();
        // Old graphs list their constants among the inputs.
        for input in &graph.input {
            if names.ids.contains_key(input.name()) {
                continue;
            }
            inputs.insert(input.name().to_owned(), names.give(input.name())?);
            constants.push(None);
        }
        let mut steps = Vec::with_capacity(graph.node.len());
        for node in &graph.node {
            let fail =
                |fault| StrictError::Node { operator: node.op_type().to_owned(), node: node.name().to_owned(), fault };
            let kernel = kernel(model, node).map_err(fail)?.ok_or_else(|| StrictError::Operator {
                operator: [node.domain(), node.op_type()].join("::").trim_start_matches("::").to_owned(),
                node: node.name().to_owned(),
            })?;
            let find = |name: &String| (!name.is_empty()).then(|| names.find(name)).transpose();
            let read = node.input.iter().map(find).collect::<Result<Vec<_>, _>>()?;
            let mut given = Vec::with_capacity(node.output.len());
            for name in &node.output {
                if name.is_empty() {
                    given.push(None);
                } else {
                    given.push(Some(names.give(name)?));
                    constants.push(None);
                }
            }
            let fixed = read.iter().flatten().all(|&id| constants.get(id).is_some_and(Option::is_some));
            let step = Step {
                operator: node.op_type().to_owned(),
                name: node.name().to_owned(),
                kernel,
                inputs: read,
                outputs: given,
                last_used: Vec::new(),
            };
            if fixed {
                for (id, tensor) in step.outputs.iter().zip(step.run(context, &constants, &[])?) {
                    if let Some(slot) = id.and_then(|id| constants.get_mut(id)) {
                        *slot = Some(tensor);
                    }
                }
            } else {
                steps.push(step);
            }
        }
        let find = |name: &str| names.find(name).map(|id| (name.to_owned(), id));
        let outputs = graph.output.iter().map(|output| find(output.name())).collect::<Result<HashMap<_, _>, _>>()?;
        let mut program = Self { constants, inputs, outputs, steps };
        program.drop_unread();
        Ok(program)
    }

    /// Removes steps and constants that no output needs, and notes after which step a value can go.
    fn drop_unread(&mut self) {
        let mut needed = vec![false; self.constants.len()];
        let mut mark = |id: usize| needed.get_mut(id).is_some_and(|needed| !std::mem::replace(needed, true));
        self.outputs.values().for_each(|&id| {
            mark(id);
        });
        let mut kept = Vec::with_capacity(self.steps.len());
        while let Some(mut step) = self.steps.pop() {
            // An output that is not marked yet is read by no later step.
            for output in &mut step.outputs {
                if output.is_some_and(&mut mark) {
                    *output = None;
                }
            }
            if step.outputs.iter().any(Option::is_some) {
                let mut read: Vec<usize> = step.inputs.iter().flatten().copied().collect();
                read.sort_unstable();
                read.dedup();
                step.last_used = read.into_iter().filter(|&id| mark(id)).collect();
                kept.push(step);
            }
        }
        kept.reverse();
        for (constant, needed) in self.constants.iter_mut().zip(needed) {
            *constant = constant.take().filter(|_| needed);
        }
        self.steps = kept;
    }

    /// The wanted outputs, in their order.
    ///
    /// # Errors
    /// [`StrictError::Value`] for names that the graph does not have and inputs that are missing,
    /// [`StrictError::Node`] for shapes and numbers that do not fit, [`StrictError::Memory`],
    /// [`StrictError::Arithmetic`].
    pub fn run(
        &self,
        context: &Context<'_>,
        inputs: Vec<(&str, Tensor)>,
        wanted: &[&str],
    ) -> Result<Vec<Tensor>, StrictError> {
        environment::check()?;
        let mut values: Vec<Option<Tensor>> = vec![None; self.constants.len()];
        let mut held = 0_usize;
        for (name, tensor) in inputs {
            let id = *self.inputs.get(name).ok_or_else(|| value(name, "is no input of the graph"))?;
            held = held.saturating_add(tensor.bytes());
            if let Some(slot) = values.get_mut(id) {
                *slot = Some(tensor);
            }
        }
        let given = |id: usize| values.get(id).is_some_and(Option::is_some);
        if let Some((name, _)) = self.inputs.iter().find(|(_, id)| !given(**id)) {
            return Err(value(name, "is an input that the run does not give"));
        }
        for step in &self.steps {
            let outputs = step.run(context, &self.constants, &values)?;
            for (id, tensor) in step.outputs.iter().zip(outputs) {
                if let Some(slot) = id.and_then(|id| values.get_mut(id)) {
                    held = held.saturating_add(tensor.bytes());
                    *slot = Some(tensor);
                }
            }
            if held > MAX_RUN_BYTES {
                return Err(StrictError::Memory { limit: MAX_RUN_BYTES });
            }
            for &id in &step.last_used {
                if let Some(gone) = values.get_mut(id).and_then(Option::take) {
                    held = held.saturating_sub(gone.bytes());
                    context.buffers.give_back(gone);
                }
            }
        }
        let find = |name: &&str| {
            let id = *self.outputs.get(*name).ok_or_else(|| value(name, "is no output of the graph"))?;
            let found = [&values, &self.constants].into_iter().find_map(|all| all.get(id)?.as_ref());
            found.cloned().ok_or_else(|| value(name, "was not computed"))
        };
        wanted.iter().map(find).collect()
    }
}
