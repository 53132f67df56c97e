//! The learning rate of each step.

use crate::{Decay, Recipe};

/// Learning rate of a step, from 0, of so many:
/// `peak · min(1, (step + 1) / warm-up) · (floor + (1 − floor) · d(step / steps))` with d = 1, `1 − p` or `(1 + cos πp) / 2`.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn learning_rate(recipe: &Recipe, step: usize, steps: usize) -> f64 {
    let progress = step as f64 / (steps.max(1)) as f64;
    let decayed = match recipe.decay {
        Decay::Constant => 1.0,
        Decay::Linear => 1.0 - progress,
        Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * progress).cos()),
    };
    let rise = match recipe.warmup_steps {
        0 => 1.0,
        warmup => ((step as f64 + 1.0) / f64::from(warmup)).min(1.0),
    };
    recipe.learning_rate * rise * (recipe.floor + (1.0 - recipe.floor) * decayed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_rise_and_fall() {
        let recipe = Recipe { learning_rate: 2.0, warmup_steps: 4, floor: 0.1, ..Recipe::default() };
        let rate = |decay, step| learning_rate(&Recipe { decay, ..recipe.clone() }, step, 10);
        let close = |left: f64, right: f64| assert!((left - right).abs() < 1e-12, "{left} {right}");
        close(rate(Decay::Constant, 0), 0.5);
        close(rate(Decay::Constant, 9), 2.0);
        close(rate(Decay::Linear, 5), 2.0 * (0.1 + 0.9 * 0.5));
        close(rate(Decay::Cosine, 5), 2.0 * (0.1 + 0.9 * 0.5));
        close(rate(Decay::Cosine, 1), 2.0 * 0.5 * (0.1 + 0.9 * 0.5 * (1.0 + (0.1 * std::f64::consts::PI).cos())));
        close(learning_rate(&Recipe { warmup_steps: 0, ..recipe }, 0, 10), 2.0);
    }
}
