//! AdamW and clipping, in the operations and the order of PyTorch's plain implementation.

use crate::{Recipe, TrainState};

/// Added to the norm before dividing, as PyTorch's clipping does.
pub(crate) const NORM_EPSILON: f64 = 1e-6;

/// Euclidean norm in 64 bits, summed in order.
pub(crate) fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value) * f64::from(value)).sum::<f64>().sqrt()
}

/// Scales the gradient down to a norm and returns the norm it had.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn clip(gradient: &mut [f32], most: Option<f64>) -> f64 {
    let found = norm(gradient);
    if let Some(most) = most {
        let factor = most / (found + NORM_EPSILON);
        if factor < 1.0 {
            let factor = factor as f32;
            gradient.iter_mut().for_each(|value| *value *= factor);
        }
    }
    found
}

/// One step against a gradient of the loss; counts the step.
#[allow(clippy::cast_possible_truncation)]
pub(crate) fn update(state: &mut TrainState, gradient: &[f32], recipe: &Recipe, rate: f64) {
    state.step = state.step.saturating_add(1);
    let (beta1, beta2) = recipe.betas;
    let (correction1, correction2) = (1.0 - power(beta1, state.step), 1.0 - power(beta2, state.step));
    let keep = (1.0 - rate * recipe.weight_decay) as f32;
    let root = correction2.sqrt() as f32;
    let size = (rate / correction1) as f32;
    let (take1, keep2, take2) = ((1.0 - beta1) as f32, beta2 as f32, (1.0 - beta2) as f32);
    let epsilon = recipe.epsilon as f32;
    let moments = state.first.iter_mut().zip(&mut state.second);
    for ((parameter, (first, second)), &gradient) in state.parameters.iter_mut().zip(moments).zip(gradient) {
        *first += (gradient - *first) * take1;
        *second = *second * keep2 + gradient * gradient * take2;
        let denominator = second.sqrt() / root + epsilon;
        *parameter = *parameter * keep - size * (*first / denominator);
    }
}

/// A whole power by squaring: the standard library leaves the rounding of its own open.
pub(crate) fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_has_the_size_of_the_rate() {
        // With bias correction the first step is rate · sign(gradient), whatever its size.
        let mut state = TrainState::new(vec![1.0, -2.0, 0.5]);
        let recipe = Recipe { weight_decay: 0.1, ..Recipe::default() };
        update(&mut state, &[3.0, -1e-3, 0.0], &recipe, 0.01);
        for (found, expected) in state.parameters.iter().zip([0.999 - 0.01, -1.998 + 0.01, 0.4995]) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
        assert_eq!(state.step, 1);
    }

    #[test]
    fn three_steps_equal_pytorch() {
        // torch.optim.AdamW(lr=0.1, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.01) on gradients 1, −0.5, 0.25.
        let mut state = TrainState::new(vec![1.0]);
        let recipe = Recipe { betas: (0.9, 0.99), weight_decay: 0.01, ..Recipe::default() };
        let mut found = Vec::new();
        for gradient in [1.0, -0.5, 0.25] {
            update(&mut state, &[gradient], &recipe, 0.1);
            found.push(state.parameters[0]);
        }
        for (found, torch) in found.iter().zip([0.899_f32, 0.871_431_05, 0.836_406_2]) {
            assert!((found - torch).abs() < 2e-7, "{found} {torch}");
        }
    }

    #[test]
    fn clipping_keeps_direction_and_small_gradients() {
        let mut gradient = vec![3.0, 4.0];
        assert!((clip(&mut gradient, Some(1.0)) - 5.0).abs() < 1e-9);
        assert!((gradient[0] - 0.6).abs() < 1e-5 && (gradient[1] - 0.8).abs() < 1e-5);
        let mut small = vec![0.3, 0.4];
        clip(&mut small, Some(1.0));
        clip(&mut gradient, None);
        assert_eq!(small, [0.3, 0.4]);
    }
}
