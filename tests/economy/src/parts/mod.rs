//! What can happen, one file per contract. A part predicts an action, lets it happen, and books it.

mod arbiter;
mod datanets;
mod disputes;
mod governance;
mod identities;
mod models;
mod sessions;
mod shares;
mod staking;
mod token;
mod vesting;

pub use datanets::{contribute, create as create_datanet};

use anyhow::{Result, ensure};

use cosmwasm_std::Uint128;

use crate::{books::Books, chance::Chance, world::World};

/// The model of every contract.
pub struct Parts {
    sessions: sessions::Sessions,
    identities: identities::Identities,
    staking: staking::Staking,
    shares: shares::Shares,
    disputes: disputes::Disputes,
    vesting: vesting::Vesting,
    governance: governance::Governance,
    datanets: datanets::Datanets,
    models: models::Models,
}

impl Parts {
    /// As the chain begins.
    pub fn new(world: &World) -> Result<Self> {
        Ok(Self {
            sessions: sessions::Sessions::default(),
            identities: identities::Identities::new(world),
            staking: staking::Staking::new(world)?,
            shares: shares::Shares::default(),
            disputes: disputes::Disputes::default(),
            vesting: vesting::Vesting::default(),
            governance: governance::Governance::default(),
            datanets: datanets::Datanets::new(world),
            models: models::Models::default(),
        })
    }

    /// One random action, some time after the one before. Returns whether the contract accepted it, as predicted.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        if chance.once_in(6) {
            let most = if chance.once_in(20) { 100_000 } else { 400 };
            let seconds = 1 + chance.amount(most);
            self.staking.next_block();
            world.wait(u64::try_from(seconds)?);
        }
        match chance.below(36) {
            0..=1 => token::act(world, books, chance),
            2..=7 => self.staking.act(world, books, chance),
            8..=11 => self.shares.act(world, books, chance),
            24..=25 => {
                let others = disputes::Others { sessions: &mut self.sessions, staking: &mut self.staking };
                self.disputes.act(others, world, books, chance)
            }
            31..=33 => self.datanets.act(&mut self.identities, world, books, chance),
            34..=35 => self.models.act(world, books, chance),
            28..=30 => self.governance.act(&self.staking, world, books, chance),
            26..=27 => self.vesting.act(world, books, chance),
            12 => self.identities.act(world, chance),
            13..=14 => self.staking.operators.act(world, books, chance),
            _ => {
                let payees = sessions::Payees {
                    staking: &mut self.staking,
                    identities: &self.identities,
                    datanets: &self.datanets,
                    models: &mut self.models,
                };
                self.sessions.act(payees, world, books, chance)
            }
        }
    }

    /// Every contract is solvent and owes what the model says.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        self.sessions.check(world, books)?;
        self.identities.check(world)?;
        self.disputes.check(world, books)?;
        self.vesting.check(world, books)?;
        self.governance.check(world, books)?;
        self.datanets.check(world, books)?;
        self.models.check(world, books)?;
        self.staking.check(world, books)?;
        self.shares.check(world, books)
    }
}

/// Units of a uopen that the model counts in where the contracts divide.
const FINE: u128 = 1_000_000_000_000_000_000;

/// `amount * part / whole`, rounded down; nothing of nothing.
fn share(amount: u128, part: u128, whole: u128) -> u128 {
    if whole == 0 { 0 } else { Uint128::new(amount).multiply_ratio(part, whole).u128() }
}

/// Two whole numbers at most `slack` apart.
fn close(what: &str, found: u128, expected: u128, slack: u128) -> Result<()> {
    ensure!(found.abs_diff(expected) <= slack, "{what}: {found}, the model says {expected} (within {slack})");
    Ok(())
}
