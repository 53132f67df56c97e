//! Validators: who may sign, sets and jail.

use anyhow::Result;
use cosmwasm_std::Addr;
use staking::msg::ExecuteMsg;

use super::super::FINE;
use super::{Staking, stake::Stake};
use crate::{
    chance::Chance,
    world::{POWERS, World},
};

/// Of the world's parameters.
const MIN_SELF_BOND: u128 = 100;
const PLACES: usize = 6;
const INTERVAL: u64 = 10;

/// A member of a set.
#[derive(Clone, Copy, PartialEq)]
pub struct Member {
    /// Of the validator.
    pub number: usize,
    /// What was bonded then.
    pub power: u128,
    /// Number of its key then.
    pub key: u8,
}

#[derive(Default)]
pub(super) struct Validator {
    pub(super) stake: Stake<Addr>,
    pub(super) earns: bool,
    pub(super) jailed_until: Option<u64>,
    pub(super) tombstoned: bool,
    /// In basis points.
    pub(super) commission: u16,
    pub(super) commission_changed_at: u64,
    /// Number of its key.
    pub(super) key: u8,
    /// Set, fraction in basis points and time of every slash that took one.
    pub(super) slashes: Vec<(u64, u16, u64)>,
    /// Whether something was earned since the contract last divided it.
    pub(super) undivided: bool,
}

impl Staking {
    pub(super) fn is_candidate(&self, number: usize, world: &World) -> bool {
        let validator = &self.validators[number];
        validator.jailed_until.is_none()
            && !validator.tombstoned
            && validator.stake.parts.contains_key(&world.validators[number])
            && validator.stake.tokens > 0
    }

    pub(super) fn candidates(&self, world: &World) -> Vec<Member> {
        let member = |number: usize| {
            let validator = &self.validators[number];
            Member { number, power: validator.stake.tokens, key: validator.key }
        };
        let open = (0..self.validators.len()).filter(|number| self.is_candidate(*number, world));
        let mut members: Vec<Member> = open.map(member).collect();
        members.sort_by_key(|member| std::cmp::Reverse((member.power, &world.validators[member.number])));
        members.truncate(PLACES);
        members.sort_by_key(|member| &world.validators[member.number]);
        members
    }

    /// The contract divides what a validator earned before it changes its stake, rounding the commission down.
    pub(super) fn divide(&mut self, number: usize, world: &World) {
        let validator = &mut self.validators[number];
        if std::mem::take(&mut validator.undivided) {
            for who in validator.stake.parts.keys().chain([&world.validators[number]]) {
                self.accounts.entry(who.clone()).or_default().slack += FINE;
            }
        }
    }

    pub(super) fn snapshot(&mut self, world: &mut World) -> Result<bool> {
        let now = world.now();
        let members = self.candidates(world);
        let (made_at, before) = self.sets.last().cloned().unwrap_or_default();
        let fits = members != before && now >= made_at + INTERVAL;
        let (staking, anyone) = (world.staking.clone(), world.founder.clone());
        let done = world.expect(&anyone, &staking, &ExecuteMsg::Snapshot {}, fits)?;
        if done {
            let is_in = |set: &[Member], number: usize| set.iter().any(|member| member.number == number);
            for member in before.iter().filter(|member| !is_in(&members, member.number)) {
                self.stop(member.number, world);
            }
            for member in members.iter().filter(|member| !is_in(&before, member.number)) {
                self.validators[member.number].earns = true;
            }
            self.sets.push((now, members));
        }
        Ok(done)
    }

    /// Earns no more; the fraction of a uopen that it had earned is nobody's.
    pub(super) fn stop(&mut self, number: usize, world: &World) {
        self.validators[number].undivided |= self.validators[number].earns;
        self.divide(number, world);
        self.validators[number].earns = false;
    }

    pub(super) fn unjail(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let jailed = |number: &usize| self.validators[*number].jailed_until.is_some();
        let jailed: Vec<usize> = (0..POWERS.len()).filter(jailed).collect();
        let number = match chance.once_in(4) {
            true => chance.index(POWERS.len()),
            false => jailed.get(chance.index(jailed.len())).copied().unwrap_or_default(),
        };
        let who = world.validators[number].clone();
        let held = self.worth(world, &who, number)?;
        let validator = &self.validators[number];
        let fits = !validator.tombstoned
            && validator.jailed_until.is_some_and(|until| world.now() >= until)
            && held >= MIN_SELF_BOND;
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &ExecuteMsg::Unjail {}, fits)?;
        if done {
            self.divide(number, world);
            let member = self.sets.last().is_some_and(|set| set.1.iter().any(|member| member.number == number));
            let validator = &mut self.validators[number];
            validator.jailed_until = None;
            validator.earns |= member;
        }
        Ok(done)
    }
}
