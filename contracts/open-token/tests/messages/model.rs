//! Random histories against a plain model: balances equal those of a small table, their sum (what vests included) equals the
//! supply, and the supply never grows.

use cosmwasm_std::{Addr, Uint128, Uint64};
use cw_multi_test::Executor;
use open_token::msg::{ExecuteMsg, TOTAL_SUPPLY};
use proptest::prelude::*;
use vesting::{client::grant_hook, schedule::Schedule};

use crate::suite::{vesting_contract, Suite, ALICE, BOB};

const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

#[derive(Debug, Clone)]
enum Step {
    Transfer {
        from: usize,
        to: usize,
        amount: u128,
    },
    Burn {
        from: usize,
        amount: u128,
    },
    Allow {
        owner: usize,
        spender: usize,
        amount: u128,
    },
    Disallow {
        owner: usize,
        spender: usize,
        amount: u128,
    },
    Take {
        spender: usize,
        owner: usize,
        to: usize,
        amount: u128,
    },
    BurnFrom {
        spender: usize,
        owner: usize,
        amount: u128,
    },
    /// A `send` to the vesting contract; everything vests at once ten seconds later.
    Grant {
        from: usize,
        to: usize,
        amount: u128,
    },
    /// The same out of an allowance.
    GrantFrom {
        spender: usize,
        owner: usize,
        to: usize,
        amount: u128,
    },
    /// Ten seconds pass, then a grant is released.
    Release {
        grant: u64,
    },
    Mint {
        who: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    // Never zero: whether taking nothing without an allowance is refused is of no consequence and not modelled.
    // Few values, so that balances and allowances are met exactly, used up and passed.
    let amount = prop_oneof![4 => 1u128..5, 1 => Just(ALICE), 1 => Just(BOB), 1 => 1u128..=TOTAL_SUPPLY.u128()];
    let who = 0usize..4;
    let two = (who.clone(), who.clone(), amount.clone());
    let three = (who.clone(), who.clone(), who.clone(), amount.clone());
    prop_oneof![
        2 => two.clone().prop_map(|(from, to, amount)| Step::Transfer { from, to, amount }),
        1 => (who.clone(), amount).prop_map(|(from, amount)| Step::Burn { from, amount }),
        3 => two.clone().prop_map(|(owner, spender, amount)| Step::Allow { owner, spender, amount }),
        1 => two.clone().prop_map(|(owner, spender, amount)| Step::Disallow { owner, spender, amount }),
        3 => three.clone().prop_map(|(spender, owner, to, amount)| Step::Take { spender, owner, to, amount }),
        1 => two.clone().prop_map(|(spender, owner, amount)| Step::BurnFrom { spender, owner, amount }),
        2 => two.prop_map(|(from, to, amount)| Step::Grant { from, to, amount }),
        1 => three.prop_map(|(spender, owner, to, amount)| Step::GrantFrom { spender, owner, to, amount }),
        2 => (0u64..5).prop_map(|grant| Step::Release { grant }),
        1 => who.prop_map(|who| Step::Mint { who }),
    ]
}

struct Model {
    balances: [u128; 4],
    /// A row that was used up stays at zero; one that was taken back is gone.
    allowances: [[Option<u128>; 4]; 4],
    /// Of the vesting contract: who gets what, as long as it was not paid.
    grants: Vec<(usize, u128)>,
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

    /// Uses up an allowance for a payment.
    fn spend(&mut self, spender: usize, owner: usize, to: Option<usize>, amount: u128) -> bool {
        let left = self.allowances[owner][spender].and_then(|allowed| allowed.checked_sub(amount));
        let ok = left.is_some() && self.pay(owner, to, amount);
        if ok {
            self.allowances[owner][spender] = left;
        }
        ok
    }

    fn apply(&mut self, step: &Step) -> bool {
        match *step {
            Step::Transfer { from, to, amount } => self.pay(from, Some(to), amount),
            Step::Burn { from, amount } => self.pay(from, None, amount),
            Step::Allow { owner, spender, amount } => {
                let ok = owner != spender;
                if ok {
                    let allowed = self.allowances[owner][spender].get_or_insert(0);
                    *allowed += amount;
                }
                ok
            }
            // More than there is takes all of it.
            Step::Disallow { owner, spender, amount } => {
                let allowed = &mut self.allowances[owner][spender];
                let ok = allowed.is_some();
                *allowed = allowed.filter(|allowed| *allowed > amount).map(|allowed| allowed - amount);
                ok
            }
            Step::Take { spender, owner, to, amount } => self.spend(spender, owner, Some(to), amount),
            Step::BurnFrom { spender, owner, amount } => self.spend(spender, owner, None, amount),
            Step::Grant { from, to, amount } => {
                let ok = self.pay(from, None, amount);
                self.grants.extend(ok.then_some((to, amount)));
                ok
            }
            Step::GrantFrom { spender, owner, to, amount } => {
                let ok = self.spend(spender, owner, None, amount);
                self.grants.extend(ok.then_some((to, amount)));
                ok
            }
            Step::Release { grant } => {
                let Some((to, left)) = (grant as usize).checked_sub(1).and_then(|at| self.grants.get_mut(at)) else {
                    return false;
                };
                let (to, amount) = (*to, std::mem::take(left));
                self.balances[to] += amount;
                amount > 0
            }
            Step::Mint { .. } => false,
        }
    }
}

fn send(suite: &mut Suite, vesting: &Addr, step: &Step) -> bool {
    let address = |who: usize| suite.account(NAMES[who]).into_string();
    let expires = None;
    let hook = |to: usize| {
        let [starts_at, seconds] = [suite.app.block_info().time.seconds(), 10].map(Uint64::new);
        let schedule = Schedule { starts_at, cliff_seconds: seconds, duration_seconds: seconds };
        grant_hook(&suite.account(NAMES[to]), schedule, None).unwrap()
    };
    let wide = Uint128::new;
    let (who, msg) = match *step {
        Step::Transfer { from, to, amount } => {
            (from, ExecuteMsg::Transfer { recipient: address(to), amount: wide(amount) })
        }
        Step::Burn { from, amount } => (from, ExecuteMsg::Burn { amount: wide(amount) }),
        Step::Allow { owner, spender, amount } => {
            (owner, ExecuteMsg::IncreaseAllowance { spender: address(spender), amount: wide(amount), expires })
        }
        Step::Disallow { owner, spender, amount } => {
            (owner, ExecuteMsg::DecreaseAllowance { spender: address(spender), amount: wide(amount), expires })
        }
        Step::Take { spender, owner, to, amount } => {
            let (owner, recipient) = (address(owner), address(to));
            (spender, ExecuteMsg::TransferFrom { owner, recipient, amount: wide(amount) })
        }
        Step::BurnFrom { spender, owner, amount } => {
            (spender, ExecuteMsg::BurnFrom { owner: address(owner), amount: wide(amount) })
        }
        Step::Grant { from, to, amount } => {
            (from, ExecuteMsg::Send { contract: vesting.to_string(), amount: wide(amount), msg: hook(to) })
        }
        Step::GrantFrom { spender, owner, to, amount } => {
            let (owner, contract) = (address(owner), vesting.to_string());
            (spender, ExecuteMsg::SendFrom { owner, contract, amount: wide(amount), msg: hook(to) })
        }
        Step::Release { grant } => {
            suite.app.update_block(|block| block.time = block.time.plus_seconds(10));
            let release = vesting::client::Client::new(vesting).release(grant).unwrap();
            return suite.app.execute(suite.account("anyone"), release).is_ok();
        }
        Step::Mint { who } => (who, ExecuteMsg::Mint { recipient: address(who), amount: Uint128::one() }),
    };
    let sender = suite.account(NAMES[who]);
    suite.app.execute_contract(sender, suite.contract.clone(), &msg, &[]).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn any_history_equals_the_model(steps in prop::collection::vec(step(), 1..90)) {
        let mut suite = Suite::new();
        let vesting = vesting_contract(&mut suite.app);
        let mut model = Model { balances: [ALICE, BOB, 0, 0], allowances: [[None; 4]; 4], grants: Vec::new() };
        let mut supply = TOTAL_SUPPLY.u128();
        for step in &steps {
            prop_assert_eq!(model.apply(step), send(&mut suite, &vesting, step), "{:?}", step);
            let found = NAMES.map(|name| suite.balance(name));
            prop_assert_eq!(found, model.balances);
            let held = suite.client().balance(&vesting).unwrap().u128();
            prop_assert_eq!(held, model.grants.iter().map(|(_, left)| left).sum::<u128>());
            prop_assert_eq!(found.iter().sum::<u128>() + held, suite.supply());
            prop_assert!(suite.supply() <= supply, "the supply grew at {:?}", step);
            supply = suite.supply();
        }
    }
}
