//! Comparisons and logic.

use super::{Kernel, one};
use crate::{
    Fault,
    broadcast::pairs,
    tensor::{Data, Tensor, integer},
};

pub(super) fn order(operator: &str) -> Kernel {
    match operator {
        "Equal" => compare(|a, b| a == b, |a, b| a == b, |a, b| Some(a == b)),
        "Greater" => compare(|a, b| a > b, |a, b| a > b, |_, _| None),
        _ => compare(|a, b| a <= b, |a, b| a <= b, |_, _| None),
    }
}

fn compare(
    floats: impl Fn(f32, f32) -> bool + Copy + Send + Sync + 'static,
    integers: impl Fn(i64, i64) -> bool + Copy + Send + Sync + 'static,
    truths: impl Fn(bool, bool) -> Option<bool> + Copy + Send + Sync + 'static,
) -> Kernel {
    one(move |inputs, context| {
        let operands = [inputs.get(0)?, inputs.get(1)?];
        let (shape, values) = match operands.map(Tensor::data) {
            [Data::Floats(a), Data::Floats(b)] => pairs(context, operands, a, b, floats)?,
            [Data::Integers(a), Data::Integers(b)] => pairs(context, operands, a, b, integers)?,
            [Data::Truths(a), Data::Truths(b)] => {
                let (shape, values) = pairs(context, operands, a, b, truths)?;
                let ordered = Fault::Type { expected: "numbers", found: "truth values" };
                (shape, values.into_iter().collect::<Option<Vec<bool>>>().ok_or(ordered)?)
            }
            [_, other] => return Err(Fault::Type { expected: "two numbers of one type", found: other.kind() }),
        };
        Tensor::new(shape, values)
    })
}

pub(super) fn both(operator: &str) -> Kernel {
    let and = operator == "And";
    one(move |inputs, context| {
        let operands = [inputs.get(0)?, inputs.get(1)?];
        let of = |a: bool, b: bool| if and { a && b } else { a || b };
        let (shape, values) = pairs(context, operands, operands[0].truths()?, operands[1].truths()?, of)?;
        Tensor::new(shape, values)
    })
}

pub(super) fn one_operand(operator: &str) -> Kernel {
    let number = operator == "IsNaN";
    one(move |inputs, _| {
        let x = inputs.get(0)?;
        let values: Vec<bool> = if number {
            x.floats()?.iter().map(|value| value.is_nan()).collect()
        } else {
            x.truths()?.iter().map(|value| !value).collect()
        };
        Tensor::new(x.shape().to_vec(), values)
    })
}

/// `NonZero`: indices of the elements other than zero, one row per axis.
pub(super) fn places() -> Kernel {
    one(|inputs, _| {
        let x = inputs.get(0)?;
        let found = match x.data() {
            Data::Floats(values) => other_than(values, 0.0),
            Data::Integers(values) => other_than(values, 0),
            Data::Truths(values) => other_than(values, false),
            Data::Bytes(values) => other_than(values, 0),
        };
        let mut all = Vec::with_capacity(found.len().saturating_mul(x.shape().len()));
        for axis in 0..x.shape().len() {
            let step: usize = x.shape().iter().skip(axis + 1).product();
            all.extend(found.iter().map(|at| integer(at / step.max(1) % x.size(axis).max(1))));
        }
        Tensor::new(vec![x.shape().len(), found.len()], all)
    })
}

/// Places of the elements that are not zero.
fn other_than<T: PartialEq>(values: &[T], zero: T) -> Vec<usize> {
    values.iter().enumerate().filter(|(_, value)| **value != zero).map(|(at, _)| at).collect()
}
