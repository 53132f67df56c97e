//! Two statements for one round of one epoch.

use super::verdict::{Fraud, Rejected};
use crate::{EpochStatement, Scope, Signed};

/// Fraud if both statements are for `scope`, and for the same epoch and round, and differ. Who signed both digests is
/// for the caller to check; the statements may name different sets, and a validator may be in both.
pub fn check(scope: &Scope, first: &EpochStatement, second: &EpochStatement) -> Result<Fraud, Rejected> {
    if [first, second].iter().any(|statement| statement.scope.as_ref() != Some(scope)) {
        return Err(Rejected::ForeignStatement);
    }
    if (first.epoch, first.round) != (second.epoch, second.round) {
        return Err(Rejected::UnrelatedStatements);
    }
    let (a, b) = (first.digest(), second.digest());
    if a == b {
        return Err(Rejected::Honest);
    }
    Ok(Fraud::Equivocation {
        epoch: first.epoch,
        round: first.round,
        first_set: first.set_id,
        second_set: second.set_id,
        first: a,
        second: b,
    })
}

/// The first two of the statements that one validator signed which exclude each other.
pub fn prove<'s>(scope: &Scope, signed: &'s [EpochStatement]) -> Option<(&'s EpochStatement, &'s EpochStatement)> {
    let pairs = (1usize..)
        .zip(signed)
        .flat_map(|(next, first)| signed.get(next..).unwrap_or_default().iter().map(move |second| (first, second)));
    pairs.into_iter().find(|(first, second)| check(scope, first, second).is_ok())
}
