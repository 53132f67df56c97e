//! An adapter's matrices in the form that the kernels read.

use std::sync::Arc;

use half::bf16;

use crate::{
    LoraError,
    packed::{Packed, pack_rows, pack_transposed, unpack},
    region,
};

/// Highest rank of a module.
pub const MAX_RANK: usize = 128;

/// A pair of matrices: A as [rank, in_features] and B, transposed, as [rank, out_features], both
/// row-major.
#[derive(Debug, Clone, PartialEq)]
pub enum Matrices {
    /// 16 bits a weight: half the memory to read.
    Bf16 {
        /// A.
        a: Vec<bf16>,
        /// The transposed B.
        b: Vec<bf16>,
    },
    /// 32 bits a weight, for adapters that 16 bits cannot hold.
    F32 {
        /// A.
        a: Vec<f32>,
        /// The transposed B.
        b: Vec<f32>,
    },
}

impl Matrices {
    /// The smallest form that holds every value exactly. Rounding would change what the adapter
    /// was trained to say: in a small test model it moves logits by 0.03.
    #[must_use]
    pub fn exact(a: Vec<f32>, b: Vec<f32>) -> Self {
        let fits = |value: &f32| bf16::from_f32(*value).to_f32().to_bits() == value.to_bits();
        if a.iter().chain(&b).all(fits) {
            let narrow = |values: Vec<f32>| values.into_iter().map(bf16::from_f32).collect();
            return Self::Bf16 { a: narrow(a), b: narrow(b) };
        }
        Self::F32 { a, b }
    }

    fn lengths(&self) -> [usize; 2] {
        match self {
            Self::Bf16 { a, b } => [a.len(), b.len()],
            Self::F32 { a, b } => [a.len(), b.len()],
        }
    }
}

/// One module: `delta = scale * B (A x)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    rank: usize,
    in_features: usize,
    out_features: usize,
    scale: f32,
    weights: Packed,
}

impl Module {
    /// Takes matrices of the given rank and widths. `scale` is applied in 32 bits to `A x`, because
    /// folded into B it could round B.
    ///
    /// # Errors
    /// [`LoraError::Rank`], [`LoraError::Length`], [`LoraError::Overflow`].
    pub fn new(
        [rank, in_features, out_features]: [usize; 3],
        matrices: Matrices,
        scale: f32,
    ) -> Result<Self, LoraError> {
        check([rank, in_features, out_features], matrices.lengths())?;
        let weights = match matrices {
            Matrices::Bf16 { a, b } => Packed::Bf16(pack_transposed(a, &b, out_features)),
            Matrices::F32 { a, b } => Packed::F32(pack_transposed(a, &b, out_features)),
        };
        Ok(Self { rank, in_features, out_features, scale, weights })
    }

    /// Takes matrices as a file of PEFT holds them in bf16: little-endian bytes of A as
    /// [rank, in_features] and of B, not transposed, as [out_features, rank]. No value is converted.
    ///
    /// # Errors
    /// [`LoraError::Rank`], [`LoraError::Length`] (in elements), [`LoraError::Overflow`].
    pub fn from_stored_bf16(
        [rank, in_features, out_features]: [usize; 3],
        a: &[u8],
        b: &[u8],
        scale: f32,
    ) -> Result<Self, LoraError> {
        let (a, b) = (a.as_chunks::<2>().0, b.as_chunks::<2>().0);
        check([rank, in_features, out_features], [a.len(), b.len()])?;
        let mut values = Vec::with_capacity(a.len().saturating_add(b.len()));
        values.extend(a.iter().copied().map(bf16::from_le_bytes));
        let values = pack_rows(values, b, rank, bf16::from_le_bytes);
        Ok(Self { rank, in_features, out_features, scale, weights: Packed::Bf16(values) })
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

    /// A copy of both matrices in the order in which [`Module::new`] takes them.
    #[must_use]
    pub fn matrices(&self) -> Matrices {
        let shape = [self.rank, self.in_features, self.out_features];
        match self.weights.bf16() {
            Some(values) => {
                let (a, b) = unpack(values, shape);
                Matrices::Bf16 { a, b }
            }
            None => {
                let (a, b) = unpack(self.weights.f32().unwrap_or_default(), shape);
                Matrices::F32 { a, b }
            }
        }
    }

    /// The weights in the order of the kernel.
    pub(crate) fn weights(&self) -> &Packed {
        &self.weights
    }

    /// Multiply-adds of one token.
    #[must_use]
    pub fn work(&self) -> usize {
        self.weights.len()
    }

    fn bytes(&self) -> usize {
        self.weights.bytes().len()
    }
}

fn check([rank, in_features, out_features]: [usize; 3], [a, b]: [usize; 2]) -> Result<(), LoraError> {
    if rank == 0 || rank > MAX_RANK {
        return Err(LoraError::Rank { rank, max: MAX_RANK });
    }
    for (what, found, width) in [("A", a, in_features), ("B", b, out_features)] {
        let expected = rank.checked_mul(width).ok_or(LoraError::Overflow)?;
        if found != expected {
            return Err(LoraError::Length { what, found, expected });
        }
    }
    Ok(())
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
        adapter.gather();
        adapter
    }

    /// Brings all weights into one region, in the order in which a step reads them, if they are enough for one.
    fn gather(&mut self) {
        let parts: Vec<&[u8]> = self.modules.iter().flatten().map(|module| module.weights.bytes()).collect();
        let Some((region, starts)) = region::gather(&parts) else { return };
        let region = Arc::new(region);
        for (module, start) in self.modules.iter_mut().flatten().zip(starts) {
            module.weights = module.weights.placed(&region, start);
        }
    }

    /// The module at a site, if the adapter changes it.
    #[must_use]
    pub fn module(&self, site: usize) -> Option<&Module> {
        self.modules.get(site)?.as_ref()
    }

    /// Bytes of all matrices.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let bytes = self.modules.iter().flatten().map(|module| module.bytes());
        bytes.fold(0, usize::saturating_add)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_exact_form_is_taken() {
        let third = 1.0_f32 / 3.0;
        let rounded = bf16::from_f32(third).to_f32();
        let one = |value: f32| Matrices::exact(vec![1.0], vec![value]);
        assert_eq!(one(rounded), Matrices::Bf16 { a: vec![bf16::ONE], b: vec![bf16::from_f32(third)] });
        assert_eq!(one(third), Matrices::F32 { a: vec![1.0], b: vec![third] });
        let adapter = |value| Adapter::new([(2, Module::new([1, 1, 1], one(value), 1.0).unwrap())]);
        assert_eq!((adapter(rounded).bytes(), adapter(third).bytes()), (4, 8));
    }

    #[test]
    fn matrices_come_back_as_they_were_given_whatever_their_source() {
        // Whole tiles, a rest above 16 columns, one below, and one column.
        for (rank, inputs, outputs) in [(1, 1, 1), (3, 5, 64), (16, 7, 51), (4, 33, 37)] {
            let count =
                |from: usize, count: usize| (from..from + count).map(|value| value as f32).collect::<Vec<f32>>();
            let (a, b) = (small(0, rank * inputs), small(3, rank * outputs));
            let shape = [rank, inputs, outputs];
            let narrow = Matrices::Bf16 { a: a.clone(), b: b.clone() };
            let module = Module::new(shape, narrow.clone(), 2.0).unwrap();
            assert_eq!(module.matrices(), narrow);
            let bytes = |values: &[bf16]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
            let rows: Vec<bf16> = (0..outputs * rank).map(|at| b[at % rank * outputs + at / rank]).collect();
            assert_eq!(Module::from_stored_bf16(shape, &bytes(&a), &bytes(&rows), 2.0).unwrap(), module);
            assert!(Module::from_stored_bf16(shape, &bytes(&a), &bytes(&rows[1..]), 2.0).is_err());
            let wide = Matrices::F32 { a: count(0, rank * inputs), b: count(9, rank * outputs) };
            assert_eq!(Module::new(shape, wide.clone(), 2.0).unwrap().matrices(), wide);
        }
    }

    #[test]
    fn a_large_adapter_is_the_same_in_one_piece_of_memory() {
        let shape = [16, 576, 1536];
        let values = |from| small(from, 16 * 576);
        let narrow = |from| Matrices::Bf16 { a: values(from), b: small(from, 16 * 1536) };
        let wide = Matrices::F32 { a: vec![0.3; 16 * 576], b: vec![0.7; 16 * 1536] };
        let of = |from: usize| Module::new(shape, if from == 7 { wide.clone() } else { narrow(from) }, 2.0).unwrap();
        let adapter = Adapter::new((0..40).map(|site| (site, of(site))));
        assert!(adapter.bytes() > 2 << 20);
        for site in 0..40 {
            let module = adapter.module(site).unwrap();
            assert!(matches!(module.weights, Packed::Placed(_)));
            assert_eq!(module, &of(site));
            assert_eq!(module.matrices(), of(site).matrices());
            assert_eq!(module.work(), of(site).work());
        }
        assert_ne!(adapter.module(1), adapter.module(2));
    }

    /// Whole numbers below 256 are exact in bf16.
    fn small(from: usize, count: usize) -> Vec<bf16> {
        (from..from + count).map(|value| bf16::from_f32((value % 251) as f32)).collect()
    }
}
