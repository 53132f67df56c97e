//! `openlora.PagedAttention`: (q, k, v, cos_cache, sin_cache) -> y.

use std::sync::Arc;

use openledger_attention::{Attention, AttentionError, Qkv, Rotary, RotaryTables};
use openledger_lora::Level;
use openledger_onnx_graph::{
    ATTENTION_SCALE, ATTENTION_SOFTCAP, ATTENTION_WINDOW, DO_ROTARY, HEAD_SIZE, HEADS, KV_HEADS, LAYER,
    PAGED_ATTENTION, ROTARY_INTERLEAVED,
};
use ort::{
    operator::{
        ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput,
        ShapeInferenceContext,
    },
    value::{TensorElementType, ValueRef, ValueType},
};

use super::KvCache;
use crate::{
    EngineError,
    lora::{self, CurrentStep},
    pool::{self, Pool},
};

const QUERY: usize = 0;
const KEY: usize = 1;
const VALUE: usize = 2;
const COS: usize = 3;
const SIN: usize = 4;
const Y: usize = 0;

/// All operators of a session in the paged form, those of LoRA included: ONNX Runtime takes one
/// domain once.
///
/// # Errors
/// [`EngineError::Runtime`] when ONNX Runtime refuses the domain.
pub(crate) fn operators(
    step: &Arc<CurrentStep>,
    cache: &Arc<KvCache>,
    threads: usize,
) -> Result<OperatorDomain, EngineError> {
    let attention =
        PagedAttention { step: Arc::clone(step), cache: Arc::clone(cache), threads: pool::threads(threads) };
    lora::operators(step, threads)?.add(attention).map_err(|error| EngineError::Runtime { reason: error.to_string() })
}

struct PagedAttention {
    step: Arc<CurrentStep>,
    cache: Arc<KvCache>,
    threads: usize,
}

/// The operator in one layer.
struct LayerKernel {
    step: Arc<CurrentStep>,
    cache: Arc<KvCache>,
    threads: usize,
    layer: usize,
    attention: Attention,
    level: Level,
}

impl Operator for PagedAttention {
    type Kernel<'attr> = LayerKernel;

    fn name(&self) -> &str {
        PAGED_ATTENTION
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        let float = TensorElementType::Float32;
        [OperatorInput::required(float)].into_iter().chain((KEY..=SIN).map(move |_| OperatorInput::optional(float)))
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, kernel: &KernelContext<'attr>) -> ort::Result<Self::Kernel<'attr>> {
        let wrong = |name: &str| ort::Error::new(format!("{PAGED_ATTENTION} has no usable attribute {name:?}"));
        let int = |name: &str| kernel.get::<i64>(name).ok_or_else(|| wrong(name));
        let size = |name: &str| usize::try_from(int(name)?).map_err(|_| wrong(name));
        let float = |name: &str| kernel.get::<f32>(name).filter(|value| value.is_finite()).ok_or_else(|| wrong(name));
        let mut attention = Attention::new(size(HEADS)?, size(KV_HEADS)?, size(HEAD_SIZE)?).map_err(failed)?;
        match float(ATTENTION_SCALE)? {
            0.0 => {}
            scale => attention = attention.with_scale(scale),
        }
        if float(ATTENTION_SOFTCAP)? > 0.0 {
            attention = attention.with_softcap(float(ATTENTION_SOFTCAP)?);
        }
        if int(ATTENTION_WINDOW)? >= 0 {
            attention = attention.with_window(size(ATTENTION_WINDOW)?);
        }
        if int(DO_ROTARY)? != 0 {
            attention = attention.with_rotary(Rotary { interleaved: int(ROTARY_INTERLEAVED)? != 0 });
        }
        let layer = size(LAYER)?;
        if self.cache.layer(layer).is_none() {
            return Err(wrong(LAYER));
        }
        Ok(LayerKernel {
            step: Arc::clone(&self.step),
            cache: Arc::clone(&self.cache),
            threads: self.threads,
            layer,
            attention,
            level: Level::best(),
        })
    }

    fn infer_shape(&self, context: &mut ShapeInferenceContext) -> ort::Result<()> {
        let Some(mut query) = context.inputs().into_iter().nth(QUERY) else {
            return Err(missing("query"));
        };
        let (heads, size) = (context.attr::<i64>(HEADS)?, context.attr::<i64>(HEAD_SIZE)?);
        if let ValueType::Tensor { shape, dimension_symbols, .. } = &mut query {
            let Some(width) = shape.iter_mut().last() else {
                return Ok(());
            };
            *width = heads.saturating_mul(size);
            // As for the LoRA operator: an unknown size needs a name.
            let layer = context.attr::<i64>(LAYER)?;
            let name = |(at, (size, symbol)): (usize, (&i64, &String))| match (size, symbol.as_str()) {
                (..0, "") => format!("paged.{layer}.{at}"),
                (0.., _) => String::new(),
                (_, known) => known.to_owned(),
            };
            *dimension_symbols = shape.iter().zip(dimension_symbols.iter()).enumerate().map(name).collect();
        }
        context.set_output(Y, &query)
    }
}

impl Kernel for LayerKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let plan = self.step.attention().ok_or_else(|| ort::Error::new("no step was announced before the run"))?;
        let [query, key, value, cos, sin] = [QUERY, KEY, VALUE, COS, SIN].map(|at| context.input(at));
        let (query, key, value) = (query?.ok_or_else(|| missing("query"))?, key?, value?);
        let (cos, sin) = (cos?, sin?);
        let (dims, packed) = query.try_extract_tensor::<f32>()?;
        let mut y_dims = dims.to_vec();
        let width = self.attention.heads().saturating_mul(self.attention.head_size());
        *y_dims.last_mut().ok_or_else(|| missing("query"))? = i64::try_from(width).map_err(|_| missing("width"))?;
        let qkv = match (floats(key.as_ref())?, floats(value.as_ref())?) {
            (Some((_, k)), Some((_, v))) => Qkv::Separate { q: packed, k, v },
            (None, None) => Qkv::Packed(packed),
            _ => return Err(missing("key or value")),
        };
        let tables = match (floats(cos.as_ref())?, floats(sin.as_ref())?) {
            (Some((pairs, cos)), Some((_, sin))) => Some(RotaryTables { cos, sin, pairs }),
            _ => None,
        };
        let mut y = context.output(Y, y_dims)?.ok_or_else(|| missing("y"))?;
        let (_, y) = y.try_extract_tensor_mut::<f32>()?;
        let mut cache = self.cache.layer(self.layer).ok_or_else(|| missing("cache"))?;
        let pool = Pool::new(context, self.threads);
        self.attention.run(&plan, qkv, tables, &mut cache, y, self.level, &pool).map_err(failed)?;
        pool.finish()
    }
}

/// Width of the last axis and values of an input that may be absent.
fn floats<'v>(value: Option<&'v ValueRef<'_>>) -> ort::Result<Option<(usize, &'v [f32])>> {
    let Some(value) = value else {
        return Ok(None);
    };
    let (shape, values) = value.try_extract_tensor::<f32>()?;
    let width = shape.last().and_then(|&width| usize::try_from(width).ok()).unwrap_or(0);
    Ok(Some((width, values)))
}

fn missing(what: &str) -> ort::Error {
    ort::Error::new(format!("{PAGED_ATTENTION} got no {what}"))
}

fn failed(error: AttentionError) -> ort::Error {
    ort::Error::new(error.to_string())
}
