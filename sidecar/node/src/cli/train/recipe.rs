//! The recipe's flags.

use clap::{Args, ValueEnum};
use openledger_trainer::{Decay, Recipe};

use crate::cli::datanet::per_cent;

/// Rows of a run in which the adapters of a family share the work.
const FAMILY_RUN_ROWS: u32 = 64;
/// Per cent of runs of characters that near-duplicates of a family share: as `openledger datanet clusters` has it.
const FAMILY_DUPLICATES: u32 = 80;

/// How the adapter is trained.
#[derive(Debug, Args)]
pub struct RecipeArgs {
    /// Rank of every module.
    #[arg(long, default_value_t = 8)]
    rank: u32,
    /// Numerator of the adapter's scale.
    #[arg(long, default_value_t = 16.0)]
    alpha: f64,
    /// Scale by alpha over the square root of the rank.
    #[arg(long)]
    rslora: bool,
    /// Modules to train, for example q_proj,v_proj; all when absent.
    #[arg(long, value_delimiter = ',')]
    targets: Vec<String>,
    /// Peak learning rate.
    #[arg(long, default_value_t = 1e-3)]
    learning_rate: f64,
    /// Decay of the first moment.
    #[arg(long, default_value_t = 0.9)]
    beta1: f64,
    /// Decay of the second moment.
    #[arg(long, default_value_t = 0.999)]
    beta2: f64,
    /// Added to the root of the second moment.
    #[arg(long, default_value_t = 1e-8)]
    epsilon: f64,
    /// Decoupled weight decay.
    #[arg(long, default_value_t = 0.0)]
    weight_decay: f64,
    /// Bound on the norm of the whole gradient; 0 for none.
    #[arg(long, default_value_t = 1.0)]
    max_gradient_norm: f64,
    /// Steps over which the learning rate rises.
    #[arg(long, default_value_t = 0)]
    warmup_steps: u32,
    /// How it goes down.
    #[arg(long, value_enum, default_value_t = Fall::Cosine)]
    decay: Fall,
    /// Part of the peak learning rate that it ends with.
    #[arg(long, default_value_t = 0.0)]
    floor: f64,
    /// Passes over the rows.
    #[arg(long, default_value_t = 3)]
    epochs: u32,
    /// Rows of one step.
    #[arg(long, default_value_t = 8)]
    batch_rows: u32,
    /// Most rows of one run of the graph: bounds memory, accumulates gradients. When absent --batch-rows, and for a
    /// family, whose adapters share runs, at least 64.
    #[arg(long)]
    run_rows: Option<u32>,
    /// Longest row in tokens, prompt and end-of-text included.
    #[arg(long, default_value_t = 512)]
    max_tokens: u32,
    /// Cut the end off longer rows instead of refusing them.
    #[arg(long)]
    truncate: bool,
    /// Seed of the initial factors, and of the order unless --order-seed names another.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Seed of the rows' order.
    #[arg(long)]
    order_seed: Option<u64>,
    /// Contributor whose rows have no weight.
    #[arg(long)]
    leave_out: Option<String>,
    /// Train on near-duplicates once, on the first of them: rows alike in this share of their runs of five characters, 0.65 to 1;
    /// "keep" trains on all. A family's default is 0.8, so that a copy takes nothing from the row it copies, else "keep".
    #[arg(long, value_parser = duplicates)]
    duplicates: Option<Duplicates>,
}

/// What happens to near-duplicates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Duplicates {
    Keep,
    /// In per cent.
    Once(u32),
}

fn duplicates(text: &str) -> Result<Duplicates, String> {
    if text == "keep" { Ok(Duplicates::Keep) } else { per_cent(text).map(Duplicates::Once) }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fall {
    Constant,
    Linear,
    Cosine,
}

impl RecipeArgs {
    /// The recipe; unchecked.
    pub fn recipe(&self, family: bool) -> Recipe {
        let run_rows = if family { self.batch_rows.max(FAMILY_RUN_ROWS) } else { self.batch_rows };
        Recipe {
            rank: self.rank,
            alpha: self.alpha,
            rank_stabilised: self.rslora,
            targets: self.targets.clone(),
            learning_rate: self.learning_rate,
            betas: (self.beta1, self.beta2),
            epsilon: self.epsilon,
            weight_decay: self.weight_decay,
            max_gradient_norm: (self.max_gradient_norm != 0.0).then_some(self.max_gradient_norm),
            warmup_steps: self.warmup_steps,
            decay: match self.decay {
                Fall::Constant => Decay::Constant,
                Fall::Linear => Decay::Linear,
                Fall::Cosine => Decay::Cosine,
            },
            floor: self.floor,
            epochs: self.epochs,
            batch_rows: self.batch_rows,
            run_rows: self.run_rows.unwrap_or(run_rows),
            max_tokens: self.max_tokens,
            truncate: self.truncate,
            init_seed: self.seed,
            order_seed: self.order_seed.unwrap_or(self.seed),
            left_out: self.leave_out.clone(),
            duplicates: match self.duplicates {
                Some(Duplicates::Keep) => None,
                Some(Duplicates::Once(threshold)) => Some(threshold),
                None => family.then_some(FAMILY_DUPLICATES),
            },
        }
    }
}
