use cosmwasm_std::Uint64;
use datanets::{
    msg::{ExecuteMsg, Status},
    ContractError,
};

use crate::{
    deposits::{costly, DEPOSIT},
    suite::{digest, is_unauthorized, Suite, RICH},
};

pub fn withdrawal(contribution: u64) -> ExecuteMsg {
    ExecuteMsg::RequestWithdrawal(datanets::msg::Which {
        datanet_id: Uint64::one(),
        contribution_id: Uint64::new(contribution),
    })
}

#[test]
fn an_undecided_contribution_goes_back_with_its_deposit_even_during_a_pause() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    assert_eq!(suite.open("bob"), RICH - DEPOSIT);
    let until = Uint64::new(suite.now() + 50);
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    suite.exec("bob", withdrawal(1)).unwrap();
    assert_eq!(suite.contribution(1, 1).status, Status::Withdrawn {});
    assert_eq!((suite.open("bob"), suite.solvency().deposits.u128()), (RICH, 0));
    assert_eq!(suite.refused("bob", withdrawal(1)), ContractError::Decided { contribution_id: 1 });
    suite.wait(50);
    suite.contribute("bob", 1, digest(1)).unwrap();
    assert_eq!(suite.contribution(1, 2).status, Status::Pending {});
}

#[test]
fn is_for_the_contributor_and_whoever_recovered_its_identity() {
    let mut suite = costly();
    suite.contribute("bob", 1, digest(1)).unwrap();
    for other in ["alice", "carol", "admin"] {
        assert!(is_unauthorized(suite.exec(other, withdrawal(1))));
    }
    let guardians = vec![suite.account("guard").into_string()];
    suite.exec("bob", ExecuteMsg::SetGuardians { guardians, threshold: 1 }).unwrap();
    let identity_id = suite.contribution(1, 1).identity_id;
    let controller = suite.account("fresh").into_string();
    suite.exec("guard", ExecuteMsg::ApproveRecovery { identity_id, controller }).unwrap();
    suite.wait(80);
    suite.exec("guard", ExecuteMsg::FinishRecovery { identity_id }).unwrap();
    suite.exec("fresh", withdrawal(1)).unwrap();
    assert_eq!(suite.open("fresh"), DEPOSIT);
}

#[test]
fn unknown_contributions_are_named() {
    let mut suite: Suite = costly();
    assert_eq!(
        suite.refused("bob", withdrawal(5)),
        ContractError::UnknownContribution { datanet_id: 1, contribution_id: 5 }
    );
}
