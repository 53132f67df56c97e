//! The graph under construction: nodes in topological order with what is known about each value.

use std::collections::{HashMap, HashSet};

use super::{
    GradError,
    dims::{Axis, Fact, Shape, axis_of, plausible},
    infer::{Inputs, infer},
    values::{self, Values},
};
use crate::{
    element,
    proto::{GraphProto, NodeProto, TensorProto, ValueInfoProto},
    validate::plain_domain,
};

/// Bound on the nodes of a gradient graph; a decoder of 200 layers stays far below.
pub(crate) const MAX_NODES: usize = 1 << 20;

/// Nodes, constants and facts, in the order in which they were added.
pub(crate) struct GraphBuilder {
    /// Version of the standard operator set.
    pub opset: i64,
    /// All nodes so far, producers before readers.
    pub nodes: Vec<NodeProto>,
    /// Graph inputs.
    pub inputs: Vec<ValueInfoProto>,
    /// Constants.
    pub initializers: Vec<TensorProto>,
    taken: HashSet<String>,
    facts: HashMap<String, Fact>,
    hints: HashMap<String, Fact>,
    values: HashMap<String, Values>,
    /// Constants that the builder made, by their bytes, so that each is stored once.
    pub(super) constants: HashMap<(i32, Vec<i64>, Vec<u8>), String>,
    /// Outputs of nodes that the builder wrote, by operator, inputs and encoded attributes.
    pub(super) written: HashMap<(String, Vec<String>, Vec<u8>), String>,
    /// Index of the node that produces a value.
    producers: HashMap<String, usize>,
    scope: String,
    serial: usize,
}

impl GraphBuilder {
    /// Starts with the inputs and constants of a graph, without its nodes.
    pub fn new(source: &GraphProto, opset: i64) -> Self {
        let mut builder = Self {
            opset,
            nodes: Vec::new(),
            inputs: Vec::new(),
            initializers: Vec::new(),
            taken: names(source),
            facts: HashMap::new(),
            hints: source
                .value_info
                .iter()
                .chain(&source.output)
                .map(|v| (v.name().to_owned(), Fact::declared(v)))
                .collect(),
            values: HashMap::new(),
            constants: HashMap::new(),
            written: HashMap::new(),
            producers: HashMap::new(),
            scope: "grad".to_owned(),
            serial: 0,
        };
        for tensor in &source.initializer {
            builder.add_initializer(tensor.clone());
        }
        for input in &source.input {
            builder.add_input(input.clone());
        }
        builder
    }

    /// Nodes added by [`GraphBuilder::op`] from now on are named below this node.
    pub fn enter(&mut self, scope: &str) {
        scope.clone_into(&mut self.scope);
    }

    /// Adds a graph input. One that an initialiser has a default for keeps its declared shape.
    pub fn add_input(&mut self, input: ValueInfoProto) {
        let name = input.name().to_owned();
        self.facts.insert(name.clone(), plausible(Fact::declared(&input)));
        // Whoever runs the graph may replace the default, so its elements are no constant.
        self.values.remove(&name);
        self.taken.insert(name);
        self.inputs.push(input);
    }

    /// Adds a constant.
    pub fn add_initializer(&mut self, tensor: TensorProto) {
        let name = tensor.name().to_owned();
        let shape = tensor.dims.iter().map(|&size| Axis::Fixed(size)).collect();
        self.facts.insert(name.clone(), Fact::new(tensor.data_type(), Some(shape)));
        if let Some(values) = values::of_tensor(&tensor) {
            self.values.insert(name.clone(), values);
        }
        self.taken.insert(name);
        self.initializers.push(tensor);
    }

    /// Whether a name is in use.
    pub fn is_taken(&self, name: &str) -> bool {
        self.taken.contains(name)
    }

    /// What is known about a value; nothing for one that does not exist.
    pub fn fact(&self, name: &str) -> Fact {
        self.facts.get(name).cloned().unwrap_or_default()
    }

    /// Sizes of a value, or `None` when its rank is unknown.
    pub fn shape(&self, name: &str) -> Option<&Shape> {
        self.facts.get(name)?.shape.as_ref()
    }

    /// Rank of a value.
    ///
    /// # Errors
    /// [`GradError::Value`] when it cannot be told without running the graph.
    pub fn rank(&self, name: &str) -> Result<usize, GradError> {
        self.shape(name).map(Vec::len).ok_or_else(|| GradError::Value {
            name: name.to_owned(),
            reason: "its rank is unknown; run ONNX shape inference over the model first".to_owned(),
        })
    }

    /// Element type of a value that gradients flow through.
    ///
    /// # Errors
    /// [`GradError::Value`] unless it is known to be a 32-bit or 64-bit float: smaller ones lose gradients
    /// to underflow.
    pub fn float_type(&self, name: &str) -> Result<i32, GradError> {
        match self.facts.get(name).map_or(0, |fact| fact.data_type) {
            known @ (element::FLOAT | element::DOUBLE) => Ok(known),
            other => Err(GradError::Value {
                name: name.to_owned(),
                reason: format!("gradients need 32-bit floats, not element type {other}; export the model in fp32"),
            }),
        }
    }

    /// Constant integers of a value, or `None` when some are known only at run time.
    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        let fixed = |axis: &Axis| if let Axis::Fixed(value) = axis { Some(*value) } else { None };
        self.values.get(name)?.iter().map(fixed).collect()
    }

    /// Adds what the caller knows about a value. Where two names for one size meet, the caller's stays.
    pub fn refine(&mut self, name: &str, fact: &Fact) {
        let known = self.facts.remove(name).unwrap_or_default();
        self.facts.insert(name.to_owned(), fact.clone().refined(&known));
    }

    /// Adds a node as it is and works out what is known about its outputs.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn push(&mut self, node: NodeProto) -> Result<(), GradError> {
        if self.nodes.len() >= MAX_NODES {
            return Err(GradError::TooManyNodes { limit: MAX_NODES });
        }
        let nothing = Fact::default();
        let inputs = Inputs {
            facts: node.input.iter().map(|name| self.facts.get(name).unwrap_or(&nothing)).collect(),
            values: node.input.iter().map(|name| self.values.get(name)).collect(),
        };
        let facts = infer(&node, &inputs);
        let standard = plain_domain(node.domain()).is_empty();
        let elements = standard.then(|| values::of_node(&node, &inputs.values, &inputs.facts)).flatten();
        for (index, (name, fact)) in node.output.iter().zip(facts).enumerate() {
            let fact = match self.hints.get(name) {
                Some(hint) => fact.refined(hint),
                None => fact,
            };
            let fact = plausible(fact);
            // Elements are followed through scalars and vectors only.
            let flat = fact.shape.as_ref().is_some_and(|shape| shape.len() <= 1);
            if let Some(elements) = elements.as_ref().filter(|_| index == 0 && flat) {
                self.values.insert(name.clone(), elements.clone());
            }
            self.taken.insert(name.clone());
            self.producers.insert(name.clone(), self.nodes.len());
            self.facts.insert(name.clone(), fact);
        }
        self.nodes.push(node);
        Ok(())
    }

    /// A name that nothing has yet.
    pub fn fresh(&mut self, what: &str) -> String {
        self.fresh_in(&self.scope.clone(), what)
    }

    /// A name that nothing has yet, below a given scope.
    pub fn fresh_in(&mut self, scope: &str, what: &str) -> String {
        loop {
            let name = format!("{scope}/{what}_{}", self.serial);
            self.serial = self.serial.saturating_add(1);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// The node that produces a value.
    pub fn producer(&self, name: &str) -> Option<&NodeProto> {
        self.nodes.get(*self.producers.get(name)?)
    }

    /// Elements of a scalar: rank 0, 64-bit or 32-bit; for telling constant exponents apart.
    pub fn constant_scalar(&self, name: &str) -> Option<f64> {
        let made_by_node = || {
            let node = self.producer(name)?;
            if node.op_type() == "Constant" { super::attributes::tensor(node, "value") } else { None }
        };
        if self.inputs.iter().any(|input| input.name() == name) {
            return None;
        }
        let tensor = self.initializers.iter().find(|tensor| tensor.name() == name).or_else(made_by_node)?;
        if tensor.dims.iter().any(|&size| size != 1) {
            return None;
        }
        let raw = tensor.raw_data.as_deref();
        match tensor.data_type() {
            element::FLOAT => match raw {
                Some(raw) => raw.try_into().ok().map(|four| f64::from(f32::from_le_bytes(four))),
                None => tensor.float_data.first().map(|&value| f64::from(value)),
            },
            element::DOUBLE => match raw {
                Some(raw) => raw.try_into().ok().map(f64::from_le_bytes),
                None => tensor.double_data.first().copied(),
            },
            _ => None,
        }
    }

    /// Axis of a value counted from the front.
    ///
    /// # Errors
    /// [`GradError::Value`] for an unknown rank or an axis outside of it.
    pub fn axis(&self, name: &str, axis: i64) -> Result<usize, GradError> {
        let rank = self.rank(name)?;
        axis_of(axis, rank).ok_or_else(|| GradError::Value {
            name: name.to_owned(),
            reason: format!("axis {axis} is outside of its rank {rank}; the file is damaged, export it again"),
        })
    }
}

/// Every name that a graph uses, those of nested graphs included.
fn names(graph: &GraphProto) -> HashSet<String> {
    let mut all: HashSet<String> = HashSet::new();
    all.extend(graph.input.iter().map(|input| input.name().to_owned()));
    all.extend(graph.initializer.iter().map(|tensor| tensor.name().to_owned()));
    for node in &graph.node {
        all.insert(node.name().to_owned());
        all.extend(node.output.iter().cloned());
        for inner in node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
            all.extend(names(inner));
        }
    }
    all
}
