//! What a trainer says about one adapter.
//!
//! ```text
//! head        = the message without steps, chain and adapter digest
//! chain 0     = tagged("training-chain", head)
//! chain k     = tagged("training-step", chain k−1 || state digest k || loss k)     loss: 8 bytes, big-endian
//! digest      = tagged("training-transcript", message)
//! ```
//!
//! Messages are encoded as the rest of the protocol: fields ascending, defaults left out.

use std::path::Path;

use openledger_engine::ModelInfo;
use openledger_protocol::{Hash, digest::tagged};
use prost::Message;

use crate::{Examples, Order, Recipe, TrainError, codec, files, messages};

/// File name of a finished training's transcript.
pub const TRANSCRIPT_FILE: &str = "transcript.binpb";
/// The rule of this crate.
pub(crate) const POLICY: &str = "lora-adamw/1";
/// Largest file that is read.
const MAX_BYTES: u64 = 256 << 20;

/// One step of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TranscriptStep {
    /// [`crate::TrainState::digest`] after the step.
    pub state_digest: Hash,
    /// Loss before the step in nano-nats.
    pub loss: i64,
}

/// What a trainer says about one adapter. Its chain always follows from the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcript {
    message: messages::Transcript,
    recipe: Recipe,
    steps: Vec<TranscriptStep>,
    chain: Hash,
}

impl Transcript {
    /// Before the first step.
    pub(crate) fn begin(
        recipe: &Recipe,
        model: &ModelInfo,
        examples: &Examples,
        order: &Order,
        threads: u32,
        initial: Hash,
    ) -> Self {
        let message = messages::Transcript {
            policy: POLICY.to_owned(),
            recipe: Some(codec::encode(recipe)),
            base_digest: model.base_digest.to_vec(),
            tokenizer_digest: model.tokenizer_digest.to_vec(),
            dataset_root: examples.root().to_vec(),
            order_root: order.root(examples).to_vec(),
            rows: u64::try_from(examples.len()).unwrap_or(u64::MAX),
            threads,
            runtime: model.ort_version.clone(),
            machine: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            initial_digest: initial.to_vec(),
            ..messages::Transcript::default()
        };
        let chain = tagged("training-chain", &message.encode_to_vec());
        Self { message, recipe: recipe.clone(), steps: Vec::new(), chain }
    }

    pub(crate) fn push(&mut self, step: TranscriptStep) {
        self.chain = link(&self.chain, &step);
        self.steps.push(step);
    }

    pub(crate) fn finish(&mut self, adapter: Hash) {
        self.message.adapter_digest = adapter.to_vec();
    }

    /// The bytes that are stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let step = |step: &TranscriptStep| messages::Step { state_digest: step.state_digest.to_vec(), loss: step.loss };
        let whole = messages::Transcript {
            steps: self.steps.iter().map(step).collect(),
            chain: self.chain.to_vec(),
            ..self.message.clone()
        };
        whole.encode_to_vec()
    }

    /// Reads stored bytes and follows the chain.
    ///
    /// # Errors
    /// [`TrainError::Refuted`] for bytes that are no transcript in its one encoding, a policy other than ours, and a chain that does
    /// not follow from the steps.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrainError> {
        let refuse = |reason: &str| TrainError::refuted(None, reason);
        let mut message = messages::Transcript::decode(bytes)
            .map_err(|error| TrainError::refuted(None, format!("it is no transcript: {error}")))?;
        if message.encode_to_vec() != bytes {
            return Err(refuse("it is not in the one encoding that is hashed"));
        }
        if message.policy != POLICY {
            return Err(TrainError::refuted(None, format!("its policy is {:?}, not {POLICY:?}", message.policy)));
        }
        let recipe = codec::decode(message.recipe.as_ref().ok_or_else(|| refuse("it has no recipe"))?)?;
        let head = [&message.base_digest, &message.tokenizer_digest, &message.dataset_root];
        let head = head.into_iter().chain([&message.order_root, &message.initial_digest]);
        if head.into_iter().any(|digest| digest.len() != 32) || !matches!(message.adapter_digest.len(), 0 | 32) {
            return Err(refuse("a digest has not 32 bytes"));
        }
        let stored = std::mem::take(&mut message.chain);
        let adapter = std::mem::take(&mut message.adapter_digest);
        let mut steps = Vec::with_capacity(message.steps.len());
        for (number, step) in (1..).zip(std::mem::take(&mut message.steps)) {
            let state_digest = Hash::try_from(step.state_digest)
                .map_err(|_| TrainError::refuted(Some(number), "its digest has not 32 bytes"))?;
            steps.push(TranscriptStep { state_digest, loss: step.loss });
        }
        let chain =
            steps.iter().fold(tagged("training-chain", &message.encode_to_vec()), |chain, step| link(&chain, step));
        if chain[..] != stored {
            return Err(refuse("the chain does not follow from the steps"));
        }
        message.adapter_digest = adapter;
        Ok(Self { message, recipe, steps, chain })
    }

    /// Reads the transcript of a training's folder.
    ///
    /// # Errors
    /// [`TrainError::File`], and as [`Transcript::from_bytes`].
    pub fn read(folder: &Path) -> Result<Self, TrainError> {
        Self::from_bytes(&files::read(&folder.join(TRANSCRIPT_FILE), MAX_BYTES)?)
    }

    /// `tagged("training-transcript", bytes)`: the transcript's id.
    #[must_use]
    pub fn digest(&self) -> Hash {
        tagged("training-transcript", &self.to_bytes())
    }

    /// How it was trained.
    #[must_use]
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The steps so far.
    #[must_use]
    pub fn steps(&self) -> &[TranscriptStep] {
        &self.steps
    }

    /// Head of the chain over the steps.
    #[must_use]
    pub fn chain(&self) -> Hash {
        self.chain
    }

    /// Digest of the initial state.
    #[must_use]
    pub fn initial_digest(&self) -> &[u8] {
        &self.message.initial_digest
    }

    /// SHA-256 of the adapter's weights; empty while the training is not finished.
    #[must_use]
    pub fn adapter_digest(&self) -> &[u8] {
        &self.message.adapter_digest
    }

    /// Threads of one operator, ONNX Runtime's version and the machine: what may decide about the last bits.
    #[must_use]
    pub fn environment(&self) -> (u32, &str, &str) {
        (self.message.threads, &self.message.runtime, &self.message.machine)
    }

    /// First thing in which the heads differ, environment left out; `None` when both are of the same training.
    #[must_use]
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let (mine, theirs) = (&self.message, &other.message);
        let fields = [
            ("the base model", mine.base_digest == theirs.base_digest),
            ("the tokenizer", mine.tokenizer_digest == theirs.tokenizer_digest),
            ("the recipe", mine.recipe == theirs.recipe),
            ("the number of rows", mine.rows == theirs.rows),
            ("the Datanet's content", mine.dataset_root == theirs.dataset_root),
            ("the order of the rows", mine.order_root == theirs.order_root),
            ("the initial state", mine.initial_digest == theirs.initial_digest),
        ];
        fields.into_iter().find(|(_, same)| !same).map(|(what, _)| what)
    }
}

fn link(chain: &Hash, step: &TranscriptStep) -> Hash {
    tagged("training-step", &[&chain[..], &step.state_digest, &step.loss.to_be_bytes()].concat())
}
