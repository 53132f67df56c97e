//! Every gradient rule against finite differences of what ONNX Runtime computes, in 64 bits.

#![allow(clippy::unwrap_used)]

mod runtime;

use openledger_onnx_graph::{
    Model,
    build::int_attribute,
    element,
    grad::{GradError, adjoint_name, gradient_name, vector_jacobian_product},
    proto::{
        AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto, TensorShapeProto,
        TypeProto, ValueInfoProto,
        tensor_shape_proto::{Dimension, dimension},
        type_proto,
    },
};
use proptest::prelude::*;
use runtime::{Data, Random, Runner, Value, Values, ints_attribute, llama::float_attribute};

const STEP: f64 = 1e-5;
const TOLERANCE: f64 = 1e-7;

/// How much of a shape the model declares: every way must give the same gradient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Declared {
    Sizes,
    Names,
    Ranks,
}

const EVERY: [Declared; 3] = [Declared::Sizes, Declared::Names, Declared::Ranks];

fn info(name: &str, value: &Value, declared: Declared) -> ValueInfoProto {
    let dim = value.dims.iter().map(|&size| Dimension {
        value: match declared {
            Declared::Sizes => Some(dimension::Value::DimValue(i64::try_from(size).unwrap())),
            Declared::Names => Some(dimension::Value::DimParam(format!("size_{size}"))),
            Declared::Ranks => None,
        },
        denotation: None,
    });
    ValueInfoProto {
        name: Some(name.to_owned()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                elem_type: Some(value.data_type()),
                shape: Some(TensorShapeProto { dim: dim.collect() }),
            })),
            denotation: None,
        }),
        ..ValueInfoProto::default()
    }
}

fn constant(name: &str, value: &Value) -> TensorProto {
    let raw: Vec<u8> = match &value.data {
        Data::F64(data) => data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Data::F32(data) => data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Data::I64(data) => data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Data::I32(data) => data.iter().flat_map(|v| v.to_le_bytes()).collect(),
        Data::Bool(data) => data.iter().map(|&v| u8::from(v)).collect(),
    };
    TensorProto {
        name: Some(name.to_owned()),
        dims: value.dims.iter().map(|&size| i64::try_from(size).unwrap()).collect(),
        data_type: Some(value.data_type()),
        raw_data: Some(raw.into()),
        ..TensorProto::default()
    }
}

/// One operator under test.
struct Case {
    op: &'static str,
    attributes: Vec<AttributeProto>,
    /// Values of the inputs in order; those of 64-bit floats are differentiated by.
    inputs: Vec<Value>,
    /// Inputs that are constants of the model.
    constants: Vec<usize>,
    outputs: usize,
    opset: i64,
}

impl Case {
    fn new(op: &'static str, inputs: Vec<Value>) -> Self {
        Self { op, attributes: Vec::new(), inputs, constants: Vec::new(), outputs: 1, opset: 21 }
    }

    fn with(mut self, attribute: AttributeProto) -> Self {
        self.attributes.push(attribute);
        self
    }

    fn constants(mut self, constants: &[usize]) -> Self {
        self.constants = constants.to_vec();
        self
    }

    fn opset(mut self, opset: i64) -> Self {
        self.opset = opset;
        self
    }

    fn name(index: usize) -> String {
        format!("x{index}")
    }

    fn model(&self, declared: Declared) -> Model {
        let y = |index: usize| format!("y{index}");
        let mut graph = GraphProto { name: Some("case".to_owned()), ..GraphProto::default() };
        for (index, value) in self.inputs.iter().enumerate() {
            if self.constants.contains(&index) {
                graph.initializer.push(constant(&Self::name(index), value));
            } else {
                graph.input.push(info(&Self::name(index), value, declared));
            }
        }
        graph.node.push(NodeProto {
            op_type: Some(self.op.to_owned()),
            name: Some(self.op.to_owned()),
            input: (0..self.inputs.len()).map(Self::name).collect(),
            output: (0..self.outputs).map(y).collect(),
            attribute: self.attributes.clone(),
            ..NodeProto::default()
        });
        let untyped = ValueInfoProto {
            name: Some(y(0)),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(type_proto::Tensor {
                    elem_type: Some(element::DOUBLE),
                    shape: None,
                })),
                denotation: None,
            }),
            ..ValueInfoProto::default()
        };
        graph.output.push(untyped);
        let proto = ModelProto {
            ir_version: Some(8),
            opset_import: vec![OperatorSetIdProto { domain: None, version: Some(self.opset) }],
            graph: Some(graph),
            ..ModelProto::default()
        };
        Model::from_proto(proto).unwrap()
    }

    fn check(&self) {
        for declared in EVERY {
            self.check_declared(declared);
        }
    }

    /// Compares the gradient of `Σ adjoint · y` by every float input with central differences.
    fn check_declared(&self, declared: Declared) {
        let by: Vec<usize> = (0..self.inputs.len())
            .filter(|index| matches!(self.inputs[*index].data, Data::F64(_)) && !self.constants.contains(index))
            .collect();
        let names: Vec<String> = by.iter().map(|&index| Self::name(index)).collect();
        let model = self.model(declared);
        let mut forward = Runner::new(&model);
        let feed: Values = (0..self.inputs.len())
            .filter(|index| !self.constants.contains(index))
            .map(|index| (Self::name(index), self.inputs[index].clone()))
            .collect();
        let y = forward.run(&feed).remove("y0").unwrap();
        let adjoint = Value::f64(&y.dims, Random::new(7).floats(y.len()));
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let gradient = vector_jacobian_product(&model, "y0", &names).unwrap();
        for node in &gradient.graph().node {
            assert_eq!(node.domain(), "", "{}: standard operators only", self.op);
        }
        let mut both = feed.clone();
        both.insert(adjoint_name("y0"), adjoint.clone());
        let found = Runner::new(&gradient).run(&both);
        assert_eq!(found["y0"], y);
        let weights = adjoint.floats();
        let mut total = |feed: &Values| -> f64 {
            forward.run(feed)["y0"].floats().iter().zip(&weights).map(|(y, weight)| y * weight).sum()
        };
        for index in by {
            let name = Self::name(index);
            let gradient = &found[&gradient_name(&name)];
            assert_eq!(gradient.dims, self.inputs[index].dims, "{} {declared:?}", self.op);
            for (at, got) in gradient.floats().into_iter().enumerate() {
                let mut moved = |by: f64| {
                    let mut feed = feed.clone();
                    feed.insert(name.clone(), self.inputs[index].moved(at, by));
                    total(&feed)
                };
                let expected = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                let error = (got - expected).abs() / (1.0 + expected.abs());
                assert!(
                    error < TOLERANCE,
                    "{} {declared:?} input {index} element {at}: {got} instead of {expected}",
                    self.op
                );
            }
        }
    }
}

fn random(dims: &[usize], seed: u64) -> Value {
    Value::f64(dims, Random::new(seed).floats(dims.iter().product()))
}

/// Numbers in 0.5..2.5, away from poles.
fn positive(dims: &[usize], seed: u64) -> Value {
    let Data::F64(data) = random(dims, seed).data else { unreachable!() };
    Value::f64(dims, data.into_iter().map(|v| v + 1.5).collect())
}

fn ints(values: &[i64]) -> Value {
    Value::i64(&[values.len()], values.to_vec())
}

/// A shape, and shapes that broadcast to it: leading axes dropped, others of size one.
fn broadcasting(inputs: usize) -> impl Strategy<Value = Vec<Vec<usize>>> {
    prop::collection::vec(1_usize..4, 0..4).prop_flat_map(move |full| {
        let one = (0..=full.len(), prop::collection::vec(any::<bool>(), full.len())).prop_map({
            let full = full.clone();
            move |(from, ones)| {
                full.iter().zip(ones).map(|(&size, one)| if one { 1 } else { size }).skip(from).collect::<Vec<_>>()
            }
        });
        prop::collection::vec(one, inputs)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn arithmetic_with_broadcasting(shapes in broadcasting(2), seed in any::<u64>()) {
        for op in ["Add", "Sub", "Mul"] {
            Case::new(op, vec![random(&shapes[0], seed), random(&shapes[1], seed ^ 1)]).check();
        }
        Case::new("Div", vec![random(&shapes[0], seed), positive(&shapes[1], seed ^ 1)]).check();
        Case::new("Pow", vec![positive(&shapes[0], seed), random(&shapes[1], seed ^ 1)]).check();
    }

    #[test]
    fn sums_of_three_and_choices(shapes in broadcasting(3), seed in any::<u64>()) {
        let floats: Vec<Value> = shapes.iter().zip(seed..).map(|(dims, seed)| random(dims, seed)).collect();
        Case::new("Sum", floats.clone()).check();
        let count = shapes[0].iter().product();
        let mut bits = Random::new(seed);
        let condition = Value::bool(&shapes[0], (0..count).map(|_| bits.bits() & 1 == 0).collect());
        Case::new("Where", vec![condition, floats[1].clone(), floats[2].clone()]).check();
    }

    #[test]
    fn matrix_products(
        batch in broadcasting(2), m in 1_usize..4, k in 1_usize..4, n in 1_usize..4, seed in any::<u64>(),
    ) {
        let (mut a, mut b) = (batch[0].clone(), batch[1].clone());
        a.extend([m, k]);
        b.extend([k, n]);
        Case::new("MatMul", vec![random(&a, seed), random(&b, seed ^ 1)]).check();
        Case::new("MatMul", vec![random(&[k], seed), random(&b, seed ^ 1)]).check();
        Case::new("MatMul", vec![random(&a, seed), random(&[k], seed ^ 1)]).check();
        Case::new("MatMul", vec![random(&[k], seed), random(&[k], seed ^ 1)]).check();
    }

    #[test]
    fn expansion(shapes in broadcasting(2), seed in any::<u64>()) {
        let to = |dims: &[usize]| ints(&dims.iter().map(|&size| i64::try_from(size).unwrap()).collect::<Vec<_>>());
        for constants in [&[][..], &[1]] {
            Case::new("Expand", vec![random(&shapes[0], seed), to(&shapes[1])]).constants(constants).check();
        }
    }

    #[test]
    fn slices(
        start in -6_i64..6, end in -6_i64..6, step in prop::sample::select(vec![-2_i64, -1, 1, 2]), axis in -2_i64..2,
        seed in any::<u64>(),
    ) {
        let inputs = || vec![random(&[4, 5], seed), ints(&[start]), ints(&[end]), ints(&[axis]), ints(&[step])];
        for constants in [&[1, 2, 3, 4][..], &[3], &[3, 4]] {
            let case = Case::new("Slice", inputs()).constants(constants);
            // The runtime refuses to return what has no elements through this test's interface.
            let mut forward = Runner::new(&case.model(Declared::Sizes));
            let feed: Values = (0..5)
                .filter(|index| !constants.contains(index))
                .map(|index| (Case::name(index), case.inputs[index].clone()))
                .collect();
            if forward.run(&feed)["y0"].len() > 0 {
                case.check();
            }
        }
    }
}

#[test]
fn functions_of_one_value() {
    for dims in [&[][..], &[5], &[2, 3]] {
        for op in ["Neg", "Exp", "Tanh", "Sigmoid", "Sin", "Cos", "Relu", "Abs", "Identity"] {
            Case::new(op, vec![random(dims, 3)]).check();
        }
        for op in ["Log", "Sqrt", "Reciprocal"] {
            Case::new(op, vec![positive(dims, 3)]).check();
        }
    }
}

#[test]
fn constant_squares() {
    for exponent in [2.0, 3.0, 0.5] {
        Case::new("Pow", vec![positive(&[2, 3], 3), Value::f64(&[], vec![exponent])]).constants(&[1]).check();
    }
}

#[test]
fn general_matrix_products() {
    for (turn_a, turn_b) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let a = if turn_a == 0 { [2, 3] } else { [3, 2] };
        let b = if turn_b == 0 { [3, 4] } else { [4, 3] };
        for bias in [&[4][..], &[1], &[2, 1], &[]] {
            Case::new("Gemm", vec![random(&a, 1), random(&b, 2), random(bias, 3)])
                .with(int_attribute("transA", turn_a))
                .with(int_attribute("transB", turn_b))
                .with(float_attribute("alpha", 0.5))
                .with(float_attribute("beta", -1.5))
                .check();
        }
        Case::new("Gemm", vec![random(&a, 1), random(&b, 2)])
            .with(int_attribute("transA", turn_a))
            .with(int_attribute("transB", turn_b))
            .check();
    }
}

#[test]
fn reductions() {
    for op in ["ReduceSum", "ReduceMean", "ReduceSumSquare"] {
        for keep in [0, 1] {
            for axes in [&[0][..], &[-1], &[0, 2], &[1, -1, 0]] {
                for constants in [&[][..], &[1]] {
                    Case::new(op, vec![random(&[2, 3, 2], 1), ints(axes)])
                        .constants(constants)
                        .with(int_attribute("keepdims", keep))
                        .check();
                }
                if op != "ReduceSum" {
                    Case::new(op, vec![random(&[2, 3, 2], 1)])
                        .opset(17)
                        .with(ints_attribute("axes", axes))
                        .with(int_attribute("keepdims", keep))
                        .check();
                }
            }
            Case::new(op, vec![random(&[2, 3, 2], 1)]).with(int_attribute("keepdims", keep)).check();
        }
    }
}

#[test]
fn softmaxes() {
    for op in ["Softmax", "LogSoftmax"] {
        for axis in [-1, 0, 1] {
            Case::new(op, vec![random(&[2, 3, 4], 1)]).with(int_attribute("axis", axis)).check();
        }
        Case::new(op, vec![random(&[2, 3], 1)]).check();
    }
}

#[test]
fn moved_elements() {
    for constants in [&[][..], &[1]] {
        Case::new("Reshape", vec![random(&[2, 3, 2], 1), ints(&[0, -1])]).constants(constants).check();
        Case::new("Unsqueeze", vec![random(&[2, 3], 1), ints(&[0, -1])]).constants(constants).check();
        Case::new("Squeeze", vec![random(&[2, 1, 3, 1], 1), ints(&[1, -1])]).constants(constants).check();
    }
    Case::new("Flatten", vec![random(&[2, 3, 2], 1)]).with(int_attribute("axis", 1)).check();
    Case::new("Transpose", vec![random(&[2, 3, 4], 1)]).check();
    Case::new("Transpose", vec![random(&[2, 3, 4], 1)]).with(ints_attribute("perm", &[2, 0, 1])).check();
    Case::new("Cast", vec![random(&[2, 3], 1)]).with(int_attribute("to", i64::from(element::DOUBLE))).check();
    for upper in [0, 1] {
        Case::new("Trilu", vec![random(&[2, 3, 4], 1)]).with(int_attribute("upper", upper)).check();
        Case::new("Trilu", vec![random(&[3, 4], 1), Value::i64(&[], vec![1])])
            .with(int_attribute("upper", upper))
            .check();
    }
}

#[test]
fn joined_and_cut() {
    for axis in [0, 1, -1] {
        let mut shapes = [[2, 3, 2]; 3];
        let at = usize::try_from(if axis < 0 { axis + 3 } else { axis }).unwrap();
        shapes[1][at] = 1;
        let inputs = shapes.iter().zip(1..).map(|(dims, seed)| random(dims, seed)).collect();
        Case::new("Concat", inputs).with(int_attribute("axis", axis)).check();
        for constants in [&[][..], &[1]] {
            // Only the first of two parts has an adjoint.
            let mut case = Case::new("Split", vec![random(&[3, 3, 3], 1), ints(&[1, 2])])
                .constants(constants)
                .with(int_attribute("axis", axis));
            case.outputs = 2;
            case.check();
        }
    }
    let all = vec![random(&[4, 5], 1), ints(&[1, -3]), ints(&[i64::MAX, -1])];
    Case::new("Slice", all.clone()).constants(&[1, 2]).check();
    // Without axes the number of bounds says how many there are.
    Case::new("Slice", all.clone()).check_declared(Declared::Sizes);
    let unknown = Case::new("Slice", all).model(Declared::Ranks);
    let error = vector_jacobian_product(&unknown, "y0", &["x0"]).unwrap_err();
    assert!(matches!(&error, GradError::Node { op, .. } if op == "Slice"), "{error}");
}

#[test]
fn picked_elements() {
    for (axis, indices) in
        [(0, Value::i64(&[], vec![-1])), (1, ints(&[2, 0, 2])), (-1, Value::i64(&[2, 2], vec![1, 1, 0, -1]))]
    {
        Case::new("Gather", vec![random(&[2, 3, 4], 1), indices]).with(int_attribute("axis", axis)).check();
    }
    let indices = Value::i64(&[2, 2], vec![0, 0, 2, -1]);
    Case::new("GatherElements", vec![random(&[2, 3], 1), indices]).with(int_attribute("axis", 1)).check();
}

#[test]
fn the_error_function_in_32_bits() {
    // The runtime has it for 32-bit floats only: the slope is known exactly instead.
    let proto = |mut proto: ModelProto| {
        let graph = proto.graph.as_mut().unwrap();
        let x = Value::f32(&[5], vec![0.0; 5]);
        graph.input = vec![info("x0", &x, Declared::Sizes)];
        graph.output = vec![info("y0", &x, Declared::Sizes)];
        Model::from_proto(proto).unwrap()
    };
    let model = proto(Case::new("Erf", vec![random(&[5], 1)]).model(Declared::Sizes).proto().clone());
    let gradient = vector_jacobian_product(&model, "y0", &["x0"]).unwrap();
    let x = [-1.5_f32, -0.25, 0.0, 0.5, 2.0];
    let feed = runtime::values([
        ("x0", Value::f32(&[5], x.to_vec())),
        ("adjoint.y0", Value::f32(&[5], vec![1.0, 2.0, 3.0, 4.0, 5.0])),
    ]);
    let found = Runner::new(&gradient).run(&feed)["gradient.x0"].floats();
    for ((found, x), weight) in found.into_iter().zip(x).zip([1.0, 2.0, 3.0, 4.0, 5.0]) {
        let expected = weight * std::f64::consts::FRAC_2_SQRT_PI * (-f64::from(x).powi(2)).exp();
        assert!((found - expected).abs() < 1e-6, "{found} instead of {expected}");
    }
}

#[test]
fn a_cast_gives_the_adjoint_the_type_of_its_input() {
    let narrow = Case::new("Cast", vec![random(&[3], 1)]).with(int_attribute("to", i64::from(element::FLOAT)));
    let mut proto = narrow.model(Declared::Sizes).proto().clone();
    proto.graph.as_mut().unwrap().output = vec![info("y0", &Value::f32(&[3], vec![0.0; 3]), Declared::Sizes)];
    let gradient = vector_jacobian_product(&Model::from_proto(proto).unwrap(), "y0", &["x0"]).unwrap();
    let adjoint = Value::f32(&[3], vec![0.5, -2.0, 4.0]);
    let feed = runtime::values([("x0", narrow.inputs[0].clone()), ("adjoint.y0", adjoint)]);
    assert_eq!(Runner::new(&gradient).run(&feed)["gradient.x0"], Value::f64(&[3], vec![0.5, -2.0, 4.0]));
}

#[test]
fn an_operator_without_a_rule_is_refused_by_name() {
    let model = Case::new("CumSum", vec![random(&[3], 1), Value::i64(&[], vec![0])]).model(Declared::Sizes);
    match vector_jacobian_product(&model, "y0", &["x0"]) {
        Err(GradError::NoRule { node, op }) => assert_eq!((node.as_str(), op.as_str()), ("CumSum", "CumSum")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_flows_through_comparisons_and_integers() {
    for (op, attribute) in [("Floor", None), ("Cast", Some(int_attribute("to", i64::from(element::INT64))))] {
        let mut case = Case::new(op, vec![random(&[3], 1)]);
        case.attributes.extend(attribute);
        let error = vector_jacobian_product(&case.model(Declared::Sizes), "y0", &["x0"]).unwrap_err();
        assert!(matches!(error, GradError::Independent { .. }), "{error}");
    }
}

#[test]
fn other_names_types_and_versions_are_refused() {
    let case = || Case::new("Exp", vec![random(&[3], 1)]);
    let model = case().model(Declared::Sizes);
    let refused = |model: &Model, output: &str, by: &str| vector_jacobian_product(model, output, &[by]).unwrap_err();
    assert!(matches!(refused(&model, "y1", "x0"), GradError::NoSuchValue { what: "output", .. }));
    assert!(matches!(refused(&model, "y0", "x1"), GradError::NoSuchValue { what: "input", .. }));
    let old = case().opset(13).model(Declared::Sizes);
    assert!(matches!(refused(&old, "y0", "x0"), GradError::Opset { version: 13, .. }));
    let mut half = case().model(Declared::Sizes).proto().clone();
    for value in half.graph.iter_mut().flat_map(|graph| graph.input.iter_mut().chain(&mut graph.output)) {
        let Some(type_proto::Value::TensorType(tensor)) = value.r#type.as_mut().unwrap().value.as_mut() else {
            panic!("a tensor")
        };
        tensor.elem_type = Some(element::FLOAT16);
    }
    let error = refused(&Model::from_proto(half).unwrap(), "y0", "x0");
    assert!(matches!(&error, GradError::Value { name, .. } if name == "x0"), "{error}");
}
