use cosmwasm_std::Uint64;
use models::{
    msg::{ExecuteMsg, Params, SudoMsg},
    ContractError,
};

use crate::{
    adapter_income::earning,
    suite::{is_unauthorized, params, Suite, ADAPTER_BOND, RICH},
};

fn payout(suite: &Suite, name: &str) -> ExecuteMsg {
    ExecuteMsg::SetPayout { adapter_id: Uint64::one(), account: suite.account(name).into_string() }
}

/// Pays 100 that is no usage and says who got it.
fn receiver(suite: &mut Suite) -> &'static str {
    let names = ["dave", "erin", "curator"];
    let before = names.map(|name| suite.balance_of(name));
    suite.income("admin", 1, 100).unwrap();
    let at = (0..3).find(|at| suite.balance_of(names[*at]) == before[*at] + 100).unwrap();
    assert_eq!(suite.adapter(1).payout, suite.account(names[at]));
    names[at]
}

#[test]
fn counts_after_the_delay() {
    let mut suite = earning();
    suite.exec("dave", payout(&suite, "erin")).unwrap();
    suite.wait(59);
    assert_eq!(receiver(&mut suite), "dave");
    suite.wait(1);
    assert_eq!(receiver(&mut suite), "erin");
    assert_eq!(suite.balance_of("dave"), RICH - ADAPTER_BOND + 100);
}

#[test]
fn a_new_choice_replaces_one_that_does_not_count_yet() {
    let mut suite = earning();
    suite.exec("dave", payout(&suite, "erin")).unwrap();
    suite.wait(59);
    suite.exec("dave", payout(&suite, "dave")).unwrap();
    suite.wait(1);
    assert_eq!(receiver(&mut suite), "dave");
    suite.wait(60);
    assert_eq!(receiver(&mut suite), "dave");
    suite.exec("dave", payout(&suite, "erin")).unwrap();
    suite.wait(60);
    // Erin counts by now and keeps the income until the next account does.
    suite.exec("dave", payout(&suite, "curator")).unwrap();
    assert_eq!(receiver(&mut suite), "erin");
    suite.wait(60);
    assert_eq!(receiver(&mut suite), "curator");
}

#[test]
fn without_a_delay_it_counts_at_once() {
    let mut suite = earning();
    let params = Params { payout_delay_seconds: Uint64::zero(), ..params() };
    suite.sudo(SudoMsg::UpdateParams { params }).unwrap();
    suite.exec("dave", payout(&suite, "erin")).unwrap();
    assert_eq!(receiver(&mut suite), "erin");
}

#[test]
fn is_for_the_developer_and_never_the_contract_itself() {
    let mut suite = earning();
    for who in ["erin", "admin", "carol"] {
        let msg = payout(&suite, "erin");
        assert!(is_unauthorized(suite.refused(who, msg)), "{who}");
    }
    let account = suite.contract.to_string();
    let here = ExecuteMsg::SetPayout { adapter_id: Uint64::one(), account };
    assert_eq!(suite.refused("dave", here).unwrap_err(), ContractError::PayoutHere);
    let nonsense = ExecuteMsg::SetPayout { adapter_id: Uint64::one(), account: "nobody".into() };
    assert!(matches!(suite.refused("dave", nonsense), Err(ContractError::Std(_))));
}
