//! `adapters.json`, the file that makes a folder of adapters and vectors a family, and the recipe beside it.

use std::path::Path;

use openledger_protocol::Hash;
use serde_json::{Map, Value, json};

use crate::{Examples, FamilyRecipe, FamilyVariant, TrainError, VariantKind, files, tail_file};

/// File that a finished family has in its folder.
pub const FAMILY_FILE: &str = "adapters.json";

/// File with the recipe of a family, from which any part of it can be made again.
pub const RECIPE_FILE: &str = "family.binpb";

/// What calibration writes into the family's file later.
const CALIBRATED: [&str; 2] = ["query_strength", "query_shift"];
const MAX_BYTES: u64 = 16 << 20;

/// Writes the recipe of a family, and then the family's file. `adapters` are the SHA-256 of the variants' weights, in the family's order, `tail` those of the parts
/// of its tail.
///
/// # Errors
/// [`TrainError::File`], and as [`FamilyRecipe::variants`].
pub fn write_family_file(
    out: &Path,
    family: &FamilyRecipe,
    examples: &Examples,
    adapters: &[Hash],
    tail: &[Hash],
) -> Result<(), TrainError> {
    let whole = described(family, examples, adapters, tail)?;
    files::write(&out.join(RECIPE_FILE), &family.to_bytes())?;
    let place = out.join(FAMILY_FILE);
    let bytes = serde_json::to_vec_pretty(&whole).map_err(|error| TrainError::file(&place, error))?;
    files::write(&place, &bytes)
}

impl FamilyRecipe {
    /// Reads the recipe that lies in a family's folder.
    ///
    /// # Errors
    /// [`TrainError::Family`] for a family without one, [`TrainError::File`], and as [`FamilyRecipe::from_bytes`].
    pub fn read(folder: &Path) -> Result<Self, TrainError> {
        if !folder.join(RECIPE_FILE).exists() {
            let reason =
                "trained before families kept it, or by another program; only a family that is trained anew has one";
            return Err(TrainError::family(format!("it has no {RECIPE_FILE}: {reason}")));
        }
        Self::from_bytes(&files::read(&folder.join(RECIPE_FILE), MAX_BYTES)?)
    }
}

/// What a family's file tells: the digests of its adapters and of the files of its tail.
pub(crate) struct Told {
    adapters: Vec<(String, Hash)>,
    tail: Vec<Hash>,
}

impl Told {
    /// Reads a family's file. Whatever else stands there must follow from the recipe: which adapter is for which contributor decides who is
    /// paid.
    ///
    /// # Errors
    /// [`TrainError::File`], [`TrainError::Family`], and as [`FamilyRecipe::variants`].
    pub fn read(folder: &Path, family: &FamilyRecipe, examples: &Examples) -> Result<Self, TrainError> {
        let place = folder.join(FAMILY_FILE);
        let mut stored: Map<String, Value> = serde_json::from_slice(&files::read(&place, MAX_BYTES)?)
            .map_err(|error| TrainError::family(format!("{FAMILY_FILE} cannot be read: {error}")))?;
        for key in CALIBRATED {
            stored.remove(key);
        }
        let listed = stored.get("variants").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let names: Vec<String> = family.variants()?.into_iter().map(|variant| variant.name).collect();
        let adapters: Vec<Hash> = names.iter().map(|name| digest(listed, name)).collect::<Result<_, _>>()?;
        let parts = 0..u32::try_from(family.tail_parts().len()).unwrap_or(u32::MAX);
        let tail: Vec<Hash> = parts.map(|number| digest(listed, &tail_file(number))).collect::<Result<_, _>>()?;
        if described(family, examples, &adapters, &tail)? != stored {
            return Err(TrainError::family(format!("{FAMILY_FILE} is not that of its recipe")));
        }
        Ok(Self { adapters: names.into_iter().zip(adapters).collect(), tail })
    }

    /// The digest of an adapter's weights.
    pub fn adapter(&self, name: &str) -> Option<&Hash> {
        self.adapters.iter().find(|(known, _)| known == name).map(|(_, digest)| digest)
    }

    /// The digest of the file of a part of the tail.
    pub fn tail(&self, number: u32) -> Option<&Hash> {
        usize::try_from(number).ok().and_then(|number| self.tail.get(number))
    }
}

/// The digest that is listed for a path.
fn digest(listed: &[Value], path: &str) -> Result<Hash, TrainError> {
    let text = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    let told = listed.iter().find(|entry| text(entry, "path").as_deref() == Some(path));
    let mut digest = [0; 32];
    told.and_then(|entry| text(entry, "sha256"))
        .and_then(|digits| hex::decode_to_slice(digits, &mut digest).ok())
        .map(|()| digest)
        .ok_or_else(|| TrainError::family(format!("{FAMILY_FILE} tells no digest of {path}")))
}

/// What stands in a family's file before anybody calibrates it.
fn described(
    family: &FamilyRecipe,
    examples: &Examples,
    adapters: &[Hash],
    tail: &[Hash],
) -> Result<Map<String, Value>, TrainError> {
    let rows = examples.rows();
    let (plan, recipe) = (&family.plan, &family.recipe);
    let variants = family.variants()?;
    let adapter = |(variant, digest): (&FamilyVariant, &Hash)| {
        let left_out = variant.job.recipe(recipe).left_out;
        let cluster = family.contributors.iter().position(|name| left_out.as_ref() == Some(name));
        json!({
            "name": variant.name,
            "kind": variant.kind.name(),
            "contributor": left_out,
            "rows": cluster.and_then(|cluster| rows.get(cluster)),
            "path": variant.name,
            "order_seed": variant.job.order_seed,
            "placebo_seed": variant.job.placebo_seed,
            "sha256": hex::encode(digest),
        })
    };
    let of_kind = |kind: VariantKind| variants.iter().zip(adapters).filter(move |(variant, _)| variant.kind == kind);
    let mut retrained = of_kind(VariantKind::Counterfactual).map(adapter);
    let mut tangents = tangents(family, &rows, tail).into_iter().peekable();
    let mut listed: Vec<Value> = of_kind(VariantKind::Full).map(adapter).collect();
    // In cluster order: it is the order of all deltas.
    for cluster in 0..family.contributors.len() {
        let small = tangents.next_if(|(own, _)| usize::try_from(*own) == Ok(cluster)).map(|(_, tangent)| tangent);
        listed.extend(small.or_else(|| retrained.next()));
    }
    listed.extend(of_kind(VariantKind::Placebo).map(adapter));
    let mut whole = Map::new();
    let mut put = |key: &str, value: Value| whole.insert(key.to_owned(), value);
    put("datanet", json!(plan.datanet));
    put("base", json!(plan.base));
    put("rank", json!(recipe.rank));
    put("alpha", json!(recipe.alpha));
    put("dtype", json!(plan.weights.name()));
    put("recipe", json!(hex::encode(family.digest())));
    if let Some(tail) = plan.tail {
        put("tail", json!({ "below_rows": tail.below_rows, "retrained": tail.retrained, "draws": tail.draws }));
    }
    put("variants", Value::Array(listed));
    Ok(whole)
}

/// The entries of the tail's contributors, each with its cluster.
fn tangents(family: &FamilyRecipe, rows: &[usize], digests: &[Hash]) -> Vec<(u32, Value)> {
    let parts = (0..).zip(family.tail_parts()).zip(digests);
    let entries = parts.flat_map(|((number, clusters), digest)| {
        clusters.iter().filter_map(move |&cluster| {
            let place = usize::try_from(cluster).ok()?;
            let name = family.contributors.get(place)?;
            let entry = json!({
                "name": format!("tangent-{name}"),
                "kind": "tangent",
                "contributor": name,
                "rows": rows.get(place),
                "path": tail_file(number),
                "order_seed": family.recipe.order_seed,
                "sha256": hex::encode(digest),
            });
            Some((cluster, entry))
        })
    });
    entries.collect()
}
