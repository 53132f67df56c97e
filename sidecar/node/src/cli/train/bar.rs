//! Progress on standard error: loss, tokens a second, and how long it still takes.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use openledger_trainer::Progress;
use serde_json::json;

/// Progress of one training. On a standard error that is no terminal nothing is drawn.
#[derive(Default)]
pub struct Bar {
    drawn: Option<ProgressBar>,
    /// When the first step was done: what came before was loading.
    since: Option<Instant>,
    /// Time from the end of the first step to that of the last.
    took: Duration,
    /// Tokens of the steps after the first.
    tokens: usize,
    steps: usize,
    first: Option<f64>,
    last: f64,
}

impl Bar {
    /// Shows a step that was done.
    pub fn show(&mut self, progress: &Progress) {
        let drawn = self.drawn.get_or_insert_with(|| drawn(progress)).clone();
        match self.since {
            None => self.since = Some(Instant::now()),
            Some(since) => {
                self.took = since.elapsed();
                self.tokens = self.tokens.saturating_add(progress.tokens);
            }
        }
        self.steps = self.steps.saturating_add(1);
        self.first.get_or_insert(progress.loss);
        self.last = progress.loss;
        let rate = self.rate().map_or_else(String::new, |rate| format!(", {rate:.0} tokens/s"));
        drawn.set_message(format!("loss {:.4}{rate}", progress.loss));
        drawn.set_position(u64::try_from(progress.step).unwrap_or(u64::MAX));
    }

    /// Leaves the line as it is.
    pub fn finish(&self) {
        if let Some(drawn) = &self.drawn {
            drawn.abandon();
        }
    }

    /// Tokens a second, prompts included; `None` before the second step.
    #[allow(clippy::cast_precision_loss)]
    fn rate(&self) -> Option<f64> {
        let seconds = self.took.as_secs_f64();
        (seconds > 0.0 && self.tokens > 0).then(|| self.tokens as f64 / seconds)
    }

    /// For people.
    pub fn summary(&self) -> String {
        let Some(first) = self.first else { return "no step was left to do".to_owned() };
        let rate = self.rate().map_or_else(String::new, |rate| format!(", {rate:.0} tokens/s"));
        format!("{} steps, loss {first:.4} to {:.4}{rate}", self.steps, self.last)
    }

    /// For programs: steps done in this run, first and last loss in nats, tokens a second.
    pub fn json(&self) -> serde_json::Value {
        json!({
            "steps": self.steps,
            "first_loss": self.first,
            "last_loss": self.first.map(|_| self.last),
            "tokens_per_second": self.rate(),
        })
    }
}

fn drawn(progress: &Progress) -> ProgressBar {
    let count = |steps: usize| u64::try_from(steps).unwrap_or(u64::MAX);
    let bar = ProgressBar::new(count(progress.steps));
    // A resumed training did not do the earlier steps now: they must not shorten the estimate.
    bar.set_position(count(progress.step));
    bar.reset_eta();
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
