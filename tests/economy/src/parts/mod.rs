//! What can happen, one file per contract. A part predicts an action, lets it happen, and books it.

mod rewards;
mod sessions;
mod shares;
mod token;

use anyhow::{Result, ensure};

use crate::{books::Books, chance::Chance, world::World};

/// The model of every contract.
#[derive(Default)]
pub struct Parts {
    sessions: sessions::Sessions,
    rewards: rewards::Rewards,
    shares: shares::Shares,
}

impl Parts {
    /// One random action, some time after the one before. Returns whether the contract accepted it, as predicted.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        if chance.once_in(6) {
            let most = if chance.once_in(20) { 100_000 } else { 400 };
            let seconds = 1 + chance.amount(most);
            world.wait(u64::try_from(seconds)?);
        }
        match chance.below(17) {
            0..=2 => token::act(world, books, chance),
            3..=4 => self.rewards.act(world, books, chance),
            5..=10 => self.shares.act(world, books, chance),
            _ => self.sessions.act(&mut self.rewards, world, books, chance),
        }
    }

    /// Every contract is solvent and owes what the model says.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        self.sessions.check(world, books)?;
        self.rewards.check(world, books)?;
        self.shares.check(world, books)
    }
}

/// Two whole numbers at most `slack` apart.
fn close(what: &str, found: u128, expected: u128, slack: u128) -> Result<()> {
    ensure!(found.abs_diff(expected) <= slack, "{what}: {found}, the model says {expected} (within {slack})");
    Ok(())
}
