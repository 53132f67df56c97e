use cosmwasm_std::Empty;
use vesting::msg::{GrantsResponse, QueryMsg};

use crate::chain::{id, schedule, Chain};

#[test]
fn pages_of_a_recipients_grants_are_bounded_and_in_order() {
    let mut chain = Chain::new();
    for tokens in 1..=33 {
        let terms = chain.terms("alice", schedule(), None);
        chain.grant("founder", tokens, &terms).unwrap();
        let terms = chain.terms("bob", schedule(), None);
        chain.grant("founder", tokens, &terms).unwrap();
    }
    let recipient = chain.account("alice").to_string();
    let page = |start_after: Option<u64>, limit| -> Vec<u64> {
        let start_after = start_after.map(id);
        let question = QueryMsg::GrantsOf { recipient: recipient.clone(), start_after, limit };
        let page: GrantsResponse = chain.query(&question).unwrap();
        page.grants.iter().map(|grant| grant.grant_id.u64()).collect()
    };
    assert_eq!((page(None, None).len(), page(None, Some(1_000)).len()), (10, 30));
    assert_eq!(page(Some(59), None), [61, 63, 65]);
    assert_eq!(page(Some(65), None), [0; 0]);
    assert_eq!(page(None, Some(2)), [1, 3]);
    assert_eq!(chain.ids_of("carol"), [0; 0]);
}

#[test]
fn unknown_things_are_errors_and_not_panics() {
    let chain = Chain::granted();
    let bad = |msg: &QueryMsg| chain.query::<Empty>(msg).unwrap_err();
    assert!(bad(&QueryMsg::Grant { grant_id: id(9) }).contains("there is no grant 9"));
    bad(&QueryMsg::GrantsOf { recipient: "cosmos1abc".into(), start_after: None, limit: None });
    bad(&QueryMsg::Solvency { token: "cosmos1abc".into() });
    bad(&QueryMsg::Solvency { token: chain.account("alice").to_string() });
}
