//! An adapter's matrices in the form that the kernels read.

use half::bf16;

use crate::LoraError;

/// Highest rank of a module.
pub const MAX_RANK: usize = 128;

/// The two matrices of one module: `delta = scale * B (A x)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    rank: usize,
    in_features: usize,
    out_features: usize,
    scale: f32,
    a: Vec<bf16>,
    b: Vec<bf16>,
}

impl Module {
    /// Takes A as [rank, in_features] and B, transposed, as [rank, out_features], both row-major.
    /// `scale` is applied in 32 bits to `A x`, because folded into B it would round B once more.
    ///
    /// # Errors
    /// [`LoraError::Rank`], [`LoraError::Length`], [`LoraError::Overflow`].
    pub fn new(
        [rank, in_features, out_features]: [usize; 3],
        a: Vec<bf16>,
        b: Vec<bf16>,
        scale: f32,
    ) -> Result<Self, LoraError> {
        if rank == 0 || rank > MAX_RANK {
            return Err(LoraError::Rank { rank, max: MAX_RANK });
        }
        for (what, found, width) in [("A", a.len(), in_features), ("B", b.len(), out_features)] {
            let expected = rank.checked_mul(width).ok_or(LoraError::Overflow)?;
            if found != expected {
                return Err(LoraError::Length { what, found, expected });
            }
        }
        Ok(Self { rank, in_features, out_features, scale, a, b })
    }

    /// Rows of A and of the transposed B.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Width of `x`.
    #[must_use]
    pub fn in_features(&self) -> usize {
        self.in_features
    }

    /// Width of the delta.
    #[must_use]
    pub fn out_features(&self) -> usize {
        self.out_features
    }

    /// Factor on `A x`.
    #[must_use]
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// A, row-major [rank, in_features].
    #[must_use]
    pub fn a(&self) -> &[bf16] {
        &self.a
    }

    /// The transposed B, row-major [rank, out_features].
    #[must_use]
    pub fn b(&self) -> &[bf16] {
        &self.b
    }
}

/// The modules of one adapter by the index of their site.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Adapter {
    modules: Vec<Option<Module>>,
}

impl Adapter {
    /// An adapter of the given modules; a later one replaces an earlier one of the same site.
    /// Memory grows with the highest index, so sites must be those of a checked graph.
    #[must_use]
    pub fn new(modules: impl IntoIterator<Item = (usize, Module)>) -> Self {
        let mut adapter = Self::default();
        for (site, module) in modules {
            if site >= adapter.modules.len() {
                adapter.modules.resize(site.saturating_add(1), None);
            }
            if let Some(place) = adapter.modules.get_mut(site) {
                *place = Some(module);
            }
        }
        adapter
    }

    /// The module at a site, if the adapter changes it.
    #[must_use]
    pub fn module(&self, site: usize) -> Option<&Module> {
        self.modules.get(site)?.as_ref()
    }

    /// Bytes of all matrices.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let matrices = self.modules.iter().flatten().flat_map(|module| [&module.a, &module.b]);
        matrices.map(|matrix| size_of_val(matrix.as_slice())).sum()
    }
}
