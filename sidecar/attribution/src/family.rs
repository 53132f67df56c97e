//! `adapters.json`: which adapters and vectors belong together and what each is for.

use std::{
    collections::HashSet,
    io::{Read, Write},
    path::{Component, Path, PathBuf},
};

use serde::{Deserialize, de::DeserializeOwned};

use crate::AuditError;

const MAX_JSON_BYTES: u64 = 16 << 20;

/// An adapter as it was trained, in hundredths.
pub(crate) const FULL_STRENGTH: u8 = 100;

/// Where the gradient of an answer is taken. What contributors' absence costs bends, and an adapter that knows its rows by heart has no slope
/// left at all: a point on the way to where they would have left it sees more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueryPoint {
    /// How strong the served adapter is there, in hundredths: 1 to 100.
    pub strength: u8,
    /// What is taken off it there, in hundredths of the sum of all that the rows of the index did to it: 0 to 100.
    pub shift: u8,
}

impl Default for QueryPoint {
    /// The served adapter itself.
    fn default() -> Self {
        Self { strength: FULL_STRENGTH, shift: 0 }
    }
}

impl QueryPoint {
    /// The served adapter, weaker.
    #[must_use]
    pub const fn weaker(strength: u8) -> Self {
        Self { strength, shift: 0 }
    }

    /// The served adapter less a part of what all contributors did to it.
    #[must_use]
    pub const fn shifted(shift: u8) -> Self {
        Self { strength: FULL_STRENGTH, shift }
    }

    fn refused(self) -> Option<String> {
        if !(1..=FULL_STRENGTH).contains(&self.strength) {
            return Some(format!("its query strength is {}, not 1 to 100", self.strength));
        }
        (self.shift > FULL_STRENGTH).then(|| format!("its query shift is {}, not 0 to 100", self.shift))
    }
}

impl std::fmt::Display for QueryPoint {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} %", self.strength)?;
        if self.shift == 0 { Ok(()) } else { write!(to, " less {} % of all contributors", self.shift) }
    }
}

/// File that lists a family.
const MANIFEST: &str = "adapters.json";

/// What a variant was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VariantKind {
    /// Everything: the adapter that is served.
    Full,
    /// Everything except one contributor.
    Counterfactual,
    /// Everything, with a change that ought not to matter: rows that say nothing, or another order.
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

/// A contributor that is too small for an adapter of its own: what leaving it out would do to the served adapter is known to first
/// order only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tangent {
    /// The contributor.
    pub contributor: String,
    /// File with its vector, under `tangent/CONTRIBUTOR`, and those of others.
    pub file: PathBuf,
    /// SHA-256 of the file.
    pub digest: [u8; 32],
    /// Rows that it has, where its trainer said so.
    pub rows: Option<u32>,
    /// Its place in the order of all deltas.
    pub place: usize,
}

/// The adapters of one Datanet version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The Datanet's name.
    pub datanet: String,
    /// The adapter that is served.
    pub full: Variant,
    /// One variant per contributor that is not in the tail, in the order of the manifest.
    pub counterfactuals: Vec<Variant>,
    /// The other contributors, in the order of the manifest.
    pub tail: Vec<Tangent>,
    /// At least one.
    pub placebos: Vec<Variant>,
    /// Where gradients of answers are taken.
    pub query: QueryPoint,
    /// Digest of the recipe from which all of it can be made again, where its trainer said so.
    pub recipe: Option<[u8; 32]>,
}

#[derive(Deserialize)]
struct Manifest {
    datanet: String,
    recipe: Option<String>,
    variants: Vec<ManifestVariant>,
    #[serde(default = "full_strength")]
    query_strength: u8,
    #[serde(default)]
    query_shift: u8,
}

/// Of manifests that name none.
fn full_strength() -> u8 {
    FULL_STRENGTH
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Full,
    Counterfactual,
    Placebo,
    Tangent,
}

#[derive(Deserialize)]
struct ManifestVariant {
    name: String,
    kind: Kind,
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
    /// exactly one full adapter, counterfactuals and tangents of distinct contributors, at least one of the former, and a placebo.
    pub fn read(folder: &Path) -> Result<Self, AuditError> {
        let path = folder.join(MANIFEST);
        let manifest: Manifest = read_json(&path)?;
        let refuse = |reason: String| AuditError::Family { path: path.clone(), reason };
        let query = QueryPoint { strength: manifest.query_strength, shift: manifest.query_shift };
        if let Some(reason) = query.refused() {
            return Err(refuse(reason));
        }
        let recipe =
            manifest.recipe.map(|told| hash(&told).ok_or_else(|| refuse("its recipe is not 64 hex digits".into())));
        let recipe = recipe.transpose()?;
        let mut names = HashSet::new();
        let mut contributors = HashSet::new();
        let (mut full, mut counterfactuals, mut placebos, mut tail) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for listed in manifest.variants {
            if !names.insert(listed.name.clone()) {
                return Err(refuse(format!("variant {:?} is listed twice", listed.name)));
            }
            if let Kind::Counterfactual | Kind::Tangent = listed.kind {
                let Some(contributor) = &listed.contributor else {
                    return Err(refuse(format!("{:?} does not say which contributor it leaves out", listed.name)));
                };
                if !contributors.insert(contributor.clone()) {
                    return Err(refuse(format!("contributor {contributor:?} is left out twice")));
                }
            }
            let (place, digest) = checked(folder, &listed).map_err(refuse)?;
            let variant = |kind, listed: ManifestVariant, folder| {
                let ManifestVariant { name, contributor, rows, .. } = listed;
                Variant { name, kind, contributor, folder, digest, rows }
            };
            match listed.kind {
                Kind::Full => full.push(variant(VariantKind::Full, listed, place)),
                Kind::Placebo => placebos.push(variant(VariantKind::Placebo, listed, place)),
                Kind::Counterfactual => counterfactuals.push(variant(VariantKind::Counterfactual, listed, place)),
                Kind::Tangent => tail.push(Tangent {
                    contributor: listed.contributor.unwrap_or_default(),
                    file: place,
                    digest,
                    rows: listed.rows,
                    place: contributors.len().saturating_sub(1),
                }),
            }
        }
        if counterfactuals.is_empty() || placebos.is_empty() {
            let reason = "it needs a counterfactual variant per contributor that is not in its tail, and a placebo";
            return Err(refuse(reason.to_owned()));
        }
        match <[Variant; 1]>::try_from(full) {
            Ok([full]) => Ok(Self { datanet: manifest.datanet, full, counterfactuals, tail, placebos, query, recipe }),
            Err(several) => Err(refuse(format!("it has {} full adapters instead of one", several.len()))),
        }
    }

    /// Writes another query point into `adapters.json` of a folder, whose other entries stay as they are.
    ///
    /// # Errors
    /// As [`Family::read`], also for a point out of bounds.
    pub fn set_query_point(folder: &Path, query: QueryPoint) -> Result<Self, AuditError> {
        let path = folder.join(MANIFEST);
        let fail = |reason: String| AuditError::File { path: path.clone(), reason };
        let known = Self::read(folder)?;
        if known.query == query {
            return Ok(known);
        }
        if let Some(reason) = query.refused() {
            return Err(AuditError::Family { path: path.clone(), reason });
        }
        let mut manifest: serde_json::Map<String, serde_json::Value> = read_json(&path)?;
        manifest.insert("query_strength".to_owned(), query.strength.into());
        if query.shift == 0 {
            manifest.remove("query_shift");
        } else {
            manifest.insert("query_shift".to_owned(), query.shift.into());
        }
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

    /// All adapters: full, counterfactuals, placebos.
    pub fn variants(&self) -> impl Iterator<Item = &Variant> {
        std::iter::once(&self.full).chain(&self.counterfactuals).chain(&self.placebos)
    }

    /// Contributors in the order of all deltas.
    pub fn contributors(&self) -> impl Iterator<Item = &str> {
        self.rows().map(|(contributor, _)| contributor)
    }

    /// Contributors in the order of all deltas, each with the rows that the trainer said it has.
    pub fn rows(&self) -> impl Iterator<Item = (&str, Option<u32>)> {
        let mut large = self.counterfactuals.iter();
        let mut tail = self.tail.iter().peekable();
        (0..).map_while(move |place| match tail.next_if(|tangent| tangent.place == place) {
            Some(tangent) => Some((tangent.contributor.as_str(), tangent.rows)),
            None => large.next().and_then(|variant| Some((variant.contributor.as_deref()?, variant.rows))),
        })
    }

    /// Refuses a family that the audit lane cannot measure whole.
    ///
    /// # Errors
    /// [`AuditError::Tail`].
    pub fn check_whole(&self) -> Result<(), AuditError> {
        if self.tail.is_empty() { Ok(()) } else { Err(AuditError::Tail { contributors: self.tail.len() }) }
    }
}

/// Where a variant lies, and its digest.
fn checked(folder: &Path, listed: &ManifestVariant) -> Result<(PathBuf, [u8; 32]), String> {
    let name = &listed.name;
    let mut components = listed.path.components();
    if listed.path.as_os_str().is_empty() || !components.all(|part| matches!(part, Component::Normal(_))) {
        return Err(format!("the path of {name:?} leaves the folder"));
    }
    let digest = hash(&listed.sha256).ok_or_else(|| format!("sha256 of {name:?} is not 64 hex digits"))?;
    Ok((folder.join(&listed.path), digest))
}

fn hash(digits: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    hex::decode_to_slice(digits, &mut digest).ok().map(|()| digest)
}

/// Reads a bounded JSON file.
///
/// # Errors
/// [`AuditError::File`].
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, AuditError> {
    let fail = |error: serde_json::Error| AuditError::File { path: path.to_owned(), reason: error.to_string() };
    serde_json::from_slice(&read_bounded(path)?).map_err(fail)
}

/// Reads a bounded file.
///
/// # Errors
/// [`AuditError::File`].
pub(crate) fn read_bounded(path: &Path) -> Result<Vec<u8>, AuditError> {
    let fail = |reason: String| AuditError::File { path: path.to_owned(), reason };
    let file = std::fs::File::open(path).map_err(|error| fail(error.to_string()))?;
    let mut bytes = Vec::new();
    file.take(MAX_JSON_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fail(error.to_string()))?;
    if bytes.len() as u64 > MAX_JSON_BYTES {
        return Err(fail(format!("larger than {MAX_JSON_BYTES} bytes")));
    }
    Ok(bytes)
}
