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
    unbonding: Vec<(u128, u64)>,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_after_every_step(steps in prop::collection::vec(step(), 20..60)) {
        let mut chain = Chain::new();
        chain.register_all(&[200, 300, 400]);
        let mut books: Vec<Books> =
            [200, 300, 400].iter().map(|bonded| Books { bonded: *bonded, ..Books::default() }).collect();
        let (mut funded, mut claimed) = (0u128, 0u128);
        for step in steps {
            let now = chain.now();
            match step {
                Step::Wait(seconds) => chain.wait(seconds),
                Step::Snapshot => {
                    let anyone = chain.account("anyone");
                    let _ = run(&mut chain, &anyone, &ExecuteMsg::Snapshot {});
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
                        book.unbonding.push((amount, now + 1_000));
                    }
                }
                Step::Withdraw(who) => {
                    let account = chain.validator(who);
                    // A stale set may refuse; what matters is that success pays exactly what is due.
                    if run(&mut chain, &account, &ExecuteMsg::WithdrawUnbonded {}) {
                        books[who as usize].unbonding.retain(|(_, due)| *due > now);
                    }
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
            let unbonding: u128 = books.iter().flat_map(|book| &book.unbonding).map(|(amount, _)| amount).sum();
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
