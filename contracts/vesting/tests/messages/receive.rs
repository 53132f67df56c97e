use cosmwasm_std::{to_json_binary, Binary};
use vesting::{msg::ReceiveMsg, schedule::MAX_SECONDS, ContractError};

use crate::chain::{amount, over, schedule, Chain, RICH, START};

#[test]
fn a_send_with_terms_makes_a_grant() {
    let mut chain = Chain::new();
    let terms = chain.terms("alice", schedule(), Some("founder"));
    chain.grant("founder", 1_000, &terms).unwrap();
    let grant = chain.shown(1);
    assert_eq!((&grant.token, &grant.grantor), (&chain.token, &chain.account("founder")));
    assert_eq!((&grant.recipient, grant.revoker.as_ref()), (&chain.account("alice"), Some(&chain.account("founder"))));
    assert_eq!(
        (grant.amount, grant.vested, grant.released, grant.releasable),
        (amount(1_000), amount(0), amount(0), amount(0))
    );
    assert_eq!((grant.starts_at.u64(), grant.cliff_seconds.u64(), grant.duration_seconds.u64()), (START, 25, 100));
    assert_eq!((chain.gained("founder"), chain.solvency()), (-1_000, 1_000));
}

#[test]
fn each_token_has_its_own_books() {
    let mut chain = Chain::granted();
    let other = chain.other.clone();
    let hook = to_json_binary(&chain.terms("bob", schedule(), None)).unwrap();
    chain.grant_of(&other, "founder", 70, hook).unwrap();
    assert_eq!((chain.shown(2).token, chain.solvency()), (other.clone(), 1_000));
    let books = chain.client().solvency(&chain.app.wrap(), &other).unwrap();
    assert_eq!((books.owed, books.held), (amount(70), amount(70)));
    chain.at(100);
    chain.release(2);
    assert_eq!((chain.balance_of(&other, &chain.account("bob")), chain.solvency()), (RICH + 70, 1_000));
}

#[test]
fn terms_that_cannot_be_meant_are_refused() {
    let mut chain = Chain::new();
    let mut refused = |schedule| {
        let terms = chain.terms("alice", schedule, None);
        chain.grant_refused("founder", 10, &terms)
    };
    assert_eq!(refused(over(START, 0, 0)), ContractError::DurationOutOfBounds { found: 0 });
    assert!(matches!(refused(over(START, 0, MAX_SECONDS + 1)), ContractError::DurationOutOfBounds { .. }));
    assert_eq!(refused(over(START, 11, 10)), ContractError::CliffAfterEnd { cliff: 11, duration: 10 });
    // Milliseconds, or nothing at all.
    assert!(matches!(refused(over(START * 1_000, 0, 10)), ContractError::StartOutOfBounds { .. }));
    assert!(matches!(refused(over(0, 0, 10)), ContractError::StartOutOfBounds { .. }));
    assert_eq!(refused(over(START - 10, 0, 10)), ContractError::AlreadyOver { ended_at: START, now: START });
}

#[test]
fn a_start_in_the_past_has_vested_at_once_in_part() {
    let mut chain = Chain::new();
    let terms = chain.terms("alice", over(START - 60, 10, 100), None);
    chain.grant("founder", 1_000, &terms).unwrap();
    chain.release(1);
    assert_eq!(chain.gained("alice"), 600);
}

#[test]
fn payments_that_would_be_lost_are_refused() {
    let mut chain = Chain::new();
    let alice = chain.account("alice").to_string();
    for (account, role) in [(chain.vesting.clone(), "recipient"), (chain.token.clone(), "recipient")] {
        let terms = vesting::client::terms(&account, schedule(), None);
        assert_eq!(chain.grant_refused("founder", 10, &terms), ContractError::WouldBeLost { account, role });
    }
    for (account, role) in [(chain.vesting.clone(), "revoker"), (chain.token.clone(), "revoker")] {
        let terms = vesting::client::terms(&chain.account("alice"), schedule(), Some(&account));
        assert_eq!(chain.grant_refused("founder", 10, &terms), ContractError::WouldBeLost { account, role });
    }
    let ReceiveMsg::Grant { starts_at, cliff_seconds, duration_seconds, .. } = chain.terms("alice", schedule(), None);
    for (recipient, revoker) in
        [("cosmos1abc".to_owned(), None), (alice.to_uppercase(), None), (alice, Some(String::new()))]
    {
        let terms = ReceiveMsg::Grant { recipient, starts_at, cliff_seconds, duration_seconds, revoker };
        assert!(matches!(chain.grant_refused("founder", 10, &terms), ContractError::Std(_)));
    }
}

#[test]
fn a_recipient_cannot_be_its_own_revoker() {
    let mut chain = Chain::new();
    let terms = chain.terms("alice", schedule(), Some("alice"));
    let account = chain.account("alice");
    assert_eq!(chain.grant_refused("founder", 10, &terms), ContractError::RecipientIsRevoker { account });
}

#[test]
fn a_hook_of_another_kind_returns_the_tokens() {
    let mut chain = Chain::new();
    let token = chain.token.clone();
    for hook in ["", "{}", r#"{"grant":{}}"#, r#"{"deposit":{}}"#] {
        chain.grant_of(&token, "founder", 10, Binary::from(hook.as_bytes())).unwrap_err();
        assert_eq!((chain.gained("founder"), chain.solvency()), (0, 0));
    }
}

#[test]
fn the_plain_json_of_the_standard_is_understood() {
    let mut chain = Chain::new();
    let token = chain.token.clone();
    let hook = format!(
        r#"{{"grant":{{"recipient":"{}","starts_at":"{START}","cliff_seconds":"0","duration_seconds":"10"}}}}"#,
        chain.account("alice")
    );
    chain.grant_of(&token, "founder", 10, Binary::from(hook.as_bytes())).unwrap();
    assert_eq!(chain.shown(1).revoker, None);
}
