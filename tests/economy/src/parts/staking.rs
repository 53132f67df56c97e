//! Staking: delegations, what is on its way out, sets, rewards and slashes.
//!
//! What belongs to a validator, or to a pool of stake on its way out, is exact. Who owns which part of it is kept in units
//! of 10^-18 uopen, and compared within one uopen for each time that the contract rounded: it rounds only where a slash
//! has made shares that are worth less than a uopen.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint64, Uint128};
use openledger_contract_kit::Bps;
use staking::msg::{
    DelegationsResponse, EpochSet, ExecuteMsg, QueryMsg, RewardsResponse, SolvencyResponse, UnbondingResponse,
    ValidatorResponse,
};

use super::{FINE, close, disputes::lost, operators::Operators, share};
use crate::{
    books::Books,
    chance::Chance,
    world::{CASE, COMMISSIONS, PEOPLE, POWERS, STEADY, World},
};

/// Of the world's parameters.
const UNBONDING: u64 = 3_000;
const WINDOW: u64 = UNBONDING / 16;
const MAX_ENTRIES: usize = 7;
const MAX_DELEGATIONS: usize = 3;
const MIN_SELF_BOND: u128 = 100;
const PLACES: usize = 6;
const INTERVAL: u64 = 10;
const JAIL: u64 = 60;

/// Tokens and who owns which part of them.
struct Stake<K> {
    tokens: u128,
    /// In 10^-18 uopen.
    parts: BTreeMap<K, u128>,
    /// Whether a share is worth less than a uopen.
    slashed: bool,
    /// How often the contract has rounded a part, or what others are left with.
    roundings: u128,
}

impl<K> Default for Stake<K> {
    fn default() -> Self {
        Self { tokens: 0, parts: BTreeMap::new(), slashed: false, roundings: 0 }
    }
}

impl<K: Ord> Stake<K> {
    fn add(&mut self, owner: K, amount: u128) {
        self.tokens += amount;
        *self.parts.entry(owner).or_default() += amount * FINE;
        self.changed();
    }

    /// Takes a part out that is worth `amount`: all of it, or some of it.
    fn take(&mut self, owner: &K, amount: u128, all: bool) {
        self.tokens -= amount;
        match all {
            true => _ = self.parts.remove(owner),
            false => _ = self.parts.get_mut(owner).map(|part| *part = part.saturating_sub(amount * FINE)),
        }
        self.changed();
        if self.parts.is_empty() {
            (self.slashed, self.roundings) = (false, 0);
        }
    }

    /// Takes a fraction, rounded up; answers with it.
    fn slash(&mut self, points: u16) -> u128 {
        let taken = (self.tokens * u128::from(points)).div_ceil(10_000);
        self.tokens -= taken;
        self.slashed |= taken > 0;
        self.changed();
        taken
    }

    /// Whatever rounding left over belongs to everybody.
    fn changed(&mut self) {
        self.roundings += u128::from(self.slashed);
        let sum: u128 = self.parts.values().sum();
        let all = self.tokens * FINE;
        if sum != all && sum > 0 {
            for part in self.parts.values_mut() {
                *part = share(*part, all, sum);
            }
        }
    }

    fn worth(&self, owner: &K) -> u128 {
        self.parts.get(owner).copied().unwrap_or_default() / FINE
    }
}

#[derive(Default)]
struct Validator {
    stake: Stake<Addr>,
    earns: bool,
    jailed_until: Option<u64>,
    tombstoned: bool,
    /// Whether something was earned since the contract last divided it.
    undivided: bool,
}

/// Stake that leaves one validator.
struct Pool {
    validator: usize,
    set: u64,
    opened_at: u64,
    /// By the number of the entry.
    stake: Stake<u64>,
}

struct Entry {
    id: u64,
    owner: Addr,
    pool: usize,
    set: u64,
    completes_at: u64,
}

/// One that may claim.
#[derive(Default, Clone)]
struct Account {
    /// In 10^-18 uopen, claimed or not.
    earned: u128,
    claimed: u128,
    /// What rounding may have moved, in 10^-18 uopen.
    slack: u128,
}

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
    /// When each set was made, and its members by address, with what they had then.
    sets: Vec<(u64, Vec<(usize, u128)>)>,
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
        for (account, power) in world.validators.iter().zip(POWERS) {
            let mut validator = Validator::default();
            validator.stake.add(account.clone(), power);
            validators.push(validator);
        }
        let set: EpochSet = world.query(&world.staking, &QueryMsg::LatestSet {})?;
        let mut model = Self {
            powers: Powers::default(),
            validators,
            pools: Vec::new(),
            entries: Vec::new(),
            last_entry: 0,
            sets: vec![(0, Vec::new())],
            accounts: BTreeMap::new(),
            funded: 0,
            orphaned: 0,
            operators: Operators::default(),
        };
        let members = model.candidates(world);
        members.iter().for_each(|(number, _)| model.validators[*number].earns = true);
        model.sets.push((set.created_at.u64(), members));
        model.next_block();
        Ok(model)
    }

    /// One action of validators, delegators or the slasher.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        match chance.below(40) {
            0..=9 => self.bond(world, books, chance),
            10..=17 => self.unbond(world, chance),
            18..=22 => self.withdraw(world, books, chance),
            23..=25 => self.snapshot(world),
            26..=29 => self.fund_by_allowance(world, books, chance),
            30..=34 => self.claim(world, books, chance),
            35..=36 => self.unjail(world, chance),
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
    pub fn set(&self, id: u64) -> Option<&(u64, Vec<(usize, u128)>)> {
        self.sets.get(usize::try_from(id).ok()?.checked_sub(1)?)
    }

    fn somebody(world: &World, chance: &mut Chance) -> Addr {
        let number = chance.index(PEOPLE + POWERS.len());
        world.people.get(number).unwrap_or_else(|| &world.validators[number - PEOPLE]).clone()
    }

    /// One of the validators that an account has a part of, mostly.
    fn backed(&self, who: &Addr, chance: &mut Chance) -> usize {
        let backed: Vec<usize> = self.backs(who).collect();
        match chance.once_in(6) {
            true => chance.index(POWERS.len()),
            false => backed.get(chance.index(backed.len())).copied().unwrap_or_default(),
        }
    }

    fn backs<'a>(&'a self, who: &'a Addr) -> impl Iterator<Item = usize> + 'a {
        (0..self.validators.len()).filter(|number| self.validators[*number].stake.parts.contains_key(who))
    }

    fn is_candidate(&self, number: usize, world: &World) -> bool {
        let validator = &self.validators[number];
        validator.jailed_until.is_none()
            && !validator.tombstoned
            && validator.stake.parts.contains_key(&world.validators[number])
            && validator.stake.tokens > 0
    }

    fn candidates(&self, world: &World) -> Vec<(usize, u128)> {
        let mut members: Vec<(usize, u128)> = (0..self.validators.len())
            .filter(|number| self.is_candidate(*number, world))
            .map(|number| (number, self.validators[number].stake.tokens))
            .collect();
        members.sort_by_key(|(number, tokens)| std::cmp::Reverse((*tokens, &world.validators[*number])));
        members.truncate(PLACES);
        members.sort_by_key(|(number, _)| &world.validators[*number]);
        members
    }

    /// The contract divides what a validator earned before it changes its stake, rounding the commission down.
    fn divide(&mut self, number: usize, world: &World) {
        let validator = &mut self.validators[number];
        if std::mem::take(&mut validator.undivided) {
            for who in validator.stake.parts.keys().chain([&world.validators[number]]) {
                self.accounts.entry(who.clone()).or_default().slack += FINE;
            }
        }
    }

    /// What a delegation is worth by the contract, which is what the model says but for rounding.
    fn worth(&self, world: &World, who: &Addr, number: usize) -> Result<u128> {
        let question = QueryMsg::Delegations { delegator: who.to_string() };
        let found: DelegationsResponse = world.query(&world.staking, &question)?;
        let validator = &world.validators[number];
        let amount = found.delegations.iter().find(|one| one.validator == *validator).map(|one| one.amount.u128());
        let stake = &self.validators[number].stake;
        ensure!(amount.is_some() == stake.parts.contains_key(who), "{} delegates otherwise", world.name(who));
        let amount = amount.unwrap_or_default();
        close("delegation", amount, stake.worth(who), stake.roundings)?;
        Ok(amount)
    }

    fn bond(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let number = chance.index(POWERS.len());
        let own = chance.once_in(4);
        let who = if own { world.validators[number].clone() } else { Self::somebody(world, chance) };
        let own = who == world.validators[number];
        let amount = chance.amount(4_000_000);
        let validator = &self.validators[number];
        let stake = &validator.stake;
        let mut fits = amount > 0 && amount <= books.balance(&who) && !validator.tombstoned;
        fits &= own || self.is_candidate(number, world);
        fits &= stake.parts.contains_key(&who) || self.backs(&who).count() < MAX_DELEGATIONS;
        fits &= stake.tokens > 0 || stake.parts.is_empty();
        let held = self.worth(world, &who, number)?;
        if own && (held + amount).abs_diff(MIN_SELF_BOND) <= 2 {
            return Ok(false);
        }
        fits &= !own || held + amount > MIN_SELF_BOND;
        let message = match own && chance.once_in(2) {
            true => ExecuteMsg::BondMore { amount: Uint128::new(amount) },
            false => {
                ExecuteMsg::Delegate { validator: world.validators[number].to_string(), amount: Uint128::new(amount) }
            }
        };
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &message, fits)?;
        if done {
            books.pay(&who, &staking, amount)?;
            self.divide(number, world);
            self.validators[number].stake.add(who.clone(), amount);
            close("delegation after bonding", self.worth(world, &who, number)?, held + amount, 1)?;
        }
        Ok(done)
    }

    fn unbond(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let who = Self::somebody(world, chance);
        let number = self.backed(&who, chance);
        let own = who == world.validators[number];
        let held = self.worth(world, &who, number)?;
        // Somebody must be left to sign.
        let most = if own && number < STEADY { held / 16 } else { held + held / 8 };
        let everything = !(own && number < STEADY) && chance.once_in(3);
        let asked = if everything { held } else { chance.amount(u64::try_from(most)?) };
        let named = !everything || chance.once_in(2);
        let all = asked == held && (asked > 0 || !named);
        let left = held.saturating_sub(asked);
        if own && !all && left.abs_diff(MIN_SELF_BOND) <= 2 {
            return Ok(false);
        }
        let open = self.entries.iter().filter(|entry| entry.owner == who).count();
        let mut fits = self.validators[number].stake.parts.contains_key(&who) && asked <= held;
        fits &= !named || asked > 0;
        fits &= !own || all || left > MIN_SELF_BOND;
        fits &= asked == 0 || open < MAX_ENTRIES;
        let amount = Uint128::new(asked);
        let message = match (own && named && chance.once_in(2), named) {
            (true, _) => ExecuteMsg::Unbond { amount },
            (_, named) => ExecuteMsg::Undelegate {
                validator: world.validators[number].to_string(),
                amount: named.then_some(amount),
            },
        };
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &message, fits)?;
        if done {
            self.divide(number, world);
            self.validators[number].stake.take(&who, asked, all);
            if all {
                // The fraction of a uopen that it had earned is gone.
                self.accounts.entry(who.clone()).or_default().slack += FINE;
            }
            close("delegation after unbonding", self.worth(world, &who, number)?, left, 1)?;
            if asked > 0 {
                self.leave(world, who, number, asked);
            }
        }
        Ok(done)
    }

    fn is_live(&self, pool: &Pool, now: u64) -> bool {
        let superseded = self.set(pool.set + 1).map(|(made_at, _)| *made_at);
        pool.stake.tokens > 0 && superseded.is_none_or(|made_at| now < made_at + UNBONDING)
    }

    fn leave(&mut self, world: &World, owner: Addr, validator: usize, amount: u128) {
        let (now, set) = (world.now(), self.latest());
        let live = |pool: &Pool| pool.validator == validator && self.is_live(pool, now);
        let newest = self.pools.iter().rposition(live);
        let joins = newest.filter(|at| self.pools[*at].set == set || now < self.pools[*at].opened_at + WINDOW);
        let at = joins.unwrap_or_else(|| {
            self.pools.push(Pool { validator, set, opened_at: now, stake: Stake::default() });
            self.pools.len() - 1
        });
        self.last_entry += 1;
        self.pools[at].set = set;
        self.pools[at].stake.add(self.last_entry, amount);
        self.entries.push(Entry { id: self.last_entry, owner, pool: at, set, completes_at: now + UNBONDING });
    }

    /// Whether an entry may leave: it waited, also after the first set that no longer counts it, and the newest set counts
    /// no more of the validator than is there.
    fn is_due(&self, entry: &Entry, now: u64) -> bool {
        let superseded = self.set(entry.set + 1).map_or(0, |(made_at, _)| made_at + UNBONDING);
        let validator = self.pools[entry.pool].validator;
        let counted =
            |(number, power): &(usize, u128)| *number == validator && *power > self.validators[validator].stake.tokens;
        let blocked = entry.set == self.latest() && self.sets.last().is_some_and(|set| set.1.iter().any(counted));
        now >= entry.completes_at.max(superseded) && !blocked
    }

    fn withdraw(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let waiting: Vec<&Entry> = self.entries.iter().filter(|entry| self.is_due(entry, now)).collect();
        let who = match chance.once_in(2) {
            true => waiting.get(chance.index(waiting.len())).map(|entry| entry.owner.clone()),
            false => None,
        };
        let who = who.unwrap_or_else(|| Self::somebody(world, chance));
        let due: Vec<u64> = waiting.iter().filter(|entry| entry.owner == who).map(|entry| entry.id).collect();
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &ExecuteMsg::WithdrawUnbonded {}, !due.is_empty())?;
        if done {
            let parse = |value: &str| value.parse::<u64>().map_err(|error| anyhow!("{value}: {error}"));
            let ids = world.events("staking/withdrawn", "entry_id").map(parse).collect::<Result<Vec<_>>>()?;
            let paid = world.events("staking/withdrawn", "amount").map(parse).collect::<Result<Vec<_>>>()?;
            ensure!(ids == due, "{ids:?} left, the model says {due:?}");
            for (id, paid) in ids.into_iter().zip(paid) {
                let paid = u128::from(paid);
                let pool = self.entries.iter().find(|entry| entry.id == id).map_or(0, |entry| entry.pool);
                let stake = &mut self.pools[pool].stake;
                close("unbonded", paid, stake.worth(&id), stake.roundings)?;
                stake.take(&id, paid, true);
                books.pay(&staking, &who, paid)?;
            }
            self.entries.retain(|entry| !due.contains(&entry.id));
        }
        Ok(done)
    }

    fn snapshot(&mut self, world: &mut World) -> Result<bool> {
        let now = world.now();
        let members = self.candidates(world);
        let (made_at, before) = self.sets.last().cloned().unwrap_or_default();
        let fits = members != before && now >= made_at + INTERVAL;
        let (staking, anyone) = (world.staking.clone(), world.founder.clone());
        let done = world.expect(&anyone, &staking, &ExecuteMsg::Snapshot {}, fits)?;
        if done {
            let is_in = |set: &[(usize, u128)], number: usize| set.iter().any(|member| member.0 == number);
            for (number, _) in before.iter().filter(|member| !is_in(&members, member.0)) {
                self.stop(*number, world);
            }
            for (number, _) in members.iter().filter(|member| !is_in(&before, member.0)) {
                self.validators[*number].earns = true;
            }
            self.sets.push((now, members));
        }
        Ok(done)
    }

    /// Earns no more; the fraction of a uopen that it had earned is nobody's.
    fn stop(&mut self, number: usize, world: &World) {
        self.validators[number].undivided |= self.validators[number].earns;
        self.divide(number, world);
        self.validators[number].earns = false;
    }

    fn fund_by_allowance(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
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
            let commission = share(part, u128::from(COMMISSIONS[number]), 10_000);
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

    fn claim(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
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

    fn unjail(&mut self, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let jailed = |number: &usize| self.validators[*number].jailed_until.is_some();
        let jailed: Vec<usize> = (0..POWERS.len()).filter(jailed).collect();
        let number = match chance.once_in(4) {
            true => chance.index(POWERS.len()),
            false => jailed.get(chance.index(jailed.len())).copied().unwrap_or_default(),
        };
        let who = world.validators[number].clone();
        let held = self.worth(world, &who, number)?;
        let validator = &self.validators[number];
        let fits = !validator.tombstoned
            && validator.jailed_until.is_some_and(|until| world.now() >= until)
            && held >= MIN_SELF_BOND;
        let staking = world.staking.clone();
        let done = world.expect(&who, &staking, &ExecuteMsg::Unjail {}, fits)?;
        if done {
            self.divide(number, world);
            let member = self.sets.last().is_some_and(|set| set.1.iter().any(|member| member.0 == number));
            let validator = &mut self.validators[number];
            validator.jailed_until = None;
            validator.earns |= member;
        }
        Ok(done)
    }

    /// Slashes one or two validators for something in a set: a steady one a little, another up to everything and for good.
    fn slash(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let steady = chance.once_in(3);
        let mut named = match steady {
            true => vec![chance.index(STEADY)],
            false => vec![STEADY + chance.index(POWERS.len() - STEADY), STEADY + chance.index(POWERS.len() - STEADY)],
        };
        if chance.once_in(2) {
            named.truncate(1);
        }
        let points = u16::try_from(match chance.below(12) {
            0 if !steady => 10_000,
            1 => 0,
            _ => 1 + chance.below(if steady { 30 } else { 2_500 }),
        })?;
        let tombstone = !steady && chance.once_in(60);
        let set = (self.latest() + chance.below(2)).saturating_sub(chance.below(4) * chance.below(4));
        let stranger = chance.once_in(20);
        let twice = named.windows(2).any(|pair| pair[0] == pair[1]);
        let fits = !stranger && !twice && (1..=self.latest()).contains(&set);
        let message = ExecuteMsg::SlashValidators {
            case_id: Uint64::new(CASE),
            set_id: Uint64::new(set),
            validators: named.iter().map(|number| world.validators[*number].to_string()).collect(),
            fraction: Bps::new(points).map_err(|error| anyhow!("{error}"))?,
            tombstone,
        };
        let (staking, slasher) = (world.staking.clone(), world.disputes.clone());
        let sender = if stranger { world.founder.clone() } else { slasher };
        let done = world.expect(&sender, &staking, &message, fits)?;
        if done {
            let total = self.punish(world, &named, set, points, tombstone);
            lost(world, books, &world.people[0], total)?;
        }
        Ok(done)
    }

    /// Takes a fraction of what answers for `set`, and jails; answers with all it took.
    pub fn punish(&mut self, world: &World, named: &[usize], set: u64, points: u16, tombstone: bool) -> u128 {
        let now = world.now();
        let mut total = 0;
        for number in named.iter().copied() {
            self.stop(number, world);
            let validator = &mut self.validators[number];
            total += validator.stake.slash(points);
            validator.tombstoned |= tombstone;
            validator.jailed_until = Some(validator.jailed_until.unwrap_or_default().max(now + JAIL));
            for at in 0..self.pools.len() {
                let pool = &self.pools[at];
                if pool.validator == number && pool.set >= set && self.is_live(pool, now) {
                    total += self.pools[at].stake.slash(points);
                }
            }
        }
        total
    }

    /// An account's rewards, within what rounding holds back.
    fn earns(&self, world: &World, who: &Addr, claimable: u128) -> Result<()> {
        let account = self.accounts.get(who).cloned().unwrap_or_default();
        let slack = account.slack / FINE + 3;
        close(&format!("rewards of {}", world.name(who)), claimable + account.claimed, account.earned / FINE, slack)
    }

    /// Totals are exact, parts but for rounding, and the contract holds to the last unit what it owes.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        for (number, (model, account)) in self.validators.iter().zip(&world.validators).enumerate() {
            let question = QueryMsg::Validator { validator: account.to_string() };
            let found: ValidatorResponse = world.query(&world.staking, &question)?;
            let tokens = model.stake.tokens;
            ensure!(found.bonded.u128() == tokens, "validator {number}: {found:?}, the model says {tokens}");
            ensure!(found.tombstoned == model.tombstoned, "validator {number}: {found:?}");
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
        self.operators.check(world)?;
        let set: EpochSet = world.query(&world.staking, &QueryMsg::LatestSet {})?;
        let members = self.sets.last().map(|set| set.1.as_slice()).unwrap_or_default();
        let same = set.members.iter().map(|member| (&member.validator, member.power.u128()));
        ensure!(set.set_id.u64() == self.latest(), "{set:?}");
        ensure!(same.eq(members.iter().map(|(number, power)| (&world.validators[*number], *power))), "{set:?}");

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

fn claimable(world: &World, account: &Addr) -> Result<u128> {
    let question = QueryMsg::Rewards { validator: account.to_string() };
    Ok(world.query::<RewardsResponse>(&world.staking, &question)?.claimable.u128())
}
