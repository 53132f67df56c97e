//! What decides every byte of a family, as a message with a digest: whoever has it, the base and the rows can make any part.
//!
//! ```text
//! digest = tagged("training-family", message)
//! ```

use openledger_engine::ModelInfo;
use openledger_protocol::{Hash, digest::tagged};
use prost::Message;

use crate::{Examples, FamilyPlan, FamilyVariant, Recipe, Tail, TrainError, Weights, codec, messages};

/// Rule that decides what a family is of. The second one has tails, the third one draws their curvature by signs, and the placebos of the
/// fourth are rows that say nothing, where they were other orders of the rows.
const POLICY: &str = "lora-adamw-family/4";

/// Contributors and placebos of a family; as many as one call trains.
const MAX_VARIANTS: usize = 4096;
/// Largest message that is read: all names at their bounds.
const MAX_BYTES: usize = 4 << 20;

/// A family as it is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyRecipe {
    /// How each adapter is trained.
    pub recipe: Recipe,
    /// Placebos, element type and names.
    pub plan: FamilyPlan,
    /// SHA-256 over the base model's files.
    pub base_digest: Hash,
    /// SHA-256 of `tokenizer.json`.
    pub tokenizer_digest: Hash,
    /// Content root of the Datanet version.
    pub dataset_root: Hash,
    /// Contributors in cluster order.
    pub contributors: Vec<String>,
    /// The clusters of the plan's tail, ascending: contributors that get a tangent and no adapter.
    pub tail: Vec<u32>,
    /// Threads of one operator. The last bits depend on it, so it belongs to what is asked for.
    pub threads: u32,
}

impl FamilyRecipe {
    /// A family over what is loaded.
    #[must_use]
    pub fn of(recipe: Recipe, plan: FamilyPlan, model: &ModelInfo, examples: &Examples, threads: usize) -> Self {
        Self {
            tail: plan.tail.map(|tail| tail.clusters(&examples.rows())).unwrap_or_default(),
            recipe,
            plan,
            base_digest: model.base_digest,
            tokenizer_digest: model.tokenizer_digest,
            dataset_root: examples.root(),
            contributors: examples.contributors().to_vec(),
            threads: u32::try_from(threads).unwrap_or(u32::MAX),
        }
    }

    /// The adapters.
    ///
    /// # Errors
    /// As [`FamilyPlan::variants`] and [`Tail::check`].
    pub fn variants(&self) -> Result<Vec<FamilyVariant>, TrainError> {
        if let Some(tail) = self.plan.tail {
            tail.check()?;
        }
        let large = |cluster: u32| self.tail.binary_search(&cluster).is_err();
        let retrained = (0..).zip(&self.contributors).filter(|(cluster, _)| large(*cluster));
        let retrained: Vec<String> = retrained.map(|(_, name)| name.clone()).collect();
        self.plan.variants(&self.recipe, &retrained)
    }

    /// The parts of the tail that are differentiated by themselves: clusters, in their order. Where a part is made, and what before
    /// or after it, changes no bit of it.
    pub fn tail_parts(&self) -> impl ExactSizeIterator<Item = &[u32]> {
        let together = self.plan.tail.map_or(1, |tail| tail.together);
        self.tail.chunks(usize::try_from(together).unwrap_or(usize::MAX).max(1))
    }

    /// The clusters of a part of the tail; none for a part that the family has not.
    #[must_use]
    pub fn tail_part(&self, number: u32) -> &[u32] {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        self.tail_parts().nth(number).unwrap_or_default()
    }

    /// First thing in which what is loaded is not what was asked for.
    #[must_use]
    pub fn difference(&self, model: &ModelInfo, examples: &Examples) -> Option<&'static str> {
        let fields = [
            ("the base model", self.base_digest == model.base_digest),
            ("the tokenizer", self.tokenizer_digest == model.tokenizer_digest),
            ("the Datanet's content", self.dataset_root == examples.root()),
            ("the list of contributors", self.contributors == examples.contributors()),
            (
                "the tail of the contributors",
                self.tail == self.plan.tail.map(|tail| tail.clusters(&examples.rows())).unwrap_or_default(),
            ),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
    }

    /// The bytes that are hashed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let message = messages::Family {
            policy: POLICY.to_owned(),
            recipe: Some(codec::encode(&self.recipe)),
            base_digest: self.base_digest.to_vec(),
            tokenizer_digest: self.tokenizer_digest.to_vec(),
            dataset_root: self.dataset_root.to_vec(),
            contributors: self.contributors.clone(),
            placebo_seeds: self.plan.placebo_seeds.clone(),
            weights: self.plan.weights.name().to_owned(),
            datanet: self.plan.datanet.clone(),
            base: self.plan.base.clone(),
            threads: self.threads,
            tail: self.plan.tail.map(|tail| messages::Tail {
                below_rows: tail.below_rows,
                retrained: tail.retrained,
                draws: tail.draws,
                draw_seed: tail.draw_seed,
                together: tail.together,
                clusters: self.tail.clone(),
            }),
        };
        message.encode_to_vec()
    }

    /// Reads what [`FamilyRecipe::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`TrainError::Refuted`] for bytes that are no family in its one encoding, [`TrainError::Recipe`] for nonsense,
    /// [`TrainError::Limit`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrainError> {
        let count = |size: usize| u64::try_from(size).unwrap_or(u64::MAX);
        let refuse = |reason: &str| TrainError::refuted(None, reason);
        if bytes.len() > MAX_BYTES {
            return Err(TrainError::Limit {
                what: "bytes of a family",
                value: count(bytes.len()),
                limit: count(MAX_BYTES),
            });
        }
        let message = messages::Family::decode(bytes).map_err(|error| refuse(&format!("it is no family: {error}")))?;
        if message.encode_to_vec() != bytes || message.policy != POLICY {
            return Err(refuse("it is not in the one encoding that is hashed, or of another policy"));
        }
        let variants = message.contributors.len().saturating_add(message.placebo_seeds.len());
        if variants >= MAX_VARIANTS {
            return Err(TrainError::Limit { what: "variants", value: count(variants), limit: count(MAX_VARIANTS) });
        }
        let digest = |bytes: Vec<u8>| Hash::try_from(bytes).map_err(|_| refuse("a digest of it has not 32 bytes"));
        let (tail, clusters) = message.tail.map(tail).unzip();
        let tail_clusters: Vec<u32> = clusters.unwrap_or_default();
        let ascending = tail_clusters.is_sorted_by(|left, right| left < right);
        let last = tail_clusters.last().and_then(|&last| usize::try_from(last).ok());
        if !ascending || last.is_some_and(|last| last >= message.contributors.len()) {
            return Err(refuse("its tail names contributors that it has not, or one twice"));
        }
        if !tail_clusters.is_empty() && tail_clusters.len() >= message.contributors.len() {
            return Err(refuse("all its contributors are in its tail"));
        }
        let family = Self {
            recipe: codec::decode(message.recipe.as_ref().ok_or_else(|| refuse("it has no recipe"))?)?,
            plan: FamilyPlan {
                datanet: message.datanet,
                placebo_seeds: message.placebo_seeds,
                weights: Weights::named(&message.weights).ok_or_else(|| refuse("its element type is unknown"))?,
                base: message.base,
                tail,
            },
            base_digest: digest(message.base_digest)?,
            tokenizer_digest: digest(message.tokenizer_digest)?,
            dataset_root: digest(message.dataset_root)?,
            contributors: message.contributors,
            tail: tail_clusters,
            threads: message.threads,
        };
        family.variants()?;
        Ok(family)
    }

    /// `tagged("training-family", bytes)`: what it is known by.
    #[must_use]
    pub fn digest(&self) -> Hash {
        tagged("training-family", &self.to_bytes())
    }
}

/// The rule of a tail, and the clusters that it named.
fn tail(message: messages::Tail) -> (Tail, Vec<u32>) {
    let messages::Tail { below_rows, retrained, draws, draw_seed, together, clusters } = message;
    (Tail { below_rows, retrained, draws, draw_seed, together }, clusters)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn family() -> FamilyRecipe {
        FamilyRecipe {
            recipe: Recipe::default(),
            plan: FamilyPlan {
                datanet: "wordnet".to_owned(),
                placebo_seeds: vec![101, 102],
                weights: Weights::Bfloat16,
                base: "examples/model".to_owned(),
                tail: None,
            },
            base_digest: [1; 32],
            tokenizer_digest: [2; 32],
            dataset_root: [3; 32],
            contributors: vec!["animal".to_owned(), "body".to_owned()],
            tail: Vec::new(),
            threads: 2,
        }
    }

    fn tailed(tail: Tail, clusters: &[u32]) -> FamilyRecipe {
        FamilyRecipe { plan: FamilyPlan { tail: Some(tail), ..family().plan }, tail: clusters.to_vec(), ..family() }
    }

    #[test]
    fn a_tail_has_no_adapters_and_parts_of_its_own() {
        let names = ["ann", "bob", "cid", "dot"].map(str::to_owned).to_vec();
        let tail = Tail { together: 2, ..Tail::below(9) };
        let whole = FamilyRecipe { contributors: names, ..tailed(tail, &[0, 1, 3]) };
        let variants: Vec<String> = whole.variants().unwrap().into_iter().map(|variant| variant.name).collect();
        assert_eq!(variants, ["full", "without-cid", "placebo-1", "placebo-2"]);
        assert_eq!(whole.tail_parts().collect::<Vec<_>>(), [&[0, 1][..], &[3]]);
        assert_eq!((whole.tail_part(1), whole.tail_part(2)), (&[3][..], &[][..]));
        assert_eq!(FamilyRecipe::from_bytes(&whole.to_bytes()).unwrap(), whole);
    }

    #[test]
    fn a_family_survives_and_whatever_changes_it_changes_its_digest() {
        let whole = family();
        assert_eq!(FamilyRecipe::from_bytes(&whole.to_bytes()).unwrap(), whole);
        let others = [
            FamilyRecipe { threads: 1, ..family() },
            FamilyRecipe { base_digest: [9; 32], ..family() },
            FamilyRecipe { dataset_root: [9; 32], ..family() },
            FamilyRecipe { contributors: vec!["body".to_owned(), "animal".to_owned()], ..family() },
            FamilyRecipe { recipe: Recipe { epochs: 4, ..Recipe::default() }, ..family() },
            FamilyRecipe { plan: FamilyPlan { placebo_seeds: vec![101], ..family().plan }, ..family() },
            FamilyRecipe { plan: FamilyPlan { weights: Weights::Float32, ..family().plan }, ..family() },
            tailed(Tail::below(9), &[]),
            tailed(Tail::below(9), &[1]),
            tailed(Tail { draws: 4, ..Tail::below(9) }, &[1]),
            tailed(Tail { draw_seed: 4, ..Tail::below(9) }, &[1]),
            tailed(Tail { together: 4, ..Tail::below(9) }, &[1]),
        ];
        let digests: std::collections::HashSet<Hash> = others.iter().map(FamilyRecipe::digest).collect();
        assert_eq!(digests.len(), others.len());
        for other in others {
            assert_ne!(other.digest(), whole.digest(), "{other:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        let mut longer = family().to_bytes();
        longer.extend([0x60, 1]);
        // As the first rule wrote it: it knew no tails.
        let mut first = messages::Family::decode(&family().to_bytes()[..]).unwrap();
        first.policy = crate::transcript::POLICY.to_owned();
        let first = first.encode_to_vec();
        let twice = FamilyPlan { placebo_seeds: vec![7, 7], ..family().plan };
        let crowd = (0..MAX_VARIANTS).map(|number| number.to_string()).collect();
        for (bytes, code) in [
            (longer, "TRAIN_TRANSCRIPT_REFUTED"),
            (b"no message".to_vec(), "TRAIN_TRANSCRIPT_REFUTED"),
            (vec![0; MAX_BYTES + 1], "TRAIN_LIMIT"),
            (FamilyRecipe { contributors: crowd, ..family() }.to_bytes(), "TRAIN_LIMIT"),
            (FamilyRecipe { plan: twice, ..family() }.to_bytes(), "TRAIN_RECIPE_INVALID"),
            (first, "TRAIN_TRANSCRIPT_REFUTED"),
            (tailed(Tail::below(9), &[2]).to_bytes(), "TRAIN_TRANSCRIPT_REFUTED"),
            (tailed(Tail::below(9), &[1, 1]).to_bytes(), "TRAIN_TRANSCRIPT_REFUTED"),
            (tailed(Tail::below(9), &[0, 1]).to_bytes(), "TRAIN_TRANSCRIPT_REFUTED"),
            (tailed(Tail { draws: 0, ..Tail::below(9) }, &[1]).to_bytes(), "TRAIN_RECIPE_INVALID"),
        ] {
            assert_eq!(FamilyRecipe::from_bytes(&bytes).unwrap_err().code(), code);
        }
    }
}
