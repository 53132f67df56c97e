//! Taking accepted rows back.

use cosmwasm_std::Uint64;
use datanets::{
    client::Datanets,
    msg::{Erasure, ErasuresResponse, ExecuteMsg, Membership, QueryMsg, Removal, Status},
    ContractError,
};
use openledger_contract_kit::{Bps, Digest};
use openledger_protocol::merkle;

use crate::{
    request_withdrawal::withdrawal,
    shares::{back, issued},
    suite::{digest, is_unauthorized, Suite},
};

fn erasures(suite: &Suite, after: Option<u64>) -> Vec<Erasure> {
    let start_after = after.map(Uint64::new);
    let msg = QueryMsg::Erasures { datanet_id: Uint64::one(), start_after, limit: None };
    suite.query::<ErasuresResponse>(&msg).unwrap().erasures
}

fn confirm(contribution: u64, evidence: Digest) -> ExecuteMsg {
    ExecuteMsg::ConfirmErasure { datanet_id: Uint64::one(), contribution_id: Uint64::new(contribution), evidence }
}

/// Contributions 1 and 2 of `bob` are in version 1, 3 is accepted.
fn accepted() -> Suite {
    let mut suite = Suite::new();
    suite.create("alice", Membership::Open).unwrap();
    suite.join("bob", 1).unwrap();
    for number in 1..=3 {
        suite.contribute("bob", 1, digest(number)).unwrap();
        suite.accept("alice", 1, u64::from(number)).unwrap();
        if number == 2 {
            suite.publish("alice", 1, suite.draft(1).content_root).unwrap();
        }
    }
    suite
}

#[test]
fn accepted_rows_leave_later_versions_and_have_a_sunset() {
    let mut suite = accepted();
    for other in ["alice", "admin", "carol"] {
        assert!(is_unauthorized(suite.exec(other, withdrawal(2))));
    }
    suite.exec("bob", withdrawal(2)).unwrap();
    suite.exec("bob", withdrawal(3)).unwrap();
    assert_eq!(suite.contribution(1, 2).status, Status::Removed { cluster: 1, cause: Removal::Withdrawal });
    let now = Uint64::new(suite.now());
    let sunset_at = Uint64::new(suite.now() + 300);
    let (contribution_id, last_version) = (Uint64::new(2), 1);
    let second = Erasure {
        contribution_id,
        cluster: 1,
        last_version,
        requested_at: now,
        sunset_at,
        confirmed_by: None,
        evidence: None,
    };
    let found = erasures(&suite, None);
    assert_eq!((&found[0], found.len()), (&second, 2));
    assert_eq!(found[1].last_version, 0, "no version has it");
    assert_eq!(erasures(&suite, Some(2)).len(), 1);

    let root = Digest::new(merkle::root(&[digest(1), digest(0), digest(0)]));
    suite.publish("alice", 1, root).unwrap();
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    assert_eq!(client.clusters(1, 1).unwrap()[1].rows_root, digest(2), "version 1 stays what it was");
    assert_eq!(client.version(1, 2).unwrap().rows.u64(), 10);
    suite.next_block();
    let client = Datanets::new(&suite.contract, suite.app.wrap());
    assert_eq!(client.power_at(1, &suite.account("bob"), None).unwrap().total.u128(), 10);
    assert_eq!(suite.refused("bob", withdrawal(2)), ContractError::Decided { contribution_id: 2 });
}

#[test]
fn the_same_rows_may_come_back() {
    let mut suite = accepted();
    suite.exec("bob", withdrawal(1)).unwrap();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 4).unwrap();
    assert_eq!(suite.contribution(1, 4).status, Status::Accepted { cluster: 3, by: suite.account("alice") });
}

#[test]
fn a_reviewer_says_once_that_it_is_done() {
    let mut suite = accepted();
    assert_eq!(suite.refused("alice", confirm(1, digest(9))), ContractError::NothingToErase { contribution_id: 1 });
    suite.exec("bob", withdrawal(1)).unwrap();
    assert!(is_unauthorized(suite.exec("bob", confirm(1, digest(9)))));
    assert_eq!(suite.refused("alice", confirm(1, digest(0))), ContractError::ZeroDigest { field: "evidence" });
    suite.wait(400);
    suite.exec("alice", confirm(1, digest(9))).unwrap();
    let done = erasures(&suite, None).remove(0);
    assert_eq!((done.confirmed_by, done.evidence), (Some(suite.account("alice")), Some(digest(9))));
    assert_eq!(suite.refused("alice", confirm(1, digest(9))), ContractError::Erased { contribution_id: 1 });
}

#[test]
fn who_takes_poison_back_does_not_spare_the_backers() {
    let mut suite = issued();
    suite.contribute("bob", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 1).unwrap();
    back(&mut suite, "carol", 1_000);
    suite.exec("bob", withdrawal(1)).unwrap();
    suite.next_block();
    let poison = ExecuteMsg::ProvePoison {
        datanet_id: Uint64::one(),
        contribution_id: Uint64::one(),
        evidence: digest(0xbd),
        fraction: Bps::new(1_000).unwrap(),
        recipient: None,
    };
    suite.exec("admin", poison.clone()).unwrap();
    let shares = suite.datanet(1).shares.unwrap().address;
    assert_eq!(suite.open_at(&shares), 900);
    assert_eq!(suite.contribution(1, 1).status, Status::Removed { cluster: 0, cause: Removal::Poison });
    let again = crate::suite::contribute_msg(1, digest(1));
    assert!(matches!(suite.refused("bob", again), ContractError::RowsKnown { contribution_id: 1, .. }));
    assert_eq!(suite.refused("admin", poison), ContractError::NotAccepted { contribution_id: 1 });
}
