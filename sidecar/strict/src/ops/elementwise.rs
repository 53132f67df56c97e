//! Arithmetic element by element.

use openledger_onnx_graph::element;

use super::{Inputs, Kernel, Source, one};
use crate::{
    Fault,
    arithmetic::{cos, exp, sigmoid, sin, tanh},
    broadcast::{Along, Walk, pairs},
    buffers::Element,
    context::Context,
    tensor::{Data, Tensor, elements},
};

const TRUTH: i64 = 9;
/// Elements of one part of a kernel that threads share.
const PIECE: usize = 1 << 10;
/// Multiplications that a function like exp counts for when work is estimated.
const FUNCTION_WORK: usize = 8;

pub(super) fn binary(operator: &str) -> Kernel {
    match operator {
        "Add" => arithmetic(|a, b| a + b, i64::checked_add),
        "Sub" => arithmetic(|a, b| a - b, i64::checked_sub),
        "Mul" => arithmetic(|a, b| a * b, i64::checked_mul),
        "Div" => arithmetic(|a, b| a / b, i64::checked_div),
        // As ONNX: no number where either operand is none.
        "Max" => arithmetic(|a, b| if a.is_nan() || a > b { a } else { b }, |a, b| Some(a.max(b))),
        _ => one(power),
    }
}

fn arithmetic(
    floats: impl Fn(f32, f32) -> f32 + Copy + Send + Sync + 'static,
    integers: impl Fn(i64, i64) -> Option<i64> + Copy + Send + Sync + 'static,
) -> Kernel {
    one(move |inputs, context| {
        let operands = [inputs.get(0)?, inputs.get(1)?];
        if matches!(operands[0].data(), Data::Integers(_)) {
            let (left, right) = (operands[0].integers()?, operands[1].integers()?);
            let (shape, values) = pairs(context, operands, left, right, integers)?;
            let values = values.into_iter().collect::<Option<Vec<i64>>>().ok_or(Fault::Integer)?;
            return Tensor::new(shape, values);
        }
        let (shape, values) = pairs(context, operands, operands[0].floats()?, operands[1].floats()?, floats)?;
        Tensor::new(shape, values)
    })
}

/// Only powers that are exact operations: x^0.5, x, x · x and x · x · x.
fn power(inputs: &Inputs<'_>, context: &Context<'_>) -> Result<Tensor, Fault> {
    let operands = [inputs.get(0)?, inputs.get(1)?];
    let (base, exponents) = (operands[0].floats()?, operands[1].floats()?);
    let other = |exponent: &&f32| ![0.5, 1.0, 2.0, 3.0].contains(*exponent);
    if let Some(&exponent) = exponents.iter().find(other) {
        return Err(Fault::Power(exponent));
    }
    let of = |base: f32, exponent: f32| match exponent {
        // A square root of −0 is −0, its power 0.5 is 0.
        0.5 => base.sqrt() + 0.0,
        1.0 => base,
        2.0 => base * base,
        _ => base * base * base,
    };
    let (shape, values) = pairs(context, operands, base, exponents, of)?;
    Tensor::new(shape, values)
}

pub(super) fn unary(operator: &str) -> Kernel {
    match operator {
        "Exp" => map(exp),
        "Floor" => map(f32::floor),
        "Reciprocal" => map(|x| 1.0 / x),
        "Sigmoid" => map(sigmoid),
        "Sqrt" => map(f32::sqrt),
        "Tanh" => map(tanh),
        "Sin" => angles(sin),
        "Cos" => angles(cos),
        _ => one(negative),
    }
}

fn map(f: impl Fn(f32) -> f32 + Copy + Send + Sync + 'static) -> Kernel {
    one(move |inputs, context| {
        let x = inputs.get(0)?;
        Tensor::new(x.shape().to_vec(), mapped(x.floats()?, context, f))
    })
}

fn mapped(values: &[f32], context: &Context<'_>, f: impl Fn(f32) -> f32 + Copy + Sync) -> Vec<f32> {
    let mut out = f32::scratch(context, values.len());
    context.fill(&mut out, PIECE, values.len().saturating_mul(FUNCTION_WORK), &|first, part| {
        context.compiled(|| {
            for (out, &value) in part.iter_mut().zip(&values[first..]) {
                *out = f(value);
            }
        });
    });
    out
}

fn angles(f: impl Fn(f32) -> Result<f32, Fault> + Send + Sync + 'static) -> Kernel {
    one(move |inputs, _| {
        let x = inputs.get(0)?;
        let values = x.floats()?.iter().map(|&value| f(value)).collect::<Result<Vec<_>, _>>()?;
        Tensor::new(x.shape().to_vec(), values)
    })
}

fn negative(inputs: &Inputs<'_>, context: &Context<'_>) -> Result<Tensor, Fault> {
    let x = inputs.get(0)?;
    let data = match x.data() {
        Data::Integers(values) => {
            let all = values.iter().map(|value| value.checked_neg()).collect::<Option<Vec<i64>>>();
            Data::from(all.ok_or(Fault::Integer)?)
        }
        _ => Data::from(mapped(x.floats()?, context, |value| -value)),
    };
    Tensor::new(x.shape().to_vec(), data)
}

pub(super) fn cast(source: &mut Source<'_>) -> Result<Kernel, Fault> {
    const FLOAT: i64 = element::FLOAT as i64;
    const INTEGER: i64 = element::INT64 as i64;
    let to = source.attributes.int("to")?;
    let wrong = || Fault::Attribute("to".to_owned());
    let to = to.filter(|to| [FLOAT, INTEGER, TRUTH].contains(to)).ok_or_else(wrong)?;
    Ok(one(move |inputs, _| {
        let x = inputs.get(0)?;
        let data = match (x.data(), to) {
            (Data::Floats(_), FLOAT) | (Data::Integers(_), INTEGER) | (Data::Truths(_), TRUTH) => x.data().clone(),
            (Data::Integers(values), FLOAT) => Data::from(values.iter().map(|&v| v as f32).collect::<Vec<_>>()),
            (Data::Truths(values), FLOAT) => {
                Data::from(values.iter().map(|&v| f32::from(u8::from(v))).collect::<Vec<_>>())
            }
            (Data::Bytes(values), FLOAT) => Data::from(values.iter().map(|&v| f32::from(v)).collect::<Vec<_>>()),
            // Towards zero; what does not fit becomes the nearest that does, no number 0: as Rust defines it.
            (Data::Floats(values), INTEGER) => Data::from(values.iter().map(|&v| v as i64).collect::<Vec<_>>()),
            (Data::Truths(values), INTEGER) => Data::from(values.iter().map(|&v| i64::from(v)).collect::<Vec<_>>()),
            (Data::Bytes(values), INTEGER) => Data::from(values.iter().map(|&v| i64::from(v)).collect::<Vec<_>>()),
            (Data::Floats(values), _) => Data::from(values.iter().map(|&v| v != 0.0).collect::<Vec<_>>()),
            (Data::Integers(values), _) => Data::from(values.iter().map(|&v| v != 0).collect::<Vec<_>>()),
            (Data::Bytes(values), _) => Data::from(values.iter().map(|&v| v != 0).collect::<Vec<_>>()),
            (Data::Truths(_), _) => return Err(Fault::Attribute("to".to_owned())),
        };
        Tensor::new(x.shape().to_vec(), data)
    }))
}

pub(super) fn choose() -> Kernel {
    one(|inputs, context| {
        let all = [inputs.get(0)?, inputs.get(1)?, inputs.get(2)?];
        let condition = all[0].truths()?;
        match (all[1].data(), all[2].data()) {
            (Data::Floats(yes), Data::Floats(no)) => chosen(context, all, condition, yes, no),
            (Data::Integers(yes), Data::Integers(no)) => chosen(context, all, condition, yes, no),
            (_, other) => Err(Fault::Type { expected: "two numbers of one type", found: other.kind() }),
        }
    })
}

fn chosen<T: Element>(
    context: &Context<'_>,
    all: [&Tensor; 3],
    condition: &[bool],
    yes: &[T],
    no: &[T],
) -> Result<Tensor, Fault>
where
    Data: From<Vec<T>>,
{
    let walk = Walk::new(all.map(Tensor::shape))?;
    let mut out = T::scratch(context, elements(&walk.shape)?);
    let work = out.len();
    let at = |values: &Along<'_, T>, index: usize| match values {
        Along::Each(values) => values[index],
        Along::Same(value) => *value,
    };
    context.fill(&mut out, walk.run, work, &|first, part| {
        for (index, out) in part.chunks_exact_mut(walk.run.max(1)).enumerate() {
            let [c, y, n] = walk.starts(first / walk.run.max(1) + index);
            let yes = Along::of(yes, y, walk.run, walk.moves[1]);
            let no = Along::of(no, n, walk.run, walk.moves[2]);
            match Along::of(condition, c, walk.run, walk.moves[0]) {
                Along::Same(true) => out.iter_mut().enumerate().for_each(|(i, out)| *out = at(&yes, i)),
                Along::Same(false) => out.iter_mut().enumerate().for_each(|(i, out)| *out = at(&no, i)),
                Along::Each(condition) => {
                    for (i, (out, &condition)) in out.iter_mut().zip(condition).enumerate() {
                        *out = at(if condition { &yes } else { &no }, i);
                    }
                }
            }
        }
    });
    Tensor::new(walk.shape, out)
}
