//! Adapters as PEFT stores them.

use std::{collections::HashMap, path::Path};

use half::bf16;
use openledger_engine::gradient::{FactorLayout, TrainedModule};
use openledger_protocol::Hash;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{Recipe, TrainError, files};

/// File name of the factors.
pub(crate) const WEIGHTS: &str = "adapter_model.safetensors";
/// File name of the configuration, which decides the scale.
pub(crate) const CONFIG: &str = "adapter_config.json";
/// Field of the configuration that names the base.
const BASE: &str = "base_model_name_or_path";

/// Element type of the stored factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weights {
    /// As trained.
    #[default]
    Float32,
    /// Rounded to the nearest bfloat16: half the size.
    Bfloat16,
}

impl Weights {
    /// Its name in a family's file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Float32 => "f32",
            Self::Bfloat16 => "bf16",
        }
    }

    /// The element type of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Float32, Self::Bfloat16].into_iter().find(|weights| weights.name() == name)
    }
}

/// Writes `adapter_model.safetensors` and `adapter_config.json`, each whole or not at all, and returns the SHA-256 of the
/// former. `base` is the name or folder of the base that the configuration carries.
///
/// # Errors
/// [`TrainError::File`].
pub fn write_adapter(
    folder: &Path,
    parameters: &[f32],
    modules: &[TrainedModule],
    layout: &FactorLayout,
    recipe: &Recipe,
    weights: Weights,
    base: &str,
) -> Result<Hash, TrainError> {
    files::folder(folder)?;
    let path = folder.join(WEIGHTS);
    let bytes = tensors(parameters, modules, layout, weights).map_err(|error| TrainError::file(&path, error))?;
    files::write(&path, &bytes)?;
    let path = folder.join(CONFIG);
    let config =
        serde_json::to_vec_pretty(&config(modules, recipe, base)).map_err(|error| TrainError::file(&path, error))?;
    files::write(&path, &[config, b"\n".to_vec()].concat())?;
    Ok(Sha256::digest(&bytes).into())
}

/// Bytes of `adapter_model.safetensors`.
pub(crate) fn tensors(
    parameters: &[f32],
    modules: &[TrainedModule],
    layout: &FactorLayout,
    weights: Weights,
) -> Result<Vec<u8>, String> {
    let mut stored = Vec::new();
    for (module, (a, b)) in modules.iter().zip(&layout.modules) {
        let a_shape = vec![layout.rank, module.in_features];
        let b_shape = vec![module.out_features, layout.rank];
        for (matrix, places, shape) in [("A", a, a_shape), ("B", b, b_shape)] {
            let values = parameters.get(places.clone()).ok_or("the parameters do not fit the layout")?;
            let bytes: Vec<u8> = match weights {
                Weights::Float32 => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
                Weights::Bfloat16 => values.iter().flat_map(|&value| bf16::from_f32(value).to_le_bytes()).collect(),
            };
            stored.push((key(module, matrix), shape, bytes));
        }
    }
    let dtype = match weights {
        Weights::Float32 => Dtype::F32,
        Weights::Bfloat16 => Dtype::BF16,
    };
    let views: Result<Vec<_>, _> = stored
        .iter()
        .map(|(name, shape, bytes)| Ok((name.as_str(), TensorView::new(dtype, shape.clone(), bytes)?)))
        .collect();
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    views
        .and_then(|views| safetensors::serialize(views, Some(metadata)))
        .map_err(|error: safetensors::SafeTensorError| format!("{error:?}"))
}

/// Name of a factor in the file.
pub(crate) fn key(module: &TrainedModule, matrix: &str) -> String {
    let TrainedModule { layer, module, .. } = module;
    let block = match module.as_str() {
        "q_proj" | "k_proj" | "v_proj" | "o_proj" => "self_attn",
        _ => "mlp",
    };
    format!("base_model.model.model.layers.{layer}.{block}.{module}.lora_{matrix}.weight")
}

/// Whether a stored configuration is what a training writes; the name of the base is free.
pub(crate) fn is_config(stored: &[u8], modules: &[TrainedModule], recipe: &Recipe) -> bool {
    let Ok(stored) = serde_json::from_slice::<serde_json::Value>(stored) else { return false };
    let base = stored.get(BASE).and_then(serde_json::Value::as_str);
    base.is_some_and(|base| stored == config(modules, recipe, base))
}

fn config(modules: &[TrainedModule], recipe: &Recipe, base: &str) -> serde_json::Value {
    let mut targets: Vec<&str> = Vec::new();
    for module in modules {
        if !targets.contains(&module.module.as_str()) {
            targets.push(&module.module);
        }
    }
    json!({
        BASE: base,
        "bias": "none",
        "fan_in_fan_out": false,
        "inference_mode": true,
        "init_lora_weights": true,
        "lora_alpha": alpha(recipe.alpha),
        "lora_dropout": 0.0,
        "modules_to_save": null,
        "peft_type": "LORA",
        "r": recipe.rank,
        "target_modules": targets,
        "task_type": "CAUSAL_LM",
        "use_dora": false,
        "use_rslora": recipe.rank_stabilised,
    })
}

/// PEFT declares alpha an integer; a whole one is written as such.
#[allow(clippy::cast_possible_truncation)]
fn alpha(alpha: f64) -> serde_json::Value {
    if alpha.fract() == 0.0 { json!(alpha as i64) } else { json!(alpha) }
}
