//! Figures with their uncertainty.

use openledger_attribution::index::agreement::spearman;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::truth::Subsets;

/// Bootstrap draws.
const DRAWS: usize = 500;

/// A mean with its 95 % bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figure {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl Figure {
    /// Mean of values, resampled.
    pub fn of(values: &[f64]) -> Self {
        resampled(values.len(), 1, |questions, _| mean(questions.iter().map(|&at| values[at])))
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:.3} [{:.3}, {:.3}]", self.mean, self.low, self.high)
    }
}

/// Linear datamodeling score: mean over questions of Spearman's correlation, over subsets, between the sum of the kept rows'
/// scores and the measured log-probability. Questions and subsets are resampled. `questions` are the indices that the
/// scores are of.
pub fn lds(scores: &[Vec<f64>], questions: &[usize], subsets: &Subsets) -> Figure {
    let pairs: Vec<(Vec<f64>, Vec<f64>)> = scores
        .iter()
        .zip(questions)
        .map(|(scores, &question)| {
            let sum =
                |kept: &Vec<bool>| scores.iter().zip(kept).filter(|(_, kept)| **kept).map(|(score, _)| score).sum();
            let predicted = subsets.kept.iter().map(sum).collect();
            (predicted, subsets.log_probs.iter().map(|log_probs| log_probs[question]).collect())
        })
        .collect();
    correlation(&pairs)
}

/// Mean correlation of pairs of lists; lists and their places are resampled.
pub fn correlation(pairs: &[(Vec<f64>, Vec<f64>)]) -> Figure {
    let places = pairs.first().map_or(0, |(left, _)| left.len());
    resampled(pairs.len(), places, |questions, places| {
        let one = |&at: &usize| {
            let (left, right) = &pairs[at];
            let pick = |values: &Vec<f64>| places.iter().map(|&place| values[place]).collect::<Vec<_>>();
            spearman(&pick(left), &pick(right)).unwrap_or(0.0)
        };
        mean(questions.iter().map(one))
    })
}

/// All of some values over all of others, of the same shape; both of their indices are resampled.
pub fn ratio(upper: &[Vec<f64>], lower: &[Vec<f64>]) -> Figure {
    resampled(upper.len(), upper.first().map_or(0, Vec::len), |lists, places| {
        let sum =
            |all: &[Vec<f64>]| lists.iter().flat_map(|&list| places.iter().map(move |&at| all[list][at])).sum::<f64>();
        sum(upper) / sum(lower)
    })
}

/// Total variation between the shares that two lists of values pay, negative ones nothing.
pub fn payout_error(left: &[f64], right: &[f64]) -> f64 {
    let shares = |values: &[f64]| -> Vec<f64> {
        let sum: f64 = values.iter().map(|value| value.max(0.0)).sum();
        values.iter().map(|value| if sum > 0.0 { value.max(0.0) / sum } else { 0.0 }).collect()
    };
    shares(left).iter().zip(shares(right)).map(|(left, right)| (left - right).abs()).sum::<f64>() / 2.0
}

/// Part of pairs of a marked and an unmarked row in which the marked one has the lower value; ties count half.
pub fn area(values: &[f64], marked: &[usize]) -> f64 {
    let is = |at: &usize| marked.contains(at);
    let (mut sum, mut pairs) = (0.0, 0.0);
    for low in (0..values.len()).filter(is) {
        for high in (0..values.len()).filter(|at| !is(at)) {
            pairs += 1.0;
            sum +=
                if values[low] < values[high] { 1.0 } else { f64::from(u8::from(values[low] == values[high])) / 2.0 };
        }
    }
    sum / pairs
}

/// One over the place of the best of some rows among all, by score.
pub fn reciprocal_rank(scores: &[f64], right: &[usize]) -> f64 {
    let best = right.iter().map(|&row| scores[row]).fold(f64::NEG_INFINITY, f64::max);
    1.0 / (1 + scores.iter().filter(|score| **score > best).count()) as f64
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    sum / count.max(1) as f64
}

fn resampled(questions: usize, places: usize, of: impl Fn(&[usize], &[usize]) -> f64) -> Figure {
    let (all, everywhere): (Vec<usize>, Vec<usize>) = ((0..questions).collect(), (0..places).collect());
    let mut random = ChaCha20Rng::seed_from_u64(2);
    let mut draw = |count: usize| -> Vec<usize> {
        (0..count).map(|_| (random.next_u64() % count.max(1) as u64) as usize).collect()
    };
    let mut found: Vec<f64> = (0..DRAWS).map(|_| of(&draw(questions), &draw(places))).collect();
    found.sort_by(f64::total_cmp);
    Figure { mean: of(&all, &everywhere), low: found[DRAWS / 40], high: found[DRAWS - 1 - DRAWS / 40] }
}
