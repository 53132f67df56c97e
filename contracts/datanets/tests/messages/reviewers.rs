use cosmwasm_std::{Uint128, Uint64};
use datanets::{
    msg::{ExecuteMsg, Membership, QueryMsg, Reviewer, ReviewersResponse},
    ContractError,
};

use crate::{
    suite::{create_msg, is_unauthorized, Suite, RICH},
    votes::{accept, datanet, panel, terms, vote, BOND},
};

pub fn reviewers(suite: &Suite) -> Vec<Reviewer> {
    let msg = QueryMsg::Reviewers { datanet_id: Uint64::one(), start_after: None, limit: Some(30) };
    suite.query::<ReviewersResponse>(&msg).unwrap().reviewers
}

fn bond() -> ExecuteMsg {
    ExecuteMsg::BondReviewer(datanets::msg::InDatanet { datanet_id: Uint64::one() })
}

fn unbond() -> ExecuteMsg {
    ExecuteMsg::UnbondReviewer(datanets::msg::InDatanet { datanet_id: Uint64::one() })
}

#[test]
fn members_bond_once_and_leave_with_their_bond() {
    let mut suite = datanet(3);
    assert!(is_unauthorized(suite.exec("stranger", bond())));
    assert_eq!((reviewers(&suite).len(), suite.solvency().reviewers.u128()), (3, 3 * BOND));
    let account = suite.account("r1");
    assert_eq!(suite.refused("r1", bond()), ContractError::AlreadyReviewer { account });
    assert!(is_unauthorized(suite.exec("bob", unbond())));
    suite.exec("r1", unbond()).unwrap();
    assert_eq!((suite.open("r1"), suite.solvency().reviewers.u128()), (RICH, 2 * BOND));
    let mut seats: Vec<u64> = reviewers(&suite).iter().map(|reviewer| reviewer.seat.u64()).collect();
    seats.sort_unstable();
    assert_eq!(seats, [0, 1]);
    suite.allow("r1", BOND);
    suite.exec("r1", bond()).unwrap();
}

#[test]
fn nobody_leaves_while_on_duty() {
    let mut suite = datanet(3);
    suite.contribute("bob", 1, crate::suite::digest(1)).unwrap();
    assert_eq!(suite.refused("r0", unbond()), ContractError::OnDuty { duties: 1 });
    for who in panel(&suite, 1) {
        if suite.exec(who, vote(1, accept())).is_err() {
            break;
        }
    }
    assert_eq!(suite.refused("r0", unbond()), ContractError::OnDuty { duties: 1 });
    suite.wait(60);
    suite.exec("anybody", crate::votes::finish(1)).unwrap();
    suite.exec("r0", unbond()).unwrap();
}

#[test]
fn only_where_drawn_reviewers_decide() {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    assert_eq!(suite.refused("alice", bond()), ContractError::NotReviewed { datanet_id: 1 });
}

#[test]
fn terms_are_bounded() {
    let mut suite = Suite::new();
    for change in [
        |terms: &mut datanets::msg::ReviewTerms| terms.reviewers = 4,
        |terms: &mut datanets::msg::ReviewTerms| terms.reviewers = 9,
        |terms: &mut datanets::msg::ReviewTerms| terms.bond = Uint128::MAX,
        |terms: &mut datanets::msg::ReviewTerms| terms.vote_seconds = Uint64::zero(),
        |terms: &mut datanets::msg::ReviewTerms| terms.appeal_seconds = Uint64::new(2_592_001),
        |terms: &mut datanets::msg::ReviewTerms| terms.appeal_deposit = Uint128::new(1_000_000_000_000_001),
    ] {
        let mut bad = terms();
        change(&mut bad);
        let mut msg = create_msg(suite.account("commons").as_str(), Membership::Open);
        if let ExecuteMsg::Create { review, .. } = &mut msg {
            *review = Some(bad);
        }
        assert!(matches!(suite.refused("alice", msg), ContractError::ReviewTerms(_)));
    }
}
