//! Adding to a stake, and beginning to leave.

use anyhow::{Result, ensure};
use cosmwasm_std::{Addr, Uint128};
use staking::msg::{DelegationsResponse, ExecuteMsg, QueryMsg};

use super::super::{FINE, close};
use super::{Staking, liens::Free, redelegations::told};
use crate::{
    books::Books,
    chance::Chance,
    world::{POWERS, STEADY, World},
};

/// Of the world's parameters.
const MAX_ENTRIES: usize = 7;
pub(super) const MAX_DELEGATIONS: usize = 3;
const MIN_SELF_BOND: u128 = 100;

impl Staking {
    /// One of the validators that an account has a part of, mostly.
    pub(super) fn backed(&self, who: &Addr, chance: &mut Chance) -> usize {
        let backed: Vec<usize> = self.backs(who).collect();
        match chance.once_in(6) {
            true => chance.index(POWERS.len()),
            false => backed.get(chance.index(backed.len())).copied().unwrap_or_default(),
        }
    }

    pub(super) fn backs<'a>(&'a self, who: &'a Addr) -> impl Iterator<Item = usize> + 'a {
        (0..self.validators.len()).filter(|number| self.validators[*number].stake.parts.contains_key(who))
    }

    /// What a delegation is worth by the contract, which is what the model says but for rounding.
    pub(super) fn worth(&self, world: &World, who: &Addr, number: usize) -> Result<u128> {
        let question = QueryMsg::Delegations { delegator: who.to_string() };
        let found: DelegationsResponse = world.query(&world.staking, &question)?;
        let validator = &world.validators[number];
        let amount = found.delegations.iter().find(|one| one.validator == *validator).map(|one| one.amount.u128());
        let stake = &self.validators[number].stake;
        ensure!(amount.is_some() == stake.parts.contains_key(who), "{} delegates otherwise", world.name(who));
        let amount = amount.unwrap_or_default();
        close("delegation", amount, stake.worth(who), stake.roundings)?;
        Ok(amount)
    }

    pub(super) fn bond(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let number = chance.index(POWERS.len());
        let own = chance.once_in(4);
        let who = if own { world.validators[number].clone() } else { Self::somebody(world, chance) };
        let own = who == world.validators[number];
        let amount = chance.amount(4_000_000);
        let validator = &self.validators[number];
        let stake = &validator.stake;
        let mut fits = amount > 0 && amount <= books.balance(&who) && !validator.tombstoned;
        fits &= own || self.is_candidate(number, world);
        fits &= stake.parts.contains_key(&who) || self.backs(&who).count() < MAX_DELEGATIONS;
        fits &= stake.tokens > 0 || stake.parts.is_empty();
        let held = self.worth(world, &who, number)?;
        if own && (held + amount).abs_diff(MIN_SELF_BOND) <= 2 {
            return Ok(false);
        }
        fits &= !own || held + amount > MIN_SELF_BOND;
        let message = match own && chance.once_in(2) {
            true => ExecuteMsg::BondMore { amount: Uint128::new(amount) },
            false => {
                ExecuteMsg::Delegate { validator: world.validators[number].to_string(), amount: Uint128::new(amount) }
            }
        };
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &message, fits)?;
        if done {
            books.pay(&who, &staking, amount)?;
            self.divide(number, world);
            self.validators[number].stake.add(who.clone(), amount);
            close("delegation after bonding", self.worth(world, &who, number)?, held + amount, 1)?;
        }
        Ok(done)
    }

    pub(super) fn unbond(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let who = Self::somebody(world, chance);
        let number = self.backed(&who, chance);
        let own = who == world.validators[number];
        let touch = self.touch(world, &who, number)?;
        let exact = touch.plans.is_empty();
        let Free { worth: free, slack, any } = self.free(world, &who, number, &touch)?;
        // Somebody must be left to sign.
        let most = if own && number < STEADY { free / 16 } else { free + free / 8 };
        let everything = !(own && number < STEADY) && chance.once_in(3);
        let asked = if everything { free } else { chance.amount(u64::try_from(most)?) };
        let named = !everything || chance.once_in(2);
        let all = asked == free && (asked > 0 || !named);
        let left = free.saturating_sub(asked);
        let near = own && !all && left.abs_diff(MIN_SELF_BOND) <= 2;
        let open = self.entries.iter().filter(|entry| entry.owner == who).count();
        // Within what rounding leaves open, nothing is predicted.
        let rounded = slack > 0 && (named && asked.abs_diff(free) <= slack || open >= MAX_ENTRIES && free <= slack);
        if near || rounded || touch.unclear {
            return Ok(false);
        }
        let mut fits = any && asked <= free;
        fits &= !named || asked > 0;
        fits &= !own || all || left > MIN_SELF_BOND;
        fits &= asked == 0 || open < MAX_ENTRIES;
        let amount = Uint128::new(asked);
        let message = match (own && named && chance.once_in(2), named) {
            (true, _) => ExecuteMsg::Unbond { amount },
            (_, named) => ExecuteMsg::Undelegate {
                validator: world.validators[number].to_string(),
                amount: named.then_some(amount),
            },
        };
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &message, fits)?;
        if done {
            self.divide(number, world);
            self.settle(world, books, &who, number, touch)?;
            let amount = told(world, "staking/unbonding", "amount")?;
            close("unbonding", amount, asked, if named { 0 } else { slack })?;
            self.take(&who, number, amount, all);
            let stays = self.worth(world, &who, number)?;
            if exact {
                close("delegation after unbonding", stays, left, 1)?;
            }
            if amount > 0 {
                self.leave(world, who, number, amount);
            }
        }
        Ok(done)
    }

    /// Takes `amount` out of a delegation, or everything that may leave it.
    pub(super) fn take(&mut self, who: &Addr, number: usize, amount: u128, all: bool) {
        let stays: Vec<u64> = self.liens_of(who, number).map(|lien| lien.id).collect();
        let stake = &mut self.validators[number].stake;
        match all && !stays.is_empty() {
            true => {
                let held = stays.iter().filter_map(|id| stake.held.get(id)).sum();
                stake.take_free(who, amount, held);
            }
            false => stake.take(who, amount, all),
        }
        if all && stays.is_empty() {
            // The fraction of a uopen that it had earned is gone.
            self.accounts.entry(who.clone()).or_default().slack += FINE;
        }
    }
}
