//! Which elements of the operands meet in an element of the result.

use crate::{
    Fault,
    buffers::Element,
    context::Context,
    tensor::{MAX_RANK, Tensor, elements},
};

/// The shape that operands of these shapes have together.
///
/// # Errors
/// [`Fault::Shapes`] when an axis has two sizes other than 1.
pub(crate) fn common_shape(shapes: &[&[usize]]) -> Result<Vec<usize>, Fault> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut common = vec![1; rank];
    for shape in shapes {
        for (into, &size) in common.iter_mut().rev().zip(shape.iter().rev()) {
            match (*into, size) {
                (a, b) if a == b => {}
                (1, b) => *into = b,
                (_, 1) => {}
                _ => return Err(Fault::Shapes(shapes.iter().map(|shape| shape.to_vec()).collect())),
            }
        }
    }
    elements(&common)?;
    Ok(common)
}

/// Steps of a contiguous operand through the axes of a broadcast shape: 0 where it is repeated.
pub(crate) fn steps(shape: &[usize], common: &[usize]) -> Vec<usize> {
    let mut all = vec![0; common.len()];
    let mut step = 1;
    for (into, &size) in all.iter_mut().rev().zip(shape.iter().rev()) {
        if size != 1 {
            *into = step;
        }
        step *= size;
    }
    all
}

/// A walk through the result in runs along which every operand moves evenly or stands still.
pub(crate) struct Walk<const N: usize> {
    pub shape: Vec<usize>,
    /// Elements of a run.
    pub run: usize,
    /// Whether an operand moves along a run.
    pub moves: [bool; N],
    /// Size of each outer axis and the operands' steps along it.
    outer: Vec<(usize, [usize; N])>,
}

impl<const N: usize> Walk<N> {
    /// # Errors
    /// As [`common_shape`].
    pub fn new(shapes: [&[usize]; N]) -> Result<Self, Fault> {
        let shape = common_shape(&shapes)?;
        let all = shapes.map(|own| steps(own, &shape));
        let mut axes: Vec<(usize, [usize; N])> = Vec::with_capacity(MAX_RANK);
        for (axis, &size) in shape.iter().enumerate().rev().filter(|(_, size)| **size != 1) {
            let own: [usize; N] = std::array::from_fn(|operand| all[operand][axis]);
            match axes.last_mut() {
                // One axis with the inner one when all operands pass from one to the other evenly.
                Some((inner, steps)) if own.iter().zip(&*steps).all(|(own, step)| *own == step * *inner) => {
                    *inner *= size;
                }
                _ => axes.push((size, own)),
            }
        }
        let (run, inner) = if axes.is_empty() { (1, [0; N]) } else { axes.remove(0) };
        axes.reverse();
        Ok(Self { shape, run, moves: inner.map(|step| step != 0), outer: axes })
    }

    /// Where each operand stands at the start of a run.
    pub fn starts(&self, mut run: usize) -> [usize; N] {
        let mut starts = [0; N];
        for (size, steps) in self.outer.iter().rev() {
            let position = run % size;
            run /= size;
            for (start, step) in starts.iter_mut().zip(steps) {
                *start += position * step;
            }
        }
        starts
    }
}

/// The elements of an operand along one run.
#[derive(Clone, Copy)]
pub(crate) enum Along<'v, T> {
    /// One after the other.
    Each(&'v [T]),
    /// One for all.
    Same(T),
}

impl<'v, T: Copy> Along<'v, T> {
    pub fn of(values: &'v [T], start: usize, run: usize, moves: bool) -> Self {
        if moves { Self::Each(&values[start..start + run]) } else { Self::Same(values[start]) }
    }
}

/// `f` of every pair of elements that meet.
///
/// # Errors
/// As [`common_shape`].
pub(crate) fn pairs<A, B, O>(
    context: &Context<'_>,
    shapes: [&Tensor; 2],
    left: &[A],
    right: &[B],
    f: impl Fn(A, B) -> O + Copy + Sync,
) -> Result<(Vec<usize>, Vec<O>), Fault>
where
    A: Copy + Sync,
    B: Copy + Sync,
    O: Element,
{
    let walk = Walk::new(shapes.map(Tensor::shape))?;
    let mut out = O::scratch(context, elements(&walk.shape)?);
    let work = out.len();
    context.fill(&mut out, walk.run, work, &|first, part| {
        for (index, out) in part.chunks_exact_mut(walk.run.max(1)).enumerate() {
            let [a, b] = walk.starts(first / walk.run.max(1) + index);
            let a = Along::of(left, a, walk.run, walk.moves[0]);
            let b = Along::of(right, b, walk.run, walk.moves[1]);
            context.compiled(|| match (a, b) {
                (Along::Each(a), Along::Each(b)) => out.iter_mut().zip(a).zip(b).for_each(|((o, a), b)| *o = f(*a, *b)),
                (Along::Each(a), Along::Same(b)) => out.iter_mut().zip(a).for_each(|(o, a)| *o = f(*a, b)),
                (Along::Same(a), Along::Each(b)) => out.iter_mut().zip(b).for_each(|(o, b)| *o = f(a, *b)),
                (Along::Same(a), Along::Same(b)) => out.fill(f(a, b)),
            });
        }
    });
    Ok((walk.shape, out))
}
