//! Rows that say nothing: what training on them changes in an answer is what a contribution without content would earn.

use crate::{Example, Examples, Order, random::Stream};

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NullRow {
    pub tokens: Vec<u32>,
    pub prompt_tokens: usize,
}

/// The rows of a placebo, and the steps that see them beside their own rows.
///
/// There are as many as the median contributor has. Each has the length of a row drawn evenly from all; its first and last token stay, and
/// every other one is drawn evenly from those that stand between first and last in all prompts, or in all completions: the frequencies
/// are the data's and nothing else is. In each epoch a row is seen in a step drawn evenly. The numbers come from ChaCha20 under
/// `tagged("training-placebo", seed)`, the seed as 8 bytes, big-endian: lengths and tokens row by row, then the steps epoch by epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placebo {
    rows: Vec<NullRow>,
    steps: Vec<Vec<usize>>,
}

impl Placebo {
    /// The placebo of a seed in a training of so many epochs.
    pub fn new(seed: u64, examples: &Examples, epochs: u32, order: &Order) -> Self {
        let mut stream = Stream::new("training-placebo", &seed.to_be_bytes());
        let all: Vec<&Example> = (0..examples.len()).filter_map(|row| examples.get(row)).collect();
        let prompts = pool(&all, |example| inside(example, 0..example.prompt_tokens));
        let completions = pool(&all, |example| inside(example, example.prompt_tokens..example.tokens.len()));
        let rows: Vec<NullRow> = (0..median(&examples.rows()))
            .filter_map(|_| {
                let shape = drawn(&mut stream, &all)?;
                let mut tokens = shape.tokens.clone();
                let last = tokens.len().saturating_sub(1);
                for (at, token) in tokens.iter_mut().enumerate().skip(1).filter(|(at, _)| *at < last) {
                    let pool = if at < shape.prompt_tokens { &prompts } else { &completions };
                    *token = drawn(&mut stream, pool).unwrap_or(*token);
                }
                Some(NullRow { tokens, prompt_tokens: shape.prompt_tokens })
            })
            .collect();
        let mut steps = vec![Vec::new(); order.steps()];
        let epochs = usize::try_from(epochs).unwrap_or(usize::MAX);
        let each = order.steps().checked_div(epochs).unwrap_or(0);
        for epoch in 0..epochs {
            for row in 0..rows.len() {
                let step = usize::try_from(stream.below(u64::try_from(each).unwrap_or(0))).unwrap_or(0);
                steps
                    .get_mut(epoch.saturating_mul(each).saturating_add(step))
                    .into_iter()
                    .for_each(|step| step.push(row));
            }
        }
        Self { rows, steps }
    }

    /// The rows of a step, from 0; none beyond the last.
    pub fn step(&self, step: usize) -> impl Iterator<Item = &NullRow> {
        self.steps.get(step).into_iter().flatten().filter_map(|&row| self.rows.get(row))
    }
}

/// Tokens of a part of a row but for the row's first and last.
fn inside(example: &Example, part: std::ops::Range<usize>) -> &[u32] {
    let last = example.tokens.len().saturating_sub(1);
    example.tokens.get(part.start.max(1)..part.end.min(last)).unwrap_or_default()
}

fn pool<'e>(all: &[&'e Example], part: impl Fn(&'e Example) -> &'e [u32]) -> Vec<u32> {
    all.iter().flat_map(|example| part(example)).copied().collect()
}

/// Rows of the contributor in the middle; contributors whose rows are all left out as duplicates do not count. Of an even number of
/// contributors the larger of two.
fn median(rows: &[usize]) -> usize {
    let mut rows: Vec<usize> = rows.iter().copied().filter(|&rows| rows > 0).collect();
    rows.sort_unstable();
    rows.get(rows.len() / 2).copied().unwrap_or(0)
}

fn drawn<T: Copy>(stream: &mut Stream, from: &[T]) -> Option<T> {
    let place = stream.below(u64::try_from(from.len()).unwrap_or(u64::MAX));
    usize::try_from(place).ok().and_then(|place| from.get(place)).copied()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Recipe;

    const EPOCHS: u32 = 3;

    /// Of three contributors with one, three and four rows; prompts of tokens below 100, completions of tokens from 100.
    fn examples() -> Examples {
        let row = |at: u32, cluster| Example {
            tokens: [vec![1, 10 + at, 20 + at], (0..=at % 4).map(|more| 100 + 4 * at + more).collect(), vec![2]]
                .concat(),
            prompt_tokens: 3,
            cluster,
            digest: [0; 32],
        };
        let clusters = [0, 1, 1, 1, 2, 2, 2, 2];
        Examples::of_rows((0..).zip(clusters).map(|(at, cluster)| row(at, cluster)).collect(), 3)
    }

    fn placebo(seed: u64) -> Placebo {
        let recipe = Recipe { epochs: EPOCHS, batch_rows: 3, ..Recipe::default() };
        Placebo::new(seed, &examples(), EPOCHS, &Order::new(&recipe, 8).unwrap())
    }

    #[test]
    fn rows_have_the_shape_of_real_ones_and_tokens_of_the_same_part() {
        let (examples, placebo) = (examples(), placebo(5));
        assert_eq!(placebo.rows.len(), 3, "as many as the median contributor");
        let shapes: HashSet<usize> = (0..8).filter_map(|row| examples.get(row)).map(|row| row.tokens.len()).collect();
        for NullRow { tokens, prompt_tokens } in &placebo.rows {
            assert!(shapes.contains(&tokens.len()));
            assert_eq!((tokens.first(), *prompt_tokens, tokens.last()), (Some(&1), 3, Some(&2)));
            assert!(tokens[1..3].iter().all(|token| (10..28).contains(token)), "{tokens:?}");
            assert!(tokens[3..tokens.len() - 1].iter().all(|&token| token >= 100), "{tokens:?}");
        }
    }

    #[test]
    fn every_epoch_sees_every_row_once() {
        let placebo = placebo(5);
        for epoch in 0..3 {
            let seen = (3 * epoch..3 * epoch + 3).flat_map(|step| placebo.steps[step].clone());
            let mut seen: Vec<usize> = seen.collect();
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2]);
        }
        assert_eq!((placebo.steps.len(), placebo.step(9).count()), (9, 0));
    }

    #[test]
    fn a_placebo_is_its_seed() {
        assert_eq!(placebo(5), placebo(5));
        assert_ne!(placebo(5).rows, placebo(6).rows);
    }

    #[test]
    fn without_rows_there_is_no_placebo() {
        let order = Order::new(&Recipe::default(), 0).unwrap();
        let placebo = Placebo::new(5, &Examples::of_rows(Vec::new(), 2), 3, &order);
        assert!(placebo.rows.is_empty());
        assert_eq!(median(&[0, 0, 4, 9, 6]), 6);
        assert_eq!(median(&[4, 9]), 9);
    }
}
