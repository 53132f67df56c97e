//! Bonds of node operators: all of it exact.

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Uint64, Uint128};
use openledger_contract_kit::Bps;
use staking::msg::{Endpoint, ExecuteMsg, Moniker, OperatorResponse, QueryMsg};

use super::super::disputes::lost;
use super::UNBONDING;
use crate::{
    books::Books,
    chance::Chance,
    world::{CASE, LASTING_NODES, NODES, World},
};

/// Of the world's parameters.
const MAX_EXITS: usize = 7;
const MIN_BOND: u128 = 50;

#[derive(Default)]
struct Operator {
    registered: bool,
    bond: u128,
    /// Amounts, and when they may leave.
    exits: Vec<(u128, u64)>,
    barred: bool,
}

/// The model of node operators.
#[derive(Default)]
pub struct Operators([Operator; NODES]);

impl Operators {
    /// One action of nodes or the slasher.
    pub fn act(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let number = chance.index(NODES);
        match chance.below(16) {
            0..=1 => self.register(number, world, books, chance),
            2..=7 => self.bond(number, world, books, chance),
            8..=10 => self.unbond(number, world, chance),
            11..=13 => self.withdraw(number, world, books),
            _ => self.slash(number, world, books, chance),
        }
    }

    /// Everything that operators have in the contract.
    pub fn total(&self) -> u128 {
        let exits = |operator: &Operator| operator.exits.iter().map(|exit| exit.0).sum::<u128>();
        self.0.iter().map(|operator| operator.bond + exits(operator)).sum()
    }

    /// What a node may have in open batches, when each uopen of its bond answers for `factor`.
    pub fn covers(&self, number: usize, factor: u32) -> u128 {
        let operator = &self.0[number];
        if operator.barred { 0 } else { operator.bond * u128::from(factor) }
    }

    fn register(&mut self, number: usize, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let node = world.nodes[number].clone();
        let amount = chance.amount(2_000_000);
        let operator = &mut self.0[number];
        let fits = !operator.registered && amount >= MIN_BOND && amount <= books.balance(&node);
        let message = ExecuteMsg::RegisterOperator {
            amount: Uint128::new(amount),
            endpoint: Endpoint::new("http://127.0.0.1:1".to_owned()).map_err(|error| anyhow!("{error}"))?,
            moniker: Moniker::new("node".to_owned()).map_err(|error| anyhow!("{error}"))?,
        };
        let staking = world.staking.clone();
        let done = world.expect(&node, &staking, &message, fits)?;
        if done {
            books.pay(&node, &staking, amount)?;
            (operator.registered, operator.bond) = (true, amount);
        }
        Ok(done)
    }

    fn bond(&mut self, number: usize, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let node = world.nodes[number].clone();
        let amount = chance.amount(2_000_000);
        let operator = &mut self.0[number];
        let fits = operator.registered
            && !operator.barred
            && (1..=books.balance(&node)).contains(&amount)
            && operator.bond + amount >= MIN_BOND;
        let staking = world.staking.clone();
        let message = ExecuteMsg::BondOperator { amount: Uint128::new(amount) };
        let done = world.expect(&node, &staking, &message, fits)?;
        if done {
            books.pay(&node, &staking, amount)?;
            operator.bond += amount;
        }
        Ok(done)
    }

    fn unbond(&mut self, number: usize, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let node = world.nodes[number].clone();
        let operator = &mut self.0[number];
        let amount = match chance.once_in(8) {
            true => operator.bond,
            false => chance.amount(u64::try_from(operator.bond + operator.bond / 8)?),
        };
        let left = operator.bond.checked_sub(amount);
        let fits = operator.registered
            && amount > 0
            && left.is_some_and(|left| left == 0 || left >= MIN_BOND)
            && operator.exits.len() < MAX_EXITS;
        let staking = world.staking.clone();
        let message = ExecuteMsg::UnbondOperator { amount: Uint128::new(amount) };
        let done = world.expect(&node, &staking, &message, fits)?;
        if done {
            operator.bond -= amount;
            operator.exits.push((amount, world.now() + UNBONDING));
        }
        Ok(done)
    }

    fn withdraw(&mut self, number: usize, world: &mut World, books: &mut Books) -> Result<bool> {
        let node = world.nodes[number].clone();
        let now = world.now();
        let operator = &mut self.0[number];
        let fits = operator.exits.iter().any(|exit| exit.1 <= now);
        let staking = world.staking.clone();
        let done = world.expect(&node, &staking, &ExecuteMsg::WithdrawOperator {}, fits)?;
        if done {
            let due = operator.exits.iter().filter(|exit| exit.1 <= now).map(|exit| exit.0).sum();
            books.pay(&staking, &node, due)?;
            operator.exits.retain(|exit| exit.1 > now);
        }
        Ok(done)
    }

    /// Takes a fraction, rounded up, of the bond and of every exit. The first nodes are never barred.
    fn slash(&mut self, number: usize, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let points = match chance.below(10) {
            0 => 10_000,
            1 => 0,
            _ => chance.below(3_000),
        };
        let bar = number >= LASTING_NODES && chance.once_in(40);
        let message = ExecuteMsg::SlashOperator {
            case_id: Uint64::new(CASE),
            operator: world.nodes[number].to_string(),
            fraction: Bps::new(u16::try_from(points)?).map_err(|error| anyhow!("{error}"))?,
            bar,
        };
        let stranger = chance.once_in(10);
        let sender = if stranger { world.founder.clone() } else { world.disputes.clone() };
        let fits = !stranger && self.0[number].registered;
        let staking = world.staking.clone();
        let done = world.expect(&sender, &staking, &message, fits)?;
        if done {
            let taken = self.takes(number, u128::from(points), bar);
            lost(world, books, &world.people[0], taken)?;
        }
        Ok(done)
    }

    /// What a slash takes.
    pub fn takes(&mut self, number: usize, points: u128, bar: bool) -> u128 {
        let operator = &mut self.0[number];
        operator.barred |= bar;
        let mut taken = 0;
        for amount in operator.exits.iter_mut().map(|exit| &mut exit.0).chain([&mut operator.bond]) {
            let part = (*amount * points).div_ceil(10_000);
            *amount -= part;
            taken += part;
        }
        taken
    }

    /// Every operator has what the model says.
    pub fn check(&self, world: &World) -> Result<()> {
        for (node, operator) in world.nodes.iter().zip(&self.0).filter(|(_, operator)| operator.registered) {
            let question = QueryMsg::Operator { operator: node.to_string() };
            let found: OperatorResponse = world.query(&world.staking, &question)?;
            let unbonding: u128 = operator.exits.iter().map(|exit| exit.0).sum();
            let same = (found.bond.u128(), found.unbonding.u128(), found.barred);
            ensure!(same == (operator.bond, unbonding, operator.barred), "{}: {found:?}", world.name(node));
        }
        Ok(())
    }
}
