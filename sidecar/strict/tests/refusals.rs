//! What is refused, and that the message names it.

#![allow(clippy::unwrap_used)]

mod support;

use openledger_engine::{
    EngineError,
    gradient::{GradientRow, MAX_RUN_TOKENS},
};
use openledger_onnx_graph::build::{float_attribute, int_attribute, ints_attribute};
use openledger_strict::{Fault, MAX_ELEMENTS, StrictError, StrictGraph, StrictOptions, Tensor};
use support::{
    SCALE, example_model,
    graphs::{Case, floats, integers, output_name, truths},
    open, run,
};

fn built(case: &Case) -> Result<StrictGraph, StrictError> {
    StrictGraph::new(&case.model(false, &[]), StrictOptions::default())
}

fn fault(case: &Case) -> Fault {
    let inputs = case.named_inputs();
    let inputs = inputs.iter().map(|(name, tensor)| (name.as_str(), tensor.clone())).collect();
    match built(case).and_then(|graph| graph.run(inputs, &[&output_name(0)])) {
        Err(StrictError::Node { operator, node, fault }) => {
            assert_eq!((operator.as_str(), node.as_str()), (case.operator, "node"));
            fault
        }
        other => panic!("{case:?}: {other:?}"),
    }
}

fn case(operator: &'static str, inputs: Vec<Tensor>) -> Case {
    Case { operator, attributes: Vec::new(), inputs, outputs: 1 }
}

#[test]
fn operators_and_attributes_without_a_strict_form_are_named() {
    let x = floats(&[2], &[1.0, 2.0]);
    for operator in ["Erf", "com.microsoft::Gelu"] {
        match built(&case(operator, vec![x.clone()])) {
            Err(StrictError::Operator { operator: found, node }) => {
                assert_eq!((found.as_str(), node.as_str()), (operator, "node"));
            }
            other => panic!("{:?}", other.err()),
        }
    }
    let with = |operator, attribute, inputs| Case { attributes: vec![attribute], ..case(operator, inputs) };
    let index = integers(&[1], &[0]);
    for (wrong, name) in [
        (with("Exp", int_attribute("axis", 1), vec![x.clone()]), "axis"),
        (with("Add", float_attribute("alpha", 1.0), vec![x.clone(), x.clone()]), "alpha"),
        (with("ReduceSum", ints_attribute("axes", vec![0]), vec![x.clone()]), "axes"),
        (with("Cast", int_attribute("to", 10), vec![x.clone()]), "to"),
        (with("Softmax", int_attribute("axis", 0), vec![floats(&[1, 2], &[1.0, 2.0])]), "axis"),
        (with("Transpose", ints_attribute("perm", vec![0, 0]), vec![floats(&[1, 2], &[1.0, 2.0])]), "perm"),
        (
            with("GatherElements", int_attribute("axis", 0), vec![floats(&[1, 1], &[1.0]), integers(&[1, 1], &[0])]),
            "axis",
        ),
        (with("Reshape", int_attribute("allowzero", 2), vec![x.clone(), index]), "allowzero"),
    ] {
        match fault(&wrong) {
            Fault::Attribute(found) => assert_eq!(found, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let (two, three) = (floats(&[2], &[1.0, 2.0]), floats(&[3], &[1.0, 2.0, 3.0]));
    let integer = |value| integers(&[1], &[value]);
    assert!(matches!(fault(&case("Add", vec![two.clone(), three.clone()])), Fault::Shapes(_)));
    assert!(matches!(fault(&case("Add", vec![two.clone()])), Fault::Arity));
    assert!(matches!(fault(&case("Exp", vec![two.clone(), two.clone()])), Fault::Arity));
    assert!(matches!(fault(&case("Add", vec![two.clone(), integer(1)])), Fault::Type { .. }));
    assert!(matches!(fault(&case("Exp", vec![truths(&[1], &[true])])), Fault::Type { .. }));
    assert!(matches!(fault(&case("MatMul", vec![two.clone(), two.clone()])), Fault::Shapes(_)));
    let matrix = floats(&[1, 3], &[1.0; 3]);
    assert!(matches!(fault(&case("MatMul", vec![matrix.clone(), matrix.clone()])), Fault::Shapes(_)));
    assert!(matches!(fault(&case("Gather", vec![two.clone(), integer(2)])), Fault::Range { value: 2, .. }));
    assert!(matches!(fault(&case("Reshape", vec![two.clone(), integer(3)])), Fault::Shapes(_)));
    assert!(matches!(fault(&case("Reshape", vec![two.clone(), integers(&[2], &[-1, -1])])), Fault::Range { .. }));
    assert!(matches!(fault(&case("Squeeze", vec![two.clone(), integer(0)])), Fault::Range { .. }));
    assert!(matches!(fault(&case("Unsqueeze", vec![two.clone(), integers(&[2], &[0, 0])])), Fault::Range { .. }));
    let step = |value| [integer(0), integer(2), integer(0), integer(value)].to_vec();
    assert!(matches!(fault(&case("Slice", [vec![two.clone()], step(0)].concat())), Fault::Range { .. }));
    assert!(matches!(fault(&case("Slice", [vec![two.clone()], step(i64::MIN)].concat())), Fault::Range { .. }));
    let twice = [0, 2, 0].map(|value| integers(&[2], &[value; 2]));
    assert!(matches!(
        fault(&case("Slice", [vec![two.clone()], twice.to_vec()].concat())),
        Fault::Range { value: 0, .. }
    ));
    assert!(matches!(fault(&case("Pad", vec![two.clone(), integers(&[2], &[-1, 0])])), Fault::Range { .. }));
    assert!(matches!(fault(&case("Pad", vec![two.clone(), integers(&[2], &[i64::MAX, 1])])), Fault::TooLarge(_)));
    assert!(matches!(fault(&case("Pow", vec![two.clone(), floats(&[], &[1.5])])), Fault::Power(_)));
    assert!(matches!(fault(&case("Sin", vec![floats(&[1], &[f32::NAN])])), Fault::Angle(_)));
    assert!(matches!(fault(&case("Add", vec![integer(i64::MAX), integer(1)])), Fault::Integer));
    assert!(matches!(fault(&case("Div", vec![integer(1), integer(0)])), Fault::Integer));
    assert!(matches!(fault(&case("Neg", vec![integer(i64::MIN)])), Fault::Integer));
    let scalars = |values: [i64; 3]| values.map(|value| integers(&[], &[value])).to_vec();
    assert!(matches!(fault(&case("Range", scalars([0, 5, 0]))), Fault::Integer));
    assert!(matches!(fault(&case("Range", scalars([0, i64::MAX, 1]))), Fault::TooLarge(_)));
    assert!(matches!(fault(&case("Range", scalars([i64::MIN, i64::MAX, 1]))), Fault::Integer));
    assert!(matches!(fault(&case("Range", scalars([0, i64::MIN, -1]))), Fault::TooLarge(_) | Fault::Integer));
    let most = i64::try_from(MAX_ELEMENTS).unwrap();
    assert!(matches!(fault(&case("ConstantOfShape", vec![integers(&[2], &[most, 2])])), Fault::TooLarge(_)));
    // Empty, but products of its other axes overflow.
    assert!(matches!(
        fault(&case("ConstantOfShape", vec![integers(&[3], &[0, 1 << 40, 1 << 40])])),
        Fault::TooLarge(_)
    ));
    assert!(matches!(fault(&case("ConstantOfShape", vec![integers(&[9], &[1; 9])])), Fault::TooLarge(_)));
    assert!(matches!(
        fault(&case("Expand", vec![floats(&[1], &[1.0]), integers(&[2], &[most, most])])),
        Fault::TooLarge(_)
    ));
    assert!(matches!(Tensor::new(vec![3], vec![1.0_f32]), Err(Fault::Data)));
}

#[test]
fn names_that_a_graph_does_not_have_are_refused() {
    let x = floats(&[1], &[1.0]);
    let graph = built(&case("Exp", vec![x.clone()])).unwrap();
    let wrong = |inputs: Vec<(&str, Tensor)>, output: &str, name: &str| match graph.run(inputs, &[output]) {
        Err(StrictError::Value { name: found, .. }) => assert_eq!(found, name),
        other => panic!("{other:?}"),
    };
    wrong(vec![("in0", x.clone()), ("in7", x.clone())], "out0", "in7");
    wrong(vec![], "out0", "in0");
    wrong(vec![("in0", x)], "out3", "out3");
}

#[test]
fn sessions_refuse_what_other_sessions_refuse() {
    let mut session = open(example_model(), StrictOptions::default());
    let layout = session.layout(2).unwrap();
    let adapter = vec![0.0; layout.len];
    let weights = vec![1.0; 40_000];
    let mut with = |tokens: &[u32], rows: usize| {
        let row = GradientRow { tokens, weights: &weights[..tokens.len()] };
        session.run(&vec![row; rows], &[&adapter], &layout, SCALE)
    };
    assert!(matches!(with(&[1], 1), Err(EngineError::RequestInvalid { .. })));
    assert!(matches!(with(&[1, u32::MAX], 1), Err(EngineError::RequestInvalid { .. })));
    assert!(matches!(with(&vec![1; 40_000], 1), Err(EngineError::RequestLimit { .. })));
    assert!(matches!(with(&[1, 2], MAX_RUN_TOKENS), Err(EngineError::RequestLimit { .. })));
}

#[test]
fn what_is_no_number_has_one_bit_pattern() {
    let mut session = open(example_model(), StrictOptions::default());
    let layout = session.layout(4).unwrap();
    let adapter = vec![1e30; layout.len];
    let row = GradientRow { tokens: &[1, 2, 3], weights: &[0.0, 1.0, 1.0] };
    let found = session.run(&[row], &[&adapter], &layout, SCALE).unwrap();
    let broken: Vec<u32> = found.gradients[0].iter().filter(|v| v.is_nan()).map(|v| v.to_bits()).collect();
    assert!(!broken.is_empty(), "the adapter must overflow");
    assert!(broken.iter().all(|bits| *bits == f32::NAN.to_bits()));
    // A session is as good as before.
    assert!(run(&mut session, &[0]).unwrap().gradients[0].iter().all(|value| value.is_finite()));
}
