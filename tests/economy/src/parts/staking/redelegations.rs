//! Stake that moved without a wait, and what it still answers for.

use std::{iter::Peekable, vec::IntoIter};

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint128};
use staking::msg::{DelegationsResponse, ExecuteMsg, QueryMsg, RedelegationsResponse};

use super::super::{FINE, close, share};
use super::{Member, Staking, UNBONDING, delegators::MAX_DELEGATIONS};
use crate::{
    books::Books,
    chance::Chance,
    world::{POWERS, World},
};

/// Of one delegation, at most.
const MAX_LIENS: usize = 8;
/// Slashes that one message reads, at most.
const MAX_READ: usize = 32;

/// Part of a delegation that came from another validator. What it is worth is with the stake that holds it.
pub(super) struct Lien {
    pub(super) id: u64,
    owner: Addr,
    from: usize,
    to: usize,
    set: u64,
    completes_at: u64,
    /// Slashes of `from` that were read already, or came before.
    read: usize,
}

/// What the next message will do to one lien.
pub(super) struct Plan {
    id: u64,
    from: usize,
    /// Fractions that it loses, one after the other, in basis points.
    loses: Vec<u16>,
    read: usize,
    /// Whether its time is over.
    over: bool,
    /// What is left of it, in 10^-18 uopen.
    rest: u128,
    /// Whether all of it is lost.
    lost: bool,
    /// What the contract has under it now, in shares.
    shares: u128,
}

/// What the next message that settles a delegation will do.
pub(super) struct Touch {
    pub(super) plans: Vec<Plan>,
    /// Shares of the delegation that were never under a lien.
    free: u128,
    /// Whether rounding decides if something is left of a lien.
    pub(super) unclear: bool,
}

impl Touch {
    /// Liens that stay.
    fn stay(&self) -> usize {
        self.plans.iter().filter(|plan| !plan.over && !plan.lost).count()
    }

    /// Whether nothing is left of the delegation.
    fn closes(&self) -> bool {
        self.free == 0 && self.plans.iter().all(|plan| plan.lost)
    }
}

/// What of a delegation may leave once it is settled.
pub(super) struct Free {
    /// In uopen.
    pub(super) worth: u128,
    /// Within how many uopen.
    pub(super) slack: u128,
    /// Whether there is anything, be it worth nothing.
    pub(super) any: bool,
}

/// What the contract says that a delegation consists of, in shares.
struct Owned {
    /// Never under a lien.
    free: u128,
    /// Under each lien, oldest first.
    held: Vec<u128>,
}

impl Owned {
    fn of(world: &World, who: &Addr, to: usize) -> Result<Self> {
        let validator = &world.validators[to];
        let question = QueryMsg::Delegations { delegator: who.to_string() };
        let all: DelegationsResponse = world.query(&world.staking, &question)?;
        let owned = all.delegations.iter().find(|one| one.validator == *validator).map_or(0, |one| one.shares.u128());
        let question = QueryMsg::Redelegations { delegator: who.to_string() };
        let all: RedelegationsResponse = world.query(&world.staking, &question)?;
        let here = all.redelegations.iter().filter(|one| one.to == *validator);
        let held: Vec<u128> = here.map(|one| one.shares.u128()).collect();
        let free = owned.checked_sub(held.iter().sum());
        Ok(Self { free: free.ok_or_else(|| anyhow!("{} holds less than is held", world.name(who)))?, held })
    }
}

/// One event that tells what a lien lost.
struct Loss {
    validator: String,
    amount: u128,
    shares: u128,
}

impl Staking {
    pub(super) fn liens_of<'a>(&'a self, who: &'a Addr, to: usize) -> impl Iterator<Item = &'a Lien> + 'a {
        self.liens.iter().filter(move |lien| lien.owner == *who && lien.to == to)
    }

    /// What a message that settles a delegation would do to its liens.
    pub(super) fn touch(&self, world: &World, who: &Addr, to: usize) -> Result<Touch> {
        Ok(self.plans(world, who, to, &Owned::of(world, who, to)?, (to, 0)))
    }

    /// The same after so much has `left` another validator.
    fn plans(&self, world: &World, who: &Addr, to: usize, owned: &Owned, left: (usize, u128)) -> Touch {
        let mut touch = Touch { plans: Vec::new(), free: owned.free, unclear: false };
        let stake = &self.validators[to].stake;
        let mut budget = MAX_READ;
        for (lien, shares) in self.liens_of(who, to).zip(&owned.held) {
            let plan = self.plan(lien, *shares, &mut budget, left, world.now());
            let dust = FINE * (stake.roundings + 2 + plan.loses.len() as u128);
            touch.unclear |= stake.slashed && !plan.loses.is_empty() && !plan.lost && plan.rest < dust;
            touch.plans.push(plan);
        }
        touch
    }

    fn plan(&self, lien: &Lien, shares: u128, budget: &mut usize, left: (usize, u128), now: u64) -> Plan {
        let stake = &self.validators[lien.to].stake;
        let rest = stake.held.get(&lien.id).copied().unwrap_or_default();
        let (id, from, read) = (lien.id, lien.from, lien.read);
        let mut plan = Plan { id, from, loses: Vec::new(), read, over: true, rest, lost: false, shares };
        if stake.tokens == 0 {
            return plan;
        }
        let log = &self.validators[lien.from].slashes;
        let next_set = self.set(lien.set + 1).map(|(made_at, _)| *made_at);
        let ends = next_set.map(|made_at| made_at + UNBONDING);
        while let Some((set, points, at)) = log.get(plan.read).filter(|_| !plan.lost) {
            if *budget == 0 {
                plan.over = false;
                return plan;
            }
            *budget -= 1;
            if ends.is_some_and(|ends| *at >= ends) {
                plan.read = log.len();
                break;
            }
            plan.read += 1;
            if *set <= lien.set {
                plan.loses.push(*points);
                plan.rest -= fraction(plan.rest, *points, stake.slashed);
                plan.lost = *points == 10_000 || !stake.slashed && plan.rest == 0;
            }
        }
        let leaves = if left.0 == lien.from { left.1 } else { 0 };
        let tokens = self.validators[lien.from].stake.tokens.saturating_sub(leaves);
        let counted = |member: &Member| member.number == lien.from && member.power > tokens;
        let blocked = lien.set == self.latest() && self.sets.last().is_some_and(|set| set.1.iter().any(counted));
        plan.over = now >= lien.completes_at.max(ends.unwrap_or_default()) && !blocked;
        plan
    }

    /// What may leave a delegation once it is settled.
    pub(super) fn free(&self, world: &World, who: &Addr, to: usize, touch: &Touch) -> Result<Free> {
        let owned = self.worth(world, who, to)?;
        if touch.plans.is_empty() {
            return Ok(Free { worth: owned, slack: 0, any: touch.free > 0 });
        }
        let stake = &self.validators[to].stake;
        let mut worth = stake.parts.get(who).copied().unwrap_or_default();
        let mut any = touch.free > 0;
        let mut slack = stake.roundings;
        for plan in &touch.plans {
            let held = stake.held.get(&plan.id).copied().unwrap_or_default();
            worth = worth.saturating_sub(held);
            if plan.over && !plan.lost {
                any = true;
                worth += plan.rest;
                slack += plan.loses.len() as u128;
            }
        }
        let slack = if stake.slashed { slack + 2 } else { 0 };
        Ok(Free { worth: worth / FINE, slack, any })
    }

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

/// A fraction of what is held, in 10^-18 uopen: to the uopen, rounded up, where a share is worth one.
fn fraction(held: u128, points: u16, slashed: bool) -> u128 {
    match slashed {
        true => share(held, u128::from(points), 10_000),
        false => (held / FINE * u128::from(points)).div_ceil(10_000) * FINE,
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
