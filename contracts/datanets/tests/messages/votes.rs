//! Review by drawn reviewers, from the draw to the decision.

use cosmwasm_std::{Uint128, Uint64};
use datanets::{
    msg::{Ballot, ExecuteMsg, Membership, Params, QueryMsg, Reason, Review, ReviewResponse, ReviewTerms, Status},
    ContractError,
};

use crate::{
    request_withdrawal::withdrawal,
    reviewers::reviewers,
    suite::{contribute_msg, create_msg, digest, is_unauthorized, params, Suite, RICH},
};

pub const BOND: u128 = 100;
const DEPOSIT: u128 = 7;
const APPEAL: u128 = 30;

pub fn terms() -> ReviewTerms {
    ReviewTerms {
        reviewers: 3,
        bond: Uint128::new(BOND),
        vote_seconds: Uint64::new(40),
        appeal_seconds: Uint64::new(60),
        appeal_deposit: Uint128::new(APPEAL),
    }
}

/// Datanet 1 of `alice` with so many reviewers `r0`, `r1` and so on; `bob` and `carol` have joined.
pub fn datanet(count: usize) -> Suite {
    let mut suite = Suite::with(Params { contribution_deposit: Uint128::new(DEPOSIT), ..params() }).unwrap();
    let mut msg = create_msg(suite.account("commons").as_str(), Membership::Open);
    if let ExecuteMsg::Create { review, .. } = &mut msg {
        *review = Some(terms());
    }
    suite.exec("alice", msg).unwrap();
    for who in ["bob", "carol"] {
        suite.join(who, 1).unwrap();
        suite.allow(who, RICH);
    }
    for who in &["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9"][..count] {
        suite.join(who, 1).unwrap();
        suite.allow(who, BOND);
        suite.exec(who, ExecuteMsg::BondReviewer(datanets::msg::InDatanet { datanet_id: Uint64::one() })).unwrap();
    }
    suite
}

pub fn accept() -> Ballot {
    Ballot::Accept {}
}

fn reject(reason: Reason) -> Ballot {
    Ballot::Reject { reason }
}

pub fn vote(contribution: u64, ballot: Ballot) -> ExecuteMsg {
    let contribution_id = Uint64::new(contribution);
    ExecuteMsg::Vote { datanet_id: Uint64::one(), contribution_id, ballot }
}

pub fn finish(contribution: u64) -> ExecuteMsg {
    ExecuteMsg::FinishReview(datanets::msg::Which {
        datanet_id: Uint64::one(),
        contribution_id: Uint64::new(contribution),
    })
}

fn appeal(contribution: u64) -> ExecuteMsg {
    ExecuteMsg::Appeal(datanets::msg::Which { datanet_id: Uint64::one(), contribution_id: Uint64::new(contribution) })
}

fn review(suite: &Suite, contribution: u64) -> Option<Review> {
    let msg = QueryMsg::Review(datanets::msg::Which {
        datanet_id: Uint64::one(),
        contribution_id: Uint64::new(contribution),
    });
    suite.query::<ReviewResponse>(&msg).unwrap().review
}

pub fn panel(suite: &Suite, contribution: u64) -> Vec<&'static str> {
    let panel = review(suite, contribution).unwrap().panel;
    panel.iter().map(|seat| suite.name_of(&seat.reviewer)).collect()
}

/// Votes of the present panel, in its order.
fn votes(suite: &mut Suite, contribution: u64, ballots: &[Ballot]) {
    for (who, ballot) in panel(suite, contribution).into_iter().zip(ballots) {
        suite.exec(who, vote(contribution, *ballot)).unwrap();
        suite.solvency();
    }
}

fn end(suite: &mut Suite, contribution: u64, seconds: u64) {
    suite.wait(seconds);
    suite.exec("anybody", finish(contribution)).unwrap();
    suite.solvency();
}

#[test]
fn a_majority_decides_and_the_decision_waits_for_an_appeal() {
    let mut suite = datanet(5);
    suite.contribute("bob", 1, digest(1)).unwrap();
    assert_eq!(panel(&suite, 1).len(), 3);
    votes(&mut suite, 1, &[accept(), reject(Reason::Quality), accept()]);
    assert_eq!(suite.contribution(1, 1).status, Status::Pending {});
    let until = suite.now() + 60;
    suite.wait(59);
    assert_eq!(suite.refused("anybody", finish(1)), ContractError::ReviewOpen { contribution_id: 1, until });
    end(&mut suite, 1, 1);
    let by = suite.contract.clone();
    assert_eq!(suite.contribution(1, 1).status, Status::Accepted { cluster: 0, by });
    assert_eq!((suite.open("bob"), review(&suite, 1)), (RICH, None));
    assert!(reviewers(&suite).iter().all(|reviewer| reviewer.duties == 0));
    assert_eq!(suite.refused("anybody", finish(1)), ContractError::NoReview { contribution_id: 1 });
}

#[test]
fn owner_and_curators_have_no_say() {
    let mut suite = datanet(3);
    suite.contribute("bob", 1, digest(1)).unwrap();
    assert_eq!(suite.accept("alice", 1, 1).unwrap_err(), ContractError::Reviewed { datanet_id: 1 });
    let (datanet_id, contribution_id, reason) = (Uint64::one(), Uint64::one(), Reason::Spam);
    let msg = ExecuteMsg::Reject { datanet_id, contribution_id, reason };
    assert_eq!(suite.refused("alice", msg), ContractError::Reviewed { datanet_id: 1 });
    assert!(is_unauthorized(suite.exec("alice", vote(1, accept()))));
}

#[test]
fn votes_are_for_the_drawn_once_and_in_time() {
    let mut suite = datanet(4);
    suite.contribute("bob", 1, digest(1)).unwrap();
    let drawn = panel(&suite, 1);
    let other = ["r0", "r1", "r2", "r3"].into_iter().find(|who| !drawn.contains(who)).unwrap();
    assert!(is_unauthorized(suite.exec(other, vote(1, accept()))));
    suite.exec(drawn[0], vote(1, accept())).unwrap();
    let reviewer = suite.account(drawn[0]);
    assert_eq!(suite.refused(drawn[0], vote(1, reject(Reason::Spam))), ContractError::Voted { reviewer });
    suite.wait(40);
    assert_eq!(suite.refused(drawn[1], vote(1, accept())), ContractError::VotingOver { contribution_id: 1 });
}

#[test]
fn a_contributor_is_not_its_own_reviewer_and_enough_are_needed() {
    let mut suite = datanet(3);
    suite.allow("r0", DEPOSIT);
    let error = suite.refused("r0", contribute_msg(1, digest(1)));
    assert_eq!(error, ContractError::FewReviewers { wanted: 3, found: 2 });
    let mut suite = datanet(4);
    suite.allow("r0", DEPOSIT);
    suite.contribute("r0", 1, digest(1)).unwrap();
    assert!(!panel(&suite, 1).contains(&"r0"));
}

#[test]
fn who_misses_a_vote_loses_the_seat_and_a_tenth() {
    let mut suite = datanet(5);
    suite.contribute("bob", 1, digest(1)).unwrap();
    let drawn = panel(&suite, 1);
    suite.exec(drawn[0], vote(1, accept())).unwrap();
    end(&mut suite, 1, 40);
    // One vote of one that was cast decides.
    assert_eq!(review(&suite, 1).unwrap().decision.unwrap(), accept());
    assert_eq!(suite.open(drawn[1]), RICH - BOND / 10);
    assert_eq!(suite.open(drawn[0]), RICH - BOND);
    assert_eq!((reviewers(&suite).len(), suite.solvency().reviewers.u128()), (3, 3 * BOND));
    end(&mut suite, 1, 60);
    assert!(matches!(suite.contribution(1, 1).status, Status::Accepted { .. }));
}

#[test]
fn without_agreement_it_is_turned_down_and_may_come_again() {
    let mut suite = datanet(8);
    for ballots in [vec![], vec![accept(), reject(Reason::Quality)]] {
        let number = suite.datanet(1).contributions.u64() + 1;
        suite.contribute("bob", 1, digest(1)).unwrap();
        votes(&mut suite, number, &ballots);
        end(&mut suite, number, 40);
        let (by, reason) = (suite.contract.clone(), Reason::Undecided);
        assert_eq!(suite.contribution(1, number).status, Status::Rejected { reason, by });
        assert_eq!(suite.open("bob"), RICH);
    }
}

#[test]
fn the_most_frequent_reason_counts_and_spam_burns_the_deposit() {
    let mut suite = datanet(7);
    suite.contribute("bob", 1, digest(1)).unwrap();
    votes(&mut suite, 1, &[reject(Reason::Spam), reject(Reason::Quality)]);
    assert_eq!(review(&suite, 1).unwrap().decision.unwrap(), reject(Reason::Spam), "the first of equals");
    end(&mut suite, 1, 60);
    assert_eq!(suite.open("bob"), RICH - DEPOSIT);
    assert_eq!(suite.solvency().held.u128(), 7 * BOND, "it went to nobody here");
}

#[test]
fn an_appeal_asks_others_once_and_pays_when_it_is_right() {
    let mut suite = datanet(8);
    suite.contribute("bob", 1, digest(1)).unwrap();
    assert_eq!(suite.refused("bob", appeal(1)), ContractError::NoAppeal { contribution_id: 1 });
    let first = panel(&suite, 1);
    votes(&mut suite, 1, &[reject(Reason::Quality), reject(Reason::Quality)]);
    let contributor = suite.account("bob");
    assert_eq!(suite.refused("carol", appeal(1)), ContractError::NotAppellant { contributor });
    let late = vote(1, accept());
    assert_eq!(suite.refused(first[2], late), ContractError::VotingOver { contribution_id: 1 });

    suite.exec("bob", appeal(1)).unwrap();
    assert_eq!((suite.solvency().appeals.u128(), suite.open("bob")), (APPEAL, RICH - DEPOSIT - APPEAL));
    assert!(panel(&suite, 1).iter().all(|who| !first.contains(who)));
    votes(&mut suite, 1, &[accept(), accept()]);
    assert!(matches!(suite.contribution(1, 1).status, Status::Accepted { cluster: 0, .. }), "final at once");
    assert_eq!((suite.open("bob"), suite.solvency().appeals.u128()), (RICH, 0));
    assert!(reviewers(&suite).iter().all(|reviewer| reviewer.duties == 0));
    assert_eq!(suite.refused("bob", appeal(1)), ContractError::NoReview { contribution_id: 1 });
}

#[test]
fn an_appeal_that_changes_nothing_burns_its_deposit() {
    // The second panel agrees with the first, or does not agree with itself.
    for ballots in [vec![accept(), accept()], vec![]] {
        let mut suite = datanet(8);
        suite.contribute("bob", 1, digest(1)).unwrap();
        votes(&mut suite, 1, &[accept(), accept()]);
        suite.exec("carol", appeal(1)).unwrap();
        votes(&mut suite, 1, &ballots);
        if ballots.is_empty() {
            end(&mut suite, 1, 40);
        }
        assert!(matches!(suite.contribution(1, 1).status, Status::Accepted { .. }));
        assert_eq!((suite.open("carol"), suite.solvency().appeals.u128()), (RICH - APPEAL, 0));
    }
}

#[test]
fn an_appeal_comes_in_time_and_finds_enough_others() {
    let mut suite = datanet(5);
    suite.contribute("bob", 1, digest(1)).unwrap();
    votes(&mut suite, 1, &[accept(), accept()]);
    assert_eq!(suite.refused("carol", appeal(1)), ContractError::FewReviewers { wanted: 3, found: 2 });
    assert!(is_unauthorized(suite.exec("stranger", appeal(1))));
    suite.wait(60);
    assert_eq!(suite.refused("carol", appeal(1)), ContractError::NoAppeal { contribution_id: 1 });
}

#[test]
fn it_can_be_taken_back_until_somebody_voted() {
    let mut suite = datanet(3);
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.exec("bob", withdrawal(1)).unwrap();
    assert_eq!((review(&suite, 1), suite.open("bob")), (None, RICH));
    assert!(reviewers(&suite).iter().all(|reviewer| reviewer.duties == 0));

    suite.contribute("bob", 1, digest(1)).unwrap();
    votes(&mut suite, 2, &[reject(Reason::Spam)]);
    assert_eq!(suite.refused("bob", withdrawal(2)), ContractError::UnderReview { contribution_id: 2 });
}

#[test]
fn a_pause_costs_nobody_a_vote() {
    let mut suite = datanet(3);
    suite.contribute("bob", 1, digest(1)).unwrap();
    let until = Uint64::new(suite.now() + 90);
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    votes(&mut suite, 1, &[accept(), accept()]);
    end(&mut suite, 1, 60);
    assert!(matches!(suite.contribution(1, 1).status, Status::Accepted { .. }));
}

#[test]
fn a_full_datanet_turns_down_what_was_accepted() {
    let mut suite = datanet(3);
    for number in 1..=5 {
        suite.contribute("bob", 1, digest(number)).unwrap();
        let id = u64::from(number);
        votes(&mut suite, id, &[accept(), accept()]);
        end(&mut suite, id, 60);
    }
    assert_eq!(suite.datanet(1).clusters, 4);
    let (by, reason) = (suite.contract.clone(), Reason::Undecided);
    assert_eq!(suite.contribution(1, 5).status, Status::Rejected { reason, by });
    assert_eq!(suite.open("bob"), RICH);
}

#[test]
fn who_committed_earlier_ends_the_review_of_a_later_offer_and_its_appeal() {
    let mut suite = datanet(8);
    let commitment =
        datanets::commitment::commitment(1, &digest(1), &digest(0xee), &digest(2), &suite.account("carol"));
    suite.exec("carol", ExecuteMsg::Commit { datanet_id: Uint64::one(), commitment }).unwrap();
    suite.contribute("bob", 1, digest(1)).unwrap();
    votes(&mut suite, 1, &[reject(Reason::Quality), reject(Reason::Quality)]);
    suite.exec("bob", appeal(1)).unwrap();
    suite.next_block();
    let mut msg = contribute_msg(1, digest(1));
    if let ExecuteMsg::Contribute { salt, .. } = &mut msg {
        *salt = Some(digest(2));
    }
    suite.exec("carol", msg).unwrap();
    assert_eq!((suite.open("bob"), review(&suite, 1)), (RICH, None));
    assert_eq!(suite.solvency().appeals.u128(), 0);
    let busy: u32 = reviewers(&suite).iter().map(|reviewer| reviewer.duties).sum();
    assert_eq!(busy, 3, "only the new review");
}
