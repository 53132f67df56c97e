use cosmwasm_std::Uint64;
use models::{
    msg::{ExecuteMsg, Params, SudoMsg},
    ContractError,
};

use crate::{
    adapter_income::earning,
    suite::{is_unauthorized, params, Suite},
};

fn suspend(suite: &Suite, seconds: u64) -> ExecuteMsg {
    ExecuteMsg::Suspend { adapter_id: Uint64::one(), until: Uint64::new(suite.now() + seconds) }
}

fn resume() -> ExecuteMsg {
    ExecuteMsg::Resume { adapter_id: Uint64::one() }
}

fn until(suite: &Suite) -> Option<u64> {
    suite.adapter(1).suspended_until.map(|until| until.u64())
}

#[test]
fn ends_by_itself_and_cannot_be_chained() {
    let mut suite = earning();
    let end = suite.now() + 50;
    suite.exec("admin", suspend(&suite, 50)).unwrap();
    assert_eq!(until(&suite), Some(end));
    let late = ContractError::SuspendedLately { id: 1, not_before: end + 50 };
    for wait in [0, 49, 1, 49] {
        suite.wait(wait);
        let again = suspend(&suite, 50);
        assert_eq!(suite.refused("admin", again).unwrap_err(), late);
    }
    assert_eq!(until(&suite), None);
    suite.wait(1);
    suite.exec("admin", suspend(&suite, 50)).unwrap();
}

#[test]
fn resuming_early_counts_only_what_was_used() {
    let mut suite = earning();
    assert_eq!(suite.refused("admin", resume()).unwrap_err(), ContractError::NotSuspended { id: 1 });
    suite.exec("admin", suspend(&suite, 50)).unwrap();
    suite.wait(10);
    suite.exec("admin", resume()).unwrap();
    assert_eq!(until(&suite), None);
    assert_eq!(suite.refused("admin", resume()).unwrap_err(), ContractError::NotSuspended { id: 1 });
    suite.wait(9);
    let again = suspend(&suite, 50);
    assert!(matches!(suite.refused("admin", again), Err(ContractError::SuspendedLately { .. })));
    suite.wait(1);
    suite.exec("admin", suspend(&suite, 50)).unwrap();
}

#[test]
fn is_for_the_owner_within_the_bound_and_stops_no_income() {
    let mut suite = earning();
    for who in ["dave", "erin"] {
        let msg = suspend(&suite, 5);
        assert!(is_unauthorized(suite.refused(who, msg)), "{who}");
        assert!(is_unauthorized(suite.refused(who, resume())), "{who}");
    }
    for seconds in [0, 51] {
        let msg = suspend(&suite, seconds);
        assert!(matches!(suite.refused("admin", msg), Err(ContractError::SuspensionLength { .. })));
    }
    suite.exec("admin", suspend(&suite, 50)).unwrap();
    let before = suite.balance_of("dave");
    suite.income("settlement", 1, 1_000).unwrap();
    assert_eq!(suite.balance_of("dave"), before + 1_030);
    suite.wait(100);
    let nobody = Params { max_suspension_seconds: Uint64::zero(), ..params() };
    suite.sudo(SudoMsg::UpdateParams { params: nobody }).unwrap();
    let msg = suspend(&suite, 1);
    assert!(matches!(suite.refused("admin", msg), Err(ContractError::SuspensionLength { .. })));
    suite.exec("dave", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    let msg = suspend(&suite, 1);
    assert_eq!(suite.refused("admin", msg).unwrap_err(), ContractError::Retired { id: 1 });
}
