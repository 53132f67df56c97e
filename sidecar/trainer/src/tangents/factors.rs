//! How the product of two factors bends the loss.

use ndarray::{Array2, ArrayView2, linalg::general_mat_mul, s};
use openledger_engine::gradient::{FactorLayout, TrainedModule};

use crate::{Recipe, TrainState};

/// The part of the second derivative that couples A and B of one module.
pub(super) struct Bend<'a> {
    modules: Vec<Module<'a>>,
    rank: usize,
    /// Minus the adapter's scale: the loss is the negative of what the weights' gradients are of.
    factor: f32,
}

struct Module<'a> {
    /// Where A [rank, in] and B [out, rank] start.
    a: usize,
    b: usize,
    /// Gradient of the mean log-likelihood by the frozen weight, [out, in].
    weight: ArrayView2<'a, f32>,
}

impl<'a> Bend<'a> {
    pub fn new(modules: &[TrainedModule], layout: &FactorLayout, weights: &'a [Vec<f32>], recipe: &Recipe) -> Self {
        let places = modules.iter().zip(&layout.modules).zip(weights);
        let modules = places.filter_map(|((module, (a, b)), weight)| {
            let weight = ArrayView2::from_shape((module.out_features, module.in_features), weight).ok()?;
            Some(Module { a: a.start, b: b.start, weight })
        });
        #[allow(clippy::cast_possible_truncation)]
        let factor = -recipe.scale() as f32;
        Self { modules: modules.collect(), rank: layout.rank, factor }
    }

    /// Adds s δBᵀ M to the changes of the gradients by A, and s M δAᵀ to those by B.
    pub fn add(&self, moved: &[TrainState], changes: &mut Array2<f32>) {
        let (rank, count) = (self.rank, moved.len());
        for module in &self.modules {
            let (wide, long) = module.weight.dim();
            let rows = count.saturating_mul(rank);
            // Rows of all groups below each other: one product instead of many small ones.
            let (mut a, mut b) = (Array2::zeros((rows, long)), Array2::zeros((rows, wide)));
            for (group, moved) in moved.iter().enumerate() {
                let first = group.saturating_mul(rank);
                let end = first.saturating_add(rank);
                if let Some(own) = view(&moved.parameters, module.a, (rank, long)) {
                    a.slice_mut(s![first..end, ..]).assign(&own);
                }
                if let Some(own) = view(&moved.parameters, module.b, (wide, rank)) {
                    b.slice_mut(s![first..end, ..]).assign(&own.t());
                }
            }
            let (mut by_a, mut by_b) = (Array2::zeros((rows, long)), Array2::zeros((rows, wide)));
            general_mat_mul(self.factor, &b, &module.weight, 0.0, &mut by_a);
            general_mat_mul(self.factor, &a, &module.weight.t(), 0.0, &mut by_b);
            for (group, mut change) in changes.outer_iter_mut().enumerate() {
                let first = group.saturating_mul(rank);
                let mut into = change.slice_mut(s![module.a..module.a.saturating_add(rank.saturating_mul(long))]);
                let own = by_a.slice(s![first..first.saturating_add(rank), ..]);
                into.iter_mut().zip(own.iter()).for_each(|(into, value)| *into += value);
                let mut into = change.slice_mut(s![module.b..module.b.saturating_add(rank.saturating_mul(wide))]);
                let own = by_b.slice(s![first..first.saturating_add(rank), ..]);
                into.iter_mut().zip(own.t().iter()).for_each(|(into, value)| *into += value);
            }
        }
    }
}

fn view(values: &[f32], start: usize, (rows, columns): (usize, usize)) -> Option<ArrayView2<'_, f32>> {
    let end = start.checked_add(rows.checked_mul(columns)?)?;
    ArrayView2::from_shape((rows, columns), values.get(start..end)?).ok()
}
