use shares::{msg::ExecuteMsg, ContractError};

use crate::chain::{amount, Chain};

const CLAIM: ExecuteMsg = ExecuteMsg::ClaimIncome {};

#[test]
fn pays_what_was_earned_once() {
    let mut chain = Chain::new();
    chain.mint("alice", 300, 1);
    chain.mint("bob", 100, 2);
    chain.fund("sponsor", 1_000);
    chain.wait(1_000);
    assert_eq!(chain.claim("alice"), 750);
    let account = chain.account("alice");
    assert_eq!(chain.refused("alice", &CLAIM), ContractError::NoIncome { account });
    assert_eq!(chain.claim("bob"), 250);
    assert_eq!((chain.solvency().income, chain.solvency().held), (amount(0), amount(0)));
}

#[test]
fn income_stays_with_whom_earned_it_when_shares_move_on() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.fund("sponsor", 1_000);
    chain.wait(250);
    chain.transfer("alice", "bob", 100);
    chain.wait(250);
    chain.transfer("bob", "carol", 60);
    chain.wait(500);
    assert_eq!((chain.claim("alice"), chain.claim("bob"), chain.claim("carol")), (250, 250 + 200, 300));
}

#[test]
fn works_after_everything_was_burned_unbacked_or_slashed() {
    let mut chain = Chain::new();
    chain.mint("alice", 100, 1);
    chain.back("bob", 200);
    chain.fund("sponsor", 1_000);
    chain.wait(500);
    chain.send("alice", &ExecuteMsg::Burn { amount: amount(100) });
    chain.slash(10_000, None);
    chain.wait(500);
    assert_eq!((chain.claim("alice"), chain.claim("bob")), (250, 750));
    let account = chain.account("stranger");
    assert_eq!(chain.refused("stranger", &CLAIM), ContractError::NoIncome { account });
}
