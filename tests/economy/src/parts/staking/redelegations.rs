//! Stake that moves without a wait, and what becomes of it.

use std::{iter::Peekable, vec::IntoIter};

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint128};
use staking::msg::{ExecuteMsg, QueryMsg, RedelegationsResponse};

use super::super::{FINE, close};
use super::{
    Staking, UNBONDING,
    delegators::MAX_DELEGATIONS,
    liens::{Free, Lien, MAX_LIENS, Owned, Plan, Touch, fraction},
};
use crate::{
    books::Books,
    chance::Chance,
    world::{POWERS, World},
};

/// One event that tells what a lien lost.
struct Loss {
    validator: String,
    amount: u128,
    shares: u128,
}

impl Staking {
    /// Books what a message has settled, and compares it with what the contract told.
    pub(super) fn settle(
        &mut self,
        world: &World,
        books: &mut Books,
        who: &Addr,
        to: usize,
        touch: Touch,
    ) -> Result<()> {
        let validator = world.validators[to].as_str();
        let here = |loss: &Loss| loss.validator == validator;
        let mut losses = losses(world)?.into_iter().filter(here).collect::<Vec<_>>().into_iter().peekable();
        let mut ended = ended(world).filter(|(at, _)| *at == validator).map(|(_, from)| from.to_owned());
        let mut closes = touch.free == 0 && !touch.plans.is_empty();
        for plan in touch.plans {
            let left = self.lose(world, books, who, to, &plan, &mut losses)?;
            closes &= left == 0;
            if left == 0 || plan.over {
                let from = ended.next();
                ensure!(from.as_deref() == Some(world.validators[plan.from].as_str()), "{from:?} ended");
                self.liens.retain(|lien| lien.id != plan.id);
                self.validators[to].stake.held.remove(&plan.id);
            } else if let Some(lien) = self.liens.iter_mut().find(|lien| lien.id == plan.id) {
                lien.read = plan.read;
            }
        }
        ensure!(losses.next().is_none() && ended.next().is_none(), "more was settled than the model says");
        if closes && self.validators[to].stake.parts.contains_key(who) {
            self.take(who, to, 0, true);
        }
        Ok(())
    }

    /// Books what one lien has lost. Returns the shares that are left of it.
    fn lose(
        &mut self,
        world: &World,
        books: &mut Books,
        who: &Addr,
        to: usize,
        plan: &Plan,
        losses: &mut Peekable<IntoIter<Loss>>,
    ) -> Result<u128> {
        let mut left = plan.shares;
        for points in &plan.loses {
            if left == 0 {
                break;
            }
            let stake = &mut self.validators[to].stake;
            let held = stake.held.get(&plan.id).copied().unwrap_or_default();
            let expected = fraction(held, *points, stake.slashed) / FINE;
            let loss = losses.next().ok_or_else(|| anyhow!("a redelegation lost nothing instead of {expected}"))?;
            let slack = if stake.slashed { stake.roundings + 2 } else { 0 };
            close("lost by a redelegation", loss.amount, expected, slack)?;
            stake.forfeit(who, plan.id, loss.amount, *points);
            books.burn(&world.staking, loss.amount)?;
            left = left.checked_sub(loss.shares).ok_or_else(|| anyhow!("more shares lost than held"))?;
            let all = *points == 10_000 || !self.validators[to].stake.slashed && loss.amount * FINE == held;
            let dust = slack > 0 && held / FINE <= slack;
            ensure!((left == 0) == all || dust, "{left} shares are left after {points} of {held}");
        }
        Ok(left)
    }

    /// Who moves from where to where: mostly somebody who can.
    fn move_of_somebody(&self, world: &World, chance: &mut Chance) -> (Addr, usize, usize) {
        let stakes = self.validators.iter().enumerate();
        let delegations: Vec<(&Addr, usize)> = stakes
            .flat_map(|(number, validator)| validator.stake.parts.keys().map(move |who| (who, number)))
            .filter(|(who, number)| **who != world.validators[*number])
            .collect();
        let delegation = delegations.get(chance.index(delegations.len())).filter(|_| !chance.once_in(6));
        let (who, from) = match delegation {
            Some((who, from)) => ((*who).clone(), *from),
            None => (Self::somebody(world, chance), chance.index(POWERS.len())),
        };
        let takes = |to: &usize| self.is_candidate(*to, world) && *to != from && world.validators[*to] != who;
        let open: Vec<usize> = (0..POWERS.len()).filter(takes).collect();
        let to = open.get(chance.index(open.len())).filter(|_| !chance.once_in(6)).copied();
        (who, from, to.unwrap_or_else(|| chance.index(POWERS.len())))
    }

    pub(super) fn redelegate(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let (who, from, to) = self.move_of_somebody(world, chance);
        let touch = self.touch(world, &who, from)?;
        let Free { worth: free, slack, any } = self.free(world, &who, from, &touch)?;
        let everything = chance.once_in(3);
        let asked = if everything { free } else { chance.amount(u64::try_from(free + free / 8)?) };
        let named = !everything || chance.once_in(2);
        let all = asked == free && (asked > 0 || !named);
        let owned = Owned::of(world, &who, to)?;
        let arrival = self.plans(world, &who, to, &owned, (from, asked));
        let full = arrival.stay() >= MAX_LIENS;
        let rounded = slack > 0 && (named && asked.abs_diff(free) <= slack || free <= slack || full);
        if rounded || touch.unclear || arrival.unclear {
            return Ok(false);
        }
        let leaves = all && touch.stay() == 0 || touch.closes();
        let joins = !self.validators[to].stake.parts.contains_key(&who) || arrival.closes();
        let others = |number: &usize| (*number != from || !leaves) && (*number != to || !joins);
        let room = !joins || self.backs(&who).filter(others).count() < MAX_DELEGATIONS;
        let own = who == world.validators[from] || who == world.validators[to];
        let fits =
            from != to && !own && any && (1..=free).contains(&asked) && room && self.is_candidate(to, world) && !full;
        let message = ExecuteMsg::Redelegate {
            from: world.validators[from].to_string(),
            to: world.validators[to].to_string(),
            amount: named.then_some(Uint128::new(asked)),
        };
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &message, fits)?;
        if done {
            self.divide(from, world);
            self.settle(world, books, &who, from, touch)?;
            let amount = told(world, "staking/redelegated", "amount")?;
            close("redelegated", amount, asked, if named { 0 } else { slack })?;
            self.take(&who, from, amount, all);
            // Whether a set still counts what left is asked after it left.
            self.divide(to, world);
            let arrival = self.plans(world, &who, to, &owned, (from, 0));
            self.settle(world, books, &who, to, arrival)?;
            self.last_lien += 1;
            let (id, set, completes_at) = (self.last_lien, self.latest(), world.now() + UNBONDING);
            self.validators[to].stake.add_held(who.clone(), amount, id);
            let read = self.validators[from].slashes.len();
            self.liens.push(Lien { id, owner: who.clone(), from, to, set, completes_at, read });
            self.worth(world, &who, from)?;
            self.worth(world, &who, to)?;
        }
        Ok(done)
    }

    pub(super) fn settle_redelegations(
        &mut self,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let anyone = world.people[chance.index(world.people.len())].clone();
        let lien = self.liens.get(chance.index(self.liens.len())).filter(|_| !chance.once_in(8));
        let (who, to) = match lien {
            Some(lien) => (lien.owner.clone(), lien.to),
            None => (Self::somebody(world, chance), chance.index(POWERS.len())),
        };
        let touch = self.touch(world, &who, to)?;
        let is_new = |(plan, lien): (&Plan, &Lien)| plan.over || plan.read != lien.read;
        let fits = touch.plans.iter().zip(self.liens_of(&who, to)).any(is_new);
        let (staking, delegator) = (world.staking.clone(), who.to_string());
        let message = ExecuteMsg::SettleRedelegations { delegator, validator: world.validators[to].to_string() };
        let done = world.expect(&anyone, &staking, &message, fits)?;
        if done {
            self.divide(to, world);
            self.settle(world, books, &who, to, touch)?;
            self.worth(world, &who, to)?;
        }
        Ok(done)
    }

    /// Everybody's liens are those of the model.
    pub(super) fn check_liens(&self, world: &World) -> Result<()> {
        for who in world.people.iter().chain(&world.validators) {
            let question = QueryMsg::Redelegations { delegator: who.to_string() };
            let found: RedelegationsResponse = world.query(&world.staking, &question)?;
            let mut expected: Vec<&Lien> = self.liens.iter().filter(|lien| lien.owner == *who).collect();
            expected.sort_by_key(|lien| &world.validators[lien.to]);
            ensure!(found.redelegations.len() == expected.len(), "{} has other liens: {found:?}", world.name(who));
            for (found, lien) in found.redelegations.iter().zip(expected) {
                let stake = &self.validators[lien.to].stake;
                let held = stake.held.get(&lien.id).copied().unwrap_or_default() / FINE;
                close("redelegated", found.amount.u128(), held, stake.roundings)?;
                let unread = self.validators[lien.from].slashes.len() - lien.read;
                let same = (&found.from, &found.to) == (&world.validators[lien.from], &world.validators[lien.to])
                    && (found.set_id.u64(), found.completes_at.u64()) == (lien.set, lien.completes_at)
                    && found.unread_slashes.u64() == unread as u64;
                ensure!(same, "{}: {found:?}", world.name(who));
            }
        }
        Ok(())
    }
}

/// An amount in the events of the last message; nothing when there is no such event.
pub(super) fn told(world: &World, event: &str, key: &str) -> Result<u128> {
    Ok(numbers(world, event, key)?.into_iter().sum())
}

fn numbers(world: &World, event: &str, key: &str) -> Result<Vec<u128>> {
    world.events(event, key).map(|value| value.parse().map_err(|error| anyhow!("{value}: {error}"))).collect()
}

fn losses(world: &World) -> Result<Vec<Loss>> {
    let event = "staking/redelegation_slashed";
    let amounts = numbers(world, event, "amount")?.into_iter().zip(numbers(world, event, "shares")?);
    let validators = world.events(event, "validator").map(str::to_owned);
    Ok(validators.zip(amounts).map(|(validator, (amount, shares))| Loss { validator, amount, shares }).collect())
}

/// Where a redelegation ended, and where it came from.
fn ended(world: &World) -> impl Iterator<Item = (&str, &str)> {
    let event = "staking/redelegation_ended";
    world.events(event, "validator").zip(world.events(event, "from"))
}
