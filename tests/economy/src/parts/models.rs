//! Base models and adapters: their bonds, and income that is passed on to developers.

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint64, Uint128};
use cw20::Cw20ExecuteMsg;
use models::{
    client::adapter_income_hook,
    msg::{Bonded, ExecuteMsg, QueryMsg, SolvencyResponse, Split},
};
use openledger_contract_kit::Bps;

use super::sessions::id;
use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, World, models_params},
};

/// A base model or an adapter.
struct Entry {
    owner: Addr,
    payout: Addr,
    /// Another payout account, and from when on.
    next: Option<(Addr, u64)>,
    bond: u128,
    /// When the bond may leave.
    unlocks_at: Option<u64>,
}

impl Entry {
    fn new(owner: Addr, bond: u128) -> Self {
        Self { payout: owner.clone(), owner, next: None, bond, unlocks_at: None }
    }

    fn payout(&self, now: u64) -> &Addr {
        match &self.next {
            Some((account, from)) if now >= *from => account,
            _ => &self.payout,
        }
    }
}

/// The model of base models and adapters.
#[derive(Default)]
pub struct Models {
    bases: Vec<Entry>,
    adapters: Vec<Entry>,
}

impl Models {
    /// One action of registrants, developers or donors.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        match chance.below(24) {
            0..=2 => self.register_base(world, books, chance),
            3..=6 => self.register_adapter(world, books, chance),
            7..=9 => self.leave(world, chance),
            10..=15 => self.unlock(world, books, chance),
            16..=18 => self.move_payout(world, chance),
            _ => self.give(world, books, chance),
        }
    }

    /// Usage income of an adapter: where it goes, and what of the bond goes with it.
    pub fn earns(&mut self, id: u64, amount: u128, now: u64) -> Result<Option<(Addr, u128)>> {
        let index = usize::try_from(id - 1)?;
        let Some(adapter) = self.adapters.get_mut(index) else { return Ok(None) };
        let points = u128::from(models_params()?.rebate_bps.points());
        let rebate = (amount * points / 10_000).min(adapter.bond);
        adapter.bond -= rebate;
        Ok(Some((adapter.payout(now).clone(), rebate)))
    }

    /// Whether there is such an adapter.
    pub fn has(&self, id: u64) -> bool {
        id <= self.adapters.len() as u64
    }

    fn register_base(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let person = world.people[chance.index(PEOPLE)].clone();
        let bond = models_params()?.base_bond.u128();
        let mut digest = [3; 32];
        digest[..8].copy_from_slice(&(self.bases.len() as u64).to_be_bytes());
        let message = ExecuteMsg::RegisterBase {
            name: "Base".try_into().map_err(|error| anyhow!("{error}"))?,
            digest: digest.into(),
            tokenizer_digest: [4; 32].into(),
            architecture: "llama".try_into().map_err(|error| anyhow!("{error}"))?,
            licence: "MIT".try_into().map_err(|error| anyhow!("{error}"))?,
        };
        let contract = world.models.clone();
        let done = world.expect(&person, &contract, &message, bond <= books.balance(&person))?;
        if done {
            books.pay(&person, &contract, bond)?;
            self.bases.push(Entry::new(person, bond));
        }
        Ok(done)
    }

    /// On one's own base model, from the founder's Datanet.
    fn register_adapter(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = self.bases.len().saturating_sub(chance.index(6));
        let owner = self.bases.get(index).map(|base| base.owner.clone());
        let person = owner.filter(|_| !chance.once_in(6)).unwrap_or_else(|| world.people[0].clone());
        let bond = models_params()?.adapter_bond.u128();
        let may = |base: &Entry| base.owner == person && base.unlocks_at.is_none();
        let fits = self.bases.get(index).is_some_and(may) && bond <= books.balance(&person);
        let bps = |points| Bps::new(points).map_err(|error| anyhow!("{error}"));
        let message = ExecuteMsg::RegisterAdapter {
            base_id: id(index),
            name: "Adapter".try_into().map_err(|error| anyhow!("{error}"))?,
            licence: None,
            datanet_id: Uint64::new(1),
            datanet_version: 1,
            weights_digest: [5; 32].into(),
            family_digest: [6; 32].into(),
            manifest_digest: None,
            transcript_root: None,
            index: None,
            prompt_price: Uint128::new(1),
            response_price: Uint128::new(2),
            split: Split {
                contributors: bps(5_000)?,
                developer: bps(2_000)?,
                node: bps(1_500)?,
                stakers: bps(500)?,
                treasury: bps(1_000)?,
            },
        };
        let contract = world.models.clone();
        let done = world.expect(&person, &contract, &message, fits)?;
        if done {
            books.pay(&person, &contract, bond)?;
            self.adapters.push(Entry::new(person, bond));
        }
        Ok(done)
    }

    fn pick(len: usize, chance: &mut Chance) -> usize {
        len.saturating_sub(chance.index(12))
    }

    /// A base model is withdrawn, or an adapter retired; the bond is locked for a while then.
    fn leave(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let params = models_params()?;
        let base = chance.once_in(2);
        let entries = if base { &mut self.bases } else { &mut self.adapters };
        let index = Self::pick(entries.len(), chance);
        let owner = entries.get(index).map(|entry| entry.owner.clone());
        let stranger = chance.once_in(6);
        let sender = owner.filter(|_| !stranger).unwrap_or_else(|| world.founder.clone());
        let fits = !stranger && entries.get(index).is_some_and(|entry| entry.unlocks_at.is_none());
        let message = match base {
            true => ExecuteMsg::WithdrawBase { base_id: id(index) },
            false => ExecuteMsg::Retire { adapter_id: id(index) },
        };
        let contract = world.models.clone();
        let done = world.expect(&sender, &contract, &message, fits)?;
        if let Some(entry) = entries.get_mut(index).filter(|_| done) {
            let notice = if base { params.base_notice_seconds.u64() } else { 0 };
            entry.unlocks_at = Some(now + notice + params.bond_unlock_seconds.u64());
        }
        Ok(done)
    }

    fn unlock(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let base = chance.once_in(2);
        let entries = if base { &mut self.bases } else { &mut self.adapters };
        let due = |entry: &Entry| entry.bond > 0 && entry.unlocks_at.is_some_and(|at| now >= at);
        let index = match entries.iter().position(due) {
            Some(index) if chance.once_in(2) => index,
            _ => Self::pick(entries.len(), chance),
        };
        let fits = entries.get(index).is_some_and(due);
        let bonded = if base { Bonded::Base(id(index)) } else { Bonded::Adapter(id(index)) };
        let (contract, anyone) = (world.models.clone(), world.founder.clone());
        let done = world.expect(&anyone, &contract, &ExecuteMsg::UnlockBond { bonded }, fits)?;
        if let Some(entry) = entries.get_mut(index).filter(|_| done) {
            books.pay(&contract, &entry.payout(now).clone(), std::mem::take(&mut entry.bond))?;
        }
        Ok(done)
    }

    fn move_payout(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let index = Self::pick(self.adapters.len(), chance);
        let account = world.people[chance.index(PEOPLE)].clone();
        let owner = self.adapters.get(index).map(|adapter| adapter.owner.clone());
        let stranger = chance.once_in(6);
        let sender = owner.filter(|_| !stranger).unwrap_or_else(|| world.founder.clone());
        let message = ExecuteMsg::SetPayout { adapter_id: id(index), account: account.to_string() };
        let contract = world.models.clone();
        let done = world.expect(&sender, &contract, &message, !stranger && index < self.adapters.len())?;
        if let Some(adapter) = self.adapters.get_mut(index).filter(|_| done) {
            adapter.payout = adapter.payout(now).clone();
            adapter.next = Some((account, now + models_params()?.payout_delay_seconds.u64()));
        }
        Ok(done)
    }

    /// A gift to a developer moves nothing of the bond.
    fn give(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let index = Self::pick(self.adapters.len(), chance);
        let person = world.people[chance.index(PEOPLE)].clone();
        let amount = chance.amount(100_000);
        let fits = index < self.adapters.len() && (1..=books.balance(&person)).contains(&amount);
        let (contract, msg) = (world.models.to_string(), adapter_income_hook(index as u64 + 1)?);
        let message = Cw20ExecuteMsg::Send { contract, amount: Uint128::new(amount), msg };
        let token = world.token.clone();
        let done = world.expect(&person, &token, &message, fits)?;
        if done {
            books.pay(&person, self.adapters[index].payout(now), amount)?;
        }
        Ok(done)
    }

    /// The contract holds the bonds and nothing else.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let bonds: u128 = self.bases.iter().chain(&self.adapters).map(|entry| entry.bond).sum();
        let found: SolvencyResponse = world.query(&world.models, &QueryMsg::Solvency {})?;
        ensure!(found.bonded.u128() == bonds && found.balance >= found.bonded, "{found:?}, the model says {bonds}");
        ensure!(books.balance(&world.models) == bonds, "models hold something else than {bonds}");
        Ok(())
    }
}
