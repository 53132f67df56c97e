//! The derivative of one AdamW step, clipping included.

use ndarray::ArrayViewMut1;

use crate::{
    Recipe, TrainState,
    adamw::{norm, power},
};

/// One step as a linear map, element by element but for clipping.
pub(super) struct Linearised {
    keep: f32,
    take1: f32,
    keep2: f32,
    /// How the second moment moves with the gradient.
    by_gradient: Vec<f32>,
    /// How the parameter moves with the first moment and with the second.
    by_first: Vec<f32>,
    by_second: Vec<f32>,
    /// What clipping multiplied the gradient with, and the gradient before it over its norm.
    clipped: Option<(f32, Vec<f32>)>,
}

impl Linearised {
    /// The map around a step from one state to the next. The gradients are the step's own before and after clipping.
    #[allow(clippy::cast_possible_truncation)]
    pub fn of(
        before: &TrainState,
        after: &TrainState,
        unclipped: &[f32],
        gradient: &[f32],
        recipe: &Recipe,
        rate: f64,
    ) -> Self {
        debug_assert_eq!(before.step.saturating_add(1), after.step);
        let (beta1, beta2) = recipe.betas;
        let (correction1, correction2) = (1.0 - power(beta1, after.step), 1.0 - power(beta2, after.step));
        let (size, root) = (rate / correction1, correction2.sqrt());
        let moments = after.first.iter().zip(&after.second);
        let (by_first, by_second) = moments
            .map(|(&first, &second)| {
                let deviation = f64::from(second).sqrt();
                let denominator = deviation / root + recipe.epsilon;
                // A second moment of zero has seen no gradient, and its first moment is zero with it.
                let bent = if deviation > 0.0 {
                    size * f64::from(first) / (denominator * denominator) / (2.0 * deviation * root)
                } else {
                    0.0
                };
                ((size / denominator) as f32, bent as f32)
            })
            .unzip();
        let whole = norm(unclipped);
        let factor = recipe.max_gradient_norm.map(|most| most / (whole + crate::adamw::NORM_EPSILON));
        let clipped = factor.filter(|factor| *factor < 1.0).map(|factor| {
            let along = unclipped.iter().map(|value| (f64::from(*value) / whole) as f32).collect();
            (factor as f32, along)
        });
        Self {
            keep: (1.0 - rate * recipe.weight_decay) as f32,
            take1: (1.0 - beta1) as f32,
            keep2: beta2 as f32,
            by_gradient: gradient.iter().map(|value| (2.0 * (1.0 - beta2) * f64::from(*value)) as f32).collect(),
            by_first,
            by_second,
            clipped,
        }
    }

    /// Carries how far an optimiser's state moves through the step, given how the gradient moves.
    pub fn carry(&self, moved: &mut TrainState, mut change: ArrayViewMut1<'_, f32>) {
        moved.step = moved.step.saturating_add(1);
        if let Some((factor, along)) = &self.clipped {
            // A clipped gradient keeps its length: what moves along it is lost.
            let lost: f64 = change.iter().zip(along).map(|(c, a)| f64::from(*c) * f64::from(*a)).sum();
            #[allow(clippy::cast_possible_truncation)]
            let lost = lost as f32;
            change.iter_mut().zip(along).for_each(|(change, along)| *change = factor * (*change - along * lost));
        }
        let moments = moved.first.iter_mut().zip(&mut moved.second);
        let maps = self.by_gradient.iter().zip(&self.by_first).zip(&self.by_second);
        for (((parameter, (first, second)), change), ((by_gradient, by_first), by_second)) in
            moved.parameters.iter_mut().zip(moments).zip(change.iter()).zip(maps)
        {
            *first += (change - *first) * self.take1;
            *second = *second * self.keep2 + by_gradient * change;
            *parameter = *parameter * self.keep - by_first * *first + by_second * *second;
        }
    }
}
