//! How far two lists of scores agree.

use openledger_protocol::{Attribution, shares::SHARE_ONE};

/// Spearman's rank correlation, −1 to 1; equal values share the mean of their ranks. `None` for lists of different
/// length, of fewer than two values, or of which one is constant.
#[must_use]
pub fn spearman(left: &[f64], right: &[f64]) -> Option<f64> {
    if left.len() != right.len() || left.len() < 2 {
        return None;
    }
    let (left, right) = (ranks(left), ranks(right));
    // Ranks of any list have the same mean.
    let mean = (left.len() as f64 + 1.0) / 2.0;
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let scale = (product(&left, &left) * product(&right, &right)).sqrt();
    (scale > 0.0).then(|| product(&left, &right) / scale)
}

/// Part of the contributor fee that two divisions give to others, 0 to 1: half the sum of differences of shares, the unattributed
/// part included (total variation).
#[must_use]
pub fn payout_distance(left: &Attribution, right: &Attribution) -> f64 {
    let parts = |found: &Attribution| found.shares.iter().chain([&found.unattributed]).copied().collect::<Vec<u64>>();
    let apart = parts(left).iter().zip(parts(right)).fold(0_u64, |sum, (a, b)| sum.saturating_add(a.abs_diff(b)));
    apart as f64 / SHARE_ONE as f64 / 2.0
}

/// True when the largest value of both lists is at the same place; the first of several counts.
#[must_use]
pub fn same_top(left: &[f64], right: &[f64]) -> bool {
    let top = |values: &[f64]| {
        let larger = |best: Option<(usize, f64)>, (at, &value): (usize, &f64)| match best {
            Some((_, found)) if found >= value => best,
            _ => Some((at, value)),
        };
        values.iter().enumerate().fold(None, larger).map(|(at, _)| at)
    };
    left.len() == right.len() && top(left).is_some() && top(left) == top(right)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count() as f64;
        let equal = values.iter().filter(|other| *other == value).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_correlations() {
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[10.0, 200.0, 201.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        // One exchange of neighbours among four: 1 − 6·2 / (4·15).
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[2.0, 1.0, 3.0, 4.0]).unwrap() - 0.8).abs() < 1e-12);
        let tied = spearman(&[1.0, 1.0, 2.0], &[1.0, 2.0, 3.0]).unwrap();
        assert!((tied - 0.75_f64.sqrt()).abs() < 1e-12, "{tied}");
        assert_eq!(spearman(&[1.0, 1.0], &[1.0, 2.0]), None);
        assert_eq!(spearman(&[1.0], &[1.0]), None);
        assert_eq!(spearman(&[1.0, 2.0], &[1.0]), None);
    }

    #[test]
    fn a_part_of_the_fee_that_goes_elsewhere_counts_once() {
        let with = |shares: [u64; 2], unattributed| Attribution {
            shares: shares.to_vec(),
            unattributed,
            ..Attribution::default()
        };
        let half = SHARE_ONE / 2;
        assert_eq!(payout_distance(&with([half, half], 0), &with([half, half], 0)), 0.0);
        assert_eq!(payout_distance(&with([SHARE_ONE, 0], 0), &with([half, 0], half)), 0.5);
        assert_eq!(payout_distance(&with([SHARE_ONE, 0], 0), &with([0, SHARE_ONE], 0)), 1.0);
    }

    #[test]
    fn tops() {
        assert!(same_top(&[1.0, 5.0, 2.0], &[0.0, 0.1, -3.0]));
        assert!(!same_top(&[1.0, 5.0], &[2.0, 1.0]));
        assert!(!same_top(&[], &[]));
        assert!(!same_top(&[1.0], &[1.0, 0.0]));
    }
}
