//! Tokens that several own parts of: the stake of a validator, and a pool of stake on its way out.

use std::collections::BTreeMap;

use super::super::{FINE, share};

/// Tokens and who owns which part of them.
pub(super) struct Stake<K> {
    pub(super) tokens: u128,
    /// In 10^-18 uopen.
    pub(super) parts: BTreeMap<K, u128>,
    /// Parts of parts that cannot leave, by their numbers; in 10^-18 uopen.
    pub(super) held: BTreeMap<u64, u128>,
    /// Whether a share is worth less than a uopen.
    pub(super) slashed: bool,
    /// How often the contract has rounded a part, or what others are left with.
    pub(super) roundings: u128,
}

impl<K> Default for Stake<K> {
    fn default() -> Self {
        Self { tokens: 0, parts: BTreeMap::new(), held: BTreeMap::new(), slashed: false, roundings: 0 }
    }
}

impl<K: Ord> Stake<K> {
    pub(super) fn add(&mut self, owner: K, amount: u128) {
        self.tokens += amount;
        *self.parts.entry(owner).or_default() += amount * FINE;
        self.changed();
    }

    /// Adds a part of a part that cannot leave.
    pub(super) fn add_held(&mut self, owner: K, amount: u128, number: u64) {
        self.held.insert(number, amount * FINE);
        self.add(owner, amount);
    }

    /// Takes what is worth `amount` out of what cannot leave: a fraction, or what rounding made of it.
    pub(super) fn forfeit(&mut self, owner: &K, number: u64, amount: u128, points: u16) {
        let held = self.held.get_mut(&number);
        let taken = held.map_or(0, |held| {
            let taken = share(*held, u128::from(points), 10_000).max(amount * FINE).min(*held);
            *held -= taken;
            taken
        });
        self.tokens -= amount;
        if let Some(part) = self.parts.get_mut(owner) {
            *part = part.saturating_sub(taken);
        }
        self.changed();
    }

    /// Takes `amount` out, after which nothing is left of a part but what cannot leave.
    pub(super) fn take_free(&mut self, owner: &K, amount: u128, held: u128) {
        self.tokens -= amount;
        if let Some(part) = self.parts.get_mut(owner) {
            *part = held;
        }
        self.changed();
    }

    /// Takes a part out that is worth `amount`: all of it, or some of it.
    pub(super) fn take(&mut self, owner: &K, amount: u128, all: bool) {
        self.tokens -= amount;
        match all {
            true => _ = self.parts.remove(owner),
            false => _ = self.parts.get_mut(owner).map(|part| *part = part.saturating_sub(amount * FINE)),
        }
        self.changed();
        if self.parts.is_empty() {
            (self.slashed, self.roundings) = (false, 0);
        }
    }

    /// Takes a fraction, rounded up; answers with it.
    pub(super) fn slash(&mut self, points: u16) -> u128 {
        let taken = (self.tokens * u128::from(points)).div_ceil(10_000);
        self.tokens -= taken;
        self.slashed |= taken > 0;
        self.changed();
        taken
    }

    /// Whatever rounding left over belongs to everybody.
    fn changed(&mut self) {
        self.roundings += u128::from(self.slashed);
        let sum: u128 = self.parts.values().sum();
        let all = self.tokens * FINE;
        if sum != all && sum > 0 {
            for part in self.parts.values_mut().chain(self.held.values_mut()) {
                *part = share(*part, all, sum);
            }
        }
    }

    pub(super) fn worth(&self, owner: &K) -> u128 {
        self.parts.get(owner).copied().unwrap_or_default() / FINE
    }
}
