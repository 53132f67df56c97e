//! Softmax and its logarithm along the last axis.

use openledger_simd::{Isa, LANES, Operation};

use super::{Kernel, Source, one};
use crate::{
    Fault,
    arithmetic::{exp, log, sum},
    buffers::Element,
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
        let mut out = f32::scratch(context, values.len());
        context.fill(&mut out, width, values.len().saturating_mul(WORK), &|first, part| {
            context.level.run(Rows { logarithm, width, values: &values[first..], out: part });
        });
        Tensor::new(x.shape().to_vec(), out)
    }))
}

/// Neighbouring rows.
struct Rows<'v> {
    logarithm: bool,
    width: usize,
    values: &'v [f32],
    out: &'v mut [f32],
}

impl Operation for Rows<'_> {
    #[inline(always)]
    fn run<I: Isa>(self, _: I) {
        let Self { logarithm, width, values, out } = self;
        for (out, row) in out.chunks_exact_mut(width).zip(values.chunks_exact(width)) {
            let most = greatest(row);
            for (out, value) in out.iter_mut().zip(row) {
                *out = exp(value - most);
            }
            let total = sum(out);
            if logarithm {
                let total = log(total);
                for (out, value) in out.iter_mut().zip(row) {
                    *out = (value - most) - total;
                }
            } else {
                for out in out {
                    *out /= total;
                }
            }
        }
    }
}

/// The greatest of a row. Which of equals is found does not matter: their differences are zeros.
#[inline(always)]
fn greatest(row: &[f32]) -> f32 {
    let mut most = [f32::NEG_INFINITY; LANES];
    let (whole, rest) = row.as_chunks::<LANES>();
    for lanes in whole {
        for (most, value) in most.iter_mut().zip(lanes) {
            *most = if *value > *most { *value } else { *most };
        }
    }
    rest.iter().chain(&most).fold(f32::NEG_INFINITY, |most, value| if *value > most { *value } else { most })
}
