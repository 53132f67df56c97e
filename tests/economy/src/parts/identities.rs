//! Identities: to whom income goes now.

use anyhow::{Result, ensure};
use cosmwasm_std::{Addr, Uint64};
use datanets::msg::{ExecuteMsg, IdentityResponse, QueryMsg};

use crate::{
    chance::Chance,
    world::{PEOPLE, World, registry_params},
};

struct Identity {
    controller: Addr,
    payout: Addr,
    /// Another payout account, and from when on.
    next: Option<(Addr, u64)>,
}

/// The model of identities.
pub struct Identities(Vec<Identity>);

impl Identities {
    /// As the chain begins: the founder has the first.
    pub fn new(world: &World) -> Self {
        let mut identities = Self(Vec::new());
        identities.ensure(&world.founder);
        identities
    }

    /// Somebody gets an identity or moves its income.
    pub fn act(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let (person, other) = (world.people[chance.index(PEOPLE)].clone(), world.people[chance.index(PEOPLE)].clone());
        let registry = world.registry.clone();
        let own = self.0.iter_mut().find(|identity| identity.controller == person);
        match chance.below(8) {
            0..=2 => {
                let fits = own.is_none();
                let payout = chance.once_in(2).then(|| other.to_string());
                let account = if payout.is_some() { other } else { person.clone() };
                let message = ExecuteMsg::CreateIdentity { payout, guardians: Vec::new(), threshold: 0 };
                let done = world.expect(&person, &registry, &message, fits)?;
                if done {
                    self.0.push(Identity { controller: person, payout: account, next: None });
                }
                Ok(done)
            }
            3..=6 => {
                let message = ExecuteMsg::SetPayout { account: other.to_string() };
                let done = world.expect(&person, &registry, &message, own.is_some())?;
                if let Some(identity) = own.filter(|_| done) {
                    identity.payout = identity.at(now).clone();
                    identity.next = Some((other, now + registry_params().payout_delay_seconds.u64()));
                }
                Ok(done)
            }
            _ => {
                let waits = |identity: &Identity| identity.next.as_ref().is_some_and(|next| now < next.1);
                let fits = own.as_deref().is_some_and(waits);
                let done = world.expect(&person, &registry, &ExecuteMsg::CancelPayout {}, fits)?;
                if let Some(identity) = own.filter(|_| done) {
                    identity.next = None;
                }
                Ok(done)
            }
        }
    }

    /// Who acts on a Datanet has an identity from then on.
    pub fn ensure(&mut self, account: &Addr) -> u64 {
        let known = self.0.iter().position(|identity| identity.controller == *account);
        let index = known.unwrap_or_else(|| {
            self.0.push(Identity { controller: account.clone(), payout: account.clone(), next: None });
            self.0.len() - 1
        });
        index as u64 + 1
    }

    /// Where the income of an identity goes.
    pub fn payout(&self, id: u64, now: u64) -> Option<&Addr> {
        self.0.get(usize::try_from(id).ok()?.checked_sub(1)?).map(|identity| identity.at(now))
    }

    /// Every identity pays where the model says.
    pub fn check(&self, world: &World) -> Result<()> {
        for (identity, id) in self.0.iter().zip(1..) {
            let question = QueryMsg::Identity { identity_id: Uint64::new(id) };
            let found: IdentityResponse = world.query(&world.registry, &question)?;
            ensure!(found.controller == identity.controller, "{found:?}");
            ensure!(found.payout == *identity.at(world.now()), "{found:?}");
        }
        Ok(())
    }
}

impl Identity {
    fn at(&self, now: u64) -> &Addr {
        match &self.next {
            Some((account, from)) if now >= *from => account,
            _ => &self.payout,
        }
    }
}
