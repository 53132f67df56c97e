//! The flags of a family's tail.

use clap::Args;
use openledger_trainer::Tail;

/// Which contributors of a family get a tangent instead of an adapter.
#[derive(Debug, Args)]
pub struct TailArgs {
    /// Train no adapter without contributors that have fewer than ROWS rows: what leaving them out would do is computed to first
    /// order, by differentiating the training. Such a family is paid by its index.
    #[arg(long, value_name = "ROWS", requires = "family", value_parser = clap::value_parser!(u32).range(1..))]
    tail: Option<u32>,
    /// Train adapters without this many of the largest contributors whatever their size: the index is calibrated on them.
    #[arg(long, value_name = "CONTRIBUTORS", requires = "tail", default_value_t = 8)]
    retrain: u32,
    /// Gradients per row and step from which the curvature of the loss is estimated: 4 is coarse, 16 is fine and costs nearly four
    /// times as much.
    #[arg(long, value_name = "DRAWS", requires = "tail", default_value_t = 16)]
    tail_draws: u32,
    /// Contributors of the tail that are computed together, twelve bytes of memory for each parameter of the adapter and each of them;
    /// every part computes the gradients of the whole training.
    #[arg(long, value_name = "CONTRIBUTORS", requires = "tail", default_value_t = 256)]
    tail_part: u32,
}

impl TailArgs {
    /// The tail; unchecked. The seed decides the draws.
    pub fn tail(&self, seed: u64) -> Option<Tail> {
        let rule = |below_rows| Tail {
            below_rows,
            retrained: self.retrain,
            draws: self.tail_draws,
            draw_seed: seed,
            together: self.tail_part,
        };
        self.tail.map(rule)
    }
}
