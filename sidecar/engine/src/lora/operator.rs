//! `openlora.LoraDelta`: (product, x, row_slots) -> y. The only module that `ort` calls back.

use std::sync::Arc;

use openledger_lora::{Layer, Level, Part};
use openledger_onnx_graph::{LORA_DELTA, OPERATOR_DOMAIN, PART_WIDTHS, SITE};
use ort::{
    operator::{
        ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
        ShapeInferenceContext,
    },
    value::{TensorElementType, ValueType},
};

use super::CurrentStep;
use crate::{
    EngineError,
    pool::{self, Pool},
};

const PRODUCT: usize = 0;
const X: usize = 1;
const ROW_SLOTS: usize = 2;
const Y: usize = 0;

/// The operators of a session whose runs are announced in `step`. `threads` is the number that the
/// session was given; 0 stands for all cores.
///
/// # Errors
/// [`EngineError::Runtime`] when ONNX Runtime refuses the domain.
pub(crate) fn operators(step: &Arc<CurrentStep>, threads: usize) -> Result<OperatorDomain, EngineError> {
    let delta = LoraDelta { step: Arc::clone(step), threads: pool::threads(threads) };
    OperatorDomain::new(OPERATOR_DOMAIN)
        .and_then(|domain| domain.add(delta))
        .map_err(|error| EngineError::Runtime { reason: error.to_string() })
}

struct LoraDelta {
    step: Arc<CurrentStep>,
    threads: usize,
}

/// The operator at one place of the graph.
struct DeltaKernel {
    step: Arc<CurrentStep>,
    threads: usize,
    layer: Layer,
    level: Level,
}

impl Operator for LoraDelta {
    type Kernel<'attr> = DeltaKernel;

    // ONNX Runtime honours this only for operators that infer their shapes.
    const INPLACES: &[(u32, u32)] = &[(PRODUCT as u32, Y as u32)];

    fn name(&self) -> &str {
        LORA_DELTA
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [TensorElementType::Float32, TensorElementType::Float32, TensorElementType::Int64].map(OperatorInput::required)
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, kernel: &KernelContext<'attr>) -> ort::Result<Self::Kernel<'attr>> {
        let wrong = |name: &str| ort::Error::new(format!("{LORA_DELTA} has no usable attribute {name:?}"));
        let first = kernel.get::<i64>(SITE).and_then(|site| usize::try_from(site).ok()).ok_or_else(|| wrong(SITE))?;
        let widths = kernel.get::<Vec<i64>>(PART_WIDTHS).ok_or_else(|| wrong(PART_WIDTHS))?;
        let part = |(index, width): (usize, i64)| {
            Some(Part { site: first.checked_add(index)?, out_features: usize::try_from(width).ok()? })
        };
        let parts = widths.into_iter().enumerate().map(part).collect::<Option<Vec<_>>>();
        let layer = Layer::new(parts.ok_or_else(|| wrong(PART_WIDTHS))?).map_err(failed)?;
        Ok(DeltaKernel { step: Arc::clone(&self.step), threads: self.threads, layer, level: Level::best() })
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        let Some(mut product) = context.inputs().into_iter().nth(PRODUCT) else {
            return Err(missing("product"));
        };
        if let ValueType::Tensor { shape, dimension_symbols, .. } = &mut product {
            if shape.is_empty() {
                // Not known yet; a matrix product is never a scalar.
                return Ok(());
            }
            // `ort` would write an unknown size without a name as the number -1, which ONNX Runtime
            // carries into shape arithmetic. A name that occurs nowhere else says the same safely.
            let site = context.attr::<i64>(SITE)?;
            let name = |(at, (size, symbol)): (usize, (&i64, &String))| match (size, symbol.as_str()) {
                (..0, "") => format!("lora.{site}.{at}"),
                (_, known) => known.to_owned(),
            };
            *dimension_symbols = shape.iter().zip(dimension_symbols.iter()).enumerate().map(name).collect();
        }
        context.set_output(Y, &product)
    }
}

impl Kernel for DeltaKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let plan = self.step.plan().ok_or_else(|| ort::Error::new("no step was announced before the run"))?;
        let row_slots = context.input(ROW_SLOTS)?.ok_or_else(|| missing("row_slots"))?;
        if row_slots.try_extract_tensor::<i64>()?.1 != plan.row_slots() {
            return Err(ort::Error::new("the step was planned for other rows"));
        }
        let product = context.input(PRODUCT)?.ok_or_else(|| missing("product"))?;
        let (shape, address) = {
            let (shape, values) = product.try_extract_tensor::<f32>()?;
            (shape.to_vec(), values.as_ptr())
        };
        let mut y = context.output(Y, shape)?.ok_or_else(|| missing("y"))?;
        let (_, y) = y.try_extract_tensor_mut::<f32>()?;
        // In place the product is there already; no reference to it may live beside `y`.
        if !std::ptr::eq(address, y.as_ptr()) {
            let (_, values) = product.try_extract_tensor::<f32>()?;
            if values.len() != y.len() {
                return Err(ort::Error::new("product and y have different sizes"));
            }
            y.copy_from_slice(values);
        }
        if plan.segments().is_empty() {
            return Ok(());
        }
        let x = context.input(X)?.ok_or_else(|| missing("x"))?;
        let (shape, x) = x.try_extract_tensor::<f32>()?;
        let width = shape.last().and_then(|&width| usize::try_from(width).ok()).ok_or_else(|| missing("x"))?;
        let pool = Pool::new(context, self.threads);
        self.layer.add(&plan, width, x, y, self.level, &pool).map_err(failed)?;
        pool.finish()
    }
}

fn missing(what: &str) -> ort::Error {
    ort::Error::new(format!("{LORA_DELTA} got no {what}"))
}

fn failed(error: openledger_lora::LoraError) -> ort::Error {
    ort::Error::new(error.to_string())
}
