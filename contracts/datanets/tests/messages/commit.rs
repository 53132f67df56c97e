//! Commitments: who is first with the same rows, and what somebody who only watches can do about it.

use cosmwasm_std::Uint64;
use datanets::{
    commitment::commitment,
    msg::{CommitmentsResponse, ExecuteMsg, Membership, QueryMsg, Reason, Status},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{contribute_msg, create_msg, digest, is_unauthorized, Suite};

const SALT: u8 = 0x5a;

/// Datanet 1 of `alice`, with or without the duty to commit; `bob` and `carol` have joined.
fn datanet(needed: bool) -> Suite {
    let mut suite = Suite::new();
    let mut msg = create_msg(suite.account("commons").as_str(), Membership::Open);
    if let ExecuteMsg::Create { commit_reveal, .. } = &mut msg {
        *commit_reveal = Some(needed);
    }
    suite.exec("alice", msg).unwrap();
    suite.join("bob", 1).unwrap();
    suite.join("carol", 1).unwrap();
    suite
}

fn commit(suite: &Suite, who: &str, rows: u8) -> ExecuteMsg {
    let commitment = commitment(1, &digest(rows), &digest(0xee), &digest(SALT), &suite.account(who));
    ExecuteMsg::Commit { datanet_id: Uint64::one(), commitment }
}

fn send_commit(suite: &mut Suite, who: &str, rows: u8) {
    suite.exec(who, commit(suite, who, rows)).unwrap();
}

fn reveal(rows: u8) -> ExecuteMsg {
    let mut msg = contribute_msg(1, digest(rows));
    if let ExecuteMsg::Contribute { salt, .. } = &mut msg {
        *salt = Some(digest(SALT));
    }
    msg
}

fn open(suite: &Suite, who: &str) -> usize {
    let account = suite.account(who).into_string();
    let msg = QueryMsg::Commitments { datanet_id: Uint64::one(), account };
    suite.query::<CommitmentsResponse>(&msg).unwrap().commitments.len()
}

#[test]
fn a_later_block_opens_it_once() {
    let mut suite = datanet(true);
    assert!(suite.datanet(1).commit_reveal);
    let bare = contribute_msg(1, digest(1));
    assert_eq!(suite.refused("bob", bare), ContractError::CommitmentNeeded { datanet_id: 1 });
    send_commit(&mut suite, "bob", 1);
    let height = suite.app.block_info().height;
    assert_eq!(suite.refused("bob", reveal(1)), ContractError::CommitmentNew { height });
    suite.next_block();
    suite.exec("bob", reveal(1)).unwrap();
    assert_eq!((suite.contribution(1, 1).precedence.u64(), open(&suite, "bob")), (1, 0));
    assert!(matches!(suite.refused("bob", reveal(1)), ContractError::NoCommitment { .. }));
}

#[test]
fn a_copied_commitment_or_reveal_is_worth_nothing() {
    let mut suite = datanet(true);
    // Carol sees bob's commitment and repeats it; then she sees his rows and salt.
    let copy = commit(&suite, "bob", 1);
    send_commit(&mut suite, "bob", 1);
    suite.exec("carol", copy).unwrap();
    suite.next_block();
    assert!(matches!(suite.refused("carol", reveal(1)), ContractError::NoCommitment { .. }));
    suite.exec("bob", reveal(1)).unwrap();
}

#[test]
fn the_earlier_commitment_counts_until_the_decision() {
    let mut suite = datanet(true);
    send_commit(&mut suite, "bob", 1);
    suite.next_block();
    // Bob's transaction with the rows is held back, and carol hurries.
    send_commit(&mut suite, "carol", 1);
    suite.next_block();
    suite.exec("carol", reveal(1)).unwrap();
    suite.exec("bob", reveal(1)).unwrap();
    let by = suite.account("bob");
    assert_eq!(suite.contribution(1, 1).status, Status::Rejected { reason: Reason::Duplicate, by });
    assert_eq!(suite.contribution(1, 2).status, Status::Pending {});

    send_commit(&mut suite, "bob", 2);
    send_commit(&mut suite, "carol", 2);
    suite.next_block();
    suite.exec("carol", reveal(2)).unwrap();
    suite.accept("alice", 1, 3).unwrap();
    let known = ContractError::RowsKnown { rows_root: digest(2), contribution_id: 3 };
    assert_eq!(suite.refused("bob", reveal(2)), known, "decisions are final");
}

#[test]
fn a_later_commitment_does_not_displace() {
    let mut suite = datanet(false);
    suite.contribute("bob", 1, digest(1)).unwrap();
    send_commit(&mut suite, "carol", 1);
    suite.next_block();
    let known = ContractError::RowsKnown { rows_root: digest(1), contribution_id: 1 };
    assert_eq!(suite.refused("carol", reveal(1)), known);
    // Where nobody has to commit, whoever did still comes first.
    send_commit(&mut suite, "carol", 2);
    suite.contribute("bob", 1, digest(2)).unwrap();
    suite.next_block();
    suite.exec("carol", reveal(2)).unwrap();
    assert!(matches!(suite.contribution(1, 2).status, Status::Rejected { reason: Reason::Duplicate, .. }));
}

#[test]
fn expired_ones_open_nothing_and_make_room() {
    let mut suite = datanet(true);
    for rows in 1..=3 {
        send_commit(&mut suite, "bob", rows);
    }
    let fourth = commit(&suite, "bob", 4);
    assert!(matches!(suite.refused("bob", fourth), ContractError::Kit(KitError::TooMany { max: 3, .. })));
    let again = commit(&suite, "bob", 3);
    assert!(matches!(suite.refused("bob", again), ContractError::CommitmentKnown { .. }));
    suite.next_block();
    suite.wait(86_400);
    assert!(matches!(suite.refused("bob", reveal(1)), ContractError::NoCommitment { .. }));
    send_commit(&mut suite, "bob", 4);
    assert_eq!(open(&suite, "bob"), 1);
}

#[test]
fn members_commit_and_to_something() {
    let mut suite = datanet(true);
    let stranger = commit(&suite, "stranger", 1);
    assert!(is_unauthorized(suite.exec("stranger", stranger)));
    let nothing = ExecuteMsg::Commit { datanet_id: Uint64::one(), commitment: digest(0) };
    assert_eq!(suite.refused("bob", nothing), ContractError::ZeroDigest { field: "commitment" });
}
