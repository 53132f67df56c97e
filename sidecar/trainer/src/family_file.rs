//! `adapters.json`: the file that makes a folder of adapters and vectors a family.

use std::path::Path;

use openledger_protocol::Hash;
use serde_json::{Map, Value, json};

use crate::{Examples, FamilyRecipe, FamilyVariant, TrainError, VariantKind, files, tail_file};

/// File that a finished family has in its folder.
pub const FAMILY_FILE: &str = "adapters.json";

/// Writes the family's file. `adapters` are the SHA-256 of the variants' weights, in the family's order, `tail` those of the parts
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
    if let Some(tail) = plan.tail {
        put("tail", json!({ "below_rows": tail.below_rows, "retrained": tail.retrained, "draws": tail.draws }));
    }
    put("variants", Value::Array(listed));
    let place = out.join(FAMILY_FILE);
    let bytes = serde_json::to_vec_pretty(&whole).map_err(|error| TrainError::file(&place, error))?;
    files::write(&place, &bytes)
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
