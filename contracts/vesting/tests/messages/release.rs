use vesting::{msg::ExecuteMsg, ContractError};

use crate::chain::{id, schedule, Chain, START};

#[test]
fn pays_the_recipient_what_has_vested_whoever_asks() {
    let mut chain = Chain::granted();
    chain.at(25);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.gained("stranger"), chain.solvency()), (250, 0, 750));
    chain.at(60);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.solvency()), (600, 400));
    let grant = chain.shown(1);
    assert_eq!((grant.vested.u128(), grant.released.u128(), grant.releasable.u128()), (600, 600, 0));
}

#[test]
fn nothing_before_the_cliff_or_twice_in_a_second_or_after_the_end() {
    let mut chain = Chain::granted();
    let release = ExecuteMsg::Release { grant_id: id(1) };
    let nothing = |from| ContractError::NothingToRelease { grant_id: 1, from };
    chain.at(24);
    assert_eq!(chain.refused("alice", &release), nothing(Some(START + 25)));
    chain.at(30);
    chain.release(1);
    assert_eq!(chain.refused("alice", &release), nothing(Some(START + 31)));
    chain.at(1_000);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.solvency()), (1_000, 0));
    let refusal = chain.refused("alice", &release);
    assert_eq!(refusal, nothing(None));
    assert!(refusal.to_string().ends_with("everything was paid"));
}

#[test]
fn however_often_it_is_asked_the_end_is_exact() {
    let mut chain = Chain::new();
    let terms = chain.terms("alice", schedule(), None);
    chain.grant("founder", 997, &terms).unwrap();
    for second in 1..=100 {
        chain.at(second);
        let paid = chain.try_send("bob", &ExecuteMsg::Release { grant_id: id(1) }).is_ok();
        assert_eq!(paid, second >= 25);
        let due = if paid { 997 * i128::from(second) / 100 } else { 0 };
        assert_eq!(chain.gained("alice"), due);
    }
    assert_eq!((chain.gained("alice"), chain.solvency()), (997, 0));
}

#[test]
fn of_a_grant_that_is_not_there() {
    let mut chain = Chain::granted();
    for grant_id in [0, 2, u64::MAX] {
        let refusal = chain.refused("alice", &ExecuteMsg::Release { grant_id: id(grant_id) });
        assert_eq!(refusal, ContractError::NoSuchGrant { grant_id });
    }
}
