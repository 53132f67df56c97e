//! Governance: deposits and votes on text proposals, with the power that was staked at the start of a proposal's block.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, ensure};
use cosmwasm_std::{Addr, Uint128};
use governance::msg::{Action, ExecuteMsg, NewProposal, QueryMsg, SolvencyResponse, VoteOption, VotingPowerResponse};

use super::{
    close,
    sessions::{Sessions, id},
    staking::{Powers, Staking},
};
use crate::{
    books::Books,
    chance::Chance,
    world::{PEOPLE, POWERS, World},
};

/// Of the world's parameters.
const DEPOSIT_SECONDS: u64 = 300;
const VOTING: u64 = 600;
const FAST_VOTING: u64 = 200;

#[derive(Clone, Copy, PartialEq)]
enum Status {
    Deposit,
    Voting,
    Over,
    Vetoed,
}

struct Proposal {
    minimum: u128,
    expedited: bool,
    deposits: Vec<(Addr, u128)>,
    deposit_ends_at: u64,
    began_at: Option<u64>,
    powers: Powers,
    /// Yes, no, abstain or veto, and with how much power.
    votes: BTreeMap<Addr, (usize, u128)>,
    closed: bool,
}

impl Proposal {
    fn deposited(&self) -> u128 {
        self.deposits.iter().map(|deposit| deposit.1).sum()
    }

    fn deposit(&mut self, from: Addr, amount: u128, now: u64) {
        match self.deposits.iter_mut().find(|deposit| deposit.0 == from) {
            Some(deposit) => deposit.1 += amount,
            None => self.deposits.push((from, amount)),
        }
        if self.deposited() >= self.minimum {
            self.began_at = Some(now);
        }
    }

    /// Yes, no, abstain, veto.
    fn tally(&self) -> [u128; 4] {
        let mut tally = [0; 4];
        self.votes.values().for_each(|(side, power)| tally[*side] += power);
        tally
    }

    /// Whether enough voted, and of them enough yes.
    fn passes(&self, percent: u128) -> bool {
        let [yes, no, abstain, veto] = self.tally();
        let cast = yes + no + abstain + veto;
        cast > 0
            && cast * 5 >= self.powers.total
            && veto * 10_000 <= cast * 3_334
            && yes * 100 > (yes + no + veto) * percent
    }

    fn status(&self, now: u64) -> Status {
        let Some(began_at) = self.began_at else {
            return if now < self.deposit_ends_at { Status::Deposit } else { Status::Over };
        };
        if self.expedited && now < began_at + FAST_VOTING {
            return Status::Voting;
        }
        if self.expedited && self.passes(67) {
            return Status::Over;
        }
        let [yes, no, abstain, veto] = self.tally();
        let cast = yes + no + abstain + veto;
        match now < began_at + VOTING {
            true => Status::Voting,
            false if cast > 0 && cast * 5 >= self.powers.total && veto * 10_000 > cast * 3_334 => Status::Vetoed,
            false => Status::Over,
        }
    }
}

/// The model of governance.
#[derive(Default)]
pub struct Governance(Vec<Proposal>);

impl Governance {
    /// One action of proposers, depositors or voters.
    pub fn act(
        &mut self,
        staking: &Staking,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let number = chance.index(PEOPLE + POWERS.len());
        let who = world.people.get(number).unwrap_or_else(|| &world.validators[number - PEOPLE]).clone();
        match chance.below(20) {
            0..=1 => self.propose(staking, who, world, books, chance),
            2..=6 => self.deposit(who, world, books, chance),
            7..=15 => self.vote(who, world, chance),
            _ => self.close(world, books, chance),
        }
    }

    /// One that is at this stage, mostly.
    fn pick(&self, status: Status, now: u64, chance: &mut Chance) -> usize {
        let at_stage: Vec<usize> = (self.0.len().saturating_sub(40)..self.0.len())
            .filter(|index| self.0[*index].status(now) == status)
            .collect();
        match at_stage.get(chance.index(at_stage.len())) {
            Some(index) if !chance.once_in(6) => *index,
            _ => Sessions::pick(self.0.len(), chance),
        }
    }

    fn propose(
        &mut self,
        staking: &Staking,
        who: Addr,
        world: &mut World,
        books: &mut Books,
        chance: &mut Chance,
    ) -> Result<bool> {
        let now = world.now();
        let expedited = chance.once_in(3);
        let minimum = if expedited { 40_000 } else { 16_000 };
        let amount = chance.amount(60_000);
        let fits = amount * 10 >= minimum && amount <= books.balance(&who);
        let message = ExecuteMsg::Propose {
            proposal: NewProposal {
                title: "A title".try_into().map_err(|error| anyhow!("{error}"))?,
                description: "Words".try_into().map_err(|error| anyhow!("{error}"))?,
                expedited,
                action: Action::Text {},
            },
            deposit: Uint128::new(amount),
        };
        let governance = world.governance.clone();
        let done = world.expect(&who, &governance, &message, fits)?;
        if done {
            books.pay(&who, &governance, amount)?;
            let mut proposal = Proposal {
                minimum,
                expedited,
                deposits: Vec::new(),
                deposit_ends_at: now + DEPOSIT_SECONDS,
                began_at: None,
                powers: staking.powers.clone(),
                votes: BTreeMap::new(),
                closed: false,
            };
            proposal.deposit(who, amount, now);
            self.0.push(proposal);
        }
        Ok(done)
    }

    fn deposit(&mut self, who: Addr, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let index = self.pick(Status::Deposit, now, chance);
        let amount = chance.amount(20_000);
        let enough = |proposal: &Proposal| {
            let missing = proposal.minimum.saturating_sub(proposal.deposited());
            let known = proposal.deposits.iter().any(|deposit| deposit.0 == who);
            known || amount >= proposal.minimum.div_ceil(16).min(missing)
        };
        let found = self.0.get(index);
        let fits = found.is_some_and(|proposal| proposal.status(now) == Status::Deposit && enough(proposal))
            && (1..=books.balance(&who)).contains(&amount);
        let governance = world.governance.clone();
        let message = ExecuteMsg::Deposit { proposal_id: id(index), amount: Uint128::new(amount) };
        let done = world.expect(&who, &governance, &message, fits)?;
        if let Some(proposal) = self.0.get_mut(index).filter(|_| done) {
            books.pay(&who, &governance, amount)?;
            proposal.deposit(who, amount, now);
        }
        Ok(done)
    }

    fn vote(&mut self, who: Addr, world: &mut World, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let index = self.pick(Status::Voting, now, chance);
        let side = chance.index(4);
        let governance = world.governance.clone();
        let mut power = 0;
        if let Some(proposal) = self.0.get(index) {
            let question = QueryMsg::VotingPower { proposal_id: id(index), account: who.to_string() };
            let found: VotingPowerResponse = world.query(&governance, &question)?;
            power = found.power.u128();
            let (expected, slack) = proposal.powers.of.get(&who).copied().unwrap_or_default();
            close("voting power", power, expected, slack)?;
            ensure!(found.total.u128() == proposal.powers.total, "{found:?}, the model says {}", proposal.powers.total);
        }
        let fits = power > 0 && self.0.get(index).is_some_and(|proposal| proposal.status(now) == Status::Voting);
        let vote = [VoteOption::Yes, VoteOption::No, VoteOption::Abstain, VoteOption::Veto][side];
        let message = ExecuteMsg::Vote { proposal_id: id(index), vote };
        let done = world.expect(&who, &governance, &message, fits)?;
        if let Some(proposal) = self.0.get_mut(index).filter(|_| done) {
            // Who votes on after the fast vote was missed, votes in an ordinary one.
            proposal.expedited &= proposal.began_at.is_some_and(|began_at| now < began_at + FAST_VOTING);
            proposal.votes.insert(who, (side, power));
        }
        Ok(done)
    }

    /// Anybody has a deposit given back, or burned after a veto.
    fn close(&mut self, world: &mut World, books: &mut Books, chance: &mut Chance) -> Result<bool> {
        let now = world.now();
        let over =
            |proposal: &Proposal| !proposal.closed && matches!(proposal.status(now), Status::Over | Status::Vetoed);
        let index = match self.0.iter().position(over) {
            Some(index) if chance.once_in(2) => index,
            _ => Sessions::pick(self.0.len(), chance),
        };
        let fits = self.0.get(index).is_some_and(over);
        let (governance, anyone) = (world.governance.clone(), world.founder.clone());
        let done = world.expect(&anyone, &governance, &ExecuteMsg::Close { proposal_id: id(index) }, fits)?;
        if let Some(proposal) = self.0.get_mut(index).filter(|_| done) {
            proposal.closed = true;
            match proposal.status(now) {
                Status::Vetoed => books.burn(&governance, proposal.deposited())?,
                _ => {
                    for (account, amount) in &proposal.deposits {
                        books.pay(&governance, account, *amount)?;
                    }
                }
            }
        }
        Ok(done)
    }

    /// The contract holds the deposits that were neither given back nor burned.
    pub fn check(&self, world: &World, books: &Books) -> Result<()> {
        let deposits: u128 = self.0.iter().filter(|proposal| !proposal.closed).map(Proposal::deposited).sum();
        let found: SolvencyResponse = world.query(&world.governance, &QueryMsg::Solvency {})?;
        ensure!(found.solvent && found.deposits.u128() == deposits, "{found:?}, the model says {deposits}");
        ensure!(books.balance(&world.governance) == deposits, "governance holds something else than {deposits}");
        Ok(())
    }
}
