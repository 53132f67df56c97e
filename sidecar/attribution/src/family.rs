//! `adapters.json`: which adapter folders belong together and what each is for.

use std::{
    collections::HashSet,
    io::{Read, Write},
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::AuditError;

const MAX_JSON_BYTES: u64 = 16 << 20;

/// An adapter as it was trained, in hundredths.
pub const FULL_STRENGTH: u8 = 100;

/// File that lists a family.
const MANIFEST: &str = "adapters.json";

/// What a variant was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VariantKind {
    /// Everything: the adapter that is served.
    Full,
    /// Everything except one contributor.
    Counterfactual,
    /// Everything again, with nothing changed that ought to matter.
    Placebo,
}

/// One adapter of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Name within the family.
    pub name: String,
    /// What it was trained on.
    pub kind: VariantKind,
    /// The contributor left out, for counterfactual variants.
    pub contributor: Option<String>,
    /// Adapter folder.
    pub folder: PathBuf,
    /// SHA-256 of its `adapter_model.safetensors`.
    pub digest: [u8; 32],
    /// Rows that the contributor left out has, for counterfactual variants whose trainer said so.
    pub rows: Option<u32>,
}

impl Variant {
    /// Its id in an engine that holds the family under `prefix`.
    #[must_use]
    pub fn id_under(&self, prefix: &str) -> String {
        format!("{prefix}/{}", self.name)
    }
}

/// The adapters of one Datanet version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The Datanet's name.
    pub datanet: String,
    /// The adapter that is served.
    pub full: Variant,
    /// One variant per contributor, in the order of the manifest: the order of all deltas.
    pub counterfactuals: Vec<Variant>,
    /// At least one.
    pub placebos: Vec<Variant>,
    /// How strong the served adapter is, in hundredths, where gradients of answers are taken: 1 to 100. An adapter that knows
    /// its rows by heart has none left at its full strength.
    pub query_strength: u8,
}

#[derive(Deserialize)]
struct Manifest {
    datanet: String,
    variants: Vec<ManifestVariant>,
    #[serde(default = "full_strength")]
    query_strength: u8,
}

/// Of manifests that name none.
fn full_strength() -> u8 {
    FULL_STRENGTH
}

#[derive(Deserialize)]
struct ManifestVariant {
    name: String,
    kind: VariantKind,
    contributor: Option<String>,
    path: PathBuf,
    sha256: String,
    rows: Option<u32>,
}

impl Family {
    /// Reads `adapters.json` of a folder.
    ///
    /// # Errors
    /// [`AuditError::File`] for an unreadable manifest, [`AuditError::Family`] unless it has
    /// exactly one full adapter, counterfactuals of distinct contributors and a placebo.
    pub fn read(folder: &Path) -> Result<Self, AuditError> {
        let path = folder.join(MANIFEST);
        let manifest: Manifest = read_json(&path)?;
        let refuse = |reason: String| AuditError::Family { path: path.clone(), reason };
        if !(1..=FULL_STRENGTH).contains(&manifest.query_strength) {
            return Err(refuse(format!("its query strength is {}, not 1 to 100", manifest.query_strength)));
        }
        let mut names = HashSet::new();
        let mut contributors = HashSet::new();
        let (mut full, mut counterfactuals, mut placebos) = (Vec::new(), Vec::new(), Vec::new());
        for listed in manifest.variants {
            let variant = variant(folder, listed).map_err(refuse)?;
            if !names.insert(variant.name.clone()) {
                return Err(refuse(format!("variant {:?} is listed twice", variant.name)));
            }
            match (variant.kind, &variant.contributor) {
                (VariantKind::Full, _) => full.push(variant),
                (VariantKind::Placebo, _) => placebos.push(variant),
                (VariantKind::Counterfactual, None) => {
                    return Err(refuse(format!("{:?} does not say which contributor it leaves out", variant.name)));
                }
                (VariantKind::Counterfactual, Some(contributor)) => {
                    if !contributors.insert(contributor.clone()) {
                        return Err(refuse(format!("contributor {contributor:?} is left out twice")));
                    }
                    counterfactuals.push(variant);
                }
            }
        }
        if counterfactuals.is_empty() || placebos.is_empty() {
            return Err(refuse("it needs a counterfactual variant per contributor and a placebo".to_owned()));
        }
        match <[Variant; 1]>::try_from(full) {
            Ok([full]) => Ok(Self {
                datanet: manifest.datanet,
                full,
                counterfactuals,
                placebos,
                query_strength: manifest.query_strength,
            }),
            Err(several) => Err(refuse(format!("it has {} full adapters instead of one", several.len()))),
        }
    }

    /// Writes another query strength into `adapters.json` of a folder, whose other entries stay as they are.
    ///
    /// # Errors
    /// As [`Family::read`], also for a strength outside 1 to 100.
    pub fn set_query_strength(folder: &Path, hundredths: u8) -> Result<Self, AuditError> {
        let path = folder.join(MANIFEST);
        let fail = |reason: String| AuditError::File { path: path.clone(), reason };
        let known = Self::read(folder)?;
        if known.query_strength == hundredths {
            return Ok(known);
        }
        let mut manifest: serde_json::Map<String, serde_json::Value> = read_json(&path)?;
        manifest.insert("query_strength".to_owned(), hundredths.into());
        let mut text = serde_json::to_string_pretty(&manifest).map_err(|error| fail(error.to_string()))?;
        text.push('\n');
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| fail(error.to_string()))?;
        file.write_all(text.as_bytes()).map_err(|error| fail(error.to_string()))?;
        if let Ok(known) = std::fs::metadata(&path) {
            file.as_file().set_permissions(known.permissions()).map_err(|error| fail(error.to_string()))?;
        }
        file.persist(&path).map_err(|error| fail(error.to_string()))?;
        Self::read(folder)
    }

    /// All variants: full, counterfactuals, placebos.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        std::iter::once(&self.full).chain(&self.counterfactuals).chain(&self.placebos)
    }

    /// Contributors in the order of all deltas.
    pub fn contributors(&self) -> impl Iterator<Item = &str> {
        self.counterfactuals.iter().filter_map(|variant| variant.contributor.as_deref())
    }
}

fn variant(folder: &Path, listed: ManifestVariant) -> Result<Variant, String> {
    let name = listed.name;
    let mut components = listed.path.components();
    if listed.path.as_os_str().is_empty() || !components.all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("the path of {name:?} leaves the folder"));
    }
    let mut digest = [0; 32];
    hex::decode_to_slice(&listed.sha256, &mut digest)
        .map_err(|_| format!("sha256 of {name:?} is not 64 hex digits"))?;
    let folder = folder.join(listed.path);
    Ok(Variant { name, kind: listed.kind, contributor: listed.contributor, folder, digest, rows: listed.rows })
}

/// Reads a bounded JSON file.
///
/// # Errors
/// [`AuditError::File`].
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, AuditError> {
    let fail = |reason: String| AuditError::File { path: path.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_JSON_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > MAX_JSON_BYTES {
        return Err(fail(format!("larger than {MAX_JSON_BYTES} bytes")));
    }
    serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))
}
