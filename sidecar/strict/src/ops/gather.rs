//! Reading elements at indices.

use super::{Kernel, Source, one};
use crate::{
    Fault,
    tensor::{self, Tensor, elements, for_every_type},
};

pub(super) fn gather(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.unwrap_or(0);
    Ok(one(move |inputs, _| {
        let (x, indices) = (inputs.get(0)?, inputs.get(1)?);
        let axis = tensor::axis(axis, x.shape().len())?;
        let size = x.shape()[axis];
        let places = positions(indices.integers()?, size)?;
        let (before, after) = (&x.shape()[..axis], &x.shape()[axis + 1..]);
        let shape = [before, indices.shape(), after].concat();
        let count = elements(&shape)?;
        let (outer, run): (usize, usize) = (before.iter().product(), after.iter().product());
        let data = for_every_type!(x.data(), |values| {
            let mut all = Vec::with_capacity(count);
            for first in 0..outer {
                for place in &places {
                    let at = (first * size + place) * run;
                    all.extend_from_slice(&values[at..at + run]);
                }
            }
            all
        });
        Tensor::new(shape, data)
    }))
}

/// Indices from the front.
///
/// # Errors
/// [`Fault::Range`].
pub(super) fn positions(indices: &[i64], size: usize) -> Result<Vec<usize>, Fault> {
    let one = |&value: &i64| tensor::index(value, size).ok_or(Fault::Range { what: "index", value });
    indices.iter().map(one).collect()
}

/// Along the last axis.
pub(super) fn gather_elements(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.unwrap_or(0);
    Ok(one(move |inputs, _| {
        let (x, indices) = (inputs.get(0)?, inputs.get(1)?);
        let [width, wanted] = last_axes(axis, x, indices)?;
        let places = positions(indices.integers()?, width)?;
        let of = |(at, place): (usize, &usize)| at / wanted.max(1) * width + place;
        let data = for_every_type!(x.data(), |values| {
            places.iter().enumerate().map(|place| values[of(place)]).collect::<Vec<_>>()
        });
        Tensor::new(indices.shape().to_vec(), data)
    }))
}

/// Sizes of the last axis of a tensor and of indices into it, when that is the axis and the others are the same.
///
/// # Errors
/// [`Fault::Attribute`] for another axis, [`Fault::Shapes`].
pub(super) fn last_axes(axis: i64, x: &Tensor, indices: &Tensor) -> Result<[usize; 2], Fault> {
    let rank = x.shape().len();
    if tensor::axis(axis, rank)? + 1 != rank {
        return Err(Fault::Attribute("axis".to_owned()));
    }
    match (x.shape().split_last(), indices.shape().split_last()) {
        (Some((width, own)), Some((wanted, others))) if own == others => Ok([*width, *wanted]),
        _ => Err(Fault::Shapes(vec![x.shape().to_vec(), indices.shape().to_vec()])),
    }
}
