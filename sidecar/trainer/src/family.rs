//! The adapters that attribution compares: everything, everything but one contributor, and placebos.

use std::{ops::ControlFlow, path::Path};

use openledger_engine::gradient::GradientSession;
use serde_json::json;

use crate::{Examples, Job, LeftOut, Progress, Recipe, TrainError, Weights, files, train_many, write_adapter};

/// What a family holds besides the adapter and its counterfactuals.
#[derive(Debug, Clone)]
pub struct FamilyPlan {
    /// The Datanet's name.
    pub datanet: String,
    /// Order seeds of the placebos: trained on everything, each in an order of its own.
    pub placebo_seeds: Vec<u64>,
    /// Element type of the adapters.
    pub weights: Weights,
    /// Name or folder of the base for the adapters' configuration.
    pub base: String,
}

/// Trains a family in shared runs and writes it to a folder, `adapters.json` last: the adapter of the recipe (`full`), one
/// without each contributor in cluster order, one placebo per seed. Returns false, with nothing written, when the
/// observer stopped it.
///
/// # Errors
/// As [`train_many`], [`TrainError::Exists`] for a folder that holds a family, [`TrainError::Recipe`] for a recipe that
/// leaves a contributor out itself or a placebo in an order that another adapter has, and [`TrainError::File`].
pub fn train_family(
    session: &mut GradientSession,
    examples: &Examples,
    recipe: &Recipe,
    plan: &FamilyPlan,
    out: &Path,
    observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<bool, TrainError> {
    let manifest = out.join("adapters.json");
    if manifest.exists() {
        return Err(TrainError::Exists { path: out.to_owned() });
    }
    if let Some(name) = &recipe.left_out {
        let expected = "absent: a family leaves out each contributor in turn".to_owned();
        return Err(TrainError::Recipe { field: "left_out", value: name.clone(), expected });
    }
    for (at, seed) in plan.placebo_seeds.iter().enumerate() {
        // It would be that adapter again, and tell attribution that there is no noise.
        if *seed == recipe.order_seed || plan.placebo_seeds.iter().take(at).any(|earlier| earlier == seed) {
            let expected = format!("other than the order seed, {}, and than each other", recipe.order_seed);
            return Err(TrainError::Recipe { field: "placebo_seeds", value: seed.to_string(), expected });
        }
    }
    let same = |left_out: LeftOut| Job { left_out, order_seed: recipe.order_seed };
    let mut variants = vec![("full".to_owned(), "full", same(LeftOut::Nothing))];
    for name in examples.contributors() {
        variants.push((format!("without-{name}"), "counterfactual", same(LeftOut::Contributor(name.clone()))));
    }
    for (number, &order_seed) in (1..).zip(&plan.placebo_seeds) {
        variants.push((format!("placebo-{number}"), "placebo", Job { left_out: LeftOut::Nothing, order_seed }));
    }
    let jobs: Vec<Job> = variants.iter().map(|(_, _, job)| job.clone()).collect();
    let mut done = false;
    let mut observer = observer;
    let states = train_many(session, examples, recipe, &jobs, |progress| {
        done = progress.step == progress.steps;
        observer(progress)
    })?;
    if !done {
        return Ok(false);
    }
    let layout = session.layout(usize::try_from(recipe.rank).unwrap_or(usize::MAX))?;
    let mut listed = Vec::with_capacity(variants.len());
    for ((name, kind, job), state) in variants.iter().zip(&states) {
        let folder = out.join(name);
        let modules = session.modules();
        let own = job.recipe(recipe);
        let digest = write_adapter(&folder, &state.parameters, modules, &layout, &own, plan.weights, &plan.base)?;
        listed.push(json!({
            "name": name,
            "kind": kind,
            "contributor": own.left_out,
            "rows": own.left_out.as_deref().and_then(|name| examples.rows_of(name)),
            "path": name,
            "order_seed": job.order_seed,
            "sha256": hex::encode(digest),
        }));
    }
    let whole = json!({
        "datanet": plan.datanet,
        "base": plan.base,
        "rank": recipe.rank,
        "alpha": recipe.alpha,
        "dtype": match plan.weights { Weights::Float32 => "f32", Weights::Bfloat16 => "bf16" },
        "variants": listed,
    });
    let bytes = serde_json::to_vec_pretty(&whole).map_err(|error| TrainError::file(&manifest, error))?;
    files::write(&manifest, &bytes)?;
    Ok(true)
}
