use cosmwasm_std::Uint128;
use staking::{
    client::Client,
    msg::{PowerResponse, QueryMsg},
};

use crate::chain::Chain;

fn at(chain: &Chain, account: &str, height: u64) -> u128 {
    Client::new(&chain.staking).power_at(&chain.app.wrap(), &chain.account(account), height).unwrap().u128()
}

fn total(chain: &Chain, height: u64) -> u128 {
    Client::new(&chain.staking).total_power_at(&chain.app.wrap(), height).unwrap().u128()
}

#[test]
fn power_is_what_was_bonded_at_the_start_of_a_block() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    let start = chain.app.block_info().height;
    chain.register_all(&[1_000, 500]);
    chain.wait(10);
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 400);
    chain.delegate(&alice, 1, 100);
    chain.snapshot();
    chain.wait(10);
    let slash = chain.slash_of(&[0], 1, 1_000);
    chain.send(&slasher, &slash);
    chain.wait(10);
    let leave = chain.undelegation(0, None);
    chain.send(&alice, &leave);
    chain.wait(10);
    let heights = [start, start + 1, start + 2, start + 3, start + 4, start + 99];
    assert_eq!(heights.map(|height| at(&chain, "alice", height)), [0, 0, 500, 460, 100, 100]);
    assert_eq!(heights.map(|height| total(&chain, height)), [0, 1_500, 2_000, 1_860, 1_500, 1_500]);
    assert_eq!(heights.map(|height| at(&chain, "validator 0", height)), [0, 1_000, 1_000, 900, 900, 900]);
}

#[test]
fn what_happens_in_this_block_does_not_count_yet() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let alice = chain.account("alice");
    chain.wait(1);
    chain.delegate(&alice, 0, 400);
    let now = chain.app.block_info().height;
    let query = QueryMsg::PowerAt { account: alice.to_string(), height: None };
    let expected = |power| PowerResponse { power: Uint128::new(power), height: now.into() };
    assert_eq!(chain.query::<PowerResponse>(&query), expected(0));
    assert_eq!(chain.query::<PowerResponse>(&QueryMsg::TotalPowerAt { height: None }), expected(100));
    // Money that comes and goes within a block never counts.
    let leave = chain.undelegation(0, None);
    chain.send(&alice, &leave);
    chain.wait(1);
    assert_eq!((at(&chain, "alice", now + 1), total(&chain, now + 1)), (0, 100));
}
