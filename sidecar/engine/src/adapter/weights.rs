//! `adapter_model.safetensors`: matrices of every module, checked against base and configuration.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

use half::{bf16, f16};
use openledger_lora::{LoraError, Module};
use openledger_onnx_graph::{LoraForm, LoraSite};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use sha2::{Digest, Sha256};

use crate::{
    EngineError, Limits,
    adapter::{
        config::PeftConfig,
        names::{self, LayerModule, Matrix},
    },
    bounded_file::read_bounded,
};

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
    pub matrices: ModuleMatrices,
    /// Factor on the product.
    pub scale: f32,
}

/// The matrices of a module.
#[derive(Debug)]
pub(crate) enum ModuleMatrices {
    /// A as PEFT stores it, [rank, in], and B transposed, [rank, out], both row-major.
    Floats { a: Vec<f32>, b: Vec<f32> },
    /// As the operator reads them: what a file of bf16 becomes at once when the operator asks for it.
    /// Through 32 bits a cold adapter took several times as long.
    Operator(Module),
}

/// The two tensors of one module while they are being collected.
struct Pair<'f> {
    /// Full module name as in the file.
    module: String,
    /// Sites whose output columns are the rows of B, in this order: one, unless the model computes
    /// several modules at once.
    sites: Vec<usize>,
    a: Option<(String, TensorView<'f>)>,
    b: Option<(String, TensorView<'f>)>,
}

/// Where modules are among the sites.
struct SiteIndex<'s>(HashMap<(usize, &'s str), usize>);

impl<'s> SiteIndex<'s> {
    fn of(sites: &'s [LoraSite]) -> Self {
        Self(sites.iter().enumerate().map(|(at, site)| ((site.layer, site.module.as_str()), at)).collect())
    }

    /// The sites of all parts of a module.
    fn find(&self, module: &LayerModule<'_>) -> Option<Vec<usize>> {
        names::parts(module.short).into_iter().map(|part| self.0.get(&(module.layer, part)).copied()).collect()
    }
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
        form: LoraForm,
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
        let index = SiteIndex::of(sites);
        let pairs = collect(&file, &index)?;
        let covered: HashSet<usize> = pairs.iter().flat_map(|pair| pair.sites.iter().copied()).collect();
        check_complete(&config, &index, &covered, sites)?;
        config.check_patterns(|fits| pairs.iter().any(|pair| fits(&pair.module)))?;
        let mut modules = Vec::with_capacity(covered.len());
        for pair in &pairs {
            modules.extend(weights(pair, sites, &config, limits, form)?);
        }
        modules.sort_by_key(|module| module.site);
        let rank = modules.iter().map(|module| module.rank).max();
        Ok(Self { digest, rank: rank.ok_or_else(|| broken("it holds no LoRA tensors".to_owned()))?, modules })
    }
}

/// The modules of a file. No two of them have a site in common.
fn collect<'f>(file: &SafeTensors<'f>, index: &SiteIndex<'_>) -> Result<Vec<Pair<'f>>, EngineError> {
    let mut pairs: BTreeMap<String, Pair<'f>> = BTreeMap::new();
    let mut taken: HashMap<usize, String> = HashMap::new();
    let mut tensors: Vec<(&str, TensorView<'f>)> = file.iter().collect();
    tensors.sort_by(|left, right| left.0.cmp(right.0));
    for (name, view) in tensors {
        if let Some(feature) = names::unsupported(name) {
            return Err(EngineError::AdapterUnsupported { feature });
        }
        let unknown = || EngineError::AdapterSite { site: name.to_owned() };
        let twice =
            || EngineError::AdapterShape { tensor: name.to_owned(), reason: "the module occurs twice".to_owned() };
        let tensor = names::tensor(name).ok_or_else(unknown)?;
        let sites = names::layer_module(tensor.module).and_then(|module| index.find(&module)).ok_or_else(unknown)?;
        for &site in &sites {
            if taken.entry(site).or_insert_with(|| tensor.module.to_owned()) != tensor.module {
                return Err(twice());
            }
        }
        let pair = pairs.entry(tensor.module.to_owned()).or_insert_with(|| Pair {
            module: tensor.module.to_owned(),
            sites,
            a: None,
            b: None,
        });
        let place = match tensor.matrix {
            Matrix::A => &mut pair.a,
            Matrix::B => &mut pair.b,
        };
        if place.is_some() {
            return Err(twice());
        }
        *place = Some((name.to_owned(), view));
    }
    Ok(pairs.into_values().collect())
}

/// A configuration that names a module and a file without it do not belong together.
fn check_complete(
    config: &PeftConfig,
    index: &SiteIndex<'_>,
    covered: &HashSet<usize>,
    sites: &[LoraSite],
) -> Result<(), EngineError> {
    let absent = |tensor: String| EngineError::AdapterShape {
        tensor,
        reason: "the configuration targets it, the file does not have it".to_owned(),
    };
    let wanted = |layer: usize| config.layers.as_ref().is_none_or(|layers| layers.contains(&layer));
    for target in &config.modules {
        let unknown = || EngineError::AdapterSite { site: target.clone() };
        if let Some(module) = names::layer_module(target) {
            let found = index.find(&module).ok_or_else(unknown)?;
            if wanted(module.layer) && !found.iter().all(|site| covered.contains(site)) {
                return Err(absent(target.clone()));
            }
            continue;
        }
        let short = target.rsplit('.').next().unwrap_or(target);
        for part in names::parts(short) {
            let mut seen = false;
            for (at, site) in sites.iter().enumerate().filter(|(_, site)| site.module == part) {
                seen = true;
                // Of a target with more than a module's name it is not known what it leaves out;
                // its tensors speak for themselves.
                if wanted(site.layer) && short == target && !covered.contains(&at) {
                    return Err(absent(format!("layers.{}.{short}", site.layer)));
                }
            }
            if !seen {
                return Err(unknown());
            }
        }
    }
    Ok(())
}

/// The weights of a module, cut at the columns of its sites. They have A in common.
fn weights(
    pair: &Pair<'_>,
    sites: &[LoraSite],
    config: &PeftConfig,
    limits: &Limits,
    form: LoraForm,
) -> Result<Vec<ModuleWeights>, EngineError> {
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
    let parts = || pair.sites.iter().map(|&site| (site, &sites[site]));
    for (_, site) in parts() {
        expect_width(a_name, a_shape[1], site.in_features)?;
    }
    expect_width(b_name, b_shape[0], parts().map(|(_, site)| site.out_features).sum())?;
    let scale = config.scale_of(&pair.module) as f32;
    if form == LoraForm::Operator && a.dtype() == Dtype::BF16 && b.dtype() == Dtype::BF16 {
        expect_finite(a_name, a.data(), 1.0)?;
        expect_finite(b_name, b.data(), scale)?;
        let mut rows = b.data();
        let mut modules = Vec::with_capacity(pair.sites.len());
        for (site, shape) in parts() {
            let (own, rest) = rows.split_at(shape.out_features * stored * size_of::<bf16>());
            rows = rest;
            let shape = [stored, shape.in_features, shape.out_features];
            let module = Module::from_stored_bf16(shape, a.data(), own, scale).map_err(|error| match error {
                LoraError::Rank { rank, max } => EngineError::AdapterLimit { what: "rank", value: rank, limit: max },
                other => EngineError::AdapterShape { tensor: a_name.clone(), reason: other.to_string() },
            })?;
            modules.push(ModuleWeights { site, rank: stored, matrices: ModuleMatrices::Operator(module), scale });
        }
        return Ok(modules);
    }
    let a = floats(a_name, a)?;
    let b = floats(b_name, b)?;
    if b.iter().any(|value| !(value * scale).is_finite()) {
        return Err(EngineError::AdapterNotFinite { tensor: b_name.clone() });
    }
    let mut rows = b.as_slice();
    let mut modules = Vec::with_capacity(pair.sites.len());
    for (site, shape) in parts() {
        let (own, rest) = rows.split_at(shape.out_features * stored);
        rows = rest;
        let b = transposed(own, [shape.out_features, stored]);
        let matrices = ModuleMatrices::Floats { a: a.clone(), b };
        modules.push(ModuleWeights { site, rank: stored, matrices, scale });
    }
    Ok(modules)
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

/// Checks that bf16 values are numbers, and still are when `scale` has been applied.
fn expect_finite(name: &str, bytes: &[u8], scale: f32) -> Result<(), EngineError> {
    // Without the sign, bits are in the order of the magnitudes, infinity and what is no number last. The greatest
    // of them decides for all, and is found many at a time.
    let magnitude = |pair: &[u8; 2]| u16::from_le_bytes(*pair) & 0x7fff;
    let greatest = bytes.as_chunks::<2>().0.iter().fold(0, |greatest: u16, pair| greatest.max(magnitude(pair)));
    if (bf16::from_bits(greatest).to_f32() * scale).is_finite() {
        return Ok(());
    }
    Err(EngineError::AdapterNotFinite { tensor: name.to_owned() })
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
    use openledger_lora::Matrices;

    use super::*;

    type Encode = fn(f32) -> Vec<u8>;

    fn floats(module: &ModuleWeights) -> (&[f32], &[f32]) {
        match &module.matrices {
            ModuleMatrices::Floats { a, b } => (a, b),
            ModuleMatrices::Operator(_) => panic!("the other form"),
        }
    }

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
    fn read(dtype: Dtype, encode: Encode, form: LoraForm) -> Result<AdapterWeights, EngineError> {
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
        AdapterWeights::read(folder.path(), None, None, &[site()], &Limits::default(), form)
    }

    #[test]
    fn every_float_type_is_read_with_its_scale() {
        let types: [(Dtype, Encode); 3] = [
            (Dtype::F32, |value| value.to_le_bytes().to_vec()),
            (Dtype::F16, |value| f16::from_f32(value).to_le_bytes().to_vec()),
            (Dtype::BF16, |value| bf16::from_f32(value).to_le_bytes().to_vec()),
        ];
        for (dtype, encode) in types {
            let weights = read(dtype, encode, LoraForm::Standard).unwrap();
            let module = &weights.modules[0];
            let (a, b): (&[f32], &[f32]) = (&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[0.5, -1.0]);
            assert_eq!((floats(module), module.scale), ((a, b), 2.0));
            // The operator's form of a file does not depend on the file's type, as long as 16 bits hold it.
            let weights = read(dtype, encode, LoraForm::Operator).unwrap();
            let expected = Module::new([2, 3, 1], Matrices::exact(a.to_vec(), b.to_vec()), 2.0).unwrap();
            match &weights.modules[0].matrices {
                ModuleMatrices::Operator(module) => assert_eq!((dtype, module), (Dtype::BF16, &expected)),
                ModuleMatrices::Floats { .. } => {
                    assert_ne!(dtype, Dtype::BF16);
                    assert_eq!(floats(&weights.modules[0]), (a, b));
                }
            }
        }
    }

    /// Sites of one layer, all with an input of 2: q of 2 columns, k and v of 1, gate and up of 3.
    fn packed_sites() -> Vec<LoraSite> {
        let widths = [("q_proj", 2), ("k_proj", 1), ("v_proj", 1), ("gate_proj", 3), ("up_proj", 3)];
        let site = |(module, out_features): (&str, usize)| LoraSite {
            module: module.to_owned(),
            in_features: 2,
            out_features,
            ..site()
        };
        widths.into_iter().map(site).collect()
    }

    /// Reads modules of rank 1, each as its name, A [1, 2] and B [rows, 1] counting from 1.
    fn read_modules(config: &str, modules: &[(&str, usize)]) -> Result<AdapterWeights, EngineError> {
        let folder = tempfile::tempdir().unwrap();
        let bytes = |values: Vec<f32>| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
        let counted = |count: usize| bytes((1..=count).map(|row| row as f32).collect());
        let data: Vec<_> =
            modules.iter().map(|(name, rows)| (*name, *rows, bytes(vec![3.0, 4.0]), counted(*rows))).collect();
        let tensors = data.iter().flat_map(|(name, rows, a, b)| {
            let name = |matrix: &str| format!("base_model.model.model.layers.0.{name}.lora_{matrix}.weight");
            [
                (name("A"), TensorView::new(Dtype::F32, vec![1, 2], a).unwrap()),
                (name("B"), TensorView::new(Dtype::F32, vec![*rows, 1], b).unwrap()),
            ]
        });
        std::fs::write(folder.path().join("adapter_model.safetensors"), safetensors::serialize(tensors, None).unwrap())
            .unwrap();
        let config = format!(r#"{{"peft_type":"LORA","r":1,"lora_alpha":2,{config}}}"#);
        std::fs::write(folder.path().join("adapter_config.json"), config).unwrap();
        AdapterWeights::read(folder.path(), None, None, &packed_sites(), &Limits::default(), LoraForm::Standard)
    }

    #[test]
    fn packed_modules_are_cut_at_the_columns_of_their_parts() {
        let targets = r#""target_modules":["qkv_proj","gate_up_proj"]"#;
        let found = read_modules(targets, &[("self_attn.qkv_proj", 4), ("mlp.gate_up_proj", 6)]).unwrap();
        assert!(found.modules.iter().all(|module| floats(module).0 == [3.0, 4.0] && module.scale == 2.0));
        let b: Vec<(usize, &[f32])> = found.modules.iter().map(|module| (module.site, floats(module).1)).collect();
        let expected: [(usize, &[f32]); 5] =
            [(0, &[1.0, 2.0]), (1, &[3.0]), (2, &[4.0]), (3, &[1.0, 2.0, 3.0]), (4, &[4.0, 5.0, 6.0])];
        assert_eq!(b, expected);
    }

    #[test]
    fn packed_modules_that_do_not_fit_are_refused() {
        let refused = |config: &str, modules: &[(&str, usize)]| read_modules(config, modules).unwrap_err();
        let qkv = r#""target_modules":["qkv_proj"]"#;
        let narrow = refused(qkv, &[("self_attn.qkv_proj", 3)]);
        assert!(narrow.to_string().contains("made for width 3, the base has 4"), "{narrow}");
        let twice = refused(qkv, &[("self_attn.qkv_proj", 4), ("self_attn.k_proj", 1)]);
        assert!(twice.to_string().contains("occurs twice"), "{twice}");
        let both = r#""target_modules":["qkv_proj","gate_up_proj"]"#;
        let absent = refused(both, &[("self_attn.qkv_proj", 4)]);
        assert!(absent.to_string().contains("gate_up_proj"), "{absent}");
    }

    #[test]
    fn targets_with_a_layer_must_be_in_the_file() {
        let target = |name: &str| format!(r#""target_modules":["model.layers.0.{name}"]"#);
        assert!(read_modules(&target("mlp.up_proj"), &[("mlp.up_proj", 3)]).is_ok());
        let absent = read_modules(&target("mlp.gate_proj"), &[("mlp.up_proj", 3)]).unwrap_err();
        assert_eq!(absent.code(), "ADAPTER_SHAPE_MISMATCH");
        let unknown = read_modules(&target("mlp.down_proj"), &[("mlp.up_proj", 3)]).unwrap_err();
        assert_eq!(unknown.code(), "ADAPTER_SITE_UNKNOWN");
    }

    #[test]
    fn keys_of_patterns_that_mean_no_module_are_refused() {
        let pattern = |name: &str, key: &str| {
            let config = format!(r#""target_modules":["up_proj"],"{name}":{{"{key}":1}}"#);
            read_modules(&config, &[("mlp.up_proj", 3)])
        };
        for name in ["rank_pattern", "alpha_pattern"] {
            assert!(pattern(name, "mlp.up_proj").is_ok());
            let error = pattern(name, "mlp.gate_proj").unwrap_err();
            assert_eq!(error.code(), "ADAPTER_UNSUPPORTED");
            assert!(error.to_string().contains(name) && error.to_string().contains("mlp.gate_proj"), "{error}");
        }
    }

    #[test]
    fn other_types_and_infinities_are_refused() {
        for form in [LoraForm::Standard, LoraForm::Operator] {
            let refused = |dtype, encode: Encode| read(dtype, encode, form).unwrap_err().code();
            let integer: Encode = |value| (value as i32).to_le_bytes().to_vec();
            assert_eq!(refused(Dtype::I32, integer), "ADAPTER_UNSUPPORTED");
            assert_eq!(refused(Dtype::F32, |value| (value / 0.0).to_le_bytes().to_vec()), "ADAPTER_NOT_FINITE");
            let infinite: Encode = |value| bf16::from_f32(value / 0.0).to_le_bytes().to_vec();
            assert_eq!(refused(Dtype::BF16, infinite), "ADAPTER_NOT_FINITE");
            // -1 is the lowest number of B; times the scale of 2 it is none.
            let beyond: Encode = |value| bf16::from_f32(if value < 0.0 { -3e38 } else { value }).to_le_bytes().to_vec();
            assert_eq!(refused(Dtype::BF16, beyond), "ADAPTER_NOT_FINITE");
        }
    }
}
