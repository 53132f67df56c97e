//! Grants that vest by the second: all of it exact.

use anyhow::{Result, ensure};
use cosmwasm_std::{Addr, Uint64, Uint128, to_json_binary};
use cw20::Cw20ExecuteMsg;
use vesting::msg::{ExecuteMsg, GrantResponse, QueryMsg, ReceiveMsg, SolvencyResponse};

use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, World},
};

struct Grant {
    recipient: Addr,
    revoker: Option<Addr>,
    amount: u128,
    released: u128,
    returned: u128,
    starts_at: u64,
    cliff: u64,
    duration: u64,
    /// What had vested when it was stopped.
    stopped: Option<u128>,
}

impl Grant {
    fn vested(&self, now: u64) -> u128 {
        let passed = now.saturating_sub(self.starts_at);
        match self.stopped {
            Some(vested) => vested,
            None if passed >= self.duration => self.amount,
            None if now < self.starts_at + self.cliff => 0,
            None => self.amount * u128::from(passed) / u128::from(self.duration),
        }
    }
}

/// The model of vesting.
#[derive(Default)]
pub struct Vesting(Vec<Grant>);

impl Vesting {
    /// One action of grantors, recipients or revokers.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        match chance.below(16) {
            0..=4 => self.grant(world, books, chance),
            5..=11 => self.release(world, books, chance),
            12..=14 => self.revoke(world, books, chance),
            _ => self.renounce(world, chance),
        }
    }

    /// Recent grants more than old ones.
    fn pick(&self, chance: &mut Chance) -> usize {
        match chance.once_in(8) {
            true => chance.index(self.0.len() + 1),
            false => self.0.len().saturating_sub(1 + chance.index(12)),
        }
    }

    fn grant(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let mut person = || world.people[chance.index(PEOPLE)].clone();
        let (grantor, recipient, other) = (person(), person(), person());
        let revoker = chance.once_in(2).then_some(other);
        let amount = chance.amount(3_000_000);
        let starts_at = now + chance.below(2_000) - 1_000;
        let (cliff, duration) = (chance.below(2_000), chance.below(6_000));
        let fits = (1..=books.balance(&grantor)).contains(&amount)
            && duration > 0
            && cliff <= duration
            && starts_at + duration > now
            && revoker.as_ref() != Some(&recipient);
        let hook = ReceiveMsg::Grant {
            recipient: recipient.to_string(),
            starts_at: Uint64::new(starts_at),
            cliff_seconds: Uint64::new(cliff),
            duration_seconds: Uint64::new(duration),
            revoker: revoker.as_ref().map(ToString::to_string),
        };
        let (contract, msg) = (world.vesting.to_string(), to_json_binary(&hook)?);
        let message = Cw20ExecuteMsg::Send { contract, amount: Uint128::new(amount), msg };
        let token = world.token.clone();
        let done = world.expect(&grantor, &token, &message, fits)?;
        if done {
            books.pay(&grantor, &world.vesting, amount)?;
            let (released, returned, stopped) = (0, 0, None);
            self.0.push(Grant { recipient, revoker, amount, released, returned, starts_at, cliff, duration, stopped });
        }
        Ok(done)
    }

    fn release(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = self.pick(chance);
        let now = world.now();
        let due = self.0.get(index).map_or(0, |grant| grant.vested(now) - grant.released);
        let (vesting, anyone) = (world.vesting.clone(), world.founder.clone());
        let done = world.expect(&anyone, &vesting, &ExecuteMsg::Release { grant_id: id(index) }, due > 0)?;
        if let Some(grant) = self.0.get_mut(index).filter(|_| done) {
            books.pay(&vesting, &grant.recipient, due)?;
            grant.released += due;
        }
        Ok(done)
    }

    /// Pays what has vested and gives the rest back.
    fn revoke(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = self.pick(chance);
        let now = world.now();
        let sender = self.revoker(index, world, chance);
        let mayrevoke = |grant: &Grant| grant.revoker.as_ref() == Some(&sender) && grant.vested(now) < grant.amount;
        let fits = self.0.get(index).is_some_and(mayrevoke);
        let vesting = world.vesting.clone();
        let done = world.expect(&sender, &vesting, &ExecuteMsg::Revoke { grant_id: id(index) }, fits)?;
        if let Some(grant) = self.0.get_mut(index).filter(|_| done) {
            let vested = grant.vested(now);
            books.pay(&vesting, &grant.recipient, vested - grant.released)?;
            books.pay(&vesting, &sender, grant.amount - vested)?;
            (grant.released, grant.returned, grant.stopped) = (vested, grant.amount - vested, Some(vested));
            grant.revoker = None;
        }
        Ok(done)
    }

    fn renounce(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let index = self.pick(chance);
        let sender = self.revoker(index, world, chance);
        let fits = self.0.get(index).is_some_and(|grant| grant.revoker.as_ref() == Some(&sender));
        let vesting = world.vesting.clone();
        let message = ExecuteMsg::RenounceRevocation { grant_id: id(index) };
        let done = world.expect(&sender, &vesting, &message, fits)?;
        if let Some(grant) = self.0.get_mut(index).filter(|_| done) {
            grant.revoker = None;
        }
        Ok(done)
    }

    /// Who may revoke a grant, mostly.
    fn revoker(&self, index: usize, world: &World, chance: &mut Chance) -> Addr {
        let revoker = self.0.get(index).and_then(|grant| grant.revoker.clone());
        revoker.filter(|_| !chance.once_in(6)).unwrap_or_else(|| world.people[chance.index(PEOPLE)].clone())
    }

    /// Recent grants are what the model says, and together all are exactly what the contract holds.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let now = world.now();
        let owed: u128 = self.0.iter().map(|grant| grant.amount - grant.released - grant.returned).sum();
        let question = QueryMsg::Solvency { token: world.token.to_string() };
        let found: SolvencyResponse = world.query(&world.vesting, &question)?;
        ensure!(found.solvent && found.owed.u128() == owed, "{found:?}, the model says {owed}");
        ensure!(books.balance(&world.vesting) == owed, "vesting holds something else than {owed}");
        for (index, grant) in self.0.iter().enumerate().rev().take(6) {
            let question = QueryMsg::Grant { grant_id: id(index) };
            let found: GrantResponse = world.query(&world.vesting, &question)?;
            let parts = [found.vested, found.released, found.returned].map(|part| part.u128());
            ensure!(parts == [grant.vested(now), grant.released, grant.returned], "{found:?}");
        }
        Ok(())
    }
}

fn id(index: usize) -> Uint64 {
    Uint64::new(index as u64 + 1)
}
