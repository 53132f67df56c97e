//! Matrix products: for every element of the result, products are added in the order of the inner axis.
//!
//! The first factor is packed in blocks of rows, the second in panels of columns, so that the innermost loop reads both
//! from end to end. Neither block sizes nor instruction sets nor threads change the order of any sum.

use openledger_simd::{Isa, LANES, Level, Operation};

use super::{Inputs, Kernel, one};
use crate::{
    Fault,
    broadcast::{common_shape, steps},
    buffers::{Buffers, Element},
    context::Context,
    tensor::{Tensor, elements},
};

/// Rows that one part of a product shared among threads has at least.
const ROWS: usize = 16;

pub(super) fn product() -> Kernel {
    one(multiply)
}

fn multiply(inputs: &Inputs<'_>, context: &Context<'_>) -> Result<Tensor, Fault> {
    let (left, right) = (inputs.get(0)?, inputs.get(1)?);
    let wrong = || Fault::Shapes(vec![left.shape().to_vec(), right.shape().to_vec()]);
    let (Some((left_batch, [rows, inner])), Some((right_batch, [same, columns]))) =
        (left.shape().split_last_chunk::<2>(), right.shape().split_last_chunk::<2>())
    else {
        return Err(wrong());
    };
    if inner != same {
        return Err(wrong());
    }
    let batch = common_shape(&[left_batch, right_batch])?;
    let shape = [batch.as_slice(), &[*rows, *columns]].concat();
    let mut out = f32::scratch(context, elements(&shape)?);
    let (a, b) = (left.floats()?, right.floats()?);
    // One second factor for all: the batch of the first is more rows.
    let alone = right_batch.iter().all(|&size| size == 1) && left_batch == batch.as_slice();
    let rows = if alone { batch.iter().product::<usize>() * rows } else { *rows };
    let (inner, columns) = (*inner, *columns);
    if out.is_empty() || inner == 0 {
        out.fill(0.0);
        return Tensor::new(shape, out);
    }
    let (left_steps, right_steps) = (steps(left_batch, &batch), steps(right_batch, &batch));
    let place = |matrix: usize, steps: &[usize]| {
        let mut rest = matrix;
        batch.iter().zip(steps).rev().fold(0, |sum, (size, step)| {
            let position = rest % size;
            rest /= size;
            sum + position * step
        })
    };
    let work = out.len().saturating_mul(inner);
    context.fill(&mut out, ROWS.min(rows) * columns, work, &|first, part| {
        let mut row = first / columns;
        let mut left_over = part;
        while !left_over.is_empty() {
            let (matrix, from) = (row / rows, row % rows);
            let count = (rows - from).min(left_over.len() / columns);
            let (own, rest) = left_over.split_at_mut(count * columns);
            let a_from = (place(matrix, &left_steps) * rows + from) * inner;
            let b_from = place(matrix, &right_steps) * inner * columns;
            let sizes = Sizes { inner, columns };
            let (a, b) = (&a[a_from..a_from + count * inner], &b[b_from..b_from + inner * columns]);
            context.level.run(Product { context, sizes, a, b, out: own });
            (row, left_over) = (row + count, rest);
        }
    });
    Tensor::new(shape, out)
}

#[derive(Clone, Copy)]
struct Sizes {
    inner: usize,
    columns: usize,
}

/// Rows of one matrix product: a [rows, inner] times b [inner, columns].
struct Product<'v> {
    context: &'v Context<'v>,
    sizes: Sizes,
    a: &'v [f32],
    b: &'v [f32],
    out: &'v mut [f32],
}

impl Operation for Product<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, isa: I) {
        let Self { context, sizes, a, b, out } = self;
        // As many sums at once as the registers hold.
        match context.level {
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) if sizes.columns > LANES => blocks::<I, 8, 2>(isa, context.buffers, sizes, a, b, out),
            #[cfg(target_arch = "x86_64")]
            Level::Avx512(_) => blocks::<I, 8, 1>(isa, context.buffers, sizes, a, b, out),
            #[cfg(target_arch = "x86_64")]
            Level::Avx2(_) => blocks::<I, 4, 1>(isa, context.buffers, sizes, a, b, out),
            Level::Portable => blocks::<I, 2, 1>(isa, context.buffers, sizes, a, b, out),
        }
    }
}

/// The product in blocks of R rows and V vectors of columns.
#[inline(always)]
fn blocks<I: Isa, const R: usize, const V: usize>(
    isa: I,
    buffers: &Buffers,
    sizes: Sizes,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    let Sizes { inner, columns } = sizes;
    let width = V * LANES;
    let mut rows = buffers.scratch((a.len() / inner).div_ceil(R) * inner * R);
    let mut panel = buffers.scratch(inner * width);
    pack_rows::<R>(rows.as_chunks_mut().0, a, inner);
    for first in (0..columns).step_by(width) {
        let own = width.min(columns - first);
        let (panel, _) = panel.as_chunks_mut::<LANES>();
        let (panel, _) = panel.as_chunks_mut::<V>();
        pack_columns(panel, b, columns, first..first + own);
        for (block, out) in rows.as_chunks().0.chunks_exact(inner).zip(out.chunks_mut(R * columns)) {
            let sums = tile::<I, R, V>(isa, block, panel);
            for (out, sums) in out.chunks_exact_mut(columns).zip(sums) {
                let into = out[first..first + own].chunks_mut(LANES);
                for (into, sums) in into.zip(sums) {
                    match into.as_mut_array::<LANES>() {
                        Some(into) => *into = isa.store(sums),
                        None => into.copy_from_slice(&isa.store(sums)[..into.len()]),
                    }
                }
            }
        }
    }
    buffers.keep(rows);
    buffers.keep(panel);
}

/// Blocks of R rows, each as columns of R elements; rows beyond the last are zeros.
#[inline(always)]
fn pack_rows<const R: usize>(packed: &mut [[f32; R]], a: &[f32], inner: usize) {
    for (block, rows) in packed.chunks_exact_mut(inner).zip(a.chunks(R * inner)) {
        if rows.len() < R * inner {
            block.fill([0.0; R]);
        }
        for (at, row) in rows.chunks_exact(inner).enumerate() {
            for (into, value) in block.iter_mut().zip(row) {
                into[at] = *value;
            }
        }
    }
}

/// A panel of columns, one row after the other; columns beyond the last are zeros.
#[inline(always)]
fn pack_columns<const V: usize>(
    panel: &mut [[[f32; LANES]; V]],
    b: &[f32],
    columns: usize,
    own: std::ops::Range<usize>,
) {
    for (into, row) in panel.iter_mut().zip(b.chunks_exact(columns)) {
        let row = &row[own.clone()];
        if row.len() == V * LANES {
            // Of a size that the compiler knows.
            let (vectors, _) = row.as_chunks::<LANES>();
            into.iter_mut().zip(vectors).for_each(|(into, vector)| *into = *vector);
        } else {
            let (values, beyond) = into.as_flattened_mut().split_at_mut(row.len());
            values.copy_from_slice(row);
            beyond.fill(0.0);
        }
    }
}

/// R rows times one panel.
#[inline(always)]
fn tile<I: Isa, const R: usize, const V: usize>(
    isa: I,
    rows: &[[f32; R]],
    panel: &[[[f32; LANES]; V]],
) -> [[I::Lanes; V]; R] {
    let mut sums = [[isa.splat(0.0); V]; R];
    for (row, columns) in rows.iter().zip(panel) {
        let columns: [I::Lanes; V] = std::array::from_fn(|at| isa.load(&columns[at]));
        for (sums, value) in sums.iter_mut().zip(row) {
            let value = isa.splat(*value);
            for (sum, columns) in sums.iter_mut().zip(columns) {
                *sum = isa.add(*sum, isa.multiply(value, columns));
            }
        }
    }
    sums
}
