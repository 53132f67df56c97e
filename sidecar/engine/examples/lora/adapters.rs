//! PEFT folders of random bf16 weights for every module of a model.

use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
};

use half::bf16;
use safetensors::{Dtype, tensor::TensorView};
use serde_json::json;

use crate::stack::{Shape, random};

/// Rank of the adapters whose steps are measured.
pub const RANK: usize = 16;

/// Writes `count` different adapters and returns their folders.
pub fn write(folder: &Path, shape: &Shape, count: usize, rank: usize) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    (0..count)
        .map(|index| {
            let own = folder.join(index.to_string());
            fs::create_dir_all(&own)?;
            write_one(&own, shape, rank, index as u64)?;
            Ok(own)
        })
        .collect()
}

fn write_one(folder: &Path, shape: &Shape, rank: usize, seed: u64) -> Result<(), Box<dyn Error>> {
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    for layer in 0..shape.layers {
        for (block, module, inputs, outputs) in shape.modules() {
            for (matrix, dims) in [("A", [rank, inputs]), ("B", [outputs, rank])] {
                // Small, so that random weights do not make the numbers grow from layer to layer.
                let values = random(dims[0] * dims[1], seed * 7919 + tensors.len() as u64);
                let bytes = values.iter().flat_map(|value| bf16::from_f32(value * 0.02).to_le_bytes()).collect();
                let name = format!("base_model.model.model.layers.{layer}.{block}.{module}.lora_{matrix}.weight");
                tensors.push((name, dims.to_vec(), bytes));
            }
        }
    }
    let views = tensors
        .iter()
        .map(|(name, dims, bytes)| TensorView::new(Dtype::BF16, dims.clone(), bytes).map(|view| (name.clone(), view)));
    let file = safetensors::serialize(views.collect::<Result<Vec<_>, _>>()?, None)?;
    fs::write(folder.join("adapter_model.safetensors"), file)?;
    let modules: Vec<&str> = shape.modules().iter().map(|module| module.1).collect();
    let config = json!({ "peft_type": "LORA", "r": rank, "lora_alpha": 32, "target_modules": modules });
    fs::write(folder.join("adapter_config.json"), config.to_string())?;
    Ok(())
}
