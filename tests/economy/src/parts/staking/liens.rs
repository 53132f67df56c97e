//! What redelegated stake still answers for, and what the next message that touches it will find.

use anyhow::{Result, anyhow};
use cosmwasm_std::Addr;
use staking::msg::{DelegationsResponse, QueryMsg, RedelegationsResponse};

use super::super::{FINE, share};
use super::{Member, Staking, UNBONDING};
use crate::world::World;

/// Of one delegation, at most.
pub(super) const MAX_LIENS: usize = 8;
/// Slashes that one message reads, at most.
const MAX_READ: usize = 32;

/// Part of a delegation that came from another validator. What it is worth is with the stake that holds it.
pub(super) struct Lien {
    pub(super) id: u64,
    pub(super) owner: Addr,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) set: u64,
    pub(super) completes_at: u64,
    /// Slashes of `from` that were read already, or came before.
    pub(super) read: usize,
}

/// What the next message will do to one lien.
pub(super) struct Plan {
    pub(super) id: u64,
    pub(super) from: usize,
    /// Fractions that it loses, one after the other, in basis points.
    pub(super) loses: Vec<u16>,
    pub(super) read: usize,
    /// Whether its time is over.
    pub(super) over: bool,
    /// What is left of it, in 10^-18 uopen.
    pub(super) rest: u128,
    /// Whether all of it is lost.
    pub(super) lost: bool,
    /// What the contract has under it now, in shares.
    pub(super) shares: u128,
}

/// What the next message that settles a delegation will do.
pub(super) struct Touch {
    pub(super) plans: Vec<Plan>,
    /// Shares of the delegation that were never under a lien.
    pub(super) free: u128,
    /// Whether rounding decides if something is left of a lien.
    pub(super) unclear: bool,
}

impl Touch {
    /// Liens that stay.
    pub(super) fn stay(&self) -> usize {
        self.plans.iter().filter(|plan| !plan.over && !plan.lost).count()
    }

    /// Whether nothing is left of the delegation.
    pub(super) fn closes(&self) -> bool {
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
pub(super) struct Owned {
    /// Never under a lien.
    pub(super) free: u128,
    /// Under each lien, oldest first.
    pub(super) held: Vec<u128>,
}

impl Owned {
    pub(super) fn of(world: &World, who: &Addr, to: usize) -> Result<Self> {
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

impl Staking {
    pub(super) fn liens_of<'a>(&'a self, who: &'a Addr, to: usize) -> impl Iterator<Item = &'a Lien> + 'a {
        self.liens.iter().filter(move |lien| lien.owner == *who && lien.to == to)
    }

    /// What a message that settles a delegation would do to its liens.
    pub(super) fn touch(&self, world: &World, who: &Addr, to: usize) -> Result<Touch> {
        Ok(self.plans(world, who, to, &Owned::of(world, who, to)?, (to, 0)))
    }

    /// The same after so much has `left` another validator.
    pub(super) fn plans(&self, world: &World, who: &Addr, to: usize, owned: &Owned, left: (usize, u128)) -> Touch {
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
}

/// A fraction of what is held, in 10^-18 uopen: to the uopen, rounded up, where a share is worth one.
pub(super) fn fraction(held: u128, points: u16, slashed: bool) -> u128 {
    match slashed {
        true => share(held, u128::from(points), 10_000),
        false => (held / FINE * u128::from(points)).div_ceil(10_000) * FINE,
    }
}
