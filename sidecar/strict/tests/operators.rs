//! Every operator beside ONNX Runtime, and products beside the plainest loops.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;

use openledger_engine::{
    EngineError,
    gradient::{Executor, GradientSession, Input, Output},
};
use openledger_onnx_graph::{
    build::{int_attribute, ints_attribute},
    proto::{AttributeProto, attribute_proto::AttributeType},
};
use openledger_strict::{Data, StrictGraph, StrictOptions, Tensor};
use support::{
    all_options,
    graphs::{Case, bytes, constant, floats, integers, onnx_runtime, output_name, truths},
    models, numbers,
};

fn case(operator: &'static str, attributes: Vec<AttributeProto>, inputs: Vec<Tensor>) -> Case {
    Case { operator, attributes, inputs, outputs: 1 }
}

fn axis(value: i64) -> AttributeProto {
    int_attribute("axis", value)
}

fn value(tensor: &Tensor) -> AttributeProto {
    AttributeProto {
        name: Some("value".to_owned()),
        t: Some(constant("", tensor)),
        r#type: Some(AttributeType::Tensor.into()),
        ..AttributeProto::default()
    }
}

fn random(shape: &[usize], seed: u64, size: f32) -> Tensor {
    floats(shape, &numbers(shape.iter().product(), seed, size))
}

/// Numbers around which functions change, and their like.
fn special() -> Tensor {
    let numbers = [0.0, -0.0, 1.0, -1.0, 0.3, -0.62, 0.63, 5.5, -17.0, 88.0, -87.0, 1e-30, f32::INFINITY];
    floats(&[numbers.len()], &numbers)
}

fn vector(values: &[i64]) -> Tensor {
    integers(&[values.len()], values)
}

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    let (left, right) = (random(&[2, 1, 3, 5], 1, 2.0), random(&[4, 1, 5], 2, 2.0));
    let shapes = [
        (left.clone(), right.clone()),
        (random(&[40, 500], 7, 1.0), random(&[40, 1], 8, 1.0)),
        (random(&[40, 500], 7, 1.0), random(&[500], 8, 1.0)),
        (floats(&[], &[1.5]), left.clone()),
        (random(&[2, 0, 3], 1, 1.0), random(&[3], 1, 1.0)),
    ];
    let (counts, others) = (integers(&[2, 3], &[5, -7, 9, 0, 4, 3]), integers(&[3], &[2, 4, -3]));
    for operator in ["Add", "Sub", "Mul", "Div", "Max"] {
        all.extend(shapes.iter().map(|(a, b)| case(operator, vec![], vec![a.clone(), b.clone()])));
        all.push(case(operator, vec![], vec![counts.clone(), others.clone()]));
    }
    let same = floats(&[3], &[1.0, f32::NAN, -2.0]);
    for operator in ["Equal", "Greater", "LessOrEqual"] {
        all.extend(shapes.iter().map(|(a, b)| case(operator, vec![], vec![a.clone(), b.clone()])));
        all.push(case(operator, vec![], vec![same.clone(), floats(&[3], &[1.0, f32::NAN, 3.0])]));
        all.push(case(operator, vec![], vec![counts.clone(), integers(&[3], &[5, -7, 3])]));
    }
    let (yes, no) = (truths(&[2, 1], &[true, false]), truths(&[2], &[true, false]));
    all.push(case("Equal", vec![], vec![yes.clone(), no.clone()]));
    all.extend(["And", "Or"].map(|operator| case(operator, vec![], vec![yes.clone(), no.clone()])));
    all.push(case("Not", vec![], vec![yes.clone()]));
    all.push(case("IsNaN", vec![], vec![same]));
    for exponent in [0.5, 1.0, 2.0, 3.0] {
        let positive = floats(&[4], &[0.0, 0.25, 2.0, 7.5]);
        all.push(case("Pow", vec![], vec![positive, floats(&[], &[exponent])]));
    }
    for operator in ["Exp", "Floor", "Neg", "Reciprocal", "Sigmoid", "Tanh"] {
        all.extend([special(), random(&[50, 41], 3, 20.0), floats(&[0], &[])].map(|x| case(operator, vec![], vec![x])));
    }
    all.push(case("Neg", vec![], vec![counts.clone()]));
    all.extend(["Sin", "Cos"].map(|operator| case(operator, vec![], vec![random(&[600], 4, 300.0)])));
    all.push(case("Sqrt", vec![], vec![floats(&[4], &[0.0, 2.0, 1e-30, 9e30])]));
    for to in [1, 7, 9] {
        for from in [random(&[7], 5, 9.0), counts.clone(), yes.clone(), bytes(&[3], &[0, 7, 255])] {
            all.push(case("Cast", vec![int_attribute("to", to)], vec![from]));
        }
    }
    for (condition, a, b) in [
        (truths(&[3, 1], &[true, false, true]), left.clone(), right.clone()),
        (truths(&[5], &[true, false, true, true, false]), right.clone(), floats(&[], &[f32::NEG_INFINITY])),
        (yes.clone(), counts.clone(), others),
    ] {
        all.push(case("Where", vec![], vec![condition, a.clone(), b.clone()]));
        all.push(case("Where", vec![], vec![truths(&[], &[true]), a, b]));
    }
    all.push(case("NonZero", vec![], vec![truths(&[2, 3], &[true, false, true, false, false, true])]));
    all.push(case("NonZero", vec![], vec![counts.clone()]));
    all.push(case("NonZero", vec![], vec![floats(&[4], &[0.0, -0.0, 2.0, f32::NAN])]));
    for (a, b) in [
        (vec![3, 7], vec![7, 5]),
        (vec![2, 3, 33, 70], vec![70, 37]),
        (vec![2, 3, 5, 7], vec![3, 7, 20]),
        (vec![1, 5, 7], vec![4, 7, 2]),
        (vec![4, 1, 9], vec![4, 9, 1]),
        (vec![0, 3], vec![3, 2]),
        (vec![3, 0], vec![0, 2]),
    ] {
        all.push(case("MatMul", vec![], vec![random(&a, 6, 1.0), random(&b, 7, 1.0)]));
    }
    let x = random(&[3, 4, 5, 50], 9, 1.0);
    for operator in ["ReduceSum", "ReduceMean", "ReduceSumSquare"] {
        for axes in [&[-1][..], &[0], &[1, 2], &[0, 3], &[0, 2], &[2, 3], &[0, 1, 2, 3], &[]] {
            for keep in [0, 1] {
                all.push(case(operator, vec![int_attribute("keepdims", keep)], vec![x.clone(), vector(axes)]));
            }
        }
        all.push(case(operator, vec![], vec![x.clone()]));
        all.push(case(operator, vec![int_attribute("noop_with_empty_axes", 0)], vec![x.clone()]));
    }
    let noop = vec![int_attribute("noop_with_empty_axes", 1)];
    all.push(case("ReduceSum", noop, vec![x.clone(), vector(&[])]));
    for operator in ["Softmax", "LogSoftmax"] {
        all.push(case(operator, vec![axis(-1)], vec![random(&[3, 7, 61], 10, 9.0)]));
        let masked = floats(&[2, 3], &[f32::NEG_INFINITY, 1.0, 2.0, f32::NEG_INFINITY, 5.0, f32::NEG_INFINITY]);
        all.push(case(operator, vec![axis(1)], vec![masked]));
    }
    let parts = [random(&[2, 3, 4], 11, 1.0), random(&[2, 1, 4], 12, 1.0), random(&[2, 0, 4], 12, 1.0)];
    all.push(case("Concat", vec![axis(-2)], parts.to_vec()));
    all.push(case("Concat", vec![axis(0)], vec![vector(&[1, 2]), vector(&[]), vector(&[3])]));
    all.push(case("Concat", vec![axis(0)], vec![yes.clone(), yes.clone()]));
    all.push(case("Expand", vec![], vec![left.clone(), vector(&[2, 4, 1, 5])]));
    all.push(case("Expand", vec![], vec![floats(&[1], &[3.0]), vector(&[2, 0, 4])]));
    all.push(case("Pad", vec![], vec![left.clone(), vector(&[0, 1, 0, 2, 1, 0, 0, 3])]));
    let y = random(&[6, 7, 8], 13, 1.0);
    for (starts, ends, axes, steps) in [
        (&[1][..], &[5][..], &[1][..], &[1][..]),
        (&[-3, 0], &[i64::MAX, 100], &[0, 2], &[1, 3]),
        (&[-1], &[i64::MIN], &[1], &[-1]),
        (&[5], &[0], &[-1], &[-2]),
        (&[4], &[2], &[0], &[1]),
    ] {
        all.push(case("Slice", vec![], vec![y.clone(), vector(starts), vector(ends), vector(axes), vector(steps)]));
    }
    all.push(case("Slice", vec![], vec![y.clone(), vector(&[1, 2]), vector(&[4, 3])]));
    let halves = vec![axis(2), int_attribute("num_outputs", 2)];
    all.push(Case { outputs: 2, ..case("Split", halves, vec![y.clone()]) });
    all.push(Case { outputs: 3, ..case("Split", vec![axis(-2)], vec![y.clone(), vector(&[1, 4, 2])]) });
    for order in [vec![2, 0, 1], vec![0, 2, 1], vec![0, 1, 2]] {
        all.push(case("Transpose", vec![ints_attribute("perm", order)], vec![y.clone()]));
    }
    for at in [0, 1, -1] {
        all.push(case("Gather", vec![axis(at)], vec![y.clone(), integers(&[2, 2], &[5, 0, -1, 3])]));
    }
    all.push(case("Gather", vec![], vec![vector(&[7, 8, 9]), integers(&[], &[1])]));
    all.push(case("GatherElements", vec![axis(-1)], vec![y.clone(), integers(&[6, 7, 1], &[3; 42])]));
    let places = integers(&[2, 2], &[0, 2, 1, -1]);
    all.push(case("ScatterElements", vec![axis(-1)], vec![random(&[2, 4], 14, 1.0), places, random(&[2, 2], 15, 1.0)]));
    all.push(case("ScatterND", vec![], vec![y.clone(), integers(&[2, 1], &[4, 1]), random(&[2, 7, 8], 16, 1.0)]));
    all.push(case("ScatterND", vec![], vec![y.clone(), integers(&[2, 2], &[4, 1, 0, -1]), random(&[2, 8], 16, 1.0)]));
    all.push(case("Constant", vec![value(&y)], vec![]));
    all.push(case("ConstantOfShape", vec![value(&vector(&[7]))], vec![vector(&[2, 3])]));
    all.push(case("ConstantOfShape", vec![value(&truths(&[1], &[true]))], vec![vector(&[4])]));
    all.push(case("ConstantOfShape", vec![], vec![vector(&[0, 3])]));
    all.extend([0, 2, 3, -1].map(|at| case("Flatten", vec![axis(at)], vec![y.clone()])));
    all.push(case("Identity", vec![], vec![y.clone()]));
    for (start, limit, step) in [(0, 9, 2), (3, -4, -3), (5, 5, 1), (-2, 1, 1)] {
        all.push(case("Range", vec![], [start, limit, step].map(|value| integers(&[], &[value])).to_vec()));
    }
    all.push(case("Reshape", vec![], vec![y.clone(), vector(&[0, -1, 4])]));
    all.push(case("Reshape", vec![], vec![y.clone(), vector(&[336])]));
    let nothing = random(&[2, 0], 1, 1.0);
    all.push(case("Reshape", vec![int_attribute("allowzero", 1)], vec![nothing.clone(), vector(&[0, 7])]));
    all.push(case("Shape", vec![], vec![y.clone()]));
    all.push(case("Shape", vec![int_attribute("start", 1), int_attribute("end", -1)], vec![y.clone()]));
    all.push(case("Size", vec![], vec![y.clone()]));
    all.push(case("Squeeze", vec![], vec![left.clone(), vector(&[1])]));
    all.push(case("Squeeze", vec![], vec![left]));
    all.push(case("Unsqueeze", vec![], vec![right, vector(&[0, -1])]));
    for (bits, each) in [(4, 2), (8, 1)] {
        let table: Vec<u8> = (0..3 * 64 / each).map(|at| u8::try_from(at * 37 % 256).unwrap()).collect();
        let attributes = [("bits", bits), ("block_size", 32), ("gather_axis", 0), ("quantize_axis", 1)];
        let attributes = attributes.map(|(name, value)| int_attribute(name, value)).to_vec();
        let inputs = vec![bytes(&[3, 64 / each], &table), vector(&[2, 0, 2]), random(&[3, 2], 17, 1.0)];
        all.push(case("com.microsoft::GatherBlockQuantized", attributes, inputs));
    }
    all
}

fn strict(case: &Case, constants: bool, options: StrictOptions) -> Vec<Tensor> {
    let graph = StrictGraph::new(&case.model(constants, &[]), options).unwrap();
    let names: Vec<String> = (0..case.outputs).map(output_name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let inputs = if constants { Vec::new() } else { case.named_inputs() };
    graph.run(inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.clone())).collect(), &names).unwrap()
}

fn bits(tensors: &[Tensor]) -> Vec<(Vec<usize>, Data)> {
    let exact = |tensor: &Tensor| match tensor.data() {
        Data::Floats(values) => Data::from(values.iter().map(|value| i64::from(value.to_bits())).collect::<Vec<_>>()),
        other => other.clone(),
    };
    tensors.iter().map(|tensor| (tensor.shape().to_vec(), exact(tensor))).collect()
}

#[test]
fn operators_do_what_onnx_runtimes_do() {
    for case in cases() {
        let found = strict(&case, false, StrictOptions::default());
        for (found, expected) in found.iter().zip(onnx_runtime(&case, &found)) {
            assert_eq!(found.shape(), expected.shape(), "{case:?}");
            match (found.data(), expected.data()) {
                (Data::Floats(found), Data::Floats(expected)) => {
                    let size = expected.iter().filter(|v| v.is_finite()).fold(0.0_f32, |most, v| most.max(v.abs()));
                    for (a, b) in found.iter().zip(expected.iter()) {
                        let same = a == b || (a.is_nan() && b.is_nan());
                        // Terms of a sum may cancel, and ONNX Runtime's sigmoid is only near in absolute terms.
                        assert!(same || (a - b).abs() <= 1e-5 * b.abs().max(5e-2 * size), "{a} not {b}: {case:?}");
                    }
                }
                (found, expected) => assert_eq!(found, expected, "{case:?}"),
            }
        }
    }
}

#[test]
fn operators_have_the_same_bits_on_every_level_with_any_threads_and_as_constants() {
    for case in cases() {
        let expected = bits(&strict(&case, false, StrictOptions::default()));
        for options in all_options() {
            let found = bits(&strict(&case, options.threads == 2, options));
            assert_eq!(found, expected, "{} {} {case:?}", options.level.name(), options.threads);
        }
    }
}

#[test]
fn products_are_sums_in_index_order() {
    for (rows, inner, columns) in [(1, 1, 1), (7, 19, 33), (9, 300, 16), (40, 64, 70), (3, 5, 200)] {
        let (a, b) = (numbers(rows * inner, 1, 1.0), numbers(inner * columns, 2, 1.0));
        let mut expected = vec![0.0_f32; rows * columns];
        for (row, out) in expected.chunks_mut(columns).enumerate() {
            for (column, out) in out.iter_mut().enumerate() {
                for at in 0..inner {
                    let product = a[row * inner + at] * b[at * columns + column];
                    *out += product;
                }
            }
        }
        let case = case("MatMul", vec![], vec![floats(&[rows, inner], &a), floats(&[inner, columns], &b)]);
        for options in all_options() {
            let found = strict(&case, false, options);
            assert_eq!(bits(&found), bits(&[floats(&[rows, columns], &expected)]), "{}", options.level.name());
        }
    }
}

/// Takes a graph for its operators.
struct Names;

impl Executor for Names {
    fn run(&mut self, _: Vec<Input<'_>>, _: &[Output<'_>]) -> Result<Vec<Vec<f32>>, EngineError> {
        unreachable!("it is only built")
    }
}

#[test]
fn the_cases_have_every_operator_of_the_supported_models() {
    let tested: BTreeSet<String> = cases().iter().map(|case| case.operator.to_owned()).collect();
    let mut needed = BTreeSet::new();
    for model_dir in models() {
        GradientSession::open_in(&model_dir, &[], "none", |graph| {
            needed.extend(graph.graph().node.iter().map(|node| match node.domain() {
                "" => node.op_type().to_owned(),
                domain => format!("{domain}::{}", node.op_type()),
            }));
            Ok(Names)
        })
        .unwrap();
    }
    assert_eq!(tested, needed, "no more and no fewer");
}
