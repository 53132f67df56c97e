//! Sums over axes.
//!
//! Reduced axes that are neighbours count as one. Where the last axis is reduced, each run along it is summed as
//! [`sum`] does; runs, and elements of other axes, are added in index order.

use super::{Inputs, Kernel, Source};
use crate::{
    Fault,
    arithmetic::sum,
    context::Context,
    tensor::{self, Tensor, elements},
};

pub(super) fn reduce(operator: &str, source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let keep = source.attributes.flag("keepdims", true)?;
    let none_is_none = source.attributes.flag("noop_with_empty_axes", false)?;
    let (mean, square) = (operator == "ReduceMean", operator == "ReduceSumSquare");
    Ok(super::one(move |inputs, context| {
        let x = inputs.get(0)?;
        let Some(reduced) = axes(inputs, x.shape().len(), none_is_none)? else { return Ok(x.clone()) };
        let squares: Vec<f32>;
        let values = if square {
            squares = x.floats()?.iter().map(|value| value * value).collect();
            &squares
        } else {
            x.floats()?
        };
        let mut sums = summed(values, x.shape(), &reduced, context)?;
        if mean {
            let sizes = x.shape().iter().zip(&reduced).filter(|(_, reduced)| **reduced).map(|(size, _)| size);
            let count = sizes.product::<usize>() as f32;
            sums.iter_mut().for_each(|sum| *sum /= count);
        }
        let sizes = x.shape().iter().zip(&reduced);
        let shape = match keep {
            true => sizes.map(|(&size, &reduced)| if reduced { 1 } else { size }).collect(),
            false => sizes.filter(|(_, reduced)| !**reduced).map(|(&size, _)| size).collect(),
        };
        Tensor::new(shape, sums)
    }))
}

/// Which axes are reduced; `None` when the tensor stays as it is.
fn axes(inputs: &Inputs<'_>, rank: usize, none_is_none: bool) -> Result<Option<Vec<bool>>, Fault> {
    let given = inputs.optional(1).map(Tensor::integers).transpose()?.unwrap_or_default();
    if given.is_empty() {
        return Ok((!none_is_none).then(|| vec![true; rank]));
    }
    let mut reduced = vec![false; rank];
    for &axis in given {
        reduced[tensor::axis(axis, rank)?] = true;
    }
    Ok(Some(reduced))
}

fn summed(values: &[f32], shape: &[usize], reduced: &[bool], context: &Context<'_>) -> Result<Vec<f32>, Fault> {
    // Neighbours of one kind as one axis. Axes of size 1 count like others: the order must not depend on sizes.
    let mut axes: Vec<(usize, bool)> = Vec::new();
    for (&size, &reduced) in shape.iter().zip(reduced) {
        match axes.last_mut() {
            Some((merged, kind)) if *kind == reduced => *merged *= size,
            _ => axes.push((size, reduced)),
        }
    }
    let kept: Vec<usize> = axes.iter().filter(|(_, reduced)| !reduced).map(|(size, _)| *size).collect();
    let mut out = vec![0.0_f32; elements(&kept)?];
    if values.is_empty() {
        return Ok(out);
    }
    match axes.as_slice() {
        [] | [(_, false)] => out.copy_from_slice(values),
        // The commonest: runs, each with its own sum.
        [(run, true)] | [(_, false), (run, true)] => {
            context.fill(&mut out, 1, values.len(), &|first, part| {
                let runs = values[first * run..].chunks_exact(*run);
                context.compiled(|| part.iter_mut().zip(runs).for_each(|(out, run)| *out = sum(run)));
            });
        }
        _ => {
            let (inner, outer) = match axes.split_last() {
                Some(((size, _), outer)) => (*size, outer),
                None => (1, axes.as_slice()),
            };
            let inner_reduced = axes.last().is_some_and(|(_, reduced)| *reduced);
            // Steps of the result along the outer axes.
            let mut step = if inner_reduced { 1 } else { inner };
            let mut steps = vec![0; outer.len()];
            for ((size, reduced), into) in outer.iter().zip(&mut steps).rev() {
                if !reduced {
                    *into = step;
                    step *= size;
                }
            }
            for (index, run) in values.chunks_exact(inner).enumerate() {
                let (mut rest, mut at) = (index, 0);
                for ((size, _), step) in outer.iter().zip(&steps).rev() {
                    at += rest % size * step;
                    rest /= size;
                }
                if inner_reduced {
                    out[at] += sum(run);
                } else {
                    out[at..at + inner].iter_mut().zip(run).for_each(|(out, value)| *out += value);
                }
            }
        }
    }
    Ok(out)
}
