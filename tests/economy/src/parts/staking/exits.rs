//! Stake on its way out.

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::Addr;
use staking::msg::ExecuteMsg;

use super::super::close;
use super::{Member, Staking, UNBONDING, stake::Stake};
use crate::{books::Books, chance::Chance, world::World};

/// How long a pool takes others, of the wait.
const WINDOW: u64 = UNBONDING / 16;

/// Stake that leaves one validator.
pub(super) struct Pool {
    pub(super) validator: usize,
    pub(super) set: u64,
    pub(super) opened_at: u64,
    /// By the number of the entry.
    pub(super) stake: Stake<u64>,
}

pub(super) struct Entry {
    pub(super) id: u64,
    pub(super) owner: Addr,
    pub(super) pool: usize,
    pub(super) set: u64,
    pub(super) completes_at: u64,
}

impl Staking {
    pub(super) fn is_live(&self, pool: &Pool, now: u64) -> bool {
        let superseded = self.set(pool.set + 1).map(|(made_at, _)| *made_at);
        pool.stake.tokens > 0 && superseded.is_none_or(|made_at| now < made_at + UNBONDING)
    }

    pub(super) fn leave(&mut self, world: &World, owner: Addr, validator: usize, amount: u128) {
        let (now, set) = (world.now(), self.latest());
        let live = |pool: &Pool| pool.validator == validator && self.is_live(pool, now);
        let newest = self.pools.iter().rposition(live);
        let joins = newest.filter(|at| self.pools[*at].set == set || now < self.pools[*at].opened_at + WINDOW);
        let at = joins.unwrap_or_else(|| {
            self.pools.push(Pool { validator, set, opened_at: now, stake: Stake::default() });
            self.pools.len() - 1
        });
        self.last_entry += 1;
        self.pools[at].set = set;
        self.pools[at].stake.add(self.last_entry, amount);
        self.entries.push(Entry { id: self.last_entry, owner, pool: at, set, completes_at: now + UNBONDING });
    }

    /// Whether an entry may leave: it waited, also after the first set that no longer counts it, and the newest set counts
    /// no more of the validator than is there.
    fn is_due(&self, entry: &Entry, now: u64) -> bool {
        let superseded = self.set(entry.set + 1).map_or(0, |(made_at, _)| made_at + UNBONDING);
        let validator = self.pools[entry.pool].validator;
        let counted =
            |member: &Member| member.number == validator && member.power > self.validators[validator].stake.tokens;
        let blocked = entry.set == self.latest() && self.sets.last().is_some_and(|set| set.1.iter().any(counted));
        now >= entry.completes_at.max(superseded) && !blocked
    }

    pub(super) fn withdraw(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let waiting: Vec<&Entry> = self.entries.iter().filter(|entry| self.is_due(entry, now)).collect();
        let who = match chance.once_in(2) {
            true => waiting.get(chance.index(waiting.len())).map(|entry| entry.owner.clone()),
            false => None,
        };
        let who = who.unwrap_or_else(|| Self::somebody(world, chance));
        let due: Vec<u64> = waiting.iter().filter(|entry| entry.owner == who).map(|entry| entry.id).collect();
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &ExecuteMsg::WithdrawUnbonded {}, !due.is_empty())?;
        if done {
            let parse = |value: &str| value.parse::<u64>().map_err(|error| anyhow!("{value}: {error}"));
            let ids = world.events("staking/withdrawn", "entry_id").map(parse).collect::<Result<Vec<_>>>()?;
            let paid = world.events("staking/withdrawn", "amount").map(parse).collect::<Result<Vec<_>>>()?;
            ensure!(ids == due, "{ids:?} left, the model says {due:?}");
            for (id, paid) in ids.into_iter().zip(paid) {
                let paid = u128::from(paid);
                let pool = self.entries.iter().find(|entry| entry.id == id).map_or(0, |entry| entry.pool);
                let stake = &mut self.pools[pool].stake;
                close("unbonded", paid, stake.worth(&id), stake.roundings)?;
                stake.take(&id, paid, true);
                books.pay(&staking, &who, paid)?;
            }
            self.entries.retain(|entry| !due.contains(&entry.id));
        }
        Ok(done)
    }
}
