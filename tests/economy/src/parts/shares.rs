//! Shares of a Datanet: issued for contributions and against backing, with income for holders and slashing of backers.
//!
//! The model has no index: every release of income and every slash walks over all accounts. It counts in units of 10^-18 uopen,
//! so that its own rounding is far below what is compared.

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Binary, Uint64, Uint128};
use cw20::{BalanceResponse, Cw20ExecuteMsg, Cw20QueryMsg};
use openledger_contract_kit::Bps;
use shares::{
    client::{back_hook, fund_income_hook},
    msg::{BackingResponse, ClaimableResponse, ExecuteMsg, IncomeResponse, QueryMsg, SolvencyResponse},
};

use super::{FINE, close};
use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, World, shares_params},
};

/// The contract releases income by the nanosecond.
const SECOND: u128 = 1_000_000_000;
const DAY: u64 = 86_400;

#[derive(Default, Clone)]
struct Account {
    shares: u128,
    /// In 10^-18 uopen, claimed or not.
    earned: u128,
    claimed: u128,
    /// In 10^-18 uopen.
    stake: u128,
    /// Shares to give back for it.
    owed: u128,
    /// End and stake in 10^-18 uopen.
    leaving: Vec<(u64, u128)>,
    /// Changes of its stake, each of which may have rounded by a uopen.
    roundings: u128,
}

/// The model of a Datanet's shares.
#[derive(Default)]
pub struct Shares {
    accounts: [Account; PEOPLE],
    /// Income that is not released yet, the nanoseconds left for it, and since when.
    stream: (u128, u128, u64),
    received: u128,
    /// Day and shares minted in it.
    day: (u64, u128),
    minted: u128,
    contributions: u64,
    slashes: u128,
}

impl Shares {
    /// One action of contributors, backers, holders or the Datanets contract.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let who = chance.index(PEOPLE);
        match chance.below(32) {
            0..=4 => self.mint(who, world, chance),
            5..=11 => self.back(who, world, books, chance),
            12..=16 => self.unback(who, world, chance),
            17..=19 => self.withdraw(who, world, books),
            20..=23 => self.transfer(who, world, chance),
            24 => self.burn(who, world, chance),
            25..=27 => self.fund(who, world, books, chance),
            28..=30 => self.claim(who, world, books),
            _ => self.slash(world, books, chance),
        }
    }

    fn supply(&self) -> u128 {
        self.accounts.iter().map(|account| account.shares).sum()
    }

    /// How often the contract may have rounded.
    fn roundings(&self) -> u128 {
        self.accounts.iter().map(|account| account.roundings).sum::<u128>() + self.slashes
    }

    /// Gives every holder its part of what was released since the last change.
    fn release(&mut self, now: u64) {
        let supply = self.supply();
        let (remaining, left, since) = self.stream;
        let passed = u128::from(now - since) * SECOND;
        self.stream.2 = now;
        if supply == 0 {
            return;
        }
        let due = if passed >= left { remaining } else { remaining * passed / left };
        self.stream = (remaining - due, left - passed.min(left), now);
        for account in &mut self.accounts {
            account.earned += due * FINE / supply * account.shares;
        }
    }

    fn mint(&mut self, who: usize, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let asked = 1 + chance.amount(40_000);
        let today = now / DAY;
        let used = if self.day.0 == today { self.day.1 } else { 0 };
        let params = shares_params()?;
        let twice = self.contributions > 0 && chance.once_in(12);
        let fits = !twice
            && used + asked <= params.max_contribution_shares_per_day.u128()
            && self.minted + asked <= params.max_contribution_shares.u128();
        let message = ExecuteMsg::MintForContribution {
            recipient: world.people[who].to_string(),
            amount: Uint128::new(asked),
            identity_id: Uint64::new(who as u64 + 1),
            contribution_id: Uint64::new(self.contributions + u64::from(!twice)),
        };
        let (datanets, shares) = (world.datanets.clone(), world.shares.clone());
        let done = world.expect(&datanets, &shares, &message, fits)?;
        if done {
            self.release(now);
            self.day = (today, used + asked);
            self.minted += asked;
            self.contributions += 1;
            self.accounts[who].shares += asked;
        }
        Ok(done)
    }

    fn back(&mut self, who: usize, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let person = world.people[who].clone();
        let uopen = chance.amount(200_000);
        // One uopen buys half a unit; less than one unit is refused.
        let fits = uopen >= 2 && uopen <= books.balance(&person);
        let done = send(world, &person, uopen, back_hook(None)?, fits)?;
        if done {
            books.pay(&person, &world.shares, uopen)?;
            self.release(world.now());
            let account = &mut self.accounts[who];
            account.shares += uopen / 2;
            account.owed += uopen / 2;
            account.stake += uopen * FINE;
            account.roundings += 1;
        }
        Ok(done)
    }

    fn unback(&mut self, who: usize, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let person = world.people[who].clone();
        let account = &self.accounts[who];
        let covered = account.owed.min(account.shares);
        let asked = 1 + chance.amount(u64::try_from(covered + covered / 8)?);
        let before = backing(world, who)?;
        let message = ExecuteMsg::Unback { shares: Uint128::new(asked) };
        let shares = world.shares.clone();
        let fits = asked <= covered;
        // What is worth less than a uopen is refused too; whether it is, only the contract's rounding decides.
        if fits && before.staked.u128() * asked / account.owed <= 1 {
            return Ok(false);
        }
        let done = world.expect(&person, &shares, &message, fits)?;
        if done {
            self.release(now);
            let delay = shares_params()?.unback_seconds.u64();
            let account = &mut self.accounts[who];
            let part = account.stake / account.owed * asked;
            account.stake -= part;
            account.owed -= asked;
            account.shares -= asked;
            account.leaving.push(((now + delay).div_ceil(DAY) * DAY, part));
            account.roundings += 2;
        }
        Ok(done)
    }

    fn withdraw(&mut self, who: usize, world: &mut World, books: &mut Books) -> Result<bool> {
        let now = world.now();
        let person = world.people[who].clone();
        let account = &self.accounts[who];
        let is_due = |entry: &(u64, u128)| entry.0 <= now;
        let due: u128 = account.leaving.iter().filter(|entry| is_due(entry)).map(|entry| entry.1).sum();
        let fits = account.leaving.iter().any(is_due);
        let before = world.balance(&person);
        let shares = world.shares.clone();
        let done = world.expect(&person, &shares, &ExecuteMsg::WithdrawBacking {}, fits)?;
        let paid = world.balance(&person) - before;
        close("withdrawn backing", paid, due / FINE, self.roundings() + 1)?;
        books.pay(&shares, &person, paid)?;
        self.accounts[who].leaving.retain(|entry| !is_due(entry));
        Ok(done)
    }

    fn transfer(&mut self, who: usize, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let to = chance.index(PEOPLE);
        let (person, recipient) = (world.people[who].clone(), world.people[to].to_string());
        let held = self.accounts[who].shares;
        let asked = chance.amount(u64::try_from(held + held / 8)? + 1);
        let fits = asked <= held;
        let shares = world.shares.clone();
        let message = ExecuteMsg::Transfer { recipient, amount: Uint128::new(asked) };
        let done = world.expect(&person, &shares, &message, fits)?;
        if done {
            self.release(world.now());
            self.accounts[who].shares -= asked;
            self.accounts[to].shares += asked;
        }
        Ok(done)
    }

    fn burn(&mut self, who: usize, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let person = world.people[who].clone();
        let asked = 1 + chance.amount(200);
        let fits = asked <= self.accounts[who].shares;
        let shares = world.shares.clone();
        let done = world.expect(&person, &shares, &ExecuteMsg::Burn { amount: Uint128::new(asked) }, fits)?;
        if done {
            self.release(world.now());
            self.accounts[who].shares -= asked;
        }
        Ok(done)
    }

    fn fund(&mut self, who: usize, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let person = world.people[who].clone();
        let uopen = chance.amount(500_000);
        let fits = uopen > 0 && uopen <= books.balance(&person);
        let done = send(world, &person, uopen, fund_income_hook()?, fits)?;
        if done {
            books.pay(&person, &world.shares, uopen)?;
            self.release(world.now());
            let (remaining, left, since) = self.stream;
            let total = remaining + uopen;
            let length = u128::from(shares_params()?.income_seconds.u64()) * SECOND;
            self.stream = (total, ((remaining * left + uopen * length) / total).max(1), since);
            self.received += uopen;
        }
        Ok(done)
    }

    fn claim(&mut self, who: usize, world: &mut World, books: &mut Books) -> Result<bool> {
        let person = world.people[who].clone();
        let due = claimable(world, who)?;
        let before = world.balance(&person);
        let shares = world.shares.clone();
        let done = world.expect(&person, &shares, &ExecuteMsg::ClaimIncome {}, due > 0)?;
        ensure!(world.balance(&person) - before == due, "paid otherwise than it said");
        books.pay(&shares, &person, due)?;
        if done {
            self.release(world.now());
            self.accounts[who].claimed += due;
            self.earns(who, claimable(world, who)?)?;
        }
        Ok(done)
    }

    fn slash(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let points = if chance.once_in(10) { 10_000 } else { 1 + chance.below(3_000) };
        let fraction = Bps::new(u16::try_from(points)?).map_err(|error| anyhow!("{error}"))?;
        let (datanets, shares) = (world.datanets.clone(), world.shares.clone());
        let held = world.balance(&shares);
        let message = ExecuteMsg::SlashBacking { fraction, recipient: None };
        let done = world.expect(&datanets, &shares, &message, true)?;
        books.burn(&shares, held - world.balance(&shares))?;
        for account in &mut self.accounts {
            account.stake -= account.stake / 10_000 * u128::from(points);
            for (_, stake) in account.leaving.iter_mut().filter(|entry| entry.0 > now) {
                *stake -= *stake / 10_000 * u128::from(points);
            }
            if points == 10_000 {
                (account.stake, account.owed) = (0, 0);
            }
        }
        self.slashes += 2;
        Ok(done)
    }

    fn earns(&self, who: usize, claimable: u128) -> Result<()> {
        let account = &self.accounts[who];
        close("income of a holder", claimable + account.claimed, account.earned / FINE, 3)
    }

    /// Balances are exact, stakes but for rounding, and the contract holds to the last unit what it owes.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let mut promised = 0;
        for (who, account) in self.accounts.iter().enumerate() {
            let question = Cw20QueryMsg::Balance { address: world.people[who].to_string() };
            let shares = world.query::<BalanceResponse>(&world.shares, &question)?.balance.u128();
            ensure!(shares == account.shares, "person {who} holds {shares} shares, the model says {}", account.shares);
            let found = backing(world, who)?;
            ensure!(
                found.shares.u128() == account.owed,
                "person {who} owes {}, the model {}",
                found.shares,
                account.owed
            );
            // What rounding takes from one belongs to the others.
            close("stake", found.staked.u128(), account.stake / FINE, self.roundings() + 1)?;
            ensure!(found.staked.u128() + account.roundings + self.slashes + 1 >= account.stake / FINE, "{found:?}");
            promised += claimable(world, who)?;
        }
        let found: SolvencyResponse = world.query(&world.shares, &QueryMsg::Solvency {})?;
        let income: IncomeResponse = world.query(&world.shares, &QueryMsg::Income {})?;
        let claimed: u128 = self.accounts.iter().map(|account| account.claimed).sum();
        ensure!(found.solvent, "{found:?}");
        ensure!(found.income.u128() == self.received - claimed, "{found:?}: {} came in, {claimed} went", self.received);
        let owed = found.backing + found.unbacking + found.income;
        ensure!(owed.u128() == books.balance(&world.shares), "{found:?}: shares hold something else than they owe");
        ensure!(promised + income.streaming.u128() <= found.income.u128(), "{promised} are promised of {found:?}");
        Ok(())
    }
}

fn send(world: &mut World, person: &cosmwasm_std::Addr, uopen: u128, hook: Binary, fits: bool) -> Result<bool> {
    let token = world.token.clone();
    let message = Cw20ExecuteMsg::Send { contract: world.shares.to_string(), amount: Uint128::new(uopen), msg: hook };
    world.expect(person, &token, &message, fits)
}

fn backing(world: &World, who: usize) -> Result<BackingResponse> {
    let account = world.people[who].to_string();
    world.query(&world.shares, &QueryMsg::Backing { account, start_after: None, limit: None })
}

fn claimable(world: &World, who: usize) -> Result<u128> {
    let question = QueryMsg::Claimable { account: world.people[who].to_string() };
    Ok(world.query::<ClaimableResponse>(&world.shares, &question)?.claimable.u128())
}
