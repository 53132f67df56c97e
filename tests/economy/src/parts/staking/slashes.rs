//! What the slasher takes.

use anyhow::{Result, anyhow};
use cosmwasm_std::Uint64;
use openledger_contract_kit::Bps;
use staking::msg::ExecuteMsg;

use super::super::disputes::lost;
use super::Staking;
use crate::{
    books::Books,
    chance::Chance,
    world::{CASE, POWERS, STEADY, World},
};

/// Of the world's parameters.
const JAIL: u64 = 60;

impl Staking {
    /// Slashes one or two validators for something in a set: a steady one a little, another up to everything and for good.
    pub(super) fn slash(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let steady = chance.once_in(3);
        let mut named = match steady {
            true => vec![chance.index(STEADY)],
            false => vec![STEADY + chance.index(POWERS.len() - STEADY), STEADY + chance.index(POWERS.len() - STEADY)],
        };
        if chance.once_in(2) {
            named.truncate(1);
        }
        let points = u16::try_from(match chance.below(12) {
            0 if !steady => 10_000,
            1 => 0,
            _ => 1 + chance.below(if steady { 30 } else { 2_500 }),
        })?;
        let tombstone = !steady && chance.once_in(60);
        let set = (self.latest() + chance.below(2)).saturating_sub(chance.below(4) * chance.below(4));
        let stranger = chance.once_in(20);
        let twice = named.windows(2).any(|pair| pair[0] == pair[1]);
        let fits = !stranger && !twice && (1..=self.latest()).contains(&set);
        let message = ExecuteMsg::SlashValidators {
            case_id: Uint64::new(CASE),
            set_id: Uint64::new(set),
            validators: named.iter().map(|number| world.validators[*number].to_string()).collect(),
            fraction: Bps::new(points).map_err(|error| anyhow!("{error}"))?,
            tombstone,
        };
        let (staking, slasher) = (world.staking.clone(), world.disputes.clone());
        let sender = if stranger { world.founder.clone() } else { slasher };
        let done = world.expect(&sender, &staking, &message, fits)?;
        if done {
            let total = self.punish(world, &named, set, points, tombstone);
            lost(world, books, &world.people[0], total)?;
        }
        Ok(done)
    }

    /// Takes a fraction of what answers for `set`, and jails; answers with all it took.
    pub fn punish(&mut self, world: &World, named: &[usize], set: u64, points: u16, tombstone: bool) -> u128 {
        let now = world.now();
        let mut total = 0;
        for number in named.iter().copied() {
            self.stop(number, world);
            let validator = &mut self.validators[number];
            total += validator.stake.slash(points);
            validator.tombstoned |= tombstone;
            validator.slashes.extend((points > 0).then_some((set, points, now)));
            validator.jailed_until = Some(validator.jailed_until.unwrap_or_default().max(now + JAIL));
            for at in 0..self.pools.len() {
                let pool = &self.pools[at];
                if pool.validator == number && pool.set >= set && self.is_live(pool, now) {
                    total += self.pools[at].stake.slash(points);
                }
            }
        }
        total
    }
}
