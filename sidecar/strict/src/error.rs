//! What can be wrong with a graph or its inputs.

/// Why a graph cannot be computed in strict arithmetic.
#[derive(Debug, thiserror::Error)]
pub enum StrictError {
    /// An operator without a strict form.
    #[error(
        "operator {operator} of node {node:?} has no strict form; use a model whose gradient graph has only those of docs/benchmarks/strict.md"
    )]
    Operator {
        /// Domain and name.
        operator: String,
        /// Name of the node.
        node: String,
    },
    /// A node that cannot be computed.
    #[error("{operator} {node:?}: {fault}")]
    Node {
        /// The operator.
        operator: String,
        /// Name of the node.
        node: String,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// A constant that cannot be read.
    #[error("constant {name:?}: {fault}")]
    Constant {
        /// Its name.
        name: String,
        /// What is wrong with it.
        #[source]
        fault: Fault,
    },
    /// A value that the graph reads but nothing gives, an input that it does not read or that is missing.
    #[error("value {name:?} {reason}")]
    Value {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A run would hold more than the limit at once.
    #[error("the values of the run take more than {limit} bytes; give fewer or shorter rows")]
    Memory {
        /// Bytes that may be held at once.
        limit: usize,
    },
    /// The thread rounds in another way than IEEE 754 has by default, or takes subnormal numbers for zeros.
    #[error(
        "other code has changed how this thread computes (rounding, or subnormal numbers taken for zeros); run strict arithmetic before it or in a process of its own"
    )]
    Arithmetic,
    /// The threads could not be started.
    #[error("the threads could not be started: {0}; give fewer threads")]
    Threads(String),
}

/// What is wrong with one node or constant.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// An attribute, or a value of one, that the strict form does not know.
    #[error("attribute {0:?} is not supported, or not with this value")]
    Attribute(String),
    /// An input is missing, or there are more than the strict form knows.
    #[error("it has not the inputs or outputs that its strict form takes")]
    Arity,
    /// An element type that the operator is not made for here.
    #[error("elements of {found} are not supported here; it takes {expected}")]
    Type {
        /// What the operator takes.
        expected: &'static str,
        /// What it was given.
        found: &'static str,
    },
    /// Shapes that do not fit together.
    #[error("shapes {0:?} do not fit together")]
    Shapes(Vec<Vec<usize>>),
    /// A number in a shape, index or axis that is out of range.
    #[error("{what} {value} is out of range")]
    Range {
        /// What it stands for.
        what: &'static str,
        /// Its value.
        value: i64,
    },
    /// A tensor above the limit.
    #[error("a tensor of shape {0:?} is too large; give fewer or shorter rows")]
    TooLarge(Vec<usize>),
    /// Integers that overflow or are divided by zero.
    #[error("an integer operation has no result")]
    Integer,
    /// An angle too large to be reduced exactly.
    #[error("an angle of {0} is beyond 2^20 radians")]
    Angle(f32),
    /// An exponent for which there is no exact power.
    #[error("the power {0} is not supported; only 0.5, 1, 2 and 3 are")]
    Power(f32),
    /// Bytes of a constant that are not there or not as many as its shape says.
    #[error("its data is missing or has not the size of its shape")]
    Data,
}
