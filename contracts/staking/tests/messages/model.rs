//! Random histories against plain books kept beside the contract.
//!
//! The books know no shares, pools or indexes: a stake is an amount that a slash multiplies. They count in floating point
//! and agree with the contract up to its roundings. What must be exact (money in and out, totals) is compared exactly.

use std::collections::BTreeMap;

use cosmwasm_std::{Addr, Uint128};
use cw_multi_test::Executor;
use proptest::prelude::*;
use staking::{
    msg::{DelegationsResponse, EpochSet, ExecuteMsg, OperatorResponse, PowerResponse, QueryMsg},
    state::{EARNING, LEDGER},
};

use crate::chain::{params, Chain, RICH};

/// Validators are accounts 0 to 2, delegators 3 and 4.
const ACCOUNTS: u8 = 5;

#[derive(Debug, Clone)]
enum Step {
    Delegate(u8, u8, u128),
    Undelegate(u8, u8, u128),
    Leave(u8, u8),
    Redelegate(u8, u8, u8, Option<u128>),
    Settle(u8, u8),
    Withdraw(u8),
    Claim(u8),
    Fund(u128),
    Snapshot,
    Slash(u8, u64, u16),
    Unjail(u8),
    Operate(u8, u128),
    Retire(u8, u128),
    SlashOperator(u8, u16),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let (who, validator) = (0u8..ACCOUNTS, 0u8..3);
    prop_oneof![
        4 => (who.clone(), validator.clone(), 1u128..500).prop_map(|(who, to, amount)| Step::Delegate(who, to, amount)),
        3 => (who.clone(), validator.clone(), 1u128..300).prop_map(|(who, to, amount)| Step::Undelegate(who, to, amount)),
        1 => (who.clone(), validator.clone()).prop_map(|(who, to)| Step::Leave(who, to)),
        4 => (who.clone(), validator.clone(), validator.clone(), prop::option::weighted(0.8, 1u128..300))
            .prop_map(|(who, from, to, amount)| Step::Redelegate(who, from, to, amount)),
        2 => (who.clone(), validator.clone()).prop_map(|(who, to)| Step::Settle(who, to)),
        2 => who.clone().prop_map(Step::Withdraw),
        2 => who.clone().prop_map(Step::Claim),
        2 => (1u128..10_000).prop_map(Step::Fund),
        3 => Just(Step::Snapshot),
        2 => (validator.clone(), 0u64..6, 0u16..7_000).prop_map(|(who, set, points)| Step::Slash(who, set, points)),
        2 => validator.prop_map(Step::Unjail),
        1 => (who.clone(), 1u128..300).prop_map(|(who, amount)| Step::Operate(who, amount)),
        1 => (who.clone(), 1u128..300).prop_map(|(who, amount)| Step::Retire(who, amount)),
        1 => (who, 0u16..7_000).prop_map(|(who, points)| Step::SlashOperator(who, points)),
        3 => (1u64..700).prop_map(Step::Wait),
    ]
}

/// An entry as the model remembers it.
struct Exit {
    validator: u8,
    set_id: u64,
    started_at: u64,
    worth: f64,
}

/// Redelegated stake as the model remembers it. A slash counts when it happens; the contract takes it when it is settled.
#[derive(Clone)]
struct Moved {
    from: u8,
    set_id: u64,
    started_at: u64,
    /// Before what was not taken yet.
    worth: f64,
    /// What slashes since the last settlement leave of it, as a fraction.
    keeps: f64,
}

impl Moved {
    /// First moment without the liability; absent while its set is the newest.
    fn end(&self, set_times: &[u64]) -> Option<u64> {
        set_times.get(self.set_id as usize).map(|next| next + 1_000)
    }
}

struct Model {
    chain: Chain,
    slasher: Addr,
    /// By delegator and validator.
    stakes: BTreeMap<(u8, u8), f64>,
    /// By delegator and entry.
    exits: BTreeMap<(u8, u64), Exit>,
    /// By delegator and the validator that it went to.
    moved: BTreeMap<(u8, u8), Vec<Moved>>,
    set_times: Vec<u64>,
    jailed: [bool; 3],
    funded: u128,
    claimed: u128,
    /// Bonds that operators brought minus what they withdrew or lost.
    operators: u128,
    slashed: u128,
    burned: u128,
    supply: u128,
}

/// Roundings of a whole history. Every message rounds by less than one uopen, which a slash makes only smaller.
const TOLERANCE: f64 = 64.0;

impl Model {
    fn new() -> Self {
        let (mut chain, slasher) = Chain::new().with_slasher();
        chain.register_all(&[200, 300, 400]);
        chain.snapshot();
        let stakes = [((0, 0), 200.0), ((1, 1), 300.0), ((2, 2), 400.0)].into();
        let (set_times, supply) = (vec![chain.now()], chain.supply());
        Self {
            chain,
            slasher,
            stakes,
            exits: BTreeMap::new(),
            moved: BTreeMap::new(),
            set_times,
            jailed: [false; 3],
            funded: 0,
            claimed: 0,
            operators: 0,
            slashed: 0,
            burned: 0,
            supply,
        }
    }

    fn run(&mut self, from: &Addr, msg: &ExecuteMsg) -> bool {
        self.chain.app.execute_contract(from.clone(), self.chain.staking.clone(), msg, &[]).is_ok()
    }

    fn step(&mut self, step: Step) {
        let now = self.chain.now();
        match step {
            Step::Wait(seconds) => self.chain.wait(seconds),
            Step::Snapshot => {
                if self.run(&self.chain.account("anyone"), &ExecuteMsg::Snapshot {}) {
                    assert!(now >= self.set_times.last().unwrap() + 10);
                    self.set_times.push(now);
                }
            }
            Step::Fund(amount) => {
                self.chain.fund(amount);
                self.funded += amount;
            }
            Step::Claim(who) => {
                let due = self.chain.claimable(who);
                assert_eq!(self.run(&self.chain.validator(who), &ExecuteMsg::ClaimRewards {}), due > 0);
                self.claimed += due;
            }
            Step::Delegate(who, to, amount) => {
                let account = self.chain.validator(who);
                self.chain.allow(&account, amount);
                let message = if who == to {
                    ExecuteMsg::BondMore { amount: Uint128::new(amount) }
                } else {
                    self.chain.delegation(to, amount)
                };
                let open = !self.jailed[to as usize] && self.stakes.contains_key(&(to, to));
                let done = self.run(&account, &message);
                assert!(who == to || done == open, "only candidates are joined");
                if done {
                    *self.stakes.entry((who, to)).or_default() += amount as f64;
                }
            }
            Step::Undelegate(who, to, amount) => {
                let message = self.chain.undelegation(to, amount);
                self.leave(who, to, &message);
            }
            Step::Leave(who, to) => {
                let message = self.chain.undelegation(to, None);
                self.leave(who, to, &message);
            }
            Step::Redelegate(who, from, to, amount) => self.redelegate(who, from, to, amount),
            Step::Settle(who, to) => {
                let before = self.chain.redelegations(&self.chain.validator(who)).len();
                let message = self.chain.settlement(&self.chain.validator(who), to);
                if self.run(&self.chain.account("anyone"), &message) {
                    self.settled(who, &[to]);
                } else {
                    assert_eq!(before, self.chain.redelegations(&self.chain.validator(who)).len());
                    let unsettled = self.moved.get(&(who, to)).into_iter().flatten().any(|one| one.keeps < 1.0);
                    assert!(!unsettled, "a slash of redelegated stake can be settled by anybody at once");
                }
            }
            Step::Withdraw(who) => {
                let account = self.chain.validator(who);
                let before = self.entries(who);
                let balance = self.chain.balance(&account);
                if !self.run(&account, &ExecuteMsg::WithdrawUnbonded {}) {
                    return;
                }
                let after = self.entries(who);
                let mut paid = 0;
                for (entry_id, amount) in before.into_iter().filter(|(entry_id, _)| !after.contains_key(entry_id)) {
                    let exit = self.exits.remove(&(who, entry_id)).unwrap();
                    assert!(now >= exit.started_at + 1_000);
                    if let Some(next) = self.set_times.get(exit.set_id as usize) {
                        assert!(now >= next + 1_000, "the money stood behind set {} until {next}", exit.set_id);
                    }
                    paid += amount;
                }
                let received = self.chain.balance(&account) - balance;
                // The last one out of a pool takes the dust.
                assert!(received >= paid && received <= paid + 3, "{received} for {paid}");
            }
            Step::Slash(who, set_id, points) => self.slash(who, set_id, points),
            Step::Unjail(who) => {
                let done = self.run(&self.chain.validator(who), &ExecuteMsg::Unjail {});
                assert!(!done || self.jailed[who as usize]);
                self.jailed[who as usize] &= !done;
            }
            Step::Operate(who, amount) => {
                let account = self.chain.validator(who);
                self.chain.allow(&account, amount);
                let (amount, endpoint, moniker) =
                    (Uint128::new(amount), "http://node".try_into().unwrap(), "node".try_into().unwrap());
                if self.run(&account, &ExecuteMsg::RegisterOperator { amount, endpoint, moniker })
                    || self.run(&account, &ExecuteMsg::BondOperator { amount })
                {
                    self.operators += amount.u128();
                }
            }
            Step::Retire(who, amount) => {
                let account = self.chain.validator(who);
                self.run(&account, &ExecuteMsg::UnbondOperator { amount: Uint128::new(amount) });
                let before = self.chain.balance(&account);
                self.run(&account, &ExecuteMsg::WithdrawOperator {});
                self.operators -= self.chain.balance(&account) - before;
            }
            Step::SlashOperator(who, points) => {
                let operator = self.chain.validator(who).to_string();
                let query = QueryMsg::Operator { operator: operator.clone() };
                let held = |operator: OperatorResponse| operator.bond.u128() + operator.unbonding.u128();
                let before = self.chain.app.wrap().query_wasm_smart(&self.chain.staking, &query).map(held).ok();
                let fraction = staking::msg::Bps::new(points).unwrap();
                let message = ExecuteMsg::SlashOperator { case_id: 1u64.into(), operator, fraction, bar: false };
                assert_eq!(self.run(&self.slasher.clone(), &message), before.is_some());
                if let Some(before) = before {
                    let taken = before - held(self.chain.query(&query));
                    assert!(taken * 10_000 >= before * u128::from(points));
                    self.operators -= taken;
                    self.slashed += taken;
                }
            }
        }
    }

    fn entries(&self, who: u8) -> BTreeMap<u64, u128> {
        let entries = self.chain.unbonding(who).entries;
        entries.into_iter().map(|entry| (entry.entry_id.u64(), entry.amount.u128())).collect()
    }

    /// After a message that settles the redelegations of `who` to these validators: what slashes had cost is burned.
    fn settled(&mut self, who: u8, validators: &[u8]) {
        let burned = self.supply - self.chain.supply() - self.burned;
        self.burned += burned;
        let expected: f64 = validators.iter().map(|to| self.take(who, *to)).sum();
        assert!((burned as f64 - expected).abs() <= TOLERANCE, "{burned} burned instead of {expected}");
    }

    /// Takes what slashes had cost, and forgets what the contract ended. Answers with what was taken.
    fn take(&mut self, who: u8, to: u8) -> f64 {
        let now = self.chain.now();
        let mut all = self.moved.remove(&(who, to)).unwrap_or_default();
        let mut total = 0.0;
        for one in &mut all {
            let taken = one.worth * (1.0 - one.keeps);
            total += taken;
            one.worth -= taken;
            one.keeps = 1.0;
        }
        if let Some(stake) = self.stakes.get_mut(&(who, to)) {
            *stake -= total;
        }
        let open = self.chain.redelegations(&self.chain.validator(who));
        let ways = |one: &Moved| (self.chain.validator(one.from), self.chain.validator(to), one.set_id, one.started_at);
        all.retain(|one| {
            let is_open = open.iter().any(|lien| {
                (lien.from.clone(), lien.to.clone(), lien.set_id.u64(), lien.started_at.u64()) == ways(one)
            });
            let over = now >= one.started_at + 1_000 && one.end(&self.set_times).is_none_or(|end| now >= end);
            assert!(is_open || over || one.worth <= TOLERANCE, "ended with {} before its time", one.worth);
            is_open
        });
        if !all.is_empty() {
            self.moved.insert((who, to), all);
        }
        total
    }

    /// What of a delegation cannot leave yet.
    fn held(&self, who: u8, to: u8) -> f64 {
        let now = self.chain.now();
        let answers =
            |one: &&Moved| now < one.started_at + 1_000 || one.end(&self.set_times).is_some_and(|end| now < end);
        self.moved.get(&(who, to)).into_iter().flatten().filter(answers).map(|one| one.worth * one.keeps).sum()
    }

    fn redelegate(&mut self, who: u8, from: u8, to: u8, amount: Option<u128>) {
        let account = self.chain.validator(who);
        let staked = |chain: &Chain| [from, to].map(|validator| chain.staked(&account, validator) as f64);
        let (before, held) = (staked(&self.chain), self.held(who, from));
        let pending = [from, to].map(|validator| self.pending(who, validator));
        let open = !self.jailed[to as usize] && self.stakes.contains_key(&(to, to));
        let allowed = open && who != from && who != to && from != to;
        let enough = amount.unwrap_or_default() as f64 + TOLERANCE <= before[0];
        let room = self.moved.get(&(who, to)).map_or(0, Vec::len) < 8;
        let must = allowed && enough && room && !self.moved.contains_key(&(who, from));
        let message = self.chain.redelegation(from, to, amount);
        let done = self.run(&account, &message);
        assert!(allowed || !done, "{who} from {from} to {to}");
        assert!(done || !must, "{who} from {from} to {to}: {amount:?}");
        if !done {
            return;
        }
        self.settled(who, &[from, to]);
        let after = staked(&self.chain);
        let left = before[0] - pending[0] - after[0];
        let came = after[1] - (before[1] - pending[1]);
        assert!((left - came).abs() <= TOLERANCE, "{left} left and {came} came");
        assert!(after[0] >= held - TOLERANCE, "{} stays with {held} held", after[0]);
        let amount = amount.map_or(left, |amount| amount as f64);
        match self.stakes.get_mut(&(who, from)) {
            Some(stake) if after[0] > 0.0 => *stake -= amount,
            _ => _ = self.stakes.remove(&(who, from)),
        }
        *self.stakes.entry((who, to)).or_default() += amount;
        let set_id = self.set_times.len() as u64;
        let moved = Moved { from, set_id, started_at: self.chain.now(), worth: amount, keeps: 1.0 };
        self.moved.entry((who, to)).or_default().push(moved);
    }

    /// What a settlement would take now.
    fn pending(&self, who: u8, to: u8) -> f64 {
        self.moved.get(&(who, to)).into_iter().flatten().map(|one| one.worth * (1.0 - one.keeps)).sum()
    }

    fn leave(&mut self, who: u8, to: u8, message: &ExecuteMsg) {
        let account = self.chain.validator(who);
        let before = self.entries(who);
        let staked = self.chain.staked(&account, to);
        let (pending, held) = (self.pending(who, to), self.held(who, to));
        if !self.run(&account, message) {
            return;
        }
        self.settled(who, &[to]);
        let staked = staked as f64 - pending;
        let now = self.chain.now();
        let added: Vec<_> = self.entries(who).into_iter().filter(|(id, _)| !before.contains_key(id)).collect();
        let mut left = 0;
        for (entry_id, amount) in added {
            let exit =
                Exit { validator: to, set_id: self.set_times.len() as u64, started_at: now, worth: amount as f64 };
            self.exits.insert((who, entry_id), exit);
            left += amount;
        }
        let stays = self.chain.staked(&account, to);
        let rounded = if pending > 0.0 { TOLERANCE } else { 1.0 };
        assert!((stays + left) as f64 <= staked + rounded, "{stays} and {left} of {staked}");
        assert!(stays as f64 >= held - TOLERANCE, "{stays} stay with {held} held");
        assert!(who != to || stays == 0 || stays >= params().min_self_bond.u128());
        if stays == 0 {
            self.stakes.remove(&(who, to));
        } else {
            *self.stakes.get_mut(&(who, to)).unwrap() -= left as f64;
        }
    }

    fn slash(&mut self, who: u8, set_id: u64, points: u16) {
        let message = self.chain.slash_of(&[who], set_id, points);
        let before = self.chain.solvency();
        let known = set_id > 0 && set_id <= self.set_times.len() as u64;
        assert_eq!(self.run(&self.slasher.clone(), &message), known);
        if !known {
            return;
        }
        self.jailed[who as usize] = true;
        let after = self.chain.solvency();
        self.slashed += (before.bonded + before.unbonding - after.bonded - after.unbonding).u128();
        let keeps = 1.0 - f64::from(points) / 10_000.0;
        for ((_, validator), stake) in &mut self.stakes {
            if *validator == who {
                *stake *= keeps;
            }
        }
        let now = self.chain.now();
        for ((_, to), all) in &mut self.moved {
            for one in all {
                if *to == who {
                    one.worth *= keeps;
                }
                if one.from == who && set_id <= one.set_id && one.end(&self.set_times).is_none_or(|end| now < end) {
                    one.keeps *= keeps;
                }
            }
        }
        for delegator in 0..ACCOUNTS {
            for (entry_id, amount) in self.entries(delegator) {
                let exit = self.exits.get_mut(&(delegator, entry_id)).unwrap();
                if exit.validator != who {
                    continue;
                }
                let slashed = exit.worth * keeps;
                // Its time is not over, or the sets that count it are not.
                let superseded_at = self.set_times.get(exit.set_id as usize);
                let waits = now < exit.started_at + 1_000 || superseded_at.is_none_or(|next| now < next + 1_000);
                let touched = (amount as f64 - slashed).abs() < (amount as f64 - exit.worth).abs();
                if exit.set_id >= set_id && waits {
                    assert!((amount as f64 - slashed).abs() <= TOLERANCE, "{amount} instead of {slashed} at {now}");
                }
                if exit.set_id >= set_id && waits || touched {
                    exit.worth = slashed;
                }
            }
        }
    }

    fn check(&self) {
        let books = self.chain.solvency();
        let rewards = self.funded - self.claimed;
        assert_eq!(books.rewards.u128(), rewards);
        assert_eq!(books.operators.u128(), self.operators);
        assert_eq!(books.held, books.bonded + books.unbonding + books.operators + books.rewards);
        assert_eq!(self.chain.balance(&self.slasher), self.slashed);
        assert_eq!(self.chain.supply() + self.burned, self.supply);
        let (mut bonded, mut delegated, mut unbonding, mut promised, mut outside, mut power) = (0, 0, 0, 0, 0, 0);
        for who in 0..ACCOUNTS {
            let account = self.chain.validator(who);
            outside += self.chain.balance(&account);
            promised += self.chain.claimable(who);
            let query = QueryMsg::PowerAt { account: account.to_string(), height: Some(u64::MAX.into()) };
            power += self.chain.query::<PowerResponse>(&query).power.u128();
            for (entry_id, amount) in self.entries(who) {
                let worth = self.exits[&(who, entry_id)].worth;
                assert!((amount as f64 - worth).abs() <= TOLERANCE, "entry {entry_id}: {amount}, {worth}");
                unbonding += amount;
            }
            self.check_liens(&account);
            for validator in 0..3 {
                let staked = self.chain.staked(&account, validator);
                let expected = self.stakes.get(&(who, validator)).copied().unwrap_or_default();
                assert!((staked as f64 - expected).abs() <= TOLERANCE, "{who} with {validator}: {staked}, {expected}");
                delegated += staked;
            }
        }
        for validator in 0..3 {
            let info = self.chain.validator_info(validator);
            assert!(info.bonded <= info.shares, "a share is worth more than one uopen");
            assert_eq!(info.jailed_until.is_some(), self.jailed[validator as usize]);
            bonded += info.bonded.u128();
        }
        assert_eq!(books.bonded.u128(), bonded);
        self.check_who_earns();
        assert!(delegated <= bonded && bonded - delegated <= 15, "{delegated} of {bonded}");
        assert_eq!(power, delegated);
        assert!(unbonding <= books.unbonding.u128() && books.unbonding.u128() - unbonding <= 15);
        let total = QueryMsg::TotalPowerAt { height: Some(u64::MAX.into()) };
        assert_eq!(self.chain.query::<PowerResponse>(&total).power, books.bonded);
        promised += books.orphaned.u128();
        assert!(promised <= rewards && rewards - promised <= 100, "{promised} of {rewards}");
        let inside = books.held.u128() + self.slashed + self.burned - rewards;
        assert_eq!(outside, u128::from(ACCOUNTS) * RICH + self.claimed - inside);
    }

    /// Whatever is under liens is there, and no more liens than a message reads.
    fn check_liens(&self, account: &Addr) {
        let open = self.chain.redelegations(account);
        let query = QueryMsg::Delegations { delegator: account.to_string() };
        let delegations = self.chain.query::<DelegationsResponse>(&query).delegations;
        for lien in &open {
            let same: Vec<_> = open.iter().filter(|other| other.to == lien.to).map(|other| other.shares).collect();
            let held = delegations.iter().find(|one| one.validator == lien.to).map(|one| one.shares);
            assert!(held.is_some_and(|held| held >= same.iter().sum()) && !lien.shares.is_zero() && same.len() <= 8);
        }
    }

    /// Members of the newest set that are not jailed, with all of their tokens.
    fn check_who_earns(&self) {
        let (querier, staking) = (self.chain.app.wrap(), self.chain.staking.clone());
        let set: EpochSet = self.chain.query(&QueryMsg::LatestSet {});
        let mut earning = 0;
        for validator in 0..3 {
            let account = self.chain.validator(validator);
            let member = set.members.iter().any(|member| member.validator == account);
            let earns = EARNING.query(&querier, staking.clone(), &account).unwrap().is_some();
            assert_eq!(earns, member && !self.jailed[validator as usize]);
            earning += if earns { self.chain.bonded(validator) } else { 0 };
        }
        assert_eq!(LEDGER.query(&querier, staking).unwrap().earning.u128(), earning);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_after_every_step(steps in prop::collection::vec(step(), 20..80)) {
        let mut model = Model::new();
        for step in steps {
            model.step(step);
            model.check();
        }
    }
}
