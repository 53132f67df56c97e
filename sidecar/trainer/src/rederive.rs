//! Making a part of a family again: the defence against a trainer who says that a contributor did more than it did.
//!
//! The recipe decides every byte of a family, so whoever has base and rows gets the same adapters on a machine of the same class
//! (processor, ONNX Runtime, threads). Another one rounds differently; then what was made is held to what is stored within
//! tolerance, measured in the length of what is paid by: the difference to the served adapter.

use std::{ops::ControlFlow, path::Path};

use openledger_engine::gradient::GradientSession;
use openledger_protocol::Hash;
use safetensors::SafeTensors;
use sha2::{Digest, Sha256};

use crate::{
    FamilyRecipe, FamilyVariant, Opened, Progress, Shard, TailShard, TrainError, TrainState, VariantKind,
    adamw::norm,
    family_file::Told,
    files, initial_factors,
    peft::{self, CONFIG, WEIGHTS},
    random::Stream,
    shards, tail_file, train_shard, train_tail,
};

/// Largest distance between what is stored and what was made, as part of the length of the difference to the served adapter.
const TOLERANCE: f64 = 0.05;
/// A difference counts as no shorter than this part of the training's whole way: rounding moves the shortest of them as far as others.
const SHORTEST: f64 = 1e-3;
const MAX_FILE_BYTES: u64 = 2 << 30;

/// A part of a family, as it is made by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FamilyPart {
    /// Adapters that share runs.
    Adapters(Vec<FamilyVariant>),
    /// Tangents of a part of the tail, by its number.
    Tail(u32),
}

/// The parts of a family: adapters, then the tail.
///
/// # Errors
/// As [`FamilyRecipe::variants`].
pub fn family_parts(family: &FamilyRecipe) -> Result<Vec<FamilyPart>, TrainError> {
    let variants = family.variants()?;
    let adapters = shards(&family.recipe, &variants).map(|part| FamilyPart::Adapters(part.to_vec()));
    let tail = (0..).zip(family.tail_parts()).map(|(number, _)| FamilyPart::Tail(number));
    Ok(adapters.chain(tail).collect())
}

/// So many of the parts, each at most once and each as likely; all of them when there are no more. The seed decides which.
#[must_use]
pub fn draw_parts(mut parts: Vec<FamilyPart>, count: usize, seed: u64) -> Vec<FamilyPart> {
    let mut stream = Stream::new("family-replay", &seed.to_be_bytes());
    let mut drawn = Vec::new();
    while drawn.len() < count && !parts.is_empty() {
        let place = stream.below(u64::try_from(parts.len()).unwrap_or(u64::MAX));
        drawn.push(parts.swap_remove(usize::try_from(place).unwrap_or(0)));
    }
    drawn
}

/// What making an adapter or a file of tangents again found; it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Rederived {
    /// The adapter's folder, or the file.
    pub name: String,
    /// Whether it came out byte for byte.
    pub exact: bool,
    /// Distance of what was made, as part of the length of what is paid by; 0 when it is exact.
    pub difference: f64,
}

/// Makes parts of the family in a folder again and compares them with what is stored there. `opened` is its base and rows, with its
/// threads.
///
/// # Errors
/// [`TrainError::Family`] for a family that does not follow from its recipe, [`TrainError::File`] for missing or damaged files,
/// and as [`train_shard`] and [`train_tail`].
pub fn rederive(
    opened: &mut Opened,
    family: &FamilyRecipe,
    folder: &Path,
    parts: &[FamilyPart],
) -> Result<Vec<Rederived>, TrainError> {
    if let Some(what) = family.difference(opened.session.model(), &opened.examples) {
        return Err(TrainError::family(format!("{what} is not what its recipe says")));
    }
    let told = Told::read(folder, family, &opened.examples)?;
    let served = Served::read(&opened.session, family, folder, &told)?;
    let made = tempfile::tempdir().map_err(|error| TrainError::file(folder, error))?;
    let stored = Stored { family, folder, told, served, made: made.path() };
    let mut found = Vec::new();
    for part in parts {
        match part {
            FamilyPart::Adapters(variants) => found.extend(stored.adapters(opened, variants)?),
            FamilyPart::Tail(number) => found.push(stored.tail(opened, *number)?),
        }
    }
    Ok(found)
}

/// A family as it lies in a folder, and where parts of it are made again.
struct Stored<'a> {
    family: &'a FamilyRecipe,
    folder: &'a Path,
    told: Told,
    served: Served,
    made: &'a Path,
}

impl Stored<'_> {
    fn adapters(&self, opened: &mut Opened, variants: &[FamilyVariant]) -> Result<Vec<Rederived>, TrainError> {
        let recipe = &self.family.recipe;
        let shard = Shard { variants, out: self.made, keeping: None };
        let (session, examples) = (&mut opened.session, &opened.examples);
        let trained = train_shard(session, examples, recipe, &self.family.plan, &shard, go_on)?;
        let one = |(variant, digest): (&FamilyVariant, Hash)| {
            let (name, stored) = (&variant.name, self.folder.join(&variant.name));
            let told = self.told.adapter(name);
            is_told(&stored.join(WEIGHTS), told)?;
            let config = files::read(&stored.join(CONFIG), MAX_FILE_BYTES)?;
            if !peft::is_config(&config, session.modules(), &variant.job.recipe(recipe)) {
                return Err(TrainError::family(format!("{name}/{CONFIG} is not that of its recipe")));
            }
            if told == Some(&digest) {
                return Ok(Rederived { name: name.clone(), exact: true, difference: 0.0 });
            }
            within(name, self.served.distance(session, variant.kind, &stored, &self.made.join(name))?)
        };
        variants.iter().zip(trained.ok_or_else(stopped)?).map(one).collect()
    }

    fn tail(&self, opened: &Opened, number: u32) -> Result<Rederived, TrainError> {
        let shard = TailShard { number, out: self.made, keeping: None };
        let digest = train_tail(&mut opened.curvature()?, &opened.examples, self.family, &shard, go_on)?;
        let (name, told) = (tail_file(number), self.told.tail(number));
        let stored = is_told(&self.folder.join(&name), told)?;
        if told == Some(&digest.ok_or_else(stopped)?) {
            return Ok(Rederived { name, exact: true, difference: 0.0 });
        }
        let made = files::read(&self.made.join(&name), MAX_FILE_BYTES)?;
        within(&name, self.served.tangents(&name, &stored, &made)?)
    }
}

fn go_on(_: &Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// What cannot be: nobody stops it.
fn stopped() -> TrainError {
    TrainError::family("the training stopped")
}

fn within(name: &str, difference: f64) -> Result<Rederived, TrainError> {
    if difference > TOLERANCE || difference.is_nan() {
        let reason = format!(
            "{name} is {difference:.1e} of its difference to the served adapter away from what its recipe gives, beyond {TOLERANCE}"
        );
        return Err(TrainError::family(reason));
    }
    Ok(Rederived { name: name.to_owned(), exact: false, difference })
}

/// The bytes of a file that has the digest that is told of it.
fn is_told(path: &Path, told: Option<&Hash>) -> Result<Vec<u8>, TrainError> {
    let bytes = files::read(path, MAX_FILE_BYTES)?;
    if told.is_some_and(|told| Sha256::digest(&bytes)[..] == told[..]) {
        return Ok(bytes);
    }
    Err(TrainError::family(format!("{} has another digest than the family tells", path.display())))
}

/// The adapter that is served, as it is stored, and how far it is from the training's beginning.
struct Served {
    parameters: Vec<f32>,
    way: f64,
}

impl Served {
    fn read(session: &GradientSession, family: &FamilyRecipe, folder: &Path, told: &Told) -> Result<Self, TrainError> {
        let full = VariantKind::Full.name();
        // Lengths are measured from it: another one would make every tolerance as large as its author likes.
        is_told(&folder.join(full).join(WEIGHTS), told.adapter(full))?;
        let stored = session.read_adapter(&folder.join(full), None)?;
        let layout = session.layout(usize::try_from(family.recipe.rank).unwrap_or(usize::MAX))?;
        if stored.layout != layout {
            return Err(TrainError::family(format!("{full} is of another size than its recipe's adapter")));
        }
        let initial = TrainState::new(initial_factors(session.modules(), &layout, family.recipe.init_seed));
        let way = distance(&stored.parameters, &initial.parameters);
        Ok(Self { parameters: stored.parameters, way })
    }

    /// How far two forms of an adapter are from each other, in lengths of the difference that it is paid by.
    fn distance(
        &self,
        session: &GradientSession,
        kind: VariantKind,
        stored: &Path,
        made: &Path,
    ) -> Result<f64, TrainError> {
        let [stored, made] = [session.read_adapter(stored, None)?, session.read_adapter(made, None)?];
        if stored.layout != made.layout {
            return Ok(f64::INFINITY);
        }
        let length = match kind {
            VariantKind::Full => self.way,
            VariantKind::Counterfactual | VariantKind::Placebo => distance(&self.parameters, &made.parameters),
        };
        Ok(self.part(distance(&stored.parameters, &made.parameters), length))
    }

    /// The largest distance of a contributor's tangent, in its own lengths.
    fn tangents(&self, name: &str, stored: &[u8], made: &[u8]) -> Result<f64, TrainError> {
        let read = |bytes| {
            SafeTensors::deserialize(bytes)
                .map_err(|error| TrainError::family(format!("{name} cannot be read: {error}")))
        };
        let (stored, made) = (read(stored)?, read(made)?);
        let mut largest = 0.0_f64;
        for (contributor, own) in made.tensors() {
            let Ok(other) = stored.tensor(&contributor) else { return Ok(f64::INFINITY) };
            let [own, other] = [floats(own.data()), floats(other.data())];
            if own.len() != other.len() {
                return Ok(f64::INFINITY);
            }
            largest = largest.max(self.part(distance(&own, &other), norm(&own)));
        }
        Ok(if stored.len() == made.len() { largest } else { f64::INFINITY })
    }

    fn part(&self, off: f64, length: f64) -> f64 {
        if off == 0.0 { 0.0 } else { off / length.max(SHORTEST * self.way) }
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn distance(left: &[f32], right: &[f32]) -> f64 {
    norm(&left.iter().zip(right).map(|(left, right)| left - right).collect::<Vec<f32>>())
}
