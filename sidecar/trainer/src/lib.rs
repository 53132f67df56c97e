//! LoRA training on ONNX Runtime, with transcripts that can be replayed.
//!
//! [`Training`] trains one adapter over a Datanet: AdamW on the adapter's factors, gradients from
//! [`openledger_engine::gradient`]. Everything that decides a result is in the [`Recipe`] and the rows: initial factors and
//! order come from seeds (see [`order`](Order) and `initial_factors`), so that a stored [`Transcript`] can be replayed from any of
//! its checkpoints, step by step, by [`verify`]. Of a family any part can be made again, by [`rederive`].
//! [`train_many`] trains adapters that differ only in what they leave out, in what is added that says nothing, or in the order, in shared runs.
//!
//! # The loss
//!
//! A row is prompt, completion and an end-of-text token. Only completion and end-of-text count. The loss of a step is
//!
//! ```text
//! L = − Σ over the step's rows, Σ over counted tokens t:  w(row) · log p(t | tokens before)  /  N
//! ```
//!
//! in nats, with N the counted tokens of all rows of the step; w is 0 for rows of a contributor that is left out and one
//! for the others. So a counterfactual's other rows pull exactly as hard as in the full training; a placebo's rows come on top and are not in N. This is the mean over tokens that
//! `transformers` takes over a whole accumulated batch, not a mean of means over rows or runs. A step may be split into
//! several runs of the graph ([`Recipe::run_rows`]); their gradients are summed, so splitting and padding change rounding
//! only.

mod adamw;
mod checkpoint;
mod codec;
mod error;
mod examples;
mod family;
mod family_file;
mod family_recipe;
mod files;
#[cfg(test)]
mod golden;
mod init;
mod keeping;
mod many;
mod messages;
mod order;
mod peft;
mod placebo;
mod progress;
mod random;
mod recipe;
mod rederive;
mod schedule;
mod source;
mod state;
mod step;
mod tail;
mod tangents;
mod training;
mod transcript;
mod verify;

pub use checkpoint::Checkpoint;
pub use error::TrainError;
pub use examples::{Example, Examples};
pub use family::{FamilyPlan, FamilyVariant, Shard, VariantKind, shards, train_family, train_shard};
pub use family_file::{FAMILY_FILE, RECIPE_FILE, write_family_file};
pub use family_recipe::FamilyRecipe;
pub use init::initial_factors;
pub use keeping::Keeping;
pub use many::{Job, LeftOut, train_many};
pub use order::Order;
pub use peft::{Weights, write_adapter};
pub use progress::remove_progress;
pub use recipe::{Decay, Recipe};
pub use rederive::{FamilyPart, Rederived, draw_parts, family_parts, rederive};
pub use source::{Opened, Rows, Source};
pub use state::TrainState;
pub use tail::{Tail, TailShard, tail_file, train_tail};
pub use tangents::{TangentPlan, Tangents, reconcile, tangents};
pub use training::{Ended, Progress, Storage, Training};
pub use transcript::{TRANSCRIPT_FILE, Transcript, TranscriptStep};
pub use verify::{Verification, verify};
