//! Settlement undone: batches and epochs voided, nodes barred, and money from outside for what was paid already.

use anyhow::Result;
use cosmwasm_std::Uint128;
use cw20::Cw20ExecuteMsg;
use settlement::{client::restitution_hook, msg::ExecuteMsg};

use super::sessions::{Sessions, Status, id};
use crate::{
    books::Books,
    chance::Chance,
    world::{LASTING_NODES, NODES, PEOPLE, World, settlement_params},
};

impl Sessions {
    /// One action of the arbiter, or of somebody who makes good.
    pub fn arbitrate(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        match chance.below(40) {
            0..=11 => self.void_batch(world, chance),
            12..=18 => self.void_epochs(world, chance),
            19..=20 => self.bar(world, chance),
            _ => self.restore(world, books, chance),
        }
    }

    /// Gives every charge of a batch back to its session.
    pub fn give_back(&mut self, index: usize, status: Status) {
        let batch = &mut self.batches[index];
        batch.status = status;
        self.nodes[batch.node].pending -= batch.total;
        for (session, amount, _) in &batch.charges {
            self.sessions[*session].available += amount;
        }
    }

    /// Whether a batch can still be undone, with the epoch that accepted it.
    pub fn voidable(&self, index: usize, now: u64) -> Option<Option<usize>> {
        let epoch = || self.epochs.iter().position(|epoch| epoch.batches.contains(&index));
        match self.batches.get(index)?.status {
            Status::Pending => Some(None),
            Status::Accepted => epoch().filter(|at| now < self.epochs[*at].claimable_at).map(Some),
            Status::Refunded | Status::Voided => None,
        }
    }

    /// What follows from voiding a batch that can still be undone.
    pub fn undo(&mut self, index: usize, epoch: Option<usize>, now: u64) {
        if let Some(epoch) = epoch {
            self.reopen(epoch, now);
        }
        self.give_back(index, Status::Voided);
    }

    /// Batches of an epoch and of those after it wait again.
    fn reopen(&mut self, first: usize, now: u64) {
        // The epoch in work stood on a root that is no more.
        self.first_rounds.insert(self.epochs.len(), self.round.0 + 1);
        for (number, epoch) in self.epochs.drain(first..).enumerate() {
            for index in epoch.batches {
                let batch = &mut self.batches[index];
                batch.status = Status::Pending;
                batch.deadline = now + settlement_params().attestation_deadline_seconds.u64();
                self.nodes[batch.node].pending += batch.total;
            }
            self.first_rounds.insert(first + number, epoch.round + 1);
        }
        self.round = (self.first_rounds.get(&first).copied().unwrap_or_default(), now);
    }

    fn void_batch(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let index = Self::pick(self.batches.len(), chance);
        let stranger = chance.once_in(10);
        let found = self.voidable(index, now);
        let sender = if stranger { world.founder.clone() } else { world.disputes.clone() };
        let settlement = world.settlement.clone();
        let message = ExecuteMsg::VoidBatch { batch_id: id(index) };
        let done = world.expect(&sender, &settlement, &message, !stranger && found.is_some())?;
        if let Some(epoch) = found.filter(|_| done) {
            self.undo(index, epoch, now);
        }
        Ok(done)
    }

    fn void_epochs(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let first = self.epochs.len().saturating_sub(chance.index(5));
        let stranger = chance.once_in(10);
        let fits = !stranger && self.epochs.get(first).is_some_and(|epoch| now < epoch.claimable_at);
        let sender = if stranger { world.founder.clone() } else { world.disputes.clone() };
        let settlement = world.settlement.clone();
        let done = world.expect(&sender, &settlement, &ExecuteMsg::VoidEpochs { epoch: id(first) }, fits)?;
        if done {
            self.reopen(first, now);
        }
        Ok(done)
    }

    fn bar(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let number = LASTING_NODES + chance.index(NODES - LASTING_NODES);
        let really = chance.once_in(4);
        let sender = if really { world.disputes.clone() } else { world.founder.clone() };
        let (settlement, node) = (world.settlement.clone(), world.nodes[number].to_string());
        let done = world.expect(&sender, &settlement, &ExecuteMsg::BarNode { node }, really)?;
        self.nodes[number].barred |= done;
        Ok(done)
    }

    /// Anybody may give sessions back what a batch took whose epoch pays, in proportion to what each still misses.
    fn restore(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = Self::pick(self.batches.len(), chance);
        let person = world.people[chance.index(PEOPLE)].clone();
        let batch = self.batches.get(index);
        let accepted = batch.is_some_and(|batch| batch.status == Status::Accepted);
        let missing = batch.map_or(0, |batch| batch.charges.iter().map(|charge| charge.1 - charge.2).sum());
        let amount = chance.amount(u64::try_from(missing + missing / 8)?);
        let pays = accepted && self.voidable(index, world.now()).is_none();
        let fits = pays && (1..=missing).contains(&amount) && amount <= books.balance(&person);
        let (token, contract) = (world.token.clone(), world.settlement.to_string());
        let msg = restitution_hook(index as u64 + 1)?;
        let message = Cw20ExecuteMsg::Send { contract, amount: Uint128::new(amount), msg };
        let done = world.expect(&person, &token, &message, fits)?;
        if done {
            books.pay(&person, &world.settlement, amount)?;
            self.restored(index, amount);
        }
        Ok(done)
    }

    /// Each session gets what lies between its marks on the way to `amount`.
    pub fn restored(&mut self, index: usize, amount: u128) {
        let charges = &mut self.batches[index].charges;
        let missing: u128 = charges.iter().map(|charge| charge.1 - charge.2).sum();
        let (mut upto, mut given) = (0, 0);
        for (session, charge, back) in charges {
            upto += *charge - *back;
            let part = amount * upto / missing - given;
            given += part;
            *back += part;
            self.sessions[*session].available += part;
        }
    }
}
