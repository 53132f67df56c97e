//! What can be wrong with a cache, a plan or a call.

/// Why something was refused. The cache and the result are unchanged then, unless a variant says
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttentionError {
    /// Head counts or sizes that no attention can have.
    #[error("{what} is {value}, which must be {rule}; the graph is broken or its model is not supported")]
    Size {
        /// The number.
        what: &'static str,
        /// What it is.
        value: usize,
        /// What it must be.
        rule: &'static str,
    },
    /// A slice whose length does not follow from the shapes.
    #[error("{what} has {found} elements, expected {expected}; the graph and the plan do not belong together")]
    Length {
        /// The slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What the shapes ask for.
        expected: usize,
    },
    /// The spans do not follow each other from the first row.
    #[error("a span begins at row {found} where row {expected} is next; list spans in the order of their rows")]
    Rows {
        /// First row of the span.
        found: usize,
        /// The row after the span before.
        expected: usize,
    },
    /// A sequence with too few blocks.
    #[error("the span at row {row} has {found} blocks and needs {needed}; reserve them before the step")]
    Blocks {
        /// First row of the span.
        row: usize,
        /// Its blocks.
        found: usize,
        /// Blocks of its past and its new tokens.
        needed: usize,
    },
    /// Two tokens of a step would be written into one block by different sequences, or one that
    /// is written is read by another sequence.
    #[error("block {block} is written by one sequence and used by another; give each its own before it writes")]
    SharedBlock {
        /// The block.
        block: u32,
    },
    /// A block that the cache may not have.
    #[error("block {block} is beyond the {limit} blocks of the cache")]
    BlockBeyond {
        /// The block.
        block: u32,
        /// Number of blocks.
        limit: usize,
    },
    /// A position that the rotary tables do not have.
    #[error("position {position} is beyond the {limit} positions of the rotary tables; shorten the sequence")]
    Position {
        /// The position.
        position: usize,
        /// Rows of the tables.
        limit: usize,
    },
    /// Sizes whose product does not fit the address space.
    #[error("the sizes overflow; the graph is broken")]
    Overflow,
}
