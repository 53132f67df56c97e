//! Rewards in and out.

use anyhow::{Result, ensure};
use cosmwasm_std::{Addr, Uint128};
use staking::msg::{ExecuteMsg, QueryMsg, RewardsResponse};

use super::super::{FINE, close, share};
use super::Staking;
use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, World},
};

/// One that may claim.
#[derive(Default, Clone)]
pub(super) struct Account {
    /// In 10^-18 uopen, claimed or not.
    pub(super) earned: u128,
    pub(super) claimed: u128,
    /// What rounding may have moved, in 10^-18 uopen.
    pub(super) slack: u128,
}

impl Staking {
    pub(super) fn fund_by_allowance(
        &mut self,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let staking = world.staking.clone();
        let person = world.people[chance.index(PEOPLE)].clone();
        let amount = chance.amount(1_000_000);
        let fits = amount > 0 && amount <= books.balance(&person);
        let done = world.expect(&person, &staking, &ExecuteMsg::FundRewards { amount: Uint128::new(amount) }, fits)?;
        if done {
            books.pay(&person, &staking, amount)?;
            self.fund(world, amount);
        }
        Ok(done)
    }

    /// Money reached the contract as rewards: it is for the members of the newest set by their stake now.
    pub fn fund(&mut self, world: &World, amount: u128) {
        self.funded += amount;
        self.orphaned += amount;
        let all: u128 = self.validators.iter().filter(|one| one.earns).map(|one| one.stake.tokens).sum();
        if all == 0 {
            return;
        }
        let amount = std::mem::take(&mut self.orphaned) * FINE;
        for (number, validator) in self.validators.iter_mut().enumerate().filter(|(_, one)| one.earns) {
            let part = share(amount, validator.stake.tokens, all);
            let commission = share(part, u128::from(validator.commission), 10_000);
            validator.undivided = true;
            self.accounts.entry(world.validators[number].clone()).or_default().earned += commission;
            let whole: u128 = validator.stake.parts.values().sum();
            for (who, owned) in validator.stake.parts.iter().filter(|_| whole > 0) {
                let account = self.accounts.entry(who.clone()).or_default();
                account.earned += share(part - commission, *owned, whole);
                account.slack += share(part, validator.stake.roundings, validator.stake.tokens);
            }
        }
    }

    pub(super) fn claim(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let who = Self::somebody(world, chance);
        let due = claimable(world, &who)?;
        self.earns(world, &who, due)?;
        let staking = world.staking.clone();
        let before = world.balance(&who);
        let done = world.expect(&who, &staking, &ExecuteMsg::ClaimRewards {}, due > 0)?;
        if done {
            ensure!(world.balance(&who) - before == due, "paid otherwise than it said");
            books.pay(&staking, &who, due)?;
            self.accounts.entry(who.clone()).or_default().claimed += due;
            let own = world.validators.iter().position(|validator| *validator == who);
            for number in self.backs(&who).chain(own).collect::<Vec<_>>() {
                self.divide(number, world);
            }
        }
        Ok(done)
    }

    /// An account's rewards, within what rounding holds back.
    pub(super) fn earns(&self, world: &World, who: &Addr, claimable: u128) -> Result<()> {
        let account = self.accounts.get(who).cloned().unwrap_or_default();
        let slack = account.slack / FINE + 3;
        close(&format!("rewards of {}", world.name(who)), claimable + account.claimed, account.earned / FINE, slack)
    }
}

/// What the contract says that an account can claim.
pub(super) fn claimable(world: &World, account: &Addr) -> Result<u128> {
    let question = QueryMsg::Rewards { validator: account.to_string() };
    Ok(world.query::<RewardsResponse>(&world.staking, &question)?.claimable.u128())
}
