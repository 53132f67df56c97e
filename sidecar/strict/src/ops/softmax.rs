//! Softmax and its logarithm along the last axis.

use super::{Kernel, Source, one};
use crate::{
    Fault,
    arithmetic::{exp, log, sum},
    tensor::{self, Tensor},
};

/// Operations per element, to estimate work.
const WORK: usize = 16;

pub(super) fn softmax(logarithm: bool, source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.unwrap_or(-1);
    Ok(one(move |inputs, context| {
        let x = inputs.get(0)?;
        let (rank, values) = (x.shape().len(), x.floats()?);
        if tensor::axis(axis, rank)? + 1 != rank {
            return Err(Fault::Attribute("axis".to_owned()));
        }
        let width = x.size(rank - 1).max(1);
        let mut out = vec![0.0; values.len()];
        context.fill(&mut out, width, values.len().saturating_mul(WORK), &|first, part| {
            for (out, row) in part.chunks_exact_mut(width).zip(values[first..].chunks_exact(width)) {
                context.compiled(|| if logarithm { log_row(row, out) } else { row_of(row, out) });
            }
        });
        Tensor::new(x.shape().to_vec(), out)
    }))
}

/// The greatest of a row. Which of equals is found does not matter: their differences are zeros.
#[inline(always)]
fn greatest(row: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; 16];
    let (whole, rest) = row.as_chunks::<16>();
    for lanes in whole {
        for (most, value) in most.iter_mut().zip(lanes) {
            *most = if *value > *most { *value } else { *most };
        }
    }
    rest.iter().chain(&most).fold(f32::NEG_INFINITY, |most, value| if *value > most { *value } else { most })
}

#[inline(always)]
fn row_of(row: &[f32], out: &mut [f32]) {
    let most = greatest(row);
    for (out, value) in out.iter_mut().zip(row) {
        *out = exp(value - most);
    }
    let total = sum(out);
    for out in out {
        *out /= total;
    }
}

#[inline(always)]
fn log_row(row: &[f32], out: &mut [f32]) {
    let most = greatest(row);
    for (out, value) in out.iter_mut().zip(row) {
        *out = exp(value - most);
    }
    let total = log(sum(out));
    for (out, value) in out.iter_mut().zip(row) {
        *out = (value - most) - total;
    }
}
