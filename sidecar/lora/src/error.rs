//! What can be wrong with matrices and calls.

/// Why a module, a layer or a call was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoraError {
    /// A rank of zero or above [`crate::MAX_RANK`].
    #[error("rank {rank} is not between 1 and {max}; train the adapter with a smaller rank")]
    Rank {
        /// The rank asked for.
        rank: usize,
        /// The highest rank.
        max: usize,
    },
    /// A slice whose length does not follow from the shapes.
    #[error("{what} has {found} elements, expected {expected}; the graph and the adapter do not belong together")]
    Length {
        /// The slice.
        what: &'static str,
        /// Its length.
        found: usize,
        /// What the shapes ask for.
        expected: usize,
    },
    /// An adapter's module does not fit the layer it is used in.
    #[error("the module of site {site} is {found_in} x {found_out}, the layer is {layer_in} x {layer_out}")]
    Shape {
        /// Index of the site.
        site: usize,
        /// Inputs of the module.
        found_in: usize,
        /// Outputs of the module.
        found_out: usize,
        /// Inputs of the layer.
        layer_in: usize,
        /// Outputs of the layer.
        layer_out: usize,
    },
    /// Sizes whose product does not fit the address space.
    #[error("the sizes overflow; the graph is broken")]
    Overflow,
}
