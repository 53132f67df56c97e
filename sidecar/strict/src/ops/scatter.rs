//! Writing elements at indices. Where an index comes twice, the later element stays.

use super::{
    Kernel, Source,
    gather::{last_axes, positions},
    one,
};
use crate::{
    Fault,
    tensor::{Tensor, index},
};

/// `ScatterElements` along the last axis, without a reduction.
pub(super) fn scatter_elements(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.unwrap_or(0);
    Ok(one(move |inputs, _| {
        let (x, indices, updates) = (inputs.get(0)?, inputs.get(1)?, inputs.get(2)?);
        let [width, wanted] = last_axes(axis, x, indices)?;
        if updates.shape() != indices.shape() {
            return Err(Fault::Shapes(vec![indices.shape().to_vec(), updates.shape().to_vec()]));
        }
        let places = positions(indices.integers()?, width)?;
        let mut all = x.floats()?.to_vec();
        for ((at, place), update) in places.iter().enumerate().zip(updates.floats()?) {
            all[at / wanted.max(1) * width + place] = *update;
        }
        Tensor::new(x.shape().to_vec(), all)
    }))
}

/// `ScatterND` without a reduction.
pub(super) fn scatter_blocks() -> Kernel {
    one(|inputs, _| {
        let (x, indices, updates) = (inputs.get(0)?, inputs.get(1)?, inputs.get(2)?);
        let wrong = || Fault::Shapes([x, indices, updates].map(|tensor| tensor.shape().to_vec()).to_vec());
        let (&depth, places) = indices.shape().split_last().ok_or_else(wrong)?;
        let (over, block) = x.shape().split_at_checked(depth).ok_or_else(wrong)?;
        if depth == 0 || updates.shape() != [places, block].concat() {
            return Err(wrong());
        }
        let run: usize = block.iter().product();
        let mut all = x.floats()?.to_vec();
        if run == 0 {
            return Tensor::new(x.shape().to_vec(), all);
        }
        for (place, update) in indices.integers()?.chunks_exact(depth).zip(updates.floats()?.chunks_exact(run)) {
            let mut at = 0;
            for (&value, &size) in place.iter().zip(over) {
                at = at * size + index(value, size).ok_or(Fault::Range { what: "index", value })?;
            }
            all[at * run..(at + 1) * run].copy_from_slice(update);
        }
        Tensor::new(x.shape().to_vec(), all)
    })
}
