use shares::{
    client::back_hook,
    msg::{ExecuteMsg, IssuanceResponse, Params, QueryMsg},
    ContractError,
};

use crate::chain::{amount, params, told, Chain, RICH};

#[test]
fn shares_come_at_the_fixed_price_whichever_way_the_money_comes() {
    let mut chain = Chain::new();
    chain.back("alice", 100);
    assert_eq!((chain.shares_of("alice"), chain.open_of("alice")), (50, RICH - 100));
    chain.allow_open("bob", 101);
    let response = chain.send("bob", &ExecuteMsg::Back { amount: amount(101), min_shares: Some(amount(50)) });
    assert_eq!((chain.shares_of("bob"), chain.open_of("bob")), (50, RICH - 101));
    // Indexers see a mint of the standard.
    assert!(told(&response, "action").contains(&"mint".to_owned()));
    assert!(told(&response, "to").contains(&chain.account("bob").to_string()));
    let (alice, bob) = (chain.backing("alice"), chain.backing("bob"));
    assert_eq!((alice.staked, alice.shares), (amount(100), amount(50)));
    assert_eq!((bob.staked, bob.shares), (amount(101), amount(50)));
    assert_eq!((chain.supply(), chain.solvency().backing), (100, amount(201)));
    let issuance: IssuanceResponse = chain.query(&QueryMsg::Issuance {});
    assert_eq!((issuance.for_backing, issuance.backing_left), (amount(100), amount(999_999_900)));
}

#[test]
fn too_little_too_few_and_too_many_are_refused() {
    let mut chain = Chain::with(Params { max_backed_shares: amount(60), ..params() });
    chain.allow_open("alice", 10_000);
    let back = |uopen, min_shares: Option<u128>| ExecuteMsg::Back {
        amount: amount(uopen),
        min_shares: min_shares.map(amount),
    };
    assert_eq!(chain.refused("alice", &back(0, None)), ContractError::ZeroAmount);
    let price = params().price;
    assert_eq!(chain.refused("alice", &back(1, None)), ContractError::NoShares { amount: amount(1), price });
    let few = ContractError::TooFewShares { shares: amount(5), min_shares: amount(6) };
    assert_eq!(chain.refused("alice", &back(10, Some(6))), few);
    chain.send("alice", &back(100, None));
    let full = ContractError::BackingFull { shares: amount(11), left: amount(10) };
    assert_eq!(chain.refused("alice", &back(22, None)), full);
    chain.send("alice", &back(20, None));
    // Giving shares back makes room.
    chain.unback("alice", 5);
    chain.send("alice", &back(10, None));
}

#[test]
fn a_refused_send_leaves_the_money_with_the_sender() {
    let mut chain = Chain::new();
    chain.send_open("alice", 10, back_hook(Some(amount(1_000))).unwrap()).unwrap_err();
    assert_eq!((chain.open_of("alice"), chain.shares_of("alice")), (RICH, 0));
}

#[test]
fn an_allowance_or_balance_that_is_short_backs_nothing() {
    let mut chain = Chain::new();
    chain.allow_open("alice", 9);
    let message = ExecuteMsg::Back { amount: amount(10), min_shares: None };
    let (alice, shares) = (chain.account("alice"), chain.shares.clone());
    chain.refused_call(&alice, &shares, &message);
}
