//! Rewards of bonded validators, whose bonds stay what they are: every funding is shared in proportion, to the last unit.

use anyhow::{Result, ensure};
use cosmwasm_std::{Addr, Uint128};
use staking::msg::{ExecuteMsg, QueryMsg, RewardsResponse, SolvencyResponse};

use super::close;
use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, POWERS, World},
};

/// Everything that came in, and what each validator took out.
#[derive(Default)]
pub struct Rewards {
    funded: u128,
    claimed: [u128; POWERS.len()],
}

impl Rewards {
    /// Somebody funds, or a validator claims.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let staking = world.staking.clone();
        if chance.once_in(2) {
            let person = world.people[chance.index(PEOPLE)].clone();
            let amount = chance.amount(1_000_000);
            let fits = amount > 0 && amount <= books.balance(&person);
            let message = ExecuteMsg::FundRewards { amount: Uint128::new(amount) };
            let done = world.expect(&person, &staking, &message, fits)?;
            if done {
                books.pay(&person, &staking, amount)?;
                self.fund(amount);
            }
            return Ok(done);
        }
        let number = chance.index(POWERS.len());
        let validator = world.validators[number].clone();
        let before = world.balance(&validator);
        let due = claimable(world, &validator)?;
        self.holds(number, due)?;
        let done = world.expect(&validator, &staking, &ExecuteMsg::ClaimRewards {}, due > 0)?;
        ensure!(world.balance(&validator) - before == due, "paid otherwise than it said");
        books.pay(&staking, &validator, due)?;
        self.claimed[number] += due;
        Ok(done)
    }

    /// Money reached the contract as rewards.
    pub fn fund(&mut self, amount: u128) {
        self.funded += amount;
    }

    /// A validator's part of everything that ever came in, within what rounding holds back.
    fn holds(&self, number: usize, claimable: u128) -> Result<()> {
        let all: u128 = POWERS.iter().sum();
        close("rewards of a validator", claimable + self.claimed[number], self.funded * POWERS[number] / all, 2)
    }

    /// What is promised is held.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let mut promised = 0;
        for (number, validator) in world.validators.iter().enumerate() {
            let due = claimable(world, validator)?;
            self.holds(number, due)?;
            promised += due;
        }
        let solvency: SolvencyResponse = world.query(&world.staking, &QueryMsg::Solvency {})?;
        ensure!(solvency.solvent, "{solvency:?}");
        let left = self.funded - self.claimed.iter().sum::<u128>();
        ensure!(solvency.rewards.u128() == left, "rewards are {}, the model says {left}", solvency.rewards);
        ensure!(promised <= left, "{promised} are promised, {left} are there");
        ensure!(books.balance(&world.staking) == POWERS.iter().sum::<u128>() + left, "staking holds something else");
        Ok(())
    }
}

fn claimable(world: &World, validator: &Addr) -> Result<u128> {
    let question = QueryMsg::Rewards { validator: validator.to_string() };
    Ok(world.query::<RewardsResponse>(&world.staking, &question)?.claimable.u128())
}
