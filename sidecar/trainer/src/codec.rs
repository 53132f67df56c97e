//! Recipes as protobuf messages and back.

use crate::{Decay, Recipe, TrainError, messages};

/// The recipe as a transcript carries it.
pub(crate) fn encode(recipe: &Recipe) -> messages::Recipe {
    messages::Recipe {
        rank: recipe.rank,
        alpha: recipe.alpha.to_string(),
        rank_stabilised: recipe.rank_stabilised,
        targets: recipe.targets.clone(),
        learning_rate: recipe.learning_rate.to_string(),
        beta1: recipe.betas.0.to_string(),
        beta2: recipe.betas.1.to_string(),
        epsilon: recipe.epsilon.to_string(),
        weight_decay: recipe.weight_decay.to_string(),
        max_gradient_norm: recipe.max_gradient_norm.map(|norm| norm.to_string()).unwrap_or_default(),
        warmup_steps: recipe.warmup_steps,
        decay: recipe.decay.name().to_owned(),
        floor: recipe.floor.to_string(),
        epochs: recipe.epochs,
        batch_rows: recipe.batch_rows,
        run_rows: recipe.run_rows,
        max_tokens: recipe.max_tokens,
        truncate: recipe.truncate,
        init_seed: recipe.init_seed,
        order_seed: recipe.order_seed,
        left_out: recipe.left_out.clone().unwrap_or_default(),
        duplicates_percent: recipe.duplicates.unwrap_or_default(),
    }
}

/// The recipe of a message.
///
/// # Errors
/// [`TrainError::Refuted`] for a number with another spelling than its shortest, [`TrainError::Recipe`] for nonsense.
pub(crate) fn decode(message: &messages::Recipe) -> Result<Recipe, TrainError> {
    let recipe = Recipe {
        rank: message.rank,
        alpha: number("alpha", &message.alpha)?,
        rank_stabilised: message.rank_stabilised,
        targets: message.targets.clone(),
        learning_rate: number("learning_rate", &message.learning_rate)?,
        betas: (number("beta1", &message.beta1)?, number("beta2", &message.beta2)?),
        epsilon: number("epsilon", &message.epsilon)?,
        weight_decay: number("weight_decay", &message.weight_decay)?,
        max_gradient_norm: match message.max_gradient_norm.as_str() {
            "" => None,
            text => Some(number("max_gradient_norm", text)?),
        },
        warmup_steps: message.warmup_steps,
        decay: Decay::named(&message.decay)
            .ok_or_else(|| TrainError::refuted(None, format!("{:?} is no decay", message.decay)))?,
        floor: number("floor", &message.floor)?,
        epochs: message.epochs,
        batch_rows: message.batch_rows,
        run_rows: message.run_rows,
        max_tokens: message.max_tokens,
        truncate: message.truncate,
        init_seed: message.init_seed,
        order_seed: message.order_seed,
        left_out: (!message.left_out.is_empty()).then(|| message.left_out.clone()),
        duplicates: (message.duplicates_percent != 0).then_some(message.duplicates_percent),
    };
    recipe.check()?;
    Ok(recipe)
}

/// A second spelling would give the same training another digest.
fn number(field: &str, text: &str) -> Result<f64, TrainError> {
    let parsed = text.parse::<f64>().ok().filter(|number| number.to_string() == text);
    parsed.ok_or_else(|| TrainError::refuted(None, format!("{field} is {text:?}, no number in its shortest form")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_survive_and_second_spellings_are_refused() {
        let recipe = Recipe {
            learning_rate: 4e-3,
            epsilon: 1e-8,
            max_gradient_norm: None,
            left_out: Some("animal".to_owned()),
            duplicates: Some(80),
            targets: vec!["q_proj".to_owned()],
            ..Recipe::default()
        };
        assert_eq!(decode(&encode(&recipe)).unwrap(), recipe);
        for alpha in ["16.0", "+16", "1.6e1", "", "NaN", " 16"] {
            let message = messages::Recipe { alpha: alpha.to_owned(), ..encode(&recipe) };
            assert!(decode(&message).is_err(), "{alpha:?}");
        }
        assert!(decode(&messages::Recipe { decay: "step".to_owned(), ..encode(&recipe) }).is_err());
    }
}
