//! Datanets: bonds, deposits of contributions, and income that is passed on.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint64, Uint128};
use cw20::Cw20ExecuteMsg;
use datanets::{
    client::income_hook,
    msg::{ExecuteMsg, Membership, QueryMsg, Reason, SolvencyResponse, Which},
};

use super::{identities::Identities, sessions::id};
use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, World, registry_params},
};

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Pending,
    Accepted,
    Over,
}

struct Datanet {
    owner: Addr,
    commons: Addr,
    members: BTreeSet<Addr>,
    contributions: Vec<(Addr, Status)>,
    retired: bool,
}

/// The model of Datanets.
pub struct Datanets {
    datanets: Vec<Datanet>,
    roots: u64,
}

impl Datanets {
    /// As the chain begins: the founder's Datanet with one cluster, of which adapters are made.
    pub fn new(world: &World) -> Self {
        let (owner, commons) = (world.founder.clone(), world.founder.clone());
        let (members, contributions) = ([owner.clone()].into(), vec![(owner.clone(), Status::Accepted)]);
        let first = Datanet { owner, commons, members, contributions, retired: false };
        Self { datanets: vec![first], roots: 1_000 }
    }

    /// One action of owners, contributors or donors.
    pub fn act(
        &mut self,
        identities: &mut Identities,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        match chance.below(24) {
            0 => self.create(identities, world, books, chance),
            1..=4 => self.join(identities, world, chance),
            5..=11 => self.contribute(identities, world, books, chance),
            12..=18 => self.decide(identities, world, books, chance),
            19..=20 => self.withdraw(identities, world, books, chance),
            21 => self.retire(world, books, chance),
            _ => self.give(world, books, chance),
        }
    }

    /// Where the income of a Datanet goes.
    pub fn commons(&self, id: u64) -> Option<&Addr> {
        self.datanets.get(usize::try_from(id).ok()?.checked_sub(1)?).map(|datanet| &datanet.commons)
    }

    /// The first is left alone, or its adapters would have no version.
    fn pick(&self, chance: &mut Chance) -> usize {
        1 + chance.index(self.datanets.len())
    }

    fn create(
        &mut self,
        identities: &mut Identities,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let (owner, commons) = (world.people[chance.index(PEOPLE)].clone(), world.people[chance.index(PEOPLE)].clone());
        let bond = registry_params().datanet_bond.u128();
        let registry = world.registry.clone();
        let done = world.expect(&owner, &registry, &create(&commons)?, bond <= books.balance(&owner))?;
        if done {
            books.pay(&owner, &registry, bond)?;
            identities.ensure(&owner);
            let members = [owner.clone()].into();
            self.datanets.push(Datanet { owner, commons, members, contributions: Vec::new(), retired: false });
        }
        Ok(done)
    }

    fn join(&mut self, identities: &mut Identities, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let index = self.pick(chance);
        let person = world.people[chance.index(PEOPLE)].clone();
        let joins = |datanet: &Datanet| !datanet.retired && !datanet.members.contains(&person);
        let fits = self.datanets.get(index).is_some_and(joins);
        let registry = world.registry.clone();
        let done = world.expect(&person, &registry, &ExecuteMsg::Join { datanet_id: id(index) }, fits)?;
        if done {
            identities.ensure(&person);
            self.datanets[index].members.insert(person);
        }
        Ok(done)
    }

    fn contribute(
        &mut self,
        identities: &mut Identities,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let index = self.pick(chance);
        let person = world.people[chance.index(PEOPLE)].clone();
        let params = registry_params();
        let deposit = params.contribution_deposit.u128();
        let waits = |one: &&(Addr, Status)| one.0 == person && one.1 == Status::Pending;
        let may = |datanet: &Datanet| {
            !datanet.retired
                && datanet.members.contains(&person)
                && datanet.contributions.iter().filter(waits).count() < params.max_pending as usize
        };
        let fits = self.datanets.get(index).is_some_and(may) && deposit <= books.balance(&person);
        self.roots += 1;
        let registry = world.registry.clone();
        let done = world.expect(&person, &registry, &contribute(id(index), self.roots)?, fits)?;
        if done {
            books.pay(&person, &registry, deposit)?;
            identities.ensure(&person);
            self.datanets[index].contributions.push((person, Status::Pending));
        }
        Ok(done)
    }

    /// The newest contributions most; sometimes one that is not there.
    fn contribution(&self, index: usize, chance: &mut Chance) -> usize {
        let len = self.datanets.get(index).map_or(0, |datanet| datanet.contributions.len());
        len.saturating_sub(chance.index(10))
    }

    fn decide(
        &mut self,
        identities: &mut Identities,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let index = self.pick(chance);
        let which = self.contribution(index, chance);
        let owner = self.datanets.get(index).map(|datanet| datanet.owner.clone());
        let stranger = chance.once_in(10);
        let sender = owner.filter(|_| !stranger).unwrap_or_else(|| world.founder.clone());
        let found = self.datanets.get(index).and_then(|datanet| datanet.contributions.get(which)).cloned();
        let full = self.datanets.get(index).is_some_and(|datanet| {
            let taken_in = |one: &&(Addr, Status)| one.1 == Status::Accepted;
            // Those that were removed keep their place; the histories stay far below.
            datanet.contributions.iter().filter(taken_in).count() >= registry_params().max_clusters as usize
        });
        let accepts = chance.once_in(2) && !full;
        let reason = if chance.once_in(2) { Reason::Spam } else { Reason::Quality };
        let (datanet_id, contribution_id) = (id(index), id(which));
        let message = match accepts {
            true => ExecuteMsg::Accept { datanet_id, contribution_id },
            false => ExecuteMsg::Reject { datanet_id, contribution_id, reason },
        };
        let fits = !stranger && found.as_ref().is_some_and(|found| found.1 == Status::Pending);
        let registry = world.registry.clone();
        let done = world.expect(&sender, &registry, &message, fits)?;
        if let Some((contributor, _)) = found.filter(|_| done) {
            let to = match !accepts && reason == Reason::Spam {
                true => sender,
                false => payout(identities, world, &contributor),
            };
            books.pay(&registry, &to, registry_params().contribution_deposit.u128())?;
            self.datanets[index].contributions[which].1 = if accepts { Status::Accepted } else { Status::Over };
        }
        Ok(done)
    }

    /// A contributor takes back what it offered, or what was accepted.
    fn withdraw(
        &mut self,
        identities: &mut Identities,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let index = self.pick(chance);
        let which = self.contribution(index, chance);
        let found = self.datanets.get(index).and_then(|datanet| datanet.contributions.get(which)).cloned();
        let stranger = chance.once_in(6);
        let contributor = found.as_ref().map(|found| found.0.clone());
        let sender = contributor.filter(|_| !stranger).unwrap_or_else(|| world.founder.clone());
        let fits = !stranger && found.as_ref().is_some_and(|found| found.1 != Status::Over);
        let message = ExecuteMsg::RequestWithdrawal(Which { datanet_id: id(index), contribution_id: id(which) });
        let registry = world.registry.clone();
        let done = world.expect(&sender, &registry, &message, fits)?;
        if let Some((contributor, status)) = found.filter(|_| done) {
            if status == Status::Pending {
                let to = payout(identities, world, &contributor);
                books.pay(&registry, &to, registry_params().contribution_deposit.u128())?;
            }
            self.datanets[index].contributions[which].1 = Status::Over;
        }
        Ok(done)
    }

    fn retire(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = self.pick(chance);
        let owner = self.datanets.get(index).map(|datanet| datanet.owner.clone());
        let sender = owner.filter(|_| !chance.once_in(6)).unwrap_or_else(|| world.founder.clone());
        let may = |datanet: &Datanet| {
            !datanet.retired
                && datanet.owner == sender
                && datanet.contributions.iter().all(|one| one.1 != Status::Pending)
        };
        let fits = self.datanets.get(index).is_some_and(may);
        let registry = world.registry.clone();
        let done = world.expect(&sender, &registry, &ExecuteMsg::RetireDatanet { datanet_id: id(index) }, fits)?;
        if done {
            books.pay(&registry, &sender, registry_params().datanet_bond.u128())?;
            self.datanets[index].retired = true;
        }
        Ok(done)
    }

    fn give(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let index = chance.index(self.datanets.len() + 1);
        let person = world.people[chance.index(PEOPLE)].clone();
        let amount = chance.amount(100_000);
        let fits = index < self.datanets.len() && (1..=books.balance(&person)).contains(&amount);
        let (contract, msg) = (world.registry.to_string(), income_hook(index as u64 + 1)?);
        let message = Cw20ExecuteMsg::Send { contract, amount: Uint128::new(amount), msg };
        let token = world.token.clone();
        let done = world.expect(&person, &token, &message, fits)?;
        if done {
            books.pay(&person, &self.datanets[index].commons, amount)?;
        }
        Ok(done)
    }

    /// The contract holds deposits and bonds and nothing else.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let params = registry_params();
        let waiting =
            |datanet: &Datanet| datanet.contributions.iter().filter(|one| one.1 == Status::Pending).count() as u128;
        let deposits = self.datanets.iter().map(waiting).sum::<u128>() * params.contribution_deposit.u128();
        let living = self.datanets.iter().filter(|datanet| !datanet.retired).count() as u128;
        let bonds = living * params.datanet_bond.u128();
        let found: SolvencyResponse = world.query(&world.registry, &QueryMsg::Solvency {})?;
        let parts = [found.deposits, found.bonds, found.reviewers, found.appeals].map(|part| part.u128());
        ensure!(found.solvent && parts == [deposits, bonds, 0, 0], "{found:?}, the model says {deposits} and {bonds}");
        ensure!(books.balance(&world.registry) == deposits + bonds, "Datanets hold something else");
        Ok(())
    }
}

fn payout(identities: &mut Identities, world: &World, account: &Addr) -> Addr {
    let id = identities.ensure(account);
    identities.payout(id, world.now()).unwrap_or(account).clone()
}

/// A Datanet that everybody may join.
pub fn create(commons: &Addr) -> Result<ExecuteMsg> {
    Ok(ExecuteMsg::Create {
        name: "Datanet".try_into().map_err(|error| anyhow!("{error}"))?,
        description: "Rows".try_into().map_err(|error| anyhow!("{error}"))?,
        licence: "MIT".try_into().map_err(|error| anyhow!("{error}"))?,
        commons: commons.to_string(),
        membership: Membership::Open,
        commit_reveal: None,
        review: None,
    })
}

/// Rows that nobody offered before.
pub fn contribute(datanet_id: Uint64, number: u64) -> Result<ExecuteMsg> {
    let mut root = [7; 32];
    root[..8].copy_from_slice(&number.to_be_bytes());
    Ok(ExecuteMsg::Contribute {
        datanet_id,
        rows_root: root.into(),
        rows: 10,
        media_type: "text/plain".try_into().map_err(|error| anyhow!("{error}"))?,
        manifest: [9; 32].into(),
        salt: None,
    })
}
