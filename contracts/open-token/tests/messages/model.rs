//! Random histories against a plain model: balances equal those of a small table, their sum equals the supply, and the
//! supply never grows.

use cosmwasm_std::Uint128;
use open_token::msg::{ExecuteMsg, TOTAL_SUPPLY};
use proptest::prelude::*;

use crate::suite::{Suite, ALICE, BOB};

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

#[derive(Debug, Clone)]
enum Step {
    Transfer { from: usize, to: usize, amount: u128 },
    Burn { from: usize, amount: u128 },
    Allow { owner: usize, spender: usize, amount: u128 },
    Take { spender: usize, owner: usize, to: usize, amount: u128 },
    Mint { who: usize },
}

fn step() -> impl Strategy<Value = Step> {
    // Never zero: whether taking nothing without an allowance is refused is of no consequence and not modelled.
    // Few values, so that balances and allowances are met exactly, used up and passed.
    let amount = prop_oneof![4 => 1u128..5, 1 => Just(ALICE), 1 => Just(BOB), 1 => 1u128..=TOTAL_SUPPLY.u128()];
    let who = 0usize..4;
    prop_oneof![
        (who.clone(), who.clone(), amount.clone()).prop_map(|(from, to, amount)| Step::Transfer { from, to, amount }),
        (who.clone(), amount.clone()).prop_map(|(from, amount)| Step::Burn { from, amount }),
        (who.clone(), who.clone(), amount.clone()).prop_map(|(owner, spender, amount)| Step::Allow {
            owner,
            spender,
            amount
        }),
        (who.clone(), who.clone(), who.clone(), amount).prop_map(|(spender, owner, to, amount)| Step::Take {
            spender,
            owner,
            to,
            amount
        }),
        who.prop_map(|who| Step::Mint { who }),
    ]
}

struct Model {
    balances: [u128; 4],
    allowances: [[u128; 4]; 4],
}

impl Model {
    fn pay(&mut self, from: usize, to: Option<usize>, amount: u128) -> bool {
        if self.balances[from] < amount {
            return false;
        }
        self.balances[from] -= amount;
        if let Some(to) = to {
            self.balances[to] += amount;
        }
        true
    }

    fn apply(&mut self, step: &Step) -> bool {
        match *step {
            Step::Transfer { from, to, amount } => self.pay(from, Some(to), amount),
            Step::Burn { from, amount } => self.pay(from, None, amount),
            Step::Allow { owner, spender, amount } => {
                let ok = owner != spender;
                if ok {
                    self.allowances[owner][spender] += amount;
                }
                ok
            }
            Step::Take { spender, owner, to, amount } => {
                let ok =
                    owner != spender && self.allowances[owner][spender] >= amount && self.pay(owner, Some(to), amount);
                if ok {
                    self.allowances[owner][spender] -= amount;
                }
                ok
            }
            Step::Mint { .. } => false,
        }
    }
}

fn send(suite: &mut Suite, step: &Step) -> bool {
    let address = |who: usize| suite.account(NAMES[who]).into_string();
    let (who, msg) = match *step {
        Step::Transfer { from, to, amount } => {
            (from, ExecuteMsg::Transfer { recipient: address(to), amount: Uint128::new(amount) })
        }
        Step::Burn { from, amount } => (from, ExecuteMsg::Burn { amount: Uint128::new(amount) }),
        Step::Allow { owner, spender, amount } => {
            let (spender, amount) = (address(spender), Uint128::new(amount));
            (owner, ExecuteMsg::IncreaseAllowance { spender, amount, expires: None })
        }
        Step::Take { spender, owner, to, amount } => {
            let (owner, recipient) = (address(owner), address(to));
            (spender, ExecuteMsg::TransferFrom { owner, recipient, amount: Uint128::new(amount) })
        }
        Step::Mint { who } => (who, ExecuteMsg::Mint { recipient: address(who), amount: Uint128::one() }),
    };
    suite.exec(NAMES[who], msg).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_equals_the_model(steps in prop::collection::vec(step(), 1..90)) {
        let mut suite = Suite::new();
        let mut model = Model { balances: [ALICE, BOB, 0, 0], allowances: [[0; 4]; 4] };
        for step in &steps {
            prop_assert_eq!(model.apply(step), send(&mut suite, step), "{:?}", step);
        }
        let found = NAMES.map(|name| suite.balance(name));
        prop_assert_eq!(found, model.balances);
        prop_assert_eq!(found.iter().sum::<u128>(), suite.supply());
        prop_assert!(suite.supply() <= TOTAL_SUPPLY.u128());
    }
}
