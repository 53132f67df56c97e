//! Staking: delegations, what is on its way out, sets, rewards and slashes.
//!
//! What belongs to a validator, or to a pool of stake on its way out, is exact. Who owns which part of it is kept in units
//! of 10^-18 uopen, and compared within one uopen for each time that the contract rounded: it rounds only where a slash
//! has made shares that are worth less than a uopen.

mod delegators;
mod exits;
mod liens;
mod operators;
mod profile;
mod redelegations;
mod rewards;
mod slashes;
mod stake;
mod validators;

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use cosmwasm_std::Addr;
use staking::msg::{EpochSet, QueryMsg, SolvencyResponse, UnbondingResponse, ValidatorResponse};

use super::close;
use crate::{
    books::Books,
    chance::Chance,
    keys,
    world::{PEOPLE, POWERS, World},
};
use exits::{Entry, Pool};
use liens::Lien;
use operators::Operators;
use rewards::{Account, claimable};
pub use validators::Member;
use validators::Validator;

/// Of the world's parameters.
const UNBONDING: u64 = 3_000;

/// Bonded tokens at one moment.
#[derive(Default, Clone)]
pub struct Powers {
    /// All of them.
    pub total: u128,
    /// Of each account, and within how many uopen.
    pub of: BTreeMap<Addr, (u128, u128)>,
}

/// The model of staking.
pub struct Staking {
    /// At the start of the present block.
    pub powers: Powers,
    validators: Vec<Validator>,
    pools: Vec<Pool>,
    entries: Vec<Entry>,
    last_entry: u64,
    /// Oldest first.
    liens: Vec<Lien>,
    last_lien: u64,
    /// When each set was made, and its members by address, with what they had then.
    sets: Vec<(u64, Vec<Member>)>,
    /// Number of the next key that nobody had.
    next_key: u8,
    accounts: BTreeMap<Addr, Account>,
    funded: u128,
    orphaned: u128,
    /// Node operators, who bond in the same contract.
    pub operators: Operators,
}

impl Staking {
    /// As the chain begins.
    pub fn new(world: &World) -> Result<Self> {
        let mut validators = Vec::new();
        for (key, (account, power)) in (0..).zip(world.validators.iter().zip(POWERS)) {
            let question = QueryMsg::Validator { validator: account.to_string() };
            let found: ValidatorResponse = world.query(&world.staking, &question)?;
            let (commission, since) = (found.commission.rate.points(), found.registered_at.u64());
            let mut validator = Validator { commission, commission_changed_at: since, key, ..Validator::default() };
            validator.stake.add(account.clone(), power);
            validators.push(validator);
        }
        let set: EpochSet = world.query(&world.staking, &QueryMsg::LatestSet {})?;
        let mut model = Self {
            powers: Powers::default(),
            next_key: u8::try_from(validators.len())?,
            validators,
            pools: Vec::new(),
            entries: Vec::new(),
            last_entry: 0,
            liens: Vec::new(),
            last_lien: 0,
            sets: vec![(0, Vec::new())],
            accounts: BTreeMap::new(),
            funded: 0,
            orphaned: 0,
            operators: Operators::default(),
        };
        let members = model.candidates(world);
        members.iter().for_each(|member| model.validators[member.number].earns = true);
        model.sets.push((set.created_at.u64(), members));
        model.next_block();
        Ok(model)
    }

    /// One action of validators, delegators or the slasher.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        match chance.below(50) {
            0..=9 => self.bond(world, books, chance),
            10..=17 => self.unbond(world, books, chance),
            18..=22 => self.withdraw(world, books, chance),
            23..=25 => self.snapshot(world),
            26..=29 => self.fund_by_allowance(world, books, chance),
            30..=34 => self.claim(world, books, chance),
            35..=36 => self.unjail(world, chance),
            37..=41 => self.redelegate(world, books, chance),
            42..=44 => self.settle_redelegations(world, books, chance),
            45 => self.update_commission(world, chance),
            46 => self.rotate_key(world, chance),
            _ => self.slash(world, books, chance),
        }
    }

    /// What is bonded now counts for votes on what the next block proposes.
    pub fn next_block(&mut self) {
        let mut powers = Powers::default();
        for validator in &self.validators {
            powers.total += validator.stake.tokens;
            for who in validator.stake.parts.keys() {
                let (power, slack) = powers.of.entry(who.clone()).or_default();
                *power += validator.stake.worth(who);
                *slack += validator.stake.roundings;
            }
        }
        self.powers = powers;
    }

    /// Number of the newest set.
    pub fn latest(&self) -> u64 {
        self.sets.len() as u64
    }

    /// When a set was made, and its members by address, with their power.
    pub fn set(&self, id: u64) -> Option<&(u64, Vec<Member>)> {
        self.sets.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    fn somebody(world: &World, chance: &mut Chance) -> Addr {
        let number = chance.index(PEOPLE + POWERS.len());
        world.people.get(number).unwrap_or_else(|| &world.validators[number - PEOPLE]).clone()
    }

    /// Totals are exact, parts but for rounding, and the contract holds to the last unit what it owes.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        for (number, (model, account)) in self.validators.iter().zip(&world.validators).enumerate() {
            let question = QueryMsg::Validator { validator: account.to_string() };
            let found: ValidatorResponse = world.query(&world.staking, &question)?;
            let tokens = model.stake.tokens;
            ensure!(found.bonded.u128() == tokens, "validator {number}: {found:?}, the model says {tokens}");
            ensure!(found.tombstoned == model.tombstoned, "validator {number}: {found:?}");
            ensure!(found.commission.rate.points() == model.commission, "validator {number}: {found:?}");
            ensure!(found.bls_public_key == keys::public(model.key), "validator {number}: {found:?}");
            ensure!(found.jailed_until.map(|until| until.u64()) == model.jailed_until, "validator {number}: {found:?}");
        }
        let mut promised = 0;
        for who in world.people.iter().chain(&world.validators) {
            let due = claimable(world, who)?;
            self.earns(world, who, due)?;
            promised += due;
            for number in 0..self.validators.len() {
                self.worth(world, who, number)?;
            }
            let question = QueryMsg::Unbonding { validator: who.to_string() };
            let found: UnbondingResponse = world.query(&world.staking, &question)?;
            let entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.owner == *who).collect();
            ensure!(found.entries.len() == entries.len(), "{} has other entries: {found:?}", world.name(who));
            for (found, entry) in found.entries.iter().zip(entries) {
                let stake = &self.pools[entry.pool].stake;
                close("unbonding", found.amount.u128(), stake.worth(&entry.id), stake.roundings)?;
            }
        }
        self.check_liens(world)?;
        self.operators.check(world)?;
        let set: EpochSet = world.query(&world.staking, &QueryMsg::LatestSet {})?;
        let members = self.sets.last().map(|set| set.1.as_slice()).unwrap_or_default();
        let same = set.members.iter().map(|one| (&one.validator, one.power.u128(), one.bls_public_key));
        let model = |one: &Member| (&world.validators[one.number], one.power, keys::public(one.key));
        ensure!(set.set_id.u64() == self.latest(), "{set:?}");
        ensure!(same.eq(members.iter().map(model)), "{set:?}");

        let bonded: u128 = self.validators.iter().map(|validator| validator.stake.tokens).sum();
        let unbonding: u128 = self.pools.iter().map(|pool| pool.stake.tokens).sum();
        let rewards = self.funded - self.accounts.values().map(|account| account.claimed).sum::<u128>();
        let found: SolvencyResponse = world.query(&world.staking, &QueryMsg::Solvency {})?;
        ensure!(found.solvent, "{found:?}");
        let expected = [bonded, unbonding, self.operators.total(), rewards, self.orphaned];
        let parts = [found.bonded, found.unbonding, found.operators, found.rewards, found.orphaned];
        ensure!(parts.map(|part| part.u128()) == expected, "{found:?}, the model says {expected:?}");
        ensure!(promised + self.orphaned <= rewards, "{promised} are promised, {rewards} are there");
        let owed = bonded + unbonding + self.operators.total() + rewards;
        ensure!(books.balance(&world.staking) == owed, "staking holds something else than {owed}");
        Ok(())
    }
}
