//! `adapter_model.safetensors`: matrices of every module, checked against base and configuration.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use half::{bf16, f16};
use openledger_onnx_graph::LoraSite;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};

use crate::{EngineError, Limits, adapter::config::PeftConfig, bounded_file::read_bounded};

const MAX_BYTES: u64 = 2 << 30;

/// An adapter ready to be put into a slot.
#[derive(Debug)]
pub(crate) struct AdapterWeights {
    /// SHA-256 of the safetensors file.
    pub digest: [u8; 32],
    /// Highest rank of all modules.
    pub rank: usize,
    /// Modules in the order of their sites.
    pub modules: Vec<ModuleWeights>,
}

/// One module: `delta = scale * B (A x)`.
#[derive(Debug)]
pub(crate) struct ModuleWeights {
    /// Index of the site.
    pub site: usize,
    pub rank: usize,
    /// A as PEFT stores it: [rank, in], row-major.
    pub a: Vec<f32>,
    /// B transposed: [rank, out], row-major.
    pub b: Vec<f32>,
    /// Factor on the product.
    pub scale: f32,
}

/// The two tensors of one site while they are being collected.
#[derive(Default)]
struct Pair<'f> {
    /// Full module name as in the file.
    module: String,
    a: Option<(String, TensorView<'f>)>,
    b: Option<(String, TensorView<'f>)>,
}

impl AdapterWeights {
    /// Reads an adapter folder.
    ///
    /// The file is read once: what is hashed is what is loaded. With `known_digest` it is taken to have that digest.
    ///
    /// # Errors
    /// All errors of adapters except those of ids.
    pub fn read(
        folder: &Path,
        expected_digest: Option<[u8; 32]>,
        known_digest: Option<[u8; 32]>,
        sites: &[LoraSite],
        limits: &Limits,
    ) -> Result<Self, EngineError> {
        let path = folder.join("adapter_model.safetensors");
        let broken = |reason: String| EngineError::AdapterBroken { path: path.clone(), reason };
        let bytes = read_bounded(&path, MAX_BYTES).map_err(broken)?;
        let digest: [u8; 32] = known_digest.unwrap_or_else(|| Sha256::digest(&bytes).into());
        if let Some(expected) = expected_digest.filter(|expected| *expected != digest) {
            return Err(EngineError::AdapterDigest { expected: hex::encode(expected), found: hex::encode(digest) });
        }
        let config = PeftConfig::read(&folder.join("adapter_config.json"))?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| broken(format!("{error:?}")))?;
        let pairs = collect(&file, sites)?;
        check_complete(&config, &pairs, sites)?;
        let modules = pairs
            .into_iter()
            .map(|(site, pair)| module(site, &pair, &sites[site], &config, limits))
            .collect::<Result<Vec<_>, _>>()?;
        let rank = modules.iter().map(|module| module.rank).max();
        Ok(Self { digest, rank: rank.ok_or_else(|| broken("it holds no LoRA tensors".to_owned()))?, modules })
    }
}

fn collect<'f>(file: &SafeTensors<'f>, sites: &[LoraSite]) -> Result<BTreeMap<usize, Pair<'f>>, EngineError> {
    let index: HashMap<(usize, &str), usize> =
        sites.iter().enumerate().map(|(at, site)| ((site.layer, site.module.as_str()), at)).collect();
    let mut pairs: BTreeMap<usize, Pair<'f>> = BTreeMap::new();
    let mut tensors: Vec<(&str, TensorView<'f>)> = file.iter().collect();
    tensors.sort_by(|left, right| left.0.cmp(right.0));
    for (name, view) in tensors {
        let unknown = || EngineError::AdapterSite { site: name.to_owned() };
        let (module, matrix) = split_name(name).ok_or_else(unknown)?;
        let (layer, short) = site_of(module).ok_or_else(unknown)?;
        let site = *index.get(&(layer, short)).ok_or_else(unknown)?;
        let pair = pairs.entry(site).or_default();
        if pair.module.is_empty() {
            module.clone_into(&mut pair.module);
        }
        let place = if matrix == 'A' { &mut pair.a } else { &mut pair.b };
        if place.is_some() || pair.module != module {
            return Err(EngineError::AdapterShape {
                tensor: name.to_owned(),
                reason: "the module occurs twice".to_owned(),
            });
        }
        *place = Some((name.to_owned(), view));
    }
    Ok(pairs)
}

/// Module and matrix of `base_model.model.<module>.lora_A.weight`.
fn split_name(name: &str) -> Option<(&str, char)> {
    let rest = name.strip_prefix("base_model.model.")?.strip_suffix(".weight")?;
    let rest = rest.strip_suffix(".default").unwrap_or(rest);
    rest.strip_suffix(".lora_A")
        .map(|module| (module, 'A'))
        .or_else(|| rest.strip_suffix(".lora_B").map(|module| (module, 'B')))
}

/// Layer and short name of `model.layers.3.self_attn.q_proj`.
fn site_of(module: &str) -> Option<(usize, &str)> {
    let rest = module.strip_prefix("model.").unwrap_or(module).strip_prefix("layers.")?;
    let mut parts = rest.split('.');
    let layer = parts.next()?.parse().ok()?;
    let (block, short) = (parts.next()?, parts.next()?);
    let expected = match short {
        "q_proj" | "k_proj" | "v_proj" | "o_proj" => block == "self_attn" || block == "attn",
        _ => block == "mlp",
    };
    (expected && parts.next().is_none()).then_some((layer, short))
}

/// A configuration that names a module in all layers and a file without it do not belong together.
fn check_complete(
    config: &PeftConfig,
    pairs: &BTreeMap<usize, Pair<'_>>,
    sites: &[LoraSite],
) -> Result<(), EngineError> {
    for target in &config.modules {
        let short = target.rsplit('.').next().unwrap_or(target);
        let mut seen = false;
        for (index, site) in sites.iter().enumerate().filter(|(_, site)| site.module == short) {
            seen = true;
            let wanted = config.layers.as_ref().is_none_or(|layers| layers.contains(&site.layer));
            // A dotted target may name one layer only; its tensors speak for themselves.
            if wanted && short == target && !pairs.contains_key(&index) {
                return Err(EngineError::AdapterShape {
                    tensor: format!("layers.{}.{short}", site.layer),
                    reason: "the configuration targets it, the file does not have it".to_owned(),
                });
            }
        }
        if !seen {
            return Err(EngineError::AdapterSite { site: target.clone() });
        }
    }
    Ok(())
}

fn module(
    index: usize,
    pair: &Pair<'_>,
    site: &LoraSite,
    config: &PeftConfig,
    limits: &Limits,
) -> Result<ModuleWeights, EngineError> {
    let missing = |matrix: &str| EngineError::AdapterShape {
        tensor: format!("{}.lora_{matrix}.weight", pair.module),
        reason: "it is missing".to_owned(),
    };
    let (a_name, a) = pair.a.as_ref().ok_or_else(|| missing("A"))?;
    let (b_name, b) = pair.b.as_ref().ok_or_else(|| missing("B"))?;
    let a_shape = matrix_shape(a_name, a)?;
    let b_shape = matrix_shape(b_name, b)?;
    let (stored, configured) = (a_shape[0], config.rank_of(&pair.module));
    if stored != configured || b_shape[1] != configured {
        let stored = if stored == configured { b_shape[1] } else { stored };
        return Err(EngineError::AdapterRank { module: pair.module.clone(), configured, stored });
    }
    if stored > limits.max_rank {
        return Err(EngineError::AdapterLimit { what: "rank", value: stored, limit: limits.max_rank });
    }
    expect_width(a_name, a_shape[1], site.in_features)?;
    expect_width(b_name, b_shape[0], site.out_features)?;
    let scale = config.scale_of(&pair.module) as f32;
    let a = floats(a_name, a)?;
    let b = transposed(&floats(b_name, b)?, b_shape);
    if b.iter().any(|value| !(value * scale).is_finite()) {
        return Err(EngineError::AdapterNotFinite { tensor: b_name.clone() });
    }
    Ok(ModuleWeights { site: index, rank: stored, a, b, scale })
}

fn matrix_shape(name: &str, view: &TensorView<'_>) -> Result<[usize; 2], EngineError> {
    match *view.shape() {
        [rows, columns] if rows > 0 && columns > 0 => Ok([rows, columns]),
        ref other => {
            Err(EngineError::AdapterShape { tensor: name.to_owned(), reason: format!("shape {other:?} is no matrix") })
        }
    }
}

fn expect_width(name: &str, found: usize, expected: usize) -> Result<(), EngineError> {
    if found == expected {
        return Ok(());
    }
    Err(EngineError::AdapterShape {
        tensor: name.to_owned(),
        reason: format!("it is made for width {found}, the base has {expected}"),
    })
}

fn floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, EngineError> {
    let bytes = view.data();
    let pairs = || bytes.chunks_exact(2).map(|pair| [pair[0], pair[1]]);
    let whole = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let values: Vec<f32> = match view.dtype() {
        Dtype::F32 => bytes.chunks_exact(4).map(whole).collect(),
        Dtype::F16 => pairs().map(|pair| f16::from_le_bytes(pair).to_f32()).collect(),
        Dtype::BF16 => pairs().map(|pair| bf16::from_le_bytes(pair).to_f32()).collect(),
        other => {
            return Err(EngineError::AdapterUnsupported { feature: format!("element type {other:?} in {name}") });
        }
    };
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(EngineError::AdapterNotFinite { tensor: name.to_owned() })
    }
}

fn transposed(values: &[f32], [rows, columns]: [usize; 2]) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    for column in 0..columns {
        out.extend((0..rows).map(|row| values[row * columns + column]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    type Encode = fn(f32) -> Vec<u8>;

    const CONFIG: &str = r#"{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":["up_proj"]}"#;

    fn site() -> LoraSite {
        LoraSite {
            layer: 0,
            module: "up_proj".to_owned(),
            slot_inputs: None,
            in_features: 3,
            out_features: 1,
            data_type: 1,
        }
    }

    /// Writes A = [[1, 2, 3], [4, 5, 6]] and B = [[0.5, -1]] with the given encoding and reads them.
    fn read(dtype: Dtype, encode: Encode) -> Result<AdapterWeights, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let bytes = |values: &[f32]| values.iter().flat_map(|value| encode(*value)).collect::<Vec<u8>>();
        let (a, b) = (bytes(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), bytes(&[0.5, -1.0]));
        let name = |matrix: &str| format!("base_model.model.model.layers.0.mlp.up_proj.lora_{matrix}.weight");
        let tensors = [
            (name("A"), TensorView::new(dtype, vec![2, 3], &a).unwrap()),
            (name("B"), TensorView::new(dtype, vec![1, 2], &b).unwrap()),
        ];
        let file = safetensors::serialize(tensors, None).unwrap();
        std::fs::write(folder.path().join("adapter_model.safetensors"), file).unwrap();
        std::fs::write(folder.path().join("adapter_config.json"), CONFIG).unwrap();
        AdapterWeights::read(folder.path(), None, None, &[site()], &Limits::default())
    }

    #[test]
    fn every_float_type_is_read_with_its_scale() {
        let types: [(Dtype, Encode); 3] = [
            (Dtype::F32, |value| value.to_le_bytes().to_vec()),
            (Dtype::F16, |value| f16::from_f32(value).to_le_bytes().to_vec()),
            (Dtype::BF16, |value| bf16::from_f32(value).to_le_bytes().to_vec()),
        ];
        for (dtype, encode) in types {
            let weights = read(dtype, encode).unwrap();
            let module = &weights.modules[0];
            assert_eq!(module.a, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
            assert_eq!((module.b.as_slice(), module.scale), (&[0.5, -1.0][..], 2.0));
        }
    }

    #[test]
    fn other_types_and_infinities_are_refused() {
        let error = read(Dtype::I32, |value| (value as i32).to_le_bytes().to_vec()).unwrap_err();
        assert_eq!(error.code(), "ADAPTER_UNSUPPORTED");
        let error = read(Dtype::F32, |value| (value / 0.0).to_le_bytes().to_vec()).unwrap_err();
        assert_eq!(error.code(), "ADAPTER_NOT_FINITE");
    }
}
