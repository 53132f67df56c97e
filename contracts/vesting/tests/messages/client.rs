use vesting::{
    client::terms,
    msg::{ExecuteMsg, ReceiveMsg},
};

use crate::chain::{amount, id, schedule, Chain};
use cw_multi_test::Executor;

/// What the typed client says is what the contract does.
#[test]
fn a_whole_life_through_the_client() {
    let mut chain = Chain::new();
    let (founder, alice, token) = (chain.account("founder"), chain.account("alice"), chain.token.clone());
    let terms: ReceiveMsg = terms(&alice, schedule(), Some(&founder));
    let grant = chain.client().grant_from_balance(&token, amount(1_000), &terms).unwrap();
    chain.app.execute(founder.clone(), grant).unwrap();
    chain.at(40);
    let release = chain.client().release(1).unwrap();
    chain.app.execute(alice, release).unwrap();
    assert_eq!(chain.gained("alice"), 400);
    chain.at(50);
    let revoke = chain.client().revoke(1).unwrap();
    chain.app.execute(founder.clone(), revoke).unwrap();
    assert_eq!((chain.gained("alice"), chain.gained("founder")), (500, -500));
    let again = chain.client().call(&ExecuteMsg::RenounceRevocation { grant_id: id(1) }).unwrap();
    assert!(chain.app.execute(founder, again).is_err());
}

#[test]
fn a_tokens_own_report_is_what_a_send_would_bring() {
    let mut chain = Chain::new();
    let (founder, alice, token) = (chain.account("founder"), chain.account("alice"), chain.token.clone());
    let credit = cw20::Cw20ExecuteMsg::Transfer { recipient: chain.vesting.to_string(), amount: amount(70) };
    chain.app.execute_contract(founder.clone(), token.clone(), &credit, &[]).unwrap();
    let report = chain.client().credited(&founder, amount(70), &terms(&alice, schedule(), None)).unwrap();
    chain.app.execute(token, report).unwrap();
    assert_eq!((chain.shown(1).grantor, chain.shown(1).amount, chain.solvency()), (founder, amount(70), 70));
}
