//! Operators that move elements.

use super::{Inputs, Kernel, Source, one};
use crate::{
    Fault,
    broadcast::{common_shape, steps},
    buffers::Element,
    context::Context,
    tensor::{self, Data, MAX_RANK, Tensor, elements, for_every_type},
};

/// A result whose elements stand evenly spaced along each of its axes in the source.
struct Spaced {
    /// Place of the first element.
    first: usize,
    /// Size of each axis and the step along it.
    axes: Vec<(usize, isize)>,
}

impl Spaced {
    /// # Errors
    /// [`Fault::TooLarge`].
    fn copy<T: Element>(&self, from: &[T], context: &Context<'_>) -> Result<Vec<T>, Fault> {
        let sizes: Vec<usize> = self.axes.iter().map(|(size, _)| *size).collect();
        let mut out = T::scratch(context, elements(&sizes)?);
        let mut axes: Vec<(usize, isize)> = Vec::with_capacity(MAX_RANK);
        for &(size, step) in self.axes.iter().rev().filter(|(size, _)| *size != 1) {
            match axes.last_mut() {
                Some((inner, own)) if isize::try_from(*inner).is_ok_and(|inner| step == *own * inner) => *inner *= size,
                _ => axes.push((size, step)),
            }
        }
        let (run, inner) = if axes.is_empty() { (1, 1) } else { axes.remove(0) };
        let start = |mut index: usize| {
            let mut at = self.first;
            for (size, step) in &axes {
                at = at.wrapping_add_signed(*step * (index % size) as isize);
                index /= size;
            }
            at
        };
        let work = out.len();
        context.fill(&mut out, run, work, &|first, part| {
            for (index, out) in part.chunks_exact_mut(run.max(1)).enumerate() {
                let at = start(first / run.max(1) + index);
                match inner {
                    1 => out.copy_from_slice(&from[at..at + run]),
                    0 => out.fill(from[at]),
                    _ => {
                        let mut at = at;
                        for out in out {
                            *out = from[at];
                            at = at.wrapping_add_signed(inner);
                        }
                    }
                }
            }
        });
        Ok(out)
    }

    fn of(&self, x: &Tensor, context: &Context<'_>) -> Result<Tensor, Fault> {
        let data = for_every_type!(x.data(), |values| self.copy(values, context)?);
        Tensor::new(self.axes.iter().map(|(size, _)| *size).collect(), data)
    }
}

/// Steps of a tensor along its own axes.
fn own_steps(shape: &[usize]) -> Vec<isize> {
    let mut step = 1_isize;
    let mut all = vec![0; shape.len()];
    for (into, &size) in all.iter_mut().rev().zip(shape.iter().rev()) {
        *into = step;
        step *= size as isize;
    }
    all
}

pub(super) fn transpose(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let order = source.attributes.ints("perm").ok_or_else(|| Fault::Attribute("perm".to_owned()))?;
    let order = order.iter().map(|&axis| tensor::axis(axis, order.len())).collect::<Result<Vec<_>, _>>()?;
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if sorted.iter().enumerate().any(|(at, axis)| at != *axis) {
        return Err(Fault::Attribute("perm".to_owned()));
    }
    Ok(one(move |inputs, context| {
        let x = inputs.get(0)?;
        if order.len() != x.shape().len() {
            return Err(Fault::Attribute("perm".to_owned()));
        }
        let steps = own_steps(x.shape());
        let axes = order.iter().map(|&axis| (x.shape()[axis], steps[axis])).collect();
        Spaced { first: 0, axes }.of(x, context)
    }))
}

pub(super) fn expand() -> Kernel {
    one(|inputs, context| {
        let x = inputs.get(0)?;
        let wanted =
            inputs.get(1)?.integers()?.iter().map(|&size| tensor::size(size)).collect::<Result<Vec<_>, _>>()?;
        let shape = common_shape(&[x.shape(), &wanted])?;
        if shape == x.shape() {
            return Ok(x.clone());
        }
        let steps = steps(x.shape(), &shape);
        let axes = shape.into_iter().zip(steps).map(|(size, step)| (size, step as isize)).collect();
        Spaced { first: 0, axes }.of(x, context)
    })
}

pub(super) fn slice() -> Kernel {
    one(|inputs, context| {
        let x = inputs.get(0)?;
        let (starts, ends) = (inputs.get(1)?.integers()?, inputs.get(2)?.integers()?);
        let every: Vec<i64> = (0..starts.len()).map(tensor::integer).collect();
        let axes = inputs.optional(3).map(Tensor::integers).transpose()?.unwrap_or(&every);
        let ones = vec![1; starts.len()];
        let strides = inputs.optional(4).map(Tensor::integers).transpose()?.unwrap_or(&ones);
        if [ends.len(), axes.len(), strides.len()].iter().any(|len| *len != starts.len()) {
            return Err(Fault::Arity);
        }
        let mut first = 0_usize;
        let mut sliced = vec![false; x.shape().len()];
        let mut kept: Vec<(usize, isize)> = x.shape().iter().copied().zip(own_steps(x.shape())).collect();
        for (((&start, &end), &axis), &stride) in starts.iter().zip(ends).zip(axes).zip(strides) {
            let place = tensor::axis(axis, x.shape().len())?;
            if std::mem::replace(&mut sliced[place], true) {
                return Err(Fault::Range { what: "axis", value: axis });
            }
            let axis = place;
            let size = tensor::integer(x.shape()[axis]);
            let range = || Fault::Range { what: "step", value: stride };
            let from_front = |value: i64| if value < 0 { value.saturating_add(size) } else { value };
            let (start, end) = (from_front(start), from_front(end));
            let (start, span) = match stride {
                1.. => (start.clamp(0, size), end.clamp(0, size).saturating_sub(start.clamp(0, size))),
                i64::MIN..=-1 => {
                    let start = start.clamp(-1, size.saturating_sub(1));
                    (start, start.saturating_sub(end.clamp(-1, size.saturating_sub(1))))
                }
                0 => return Err(range()),
            };
            let stride_size = stride.checked_abs().ok_or_else(range)?;
            let count = if span <= 0 { 0 } else { (span - 1) / stride_size + 1 };
            let count = tensor::size(count)?;
            let stride = isize::try_from(stride).map_err(|_| range())?;
            let own = kept[axis].1;
            if count > 0 {
                first = first.wrapping_add_signed(own.wrapping_mul(start as isize));
            }
            // With one element the step is never taken, and may be too large to multiply.
            kept[axis] = (count, if count > 1 { own * stride } else { own });
        }
        Spaced { first, axes: kept }.of(x, context)
    })
}

/// `Pad` with zeros on every axis.
pub(super) fn pad() -> Kernel {
    one(|inputs, _| {
        let (x, pads) = (inputs.get(0)?, inputs.get(1)?.integers()?);
        let rank = x.shape().len();
        let pads = pads.iter().map(|&pad| tensor::size(pad)).collect::<Result<Vec<_>, _>>()?;
        if pads.len() != 2 * rank {
            return Err(Fault::Arity);
        }
        let (before, after) = pads.split_at(rank);
        let sum = |((size, before), after): ((&usize, &usize), &usize)| size.checked_add(*before)?.checked_add(*after);
        let shape: Option<Vec<usize>> = x.shape().iter().zip(before).zip(after).map(sum).collect();
        let shape = shape.ok_or_else(|| Fault::TooLarge(x.shape().to_vec()))?;
        let count = elements(&shape)?;
        let steps = own_steps(&shape);
        let run = x.shape().last().copied().unwrap_or(1).max(1);
        let place = |mut index: usize| {
            let mut at = 0;
            for axis in (0..rank).rev() {
                let size = if axis + 1 == rank { 1 } else { x.shape()[axis] };
                at += (index % size + before[axis]) * steps[axis] as usize;
                index /= size;
            }
            at
        };
        let data = for_every_type!(x.data(), |values| {
            let mut out = vec![Default::default(); count];
            for (index, run_values) in values.chunks_exact(run).enumerate() {
                let at = place(index);
                out[at..at + run].copy_from_slice(run_values);
            }
            out
        });
        Tensor::new(shape, data)
    })
}

pub(super) fn concat(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.ok_or_else(|| Fault::Attribute("axis".to_owned()))?;
    Ok(one(move |inputs, context| joined(inputs, axis, context)))
}

fn joined(inputs: &Inputs<'_>, axis: i64, context: &Context<'_>) -> Result<Tensor, Fault> {
    let parts = (0..inputs.0.len()).map(|index| inputs.get(index)).collect::<Result<Vec<_>, _>>()?;
    let first = parts.first().ok_or(Fault::Arity)?;
    let axis = tensor::axis(axis, first.shape().len())?;
    let mut shape = first.shape().to_vec();
    shape[axis] = 0;
    for part in &parts {
        let mut own = part.shape().to_vec();
        let rest_fits = own.len() == shape.len() && {
            own[axis] = shape[axis];
            own == shape
        };
        if !rest_fits {
            return Err(Fault::Shapes(parts.iter().map(|part| part.shape().to_vec()).collect()));
        }
        shape[axis] = shape[axis].saturating_add(part.shape()[axis]);
    }
    let (count, outer) = (elements(&shape)?, shape[..axis].iter().product::<usize>());
    let inner: usize = shape[axis + 1..].iter().product();
    let data = match first.data() {
        Data::Floats(_) => Data::from(interleaved(&parts, Tensor::floats, [count, outer, inner], axis, context)?),
        Data::Integers(_) => Data::from(interleaved(&parts, Tensor::integers, [count, outer, inner], axis, context)?),
        Data::Truths(_) => Data::from(interleaved(&parts, Tensor::truths, [count, outer, inner], axis, context)?),
        Data::Bytes(_) => Data::from(interleaved(&parts, Tensor::raw, [count, outer, inner], axis, context)?),
    };
    Tensor::new(shape, data)
}

fn interleaved<T: Element>(
    parts: &[&Tensor],
    values: impl Fn(&Tensor) -> Result<&[T], Fault>,
    [count, outer, inner]: [usize; 3],
    axis: usize,
    context: &Context<'_>,
) -> Result<Vec<T>, Fault> {
    let mut all = T::empty(context, count);
    for index in 0..outer {
        for part in parts {
            let run = part.shape()[axis] * inner;
            all.extend_from_slice(&values(part)?[index * run..(index + 1) * run]);
        }
    }
    Ok(all)
}

pub(super) fn split(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.unwrap_or(0);
    let parts = source.node.output.len();
    let even = source.attributes.int("num_outputs")?;
    if even.is_some_and(|even| even != tensor::integer(parts)) {
        return Err(Fault::Attribute("num_outputs".to_owned()));
    }
    Ok(Box::new(move |inputs, context| {
        let x = inputs.get(0)?;
        let axis = tensor::axis(axis, x.shape().len())?;
        let size = x.shape()[axis];
        let sizes = match inputs.optional(1) {
            Some(sizes) => sizes.integers()?.iter().map(|&size| tensor::size(size)).collect::<Result<Vec<_>, _>>()?,
            None => {
                let each = size.div_ceil(parts.max(1));
                (0..parts).map(|at| size.saturating_sub(at * each).min(each)).collect()
            }
        };
        if sizes.len() != parts || sizes.iter().try_fold(0_usize, |sum, size| sum.checked_add(*size)) != Some(size) {
            return Err(Fault::Shapes(vec![x.shape().to_vec(), sizes]));
        }
        let steps = own_steps(x.shape());
        let mut at = 0;
        let mut all = Vec::with_capacity(parts);
        for size in sizes {
            let mut axes: Vec<(usize, isize)> = x.shape().iter().copied().zip(steps.iter().copied()).collect();
            axes[axis].0 = size;
            let first = at * steps[axis] as usize;
            all.push(Spaced { first, axes }.of(x, context)?);
            at += size;
        }
        Ok(all)
    }))
}
