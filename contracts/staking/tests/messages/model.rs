//! Random histories against plain books kept beside the contract.

use cosmwasm_std::Uint128;
use cw_multi_test::Executor;
use proptest::prelude::*;
use staking::msg::ExecuteMsg;

use crate::chain::{params, Chain, RICH};

#[derive(Debug, Clone)]
enum Step {
    BondMore(u8, u128),
    Unbond(u8, u128),
    Withdraw(u8),
    Claim(u8),
    Fund(u128),
    Snapshot,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0u8..3;
    prop_oneof![
        (who.clone(), 1u128..500).prop_map(|(who, amount)| Step::BondMore(who, amount)),
        (who.clone(), 1u128..500).prop_map(|(who, amount)| Step::Unbond(who, amount)),
        who.clone().prop_map(Step::Withdraw),
        who.prop_map(Step::Claim),
        (1u128..10_000).prop_map(Step::Fund),
        Just(Step::Snapshot),
        (1u64..700).prop_map(Step::Wait),
    ]
}

/// What a validator should have: money in the contract by kind, and what it got out.
#[derive(Default, Clone)]
struct Books {
    bonded: u128,
    unbonding: Vec<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    amount: u128,
    started_at: u64,
    /// How many sets existed.
    sets: usize,
}

/// A set as the model remembers it: when it was made, and the three powers.
struct Set {
    made_at: u64,
    powers: [u128; 3],
}

impl Entry {
    /// No signature that counts can stand on this money any more.
    fn is_due(&self, now: u64, sets: &[Set], who: usize, bonded: u128) -> bool {
        let waited = |since: u64| now >= since + 1_000;
        let free = match (self.sets, sets.get(self.sets)) {
            (0, _) => true,
            (_, Some(next)) => waited(next.made_at),
            (_, None) => sets.last().is_none_or(|newest| newest.powers[who] <= bonded),
        };
        waited(self.started_at) && free
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_after_every_step(steps in prop::collection::vec(step(), 20..60)) {
        let mut chain = Chain::new();
        chain.register_all(&[200, 300, 400]);
        chain.snapshot();
        let mut books: Vec<Books> =
            [200, 300, 400].iter().map(|bonded| Books { bonded: *bonded, ..Books::default() }).collect();
        let (mut funded, mut claimed) = (0u128, 0u128);
        let mut sets: Vec<Set> = Vec::new();
        for step in steps {
            let now = chain.now();
            match step {
                Step::Wait(seconds) => chain.wait(seconds),
                Step::Snapshot => {
                    let anyone = chain.account("anyone");
                    let powers = [0, 1, 2].map(|who: usize| books[who].bonded);
                    let fits = match sets.last() {
                        None => powers != [0; 3],
                        Some(newest) => newest.powers != powers && now >= newest.made_at + 10,
                    };
                    prop_assert_eq!(run(&mut chain, &anyone, &ExecuteMsg::Snapshot {}), fits);
                    if fits {
                        sets.push(Set { made_at: now, powers });
                    }
                }
                Step::Fund(amount) => {
                    chain.fund(amount);
                    funded += amount;
                }
                Step::BondMore(who, amount) => {
                    let account = chain.validator(who);
                    chain.allow(&account, amount);
                    let result = run(&mut chain, &account, &ExecuteMsg::BondMore { amount: Uint128::new(amount) });
                    let fits = books[who as usize].bonded + amount >= params().min_self_bond.u128();
                    prop_assert_eq!(result, fits);
                    if fits {
                        books[who as usize].bonded += amount;
                    }
                }
                Step::Unbond(who, amount) => {
                    let account = chain.validator(who);
                    let result = run(&mut chain, &account, &ExecuteMsg::Unbond { amount: Uint128::new(amount) });
                    let book = &mut books[who as usize];
                    let rest = book.bonded.checked_sub(amount);
                    let fits = rest.is_some_and(|rest| rest == 0 || rest >= 100) && book.unbonding.len() < 3;
                    prop_assert_eq!(result, fits);
                    if fits {
                        book.bonded -= amount;
                        book.unbonding.push(Entry { amount, started_at: now, sets: sets.len() });
                    }
                }
                Step::Withdraw(who) => {
                    let account = chain.validator(who);
                    let book = &mut books[who as usize];
                    let bonded = book.bonded;
                    let is_due = |entry: &Entry| entry.is_due(now, &sets, who as usize, bonded);
                    let fits = book.unbonding.iter().any(is_due);
                    prop_assert_eq!(run(&mut chain, &account, &ExecuteMsg::WithdrawUnbonded {}), fits);
                    book.unbonding.retain(|entry| !is_due(entry));
                }
                Step::Claim(who) => {
                    let account = chain.validator(who);
                    let due = chain.claimable(who);
                    prop_assert_eq!(run(&mut chain, &account, &ExecuteMsg::ClaimRewards {}), due > 0);
                    claimed += due;
                }
            }
            let solvency = chain.solvency();
            let bonded: u128 = books.iter().map(|book| book.bonded).sum();
            let unbonding: u128 = books.iter().flat_map(|book| &book.unbonding).map(|entry| entry.amount).sum();
            prop_assert_eq!(solvency.bonded.u128(), bonded);
            prop_assert_eq!(solvency.unbonding.u128(), unbonding);
            prop_assert_eq!(solvency.rewards.u128(), funded - claimed);
            prop_assert_eq!(solvency.held.u128(), bonded + unbonding + funded - claimed);
            let promised: u128 = (0..3).map(|who| chain.claimable(who)).sum::<u128>() + solvency.orphaned.u128();
            prop_assert!(promised <= solvency.rewards.u128());
            prop_assert!(solvency.rewards.u128() - promised <= 4);
            let outside: u128 = (0..3).map(|who| chain.balance(&chain.validator(who))).sum();
            prop_assert_eq!(outside, 3 * RICH + claimed - bonded - unbonding);
        }
    }
}

fn run(chain: &mut Chain, from: &cosmwasm_std::Addr, msg: &ExecuteMsg) -> bool {
    chain.app.execute_contract(from.clone(), chain.staking.clone(), msg, &[]).is_ok()
}
