//! Constants, shapes and operators that change nothing else.

use super::{Kernel, Source, one};
use crate::{
    Fault, constant as read_constant,
    tensor::{self, Tensor, elements, for_every_type, integer},
};

pub(super) fn constant(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let value = source.attributes.tensor("value").ok_or_else(|| Fault::Attribute("value".to_owned()))?;
    let value = read_constant::read(source.model, value)?;
    Ok(one(move |_, _| Ok(value.clone())))
}

pub(super) fn constant_of_shape(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let value = match source.attributes.tensor("value") {
        Some(value) => read_constant::read(source.model, value)?,
        None => Tensor::new(vec![1], vec![0.0_f32])?,
    };
    if value.data().len() != 1 {
        return Err(Fault::Attribute("value".to_owned()));
    }
    Ok(one(move |inputs, _| {
        let shape = sizes(inputs.get(0)?)?;
        let count = elements(&shape)?;
        let data = for_every_type!(value.data(), |values| vec![values.first().copied().unwrap_or_default(); count]);
        Tensor::new(shape, data)
    }))
}

fn sizes(shape: &Tensor) -> Result<Vec<usize>, Fault> {
    shape.integers()?.iter().map(|&size| tensor::size(size)).collect()
}

pub(super) fn identity() -> Kernel {
    one(|inputs, _| inputs.get(0).cloned())
}

pub(super) fn flatten(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let axis = source.attributes.int("axis")?.unwrap_or(1);
    Ok(one(move |inputs, _| {
        let x = inputs.get(0)?;
        // The place between two axes, so that it may also be behind the last.
        let rank = integer(x.shape().len());
        let place = usize::try_from(if axis < 0 { axis + rank } else { axis }).ok();
        let halves = place.and_then(|place| x.shape().split_at_checked(place));
        let (before, after) = halves.ok_or(Fault::Range { what: "axis", value: axis })?;
        x.reshaped(vec![before.iter().product(), after.iter().product()])
    }))
}

pub(super) fn range() -> Kernel {
    one(|inputs, _| {
        let number = |index: usize| match inputs.get(index)?.integers()? {
            &[value] => Ok(value),
            _ => Err(Fault::Arity),
        };
        let (start, limit, step) = (number(0)?, number(1)?, number(2)?);
        let span = limit.checked_sub(start).ok_or(Fault::Integer)?;
        let count = match (step, span) {
            (0, _) => return Err(Fault::Integer),
            (1.., 1..) => (span - 1) / step + 1,
            (..=-1, ..=-1) => {
                let last = span.checked_add(1).and_then(|span| span.checked_div(step)).ok_or(Fault::Integer)?;
                last.checked_add(1).ok_or(Fault::Integer)?
            }
            _ => 0,
        };
        let count = tensor::size(count)?;
        elements(&[count])?;
        let value = |at: usize| start.checked_add(integer(at).checked_mul(step)?);
        let values = (0..count).map(value).collect::<Option<Vec<i64>>>().ok_or(Fault::Integer)?;
        Tensor::new(vec![count], values)
    })
}

pub(super) fn reshape(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let zero_is_zero = source.attributes.flag("allowzero", false)?;
    Ok(one(move |inputs, _| {
        let (x, wanted) = (inputs.get(0)?, inputs.get(1)?.integers()?);
        let mut open = None;
        let mut shape = Vec::with_capacity(wanted.len());
        for (at, &value) in wanted.iter().enumerate() {
            shape.push(match value {
                -1 if open.is_none() => {
                    open = Some(at);
                    1
                }
                0 if !zero_is_zero => *x.shape().get(at).ok_or(Fault::Range { what: "size", value })?,
                value => tensor::size(value)?,
            });
        }
        if let Some(at) = open {
            let others = elements(&shape)?;
            let fits = others != 0 && x.data().len() % others == 0;
            shape[at] = if fits {
                x.data().len() / others
            } else {
                return Err(Fault::Shapes(vec![x.shape().to_vec(), shape]));
            };
        }
        x.reshaped(shape)
    }))
}

pub(super) fn shape(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    let (start, end) = (source.attributes.int("start")?.unwrap_or(0), source.attributes.int("end")?);
    Ok(one(move |inputs, _| {
        let shape = inputs.get(0)?.shape();
        let rank = integer(shape.len());
        let clamp = |value: i64| (if value < 0 { value.saturating_add(rank) } else { value }).clamp(0, rank);
        let (start, end) = (clamp(start), clamp(end.unwrap_or(rank)));
        let (skip, take) = (tensor::size(start)?, tensor::size(end.saturating_sub(start).max(0))?);
        let sizes: Vec<i64> = shape.iter().skip(skip).take(take).map(|&size| integer(size)).collect();
        Tensor::new(vec![sizes.len()], sizes)
    }))
}

pub(super) fn size_of() -> Kernel {
    one(|inputs, _| Tensor::new(Vec::new(), vec![integer(inputs.get(0)?.data().len())]))
}

pub(super) fn squeeze() -> Kernel {
    one(|inputs, _| {
        let x = inputs.get(0)?;
        let rank = x.shape().len();
        let mut gone: Vec<bool> = match inputs.optional(1) {
            Some(_) => vec![false; rank],
            None => x.shape().iter().map(|&size| size == 1).collect(),
        };
        for &value in inputs.optional(1).map(Tensor::integers).transpose()?.unwrap_or_default() {
            let axis = tensor::axis(value, rank)?;
            if x.shape()[axis] != 1 {
                return Err(Fault::Range { what: "axis", value });
            }
            gone[axis] = true;
        }
        let kept = x.shape().iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(&size, _)| size);
        x.reshaped(kept.collect())
    })
}

pub(super) fn unsqueeze() -> Kernel {
    one(|inputs, _| {
        let (x, axes) = (inputs.get(0)?, inputs.get(1)?.integers()?);
        let rank = x.shape().len().saturating_add(axes.len());
        let mut added = vec![false; rank];
        for &value in axes {
            let axis = tensor::axis(value, rank)?;
            if std::mem::replace(&mut added[axis], true) {
                return Err(Fault::Range { what: "axis", value });
            }
        }
        let mut own = x.shape().iter();
        let shape = added.iter().map(|&added| if added { 1 } else { own.next().copied().unwrap_or(1) });
        x.reshaped(shape.collect())
    })
}
