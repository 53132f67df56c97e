//! Log-probabilities and LoRA gradients of whole sequences: what training and attribution need of a model.
//!
//! A [`GradientSession`] owns the model's gradient graph (`openledger_onnx_graph::grad`) in an [`Executor`]: ONNX Runtime
//! unless another is given. Adapters are flat vectors of 32-bit floats whose places a [`FactorLayout`] tells; they are
//! inputs of every run, so one session serves any number of them.

mod curvature;
mod executor;
mod onnx_runtime;
mod stored;

use std::{
    ops::Range,
    path::{Path, PathBuf},
};

use openledger_onnx_graph::{
    Model, Sites,
    grad::{
        GradError, GradientOptions, LOG_PROBS, LoraFactors, TARGET_WEIGHTS, TARGETS, grouped_gradient_graph,
        lora_factors,
    },
};
use tokenizers::Tokenizer;

use crate::{
    EngineError, ModelInfo,
    interface::{Interface, unsupported},
    model_folder::BaseFolder,
    runtime::Runtime,
};

pub use curvature::{CurvatureRow, CurvatureRun, CurvatureSession};
pub use executor::{Executor, Input, Output, Values};
pub use onnx_runtime::OnnxRuntime;
pub use stored::{StoredAdapter, stored_targets};

/// Longest text that is tokenised, in bytes.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Padded tokens of one run: logits of all of them may have to be held at once.
pub const MAX_RUN_TOKENS: usize = 1 << 16;

/// Rank of the zeros that stand in for a module without an adapter in a packed projection.
const ABSENT_RANK: usize = 1;

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct GradientConfig {
    /// Folder with the ONNX file, its configuration and `tokenizer.json`.
    pub model_dir: PathBuf,
    /// The ONNX Runtime library; found as for [`crate::EngineConfig::ort_library`] without it.
    pub ort_library: Option<PathBuf>,
    /// Threads of one operator; 0 lets ONNX Runtime choose.
    pub threads: usize,
    /// Short names of the modules that get adapters, for example `q_proj`; empty for all that the model has.
    pub targets: Vec<String>,
}

/// One module of one layer that gets an adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrainedModule {
    /// Index of the decoder layer.
    pub layer: usize,
    /// Short name, for example `q_proj`.
    pub module: String,
    /// Width of its input.
    pub in_features: usize,
    /// Width of its output.
    pub out_features: usize,
}

/// Where the factors of each module stand in an adapter's flat parameters: for every module in order A
/// [rank, in], then B [out, rank], both row-major as PEFT stores them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorLayout {
    /// Rank of every module.
    pub rank: usize,
    /// Elements of one adapter.
    pub len: usize,
    /// Elements of A and of B, one pair per module of the session.
    pub modules: Vec<(Range<usize>, Range<usize>)>,
}

/// One sequence of a run.
#[derive(Debug, Clone, Copy)]
pub struct GradientRow<'a> {
    /// Token ids, at least two.
    pub tokens: &'a [u32],
    /// As many weights; `weights[i]` counts the log-probability of `tokens[i]` after the tokens before it. The first
    /// token follows nothing, so its weight is ignored.
    pub weights: &'a [f32],
}

/// What a run returns.
#[derive(Debug, Clone, PartialEq)]
pub struct GradientRun {
    /// Of each row: log-probability in nats of each token that has a weight, 0 elsewhere, as many as the row's tokens.
    pub log_probs: Vec<Vec<f32>>,
    /// Of each adapter: gradient of Σ weight · log-probability over its rows, laid out as the adapter.
    pub gradients: Vec<Vec<f32>>,
}

/// A model's gradient graph in an executor.
pub struct GradientSession<E = OnnxRuntime> {
    executor: E,
    inputs: TokenInputs,
    /// Every factor that the graph takes, and the index of its module when that is trained.
    factors: Vec<(LoraFactors, Option<usize>)>,
    modules: Vec<TrainedModule>,
    tokenizer: Tokenizer,
    info: ModelInfo,
}

/// The integer inputs that the graph reads.
struct TokenInputs {
    interface: Interface,
    reads_mask: bool,
    reads_positions: bool,
}

impl GradientSession {
    /// Loads the runtime and the model and compiles the gradient graph.
    ///
    /// # Errors
    /// [`EngineError::Runtime`], all errors of models and tokenizers, [`EngineError::ModelUnsupported`] for a graph
    /// that cannot be differentiated, and [`EngineError::AdapterSite`] for a target that the model does not have.
    pub fn open(config: &GradientConfig) -> Result<Self, EngineError> {
        let runtime = Runtime::load(config.ort_library.as_deref())?;
        let build = |graph: &Model| OnnxRuntime::new(&runtime, graph, config.threads);
        Self::open_in(&config.model_dir, &config.targets, &runtime.version, build)
    }
}

impl<E: Executor> GradientSession<E> {
    /// As [`GradientSession::open`], in the executor that `build` makes of the gradient graph. `targets` are those of
    /// [`GradientConfig`]; `version` becomes [`ModelInfo::ort_version`], so that reports tell what computed a number.
    ///
    /// # Errors
    /// As [`GradientSession::open`], with the errors of `build` in place of [`EngineError::Runtime`].
    pub fn open_in(
        model_dir: &Path,
        targets: &[String],
        version: &str,
        build: impl FnOnce(&Model) -> Result<E, EngineError>,
    ) -> Result<Self, EngineError> {
        Ok(Self::compiled(model_dir, targets, version, grouped_gradient_graph, build)?.0)
    }

    /// A session of what a compiler makes of the model, and the sites that have adapters.
    fn compiled(
        model_dir: &Path,
        targets: &[String],
        version: &str,
        compile: fn(&Model, &GradientOptions) -> Result<Model, GradError>,
        build: impl FnOnce(&Model) -> Result<E, EngineError>,
    ) -> Result<(Self, Sites), EngineError> {
        let base = BaseFolder::read(model_dir, version)?;
        base.interface.expect_32_bits()?;
        let sites = targeted(base.linear, targets)?;
        let trained = |module: &str| targets.is_empty() || targets.iter().any(|name| name == module);
        let mut modules = Vec::new();
        let factors: Vec<(LoraFactors, Option<usize>)> = lora_factors(&sites)
            .into_iter()
            .map(|factors| {
                let place = trained(&factors.module).then(|| {
                    modules.push(TrainedModule {
                        layer: factors.layer,
                        module: factors.module.clone(),
                        in_features: factors.in_features,
                        out_features: factors.out_features,
                    });
                    modules.len() - 1
                });
                (factors, place)
            })
            .collect();
        let options = GradientOptions {
            input_ids: base.interface.input_ids.clone(),
            logits: base.interface.logits.clone(),
            past: base.interface.past.clone(),
            attention: base.attention,
            sites,
        };
        let graph =
            compile(&base.model, &options).map_err(|error| unsupported(format!("it cannot be trained: {error}")))?;
        let reads = |name: &str| graph.graph().input.iter().any(|input| input.name() == name);
        let reads_mask = reads(&base.interface.attention_mask);
        let reads_positions = base.interface.position_ids.as_deref().is_some_and(reads);
        let executor = build(&graph)?;
        let opened = Self {
            executor,
            inputs: TokenInputs { interface: base.interface, reads_mask, reads_positions },
            factors,
            modules,
            tokenizer: base.tokenizer,
            info: base.info,
        };
        Ok((opened, options.sites))
    }

    /// What is known about the model.
    #[must_use]
    pub fn model(&self) -> &ModelInfo {
        &self.info
    }

    /// The modules that get adapters, in the order of every adapter's parameters.
    #[must_use]
    pub fn modules(&self) -> &[TrainedModule] {
        &self.modules
    }

    /// Places of an adapter's factors for a rank.
    ///
    /// # Errors
    /// [`EngineError::AdapterLimit`] for a rank of zero or more elements than a count can hold.
    pub fn layout(&self, rank: usize) -> Result<FactorLayout, EngineError> {
        let refuse = || EngineError::AdapterLimit { what: "rank", value: rank, limit: openledger_lora::MAX_RANK };
        if rank == 0 || rank > openledger_lora::MAX_RANK {
            return Err(refuse());
        }
        let mut len = 0_usize;
        let mut take = |width: usize| -> Option<Range<usize>> {
            let end = len.checked_add(rank.checked_mul(width)?)?;
            Some(std::mem::replace(&mut len, end)..end)
        };
        let places = self.modules.iter().map(|module| Some((take(module.in_features)?, take(module.out_features)?)));
        let modules = places.collect::<Option<Vec<_>>>().ok_or_else(refuse)?;
        Ok(FactorLayout { rank, len, modules })
    }

    /// Token ids of a prompt, with the special tokens the tokenizer puts around one.
    ///
    /// # Errors
    /// [`EngineError::RequestLimit`] for an oversized text, [`EngineError::Tokenization`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.tokens(text, true)
    }

    /// Token ids of a text that continues a prompt: no special tokens are added.
    ///
    /// # Errors
    /// As [`GradientSession::encode`].
    pub fn encode_completion(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.tokens(text, false)
    }

    fn tokens(&self, text: &str, special: bool) -> Result<Vec<u32>, EngineError> {
        if text.len() > MAX_TEXT_BYTES {
            return Err(EngineError::RequestLimit { what: "text bytes", value: text.len(), limit: MAX_TEXT_BYTES });
        }
        let encoding = self.tokenizer.encode_fast(text, special);
        let encoding = encoding.map_err(|error| EngineError::Tokenization { reason: error.to_string() })?;
        Ok(encoding.get_ids().to_vec())
    }

    /// One forward and backward pass. `adapters` share the rows evenly and in order: with R rows and G adapters,
    /// rows `g · R/G .. (g + 1) · R/G` are those of adapter `g`. `scale` multiplies B A x, as alpha over rank.
    ///
    /// # Errors
    /// [`EngineError::RequestInvalid`] for rows, weights or adapters whose sizes do not fit, token ids the model does
    /// not know and numbers that are not finite; [`EngineError::RequestLimit`] beyond the context or
    /// [`MAX_RUN_TOKENS`]; [`EngineError::Inference`].
    pub fn run(
        &mut self,
        rows: &[GradientRow<'_>],
        adapters: &[&[f32]],
        layout: &FactorLayout,
        scale: f32,
    ) -> Result<GradientRun, EngineError> {
        Ok(self.run_with(rows, adapters, layout, scale, |_| Vec::new(), &[])?.0)
    }

    /// A run with inputs, made for the width of the padded rows, and outputs that a graph has besides. The latter come back in
    /// their order.
    fn run_with<'n>(
        &'n mut self,
        rows: &[GradientRow<'_>],
        adapters: &[&[f32]],
        layout: &FactorLayout,
        scale: f32,
        more_inputs: impl FnOnce(usize) -> Vec<Input<'n>>,
        more_outputs: &[Output<'n>],
    ) -> Result<(GradientRun, Vec<Vec<f32>>), EngineError> {
        let width = self.check(rows, adapters, layout, scale)?;
        let mut inputs = self.inputs.of(rows, width);
        inputs.extend(more_inputs(width));
        for (factors, place) in &self.factors {
            let places = place.and_then(|place| layout.modules.get(place));
            let rank = if places.is_some() { layout.rank } else { ABSENT_RANK };
            let (a, b) = match places {
                Some((a, b)) => (gathered(adapters, a, 1.0), gathered(adapters, b, scale)),
                None => {
                    let zeros = |width: usize| vec![0.0; adapters.len().saturating_mul(width)];
                    (zeros(factors.in_features), zeros(factors.out_features))
                }
            };
            let input = |name, shape: [usize; 3], values| Input { name, shape: shape.to_vec(), values };
            inputs.push(input(&factors.a_input, [adapters.len(), rank, factors.in_features], Values::Floats(a)));
            inputs.push(input(&factors.b_input, [adapters.len(), factors.out_features, rank], Values::Floats(b)));
        }
        let mut wanted = vec![Output { name: LOG_PROBS, len: rows.len().saturating_mul(width) }];
        let mut slots = Vec::new();
        for (factors, place) in &self.factors {
            let Some((a, b)) = place.and_then(|place| layout.modules.get(place)) else { continue };
            for (name, places, factor) in [(&factors.a_gradient, a, 1.0), (&factors.b_gradient, b, scale)] {
                wanted.push(Output { name, len: adapters.len().saturating_mul(places.len()) });
                slots.push((places, factor));
            }
        }
        wanted.extend(more_outputs);
        let mut outputs = self.executor.run(inputs, &wanted)?;
        let more = outputs.split_off(outputs.len().saturating_sub(more_outputs.len()));
        let mut outputs = outputs.into_iter();
        let found = outputs.next().unwrap_or_default();
        // Position i of the graph predicts token i + 1.
        let own = |(row, found): (&GradientRow<'_>, &[f32])| {
            std::iter::once(0.0).chain(found.iter().copied()).take(row.tokens.len()).collect()
        };
        let log_probs = rows.iter().zip(found.chunks_exact(width)).map(own).collect();
        let mut gradients = vec![vec![0.0; layout.len]; adapters.len()];
        for ((places, factor), found) in slots.into_iter().zip(outputs) {
            for (gradient, found) in gradients.iter_mut().zip(found.chunks_exact(places.len())) {
                let Some(into) = gradient.get_mut(places.clone()) else { continue };
                for (into, found) in into.iter_mut().zip(found) {
                    *into = found * factor;
                }
            }
        }
        Ok((GradientRun { log_probs, gradients }, more))
    }

    /// Width of the padded rows.
    fn check(
        &self,
        rows: &[GradientRow<'_>],
        adapters: &[&[f32]],
        layout: &FactorLayout,
        scale: f32,
    ) -> Result<usize, EngineError> {
        let invalid = |reason: &str| Err(EngineError::RequestInvalid { reason: reason.to_owned() });
        let (groups, count) = (adapters.len(), rows.len());
        if count == 0 || groups == 0 || !count.is_multiple_of(groups) {
            return invalid("a run needs rows, and as many for every adapter");
        }
        if self.layout(layout.rank)? != *layout || adapters.iter().any(|adapter| adapter.len() != layout.len) {
            return invalid("an adapter's parameters do not fit the layout; take both from this session");
        }
        let vocab = u32::try_from(self.info.vocab_size).unwrap_or(u32::MAX);
        for row in rows {
            if row.tokens.len() < 2 || row.weights.len() != row.tokens.len() {
                return invalid("a row needs at least two tokens, and a weight for each");
            }
            if row.tokens.iter().any(|&id| id >= vocab) {
                return invalid("a row has a token id that the model does not know; use this model's tokenizer");
            }
            if !row.weights.iter().all(|weight| weight.is_finite()) {
                return invalid("a weight is not finite");
            }
        }
        if !scale.is_finite() {
            return invalid("the scale is not finite");
        }
        let width = rows.iter().map(|row| row.tokens.len()).max().unwrap_or(0);
        let limits = [
            ("tokens of a row", width, self.info.context_length),
            ("padded tokens of a run", width.saturating_mul(count), MAX_RUN_TOKENS),
        ];
        match limits.into_iter().find(|(_, value, limit)| value > limit) {
            Some((what, value, limit)) => Err(EngineError::RequestLimit { what, value, limit }),
            None => Ok(width),
        }
    }
}

impl TokenInputs {
    /// Ids, targets and weights padded on the right, and mask and positions where the graph reads them.
    fn of(&self, rows: &[GradientRow<'_>], width: usize) -> Vec<Input<'_>> {
        let input = |name, values| Input { name, shape: vec![rows.len(), width], values };
        let padded = |of: &dyn Fn(&GradientRow<'_>, usize) -> i64| -> Values {
            Values::Integers(rows.iter().flat_map(|row| (0..width).map(move |at| of(row, at))).collect())
        };
        let token = |row: &GradientRow<'_>, at: usize| row.tokens.get(at).map_or(0, |&id| i64::from(id));
        let mut inputs = vec![
            input(&self.interface.input_ids, padded(&token)),
            input(TARGETS, padded(&|row, at| token(row, at + 1))),
        ];
        if self.reads_mask {
            let real = |row: &GradientRow<'_>, at: usize| i64::from(at < row.tokens.len());
            inputs.push(input(&self.interface.attention_mask, padded(&real)));
        }
        if let (true, Some(name)) = (self.reads_positions, &self.interface.position_ids) {
            inputs.push(input(name, padded(&|_, at| i64::try_from(at).unwrap_or(i64::MAX))));
        }
        let weight = |row: &GradientRow<'_>, at: usize| row.weights.get(at + 1).copied().unwrap_or(0.0);
        let weights = rows.iter().flat_map(|row| (0..width).map(move |at| weight(row, at))).collect();
        inputs.push(input(TARGET_WEIGHTS, Values::Floats(weights)));
        inputs
    }
}

/// The sites of which at least one module is a target.
fn targeted(mut sites: Sites, targets: &[String]) -> Result<Sites, EngineError> {
    let known = |name: &String| sites.linear.iter().any(|site| site.parts.iter().any(|part| part.module == *name));
    if let Some(site) = targets.iter().find(|name| !known(name)) {
        return Err(EngineError::AdapterSite { site: site.clone() });
    }
    let wanted = |module: &String| targets.is_empty() || targets.contains(module);
    sites.linear.retain(|site| site.parts.iter().any(|part| wanted(&part.module)));
    Ok(sites)
}

/// The same places of all adapters one after another, times a factor.
fn gathered(adapters: &[&[f32]], places: &Range<usize>, factor: f32) -> Vec<f32> {
    let own = |adapter: &&[f32]| {
        adapter.get(places.clone()).unwrap_or_default().iter().map(|value| value * factor).collect::<Vec<f32>>()
    };
    adapters.iter().flat_map(own).collect()
}
