//! The graph under construction: nodes in topological order with what is known about each value.

use std::collections::{HashMap, HashSet};

use super::{
    GradError,
    attributes::with_ints,
    dims::{Axis, Fact, Shape, axis_of},
    infer::{Inputs, infer},
    values::{self, Values},
};
use crate::{
    element,
    proto::{AttributeProto, GraphProto, NodeProto, TensorProto, ValueInfoProto},
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
    constants: HashMap<(i32, Vec<i64>, Vec<u8>), String>,
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
        self.facts.insert(name.clone(), Fact::declared(&input));
        // Whoever runs the graph may replace the default, so its elements are no constant.
        self.values.remove(&name);
        self.taken.insert(name);
        self.inputs.push(input);
    }

    fn add_initializer(&mut self, tensor: TensorProto) {
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
            // Elements are followed through scalars and vectors only.
            let flat = fact.shape.as_ref().is_some_and(|shape| shape.len() <= 1);
            if let Some(elements) = elements.as_ref().filter(|_| index == 0 && flat) {
                self.values.insert(name.clone(), elements.clone());
            }
            self.taken.insert(name.clone());
            self.facts.insert(name.clone(), fact);
        }
        self.nodes.push(node);
        Ok(())
    }

    /// A name that nothing has yet.
    pub fn fresh(&mut self, what: &str) -> String {
        loop {
            let name = format!("{}/{what}_{}", self.scope, self.serial);
            self.serial = self.serial.saturating_add(1);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
    }

    /// Adds a standard operator with one output and returns the output's name.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn op(&mut self, op: &str, inputs: &[&str]) -> Result<String, GradError> {
        self.op_with(op, inputs, Vec::new())
    }

    /// As [`GraphBuilder::op`], with attributes.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn op_with(&mut self, op: &str, inputs: &[&str], attribute: Vec<AttributeProto>) -> Result<String, GradError> {
        let output = self.fresh(op);
        self.op_named(op, inputs, attribute, &[&output])?;
        Ok(output)
    }

    /// As [`GraphBuilder::op_with`], with given names for the outputs.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn op_named(
        &mut self,
        op: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
        outputs: &[&str],
    ) -> Result<(), GradError> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        self.push(NodeProto {
            op_type: Some(op.to_owned()),
            name: Some(outputs.first().map(|&name| name.to_owned()).unwrap_or_default()),
            input: owned(inputs),
            output: owned(outputs),
            attribute,
            ..NodeProto::default()
        })
    }

    /// A constant vector of integers.
    pub fn int_vector(&mut self, values: &[i64]) -> String {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(element::INT64, vec![i64::try_from(values.len()).unwrap_or(i64::MAX)], raw)
    }

    /// A constant integer of rank 0.
    pub fn int_scalar(&mut self, value: i64) -> String {
        self.constant(element::INT64, Vec::new(), value.to_le_bytes().to_vec())
    }

    /// A constant number of rank 0 with the element type of a value.
    ///
    /// # Errors
    /// [`GradError::Value`] when that type is no float the compiler computes with.
    pub fn scalar_like(&mut self, value: f64, like: &str) -> Result<String, GradError> {
        let data_type = self.float_type(like)?;
        Ok(self.scalar(value, data_type))
    }

    /// A constant number of rank 0: 64-bit for [`element::DOUBLE`], else 32-bit.
    pub fn scalar(&mut self, value: f64, data_type: i32) -> String {
        if data_type == element::DOUBLE {
            return self.constant(data_type, Vec::new(), value.to_le_bytes().to_vec());
        }
        #[allow(clippy::cast_possible_truncation)]
        let narrow = value as f32;
        self.constant(element::FLOAT, Vec::new(), narrow.to_le_bytes().to_vec())
    }

    fn constant(&mut self, data_type: i32, dims: Vec<i64>, raw: Vec<u8>) -> String {
        let key = (data_type, dims.clone(), raw.clone());
        if let Some(name) = self.constants.get(&key) {
            return name.clone();
        }
        let scope = std::mem::replace(&mut self.scope, "grad".to_owned());
        let name = self.fresh("constant");
        self.scope = scope;
        self.add_initializer(TensorProto {
            name: Some(name.clone()),
            dims,
            data_type: Some(data_type),
            raw_data: Some(raw.into()),
            ..TensorProto::default()
        });
        self.constants.insert(key, name.clone());
        name
    }

    /// Elements of a scalar: rank 0, 64-bit or 32-bit; for telling constant exponents apart.
    pub fn constant_scalar(&self, name: &str) -> Option<f64> {
        let made_by_node = || {
            let node = self.nodes.iter().find(|node| node.output.iter().any(|output| output == name))?;
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

    /// `Reshape` to a constant shape; 0 copies the size of the same axis, -1 is worked out.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn reshape(&mut self, value: &str, shape: &[i64]) -> Result<String, GradError> {
        let shape = self.int_vector(shape);
        self.op("Reshape", &[value, &shape])
    }

    /// `Transpose`.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn transpose(&mut self, value: &str, perm: &[i64]) -> Result<String, GradError> {
        self.op_with("Transpose", &[value], vec![with_ints("perm", perm)])
    }

    /// `ReduceSum` over constant axes.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn reduce_sum(&mut self, value: &str, axes: &[i64], keep: bool) -> Result<String, GradError> {
        let axes = self.int_vector(axes);
        let keep = crate::build::int_attribute("keepdims", i64::from(keep));
        self.op_with("ReduceSum", &[value, &axes], vec![keep])
    }

    /// The value with the shape of another one that has as many elements.
    ///
    /// # Errors
    /// [`GradError::TooManyNodes`].
    pub fn reshape_like(&mut self, value: &str, like: &str) -> Result<String, GradError> {
        let fixed = |axis: &Axis| if let Axis::Fixed(size) = axis { Some(*size) } else { None };
        let constant: Option<Vec<i64>> = self.shape(like).and_then(|shape| shape.iter().map(fixed).collect());
        let shape = match constant {
            Some(sizes) => self.int_vector(&sizes),
            None => self.op("Shape", &[like])?,
        };
        // A size of zero is a size here, not "copy".
        let literal = crate::build::int_attribute("allowzero", 1);
        let output = self.op_with("Reshape", &[value, &shape], vec![literal])?;
        let fact = self.fact(like);
        self.refine(&output, &Fact::new(0, fact.shape));
        Ok(output)
    }

    /// Zeros of the type and shape of a value.
    ///
    /// # Errors
    /// [`GradError::Value`] when its type is no float the compiler computes with.
    pub fn zeros_like(&mut self, like: &str) -> Result<String, GradError> {
        let data_type = self.float_type(like)?;
        let shape = self.op("Shape", &[like])?;
        let width = if data_type == element::DOUBLE { 8 } else { 4 };
        let zero = TensorProto {
            dims: vec![1],
            data_type: Some(data_type),
            raw_data: Some(vec![0; width].into()),
            ..TensorProto::default()
        };
        let output = self.op_with("ConstantOfShape", &[&shape], vec![super::attributes::with_tensor("value", zero)])?;
        let fact = self.fact(like);
        self.refine(&output, &fact);
        Ok(output)
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
