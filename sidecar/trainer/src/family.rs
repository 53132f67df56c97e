//! The adapters that attribution compares: everything, everything but one contributor, and placebos.

use std::{ops::ControlFlow, path::Path};

use openledger_engine::gradient::GradientSession;
use openledger_protocol::Hash;

use crate::{
    Examples, FAMILY_FILE, Job, LeftOut, Opened, Progress, Recipe, Tail, TailShard, TrainError, Weights,
    keeping::{Clock, Keeping},
    many::train_on,
    progress::read_progress,
    step::adapters_together,
    train_tail, write_adapter, write_family_file,
};

/// What a family holds besides the adapter and its counterfactuals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyPlan {
    /// The Datanet's name.
    pub datanet: String,
    /// Seeds of the placebos: each trained on everything and, on top, on rows of its own that say nothing.
    pub placebo_seeds: Vec<u64>,
    /// Element type of the adapters.
    pub weights: Weights,
    /// Name or folder of the base for the adapters' configuration.
    pub base: String,
    /// Contributors that get no adapter but a tangent; nobody when absent.
    pub tail: Option<Tail>,
}

/// What an adapter of a family is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VariantKind {
    /// Everything: the adapter that is served.
    Full,
    /// Everything but one contributor.
    Counterfactual,
    /// Everything, and rows that say nothing.
    Placebo,
}

impl VariantKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Counterfactual => "counterfactual",
            Self::Placebo => "placebo",
        }
    }
}

/// One adapter of a family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyVariant {
    /// Its name, and its folder in the family's.
    pub name: String,
    /// What it is for.
    pub kind: VariantKind,
    /// What it leaves out and adds, and its order.
    pub job: Job,
}

impl FamilyPlan {
    /// The adapters of a family: the recipe's own, one without each of these contributors, one placebo per seed.
    ///
    /// # Errors
    /// [`TrainError::Recipe`] for a recipe that leaves a contributor out itself, or a seed of two placebos.
    pub fn variants(&self, recipe: &Recipe, contributors: &[String]) -> Result<Vec<FamilyVariant>, TrainError> {
        if let Some(name) = &recipe.left_out {
            let expected = "absent: a family leaves out each contributor in turn".to_owned();
            return Err(TrainError::Recipe { field: "left_out", value: name.clone(), expected });
        }
        for (at, seed) in self.placebo_seeds.iter().enumerate() {
            if self.placebo_seeds.iter().take(at).any(|earlier| earlier == seed) {
                let expected = "other than those before it: it would be that adapter again".to_owned();
                return Err(TrainError::Recipe { field: "placebo_seeds", value: seed.to_string(), expected });
            }
        }
        let same = |left_out: LeftOut| Job::without(left_out, recipe.order_seed);
        let one = |name: String, kind, job| FamilyVariant { name, kind, job };
        let mut variants = vec![one("full".to_owned(), VariantKind::Full, same(LeftOut::Nothing))];
        for name in contributors {
            let job = same(LeftOut::Contributor(name.clone()));
            variants.push(one(format!("without-{name}"), VariantKind::Counterfactual, job));
        }
        for (number, &seed) in (1..).zip(&self.placebo_seeds) {
            let job = Job { placebo_seed: Some(seed), ..same(LeftOut::Nothing) };
            variants.push(one(format!("placebo-{number}"), VariantKind::Placebo, job));
        }
        Ok(variants)
    }
}

/// The parts of a family that are trained by themselves: adapters that share runs, in the family's order. Where a part is
/// trained, and what before or after it, changes no bit of it.
pub fn shards<'v>(
    recipe: &Recipe,
    variants: &'v [FamilyVariant],
) -> impl ExactSizeIterator<Item = &'v [FamilyVariant]> + DoubleEndedIterator {
    variants.chunks(adapters_together(recipe))
}

/// A part of a family that is to be trained.
#[derive(Debug, Clone, Copy)]
pub struct Shard<'a> {
    /// Its adapters.
    pub variants: &'a [FamilyVariant],
    /// Folder in which each adapter gets a folder of its name.
    pub out: &'a Path,
    /// Where it is kept while it is under way; nowhere when absent.
    pub keeping: Option<Keeping<'a>>,
}

/// Trains one part of a family and writes its adapters. Returns the SHA-256 of their weights, in order; `None`, with nothing written
/// but what is kept, when the observer stopped it. A part that was kept goes on: the observer sees the steps that were left.
///
/// # Errors
/// As [`train_many`](crate::train_many), and [`TrainError::File`].
pub fn train_shard(
    session: &mut GradientSession,
    examples: &Examples,
    recipe: &Recipe,
    plan: &FamilyPlan,
    shard: &Shard<'_>,
    mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<Option<Vec<Hash>>, TrainError> {
    let jobs: Vec<Job> = shard.variants.iter().map(|variant| variant.job.clone()).collect();
    let layout = session.layout(usize::try_from(recipe.rank).unwrap_or(usize::MAX))?;
    let kept = shard.keeping.and_then(|keeping| read_progress(keeping.place, &keeping.of, jobs.len(), layout.len));
    let (mut done, mut clock) = (false, shard.keeping.map(Clock::start));
    let states = train_on(session, examples, recipe, &jobs, kept, |progress, states| {
        done = progress.step >= progress.steps;
        let goes_on = observer(progress);
        if let Some(clock) = clock.as_mut().filter(|_| !done) {
            clock.keep(states, goes_on.is_break())?;
        }
        Ok(goes_on)
    })?;
    if !done {
        return Ok(None);
    }
    let mut digests = Vec::with_capacity(jobs.len());
    for (variant, state) in shard.variants.iter().zip(&states) {
        let (own, modules) = (variant.job.recipe(recipe), session.modules());
        let folder = shard.out.join(&variant.name);
        digests.push(write_adapter(&folder, &state.parameters, modules, &layout, &own, plan.weights, &plan.base)?);
    }
    Ok(Some(digests))
}

/// Trains a family, one part after the other, and writes it to a folder, `adapters.json` last: see
/// [`FamilyPlan::variants`] and [`Tail`]. Returns false, without that file, when the observer stopped it. The observer sees the steps
/// of all parts as those of one training.
///
/// # Errors
/// As [`train_shard`], [`train_tail`] and [`FamilyPlan::variants`], [`TrainError::Exists`] for a folder that holds a family, and
/// [`TrainError::File`].
pub fn train_family(
    opened: &mut Opened,
    recipe: &Recipe,
    plan: &FamilyPlan,
    out: &Path,
    mut observer: impl FnMut(&Progress) -> ControlFlow<()>,
) -> Result<bool, TrainError> {
    if out.join(FAMILY_FILE).exists() {
        return Err(TrainError::Exists { path: out.to_owned() });
    }
    let family = opened.family(recipe.clone(), plan.clone());
    let variants = family.variants()?;
    let (adapters, tails) = (shards(recipe, &variants).len(), family.tail_parts().len());
    let parts = adapters.saturating_add(tails);
    let mut of_part = |part: usize, progress: &Progress| {
        let step = part.saturating_mul(progress.steps).saturating_add(progress.step);
        observer(&Progress { step, steps: parts.saturating_mul(progress.steps), ..*progress })
    };
    let mut digests = Vec::with_capacity(variants.len());
    for (at, variants) in shards(recipe, &variants).enumerate() {
        let shard = Shard { variants, out, keeping: None };
        let (session, examples) = (&mut opened.session, &opened.examples);
        let trained = train_shard(session, examples, recipe, plan, &shard, |progress| of_part(at, progress))?;
        let Some(trained) = trained else { return Ok(false) };
        digests.extend(trained);
    }
    let mut vectors = Vec::with_capacity(tails);
    let mut curvature = if tails > 0 { Some(opened.curvature()?) } else { None };
    for (number, at) in (0..).zip(adapters..parts) {
        let Some(session) = &mut curvature else { break };
        let shard = TailShard { number, out, keeping: None };
        let made = train_tail(session, &opened.examples, &family, &shard, |progress| of_part(at, progress))?;
        let Some(digest) = made else { return Ok(false) };
        vectors.push(digest);
    }
    write_family_file(out, &family, &opened.examples, &digests, &vectors)?;
    Ok(true)
}
