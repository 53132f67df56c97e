//! Who should have how much OPEN.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use cosmwasm_std::Addr;

use crate::world::{self, World};

/// Balances of people and contracts, and all there is.
pub struct Books {
    balances: BTreeMap<Addr, u128>,
    burned: u128,
}

impl Books {
    /// As the chain begins.
    pub fn of(world: &World) -> Self {
        let balances = world.holders().map(|holder| (holder.clone(), world.balance(holder))).collect();
        Self { balances, burned: world::SUPPLY - world.supply() }
    }

    /// What an account should have.
    pub fn balance(&self, account: &Addr) -> u128 {
        self.balances.get(account).copied().unwrap_or(0)
    }

    /// Money that moves. The caller has predicted that it is there.
    pub fn pay(&mut self, from: &Addr, to: &Addr, amount: u128) -> Result<()> {
        self.take(from, amount)?;
        *self.balances.entry(to.clone()).or_default() += amount;
        Ok(())
    }

    /// Money that ends.
    pub fn burn(&mut self, from: &Addr, amount: u128) -> Result<()> {
        self.take(from, amount)?;
        self.burned += amount;
        Ok(())
    }

    fn take(&mut self, from: &Addr, amount: u128) -> Result<()> {
        let balance = self.balances.entry(from.clone()).or_default();
        ensure!(*balance >= amount, "the model owes {amount} from {from}, which holds {balance}");
        *balance -= amount;
        Ok(())
    }

    /// Every balance is what the model says, and together they are all there is.
    pub fn check(&self, world: &World) -> Result<()> {
        for (account, expected) in &self.balances {
            let found = world.balance(account);
            ensure!(found == *expected, "{} holds {found}, the model says {expected}", world.name(account));
        }
        let held: u128 = self.balances.values().sum();
        let supply = world.supply();
        ensure!(held == supply, "balances sum to {held}, the supply is {supply}");
        ensure!(supply + self.burned == world::SUPPLY, "{supply} are left and {} were burned", self.burned);
        Ok(())
    }
}
