//! Random histories over all contracts against a plain model.
//!
//! Every action is predicted: whether it succeeds, and where the money is afterwards. The model keeps nothing but
//! balances and lists; it knows no index, no share price and no Merkle root, so that it cannot share a mistake with the
//! contracts. A history is a function of its seed.

mod books;
mod chance;
mod keys;
mod parts;
mod world;

use std::{collections::BTreeMap, fmt};

use books::Books;
use chance::Chance;
use parts::Parts;
use world::World;

/// How long a history is and how closely it is watched.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    /// Actions.
    pub actions: u64,
    /// Every how many actions everything is compared.
    pub check_every: u64,
}

/// What a history came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Actions that the contracts accepted.
    pub accepted: u64,
    /// Actions that they refused, as predicted.
    pub refused: u64,
    /// How often each kind of message was accepted, by contract.
    pub kinds: BTreeMap<String, u64>,
}

/// A difference between contracts and model.
#[derive(Debug)]
pub struct Failure {
    /// Seed of the history.
    pub seed: u64,
    /// Number of the action, from 0.
    pub action: u64,
    /// What differs.
    pub what: anyhow::Error,
}

/// Plays one history.
///
/// # Errors
/// [`Failure`] at the first difference.
pub fn play(seed: u64, length: Length) -> Result<Summary, Failure> {
    let mut chance = Chance::new(seed);
    let mut world = World::new();
    let mut books = Books::of(&world);
    let mut parts = Parts::new(&world).map_err(|what| Failure { seed, action: 0, what })?;
    let mut summary = Summary { accepted: 0, refused: 0, kinds: BTreeMap::new() };
    for action in 0..length.actions {
        let fail = |what| Failure { seed, action, what };
        let accepted = parts.act(&mut world, &mut books, &mut chance).map_err(fail)?;
        *(if accepted { &mut summary.accepted } else { &mut summary.refused }) += 1;
        if action % length.check_every == 0 || action + 1 == length.actions {
            books.check(&world).and_then(|()| parts.check(&world, &books)).map_err(fail)?;
        }
    }
    summary.kinds = world.accepted;
    Ok(summary)
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} accepted, {} refused", self.accepted, self.refused)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, action {}: {:#}", self.seed, self.action, self.what)
    }
}
