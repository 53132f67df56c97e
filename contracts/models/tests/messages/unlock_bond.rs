use cosmwasm_std::Uint64;
use models::{
    msg::{Bond, Bonded, ExecuteMsg, Params, SolvencyResponse},
    msg::{QueryMsg, SudoMsg},
    ContractError,
};

use crate::suite::{
    adapter, base, base_msg, digest, is_unauthorized, params, register_msg, terms, Suite, ADAPTER_BOND, BASE_BOND, RICH,
};

fn unlock(bonded: Bonded) -> ExecuteMsg {
    ExecuteMsg::UnlockBond { bonded }
}

fn retire() -> ExecuteMsg {
    ExecuteMsg::Retire { adapter_id: Uint64::one() }
}

fn bonded(suite: &Suite) -> u128 {
    let found: SolvencyResponse = suite.query(&QueryMsg::Solvency {}).unwrap();
    assert_eq!(found.balance, found.bonded);
    assert_eq!(found.balance.u128(), suite.balance(&suite.contract));
    found.bonded.u128()
}

#[test]
fn bonds_are_taken_at_registration_by_allowance() {
    let mut suite = Suite::new();
    assert_eq!((suite.balance_of("carol"), bonded(&suite)), (RICH - BASE_BOND, BASE_BOND));
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    assert_eq!((suite.balance_of("dave"), bonded(&suite)), (RICH - ADAPTER_BOND, BASE_BOND + ADAPTER_BOND));
    let expected = Bond { amount: ADAPTER_BOND.into(), rebate: params().rebate_bps, unlocks_at: None };
    assert_eq!(suite.bond(adapter(1)), expected);
    assert_eq!(suite.bond(base(1)).amount.u128(), BASE_BOND);
    assert_eq!(suite.bond(base(2)), Bond::default());
}

#[test]
fn without_allowance_nothing_is_registered() {
    let mut suite = Suite::new();
    let poor = suite.account("poor");
    for msg in [base_msg(digest(1)), register_msg(1, 1, terms())] {
        let before = suite.app.dump_wasm_raw(&suite.contract);
        let contract = suite.contract.clone();
        cw_multi_test::Executor::execute_contract(&mut suite.app, poor.clone(), contract, &msg, &[]).unwrap_err();
        assert_eq!(suite.app.dump_wasm_raw(&suite.contract), before);
    }
}

#[test]
fn an_adapter_s_bond_is_free_some_time_after_retirement() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    assert_eq!(suite.refused("dave", unlock(adapter(1))).unwrap_err(), ContractError::Bound);
    suite.exec("dave", retire()).unwrap();
    let unlocks_at = Uint64::new(suite.now() + 1_000);
    assert_eq!(suite.bond(adapter(1)).unlocks_at, Some(unlocks_at));
    suite.wait(999);
    assert_eq!(suite.refused("dave", unlock(adapter(1))).unwrap_err(), ContractError::Locked { unlocks_at });
    suite.wait(1);
    suite.exec("erin", unlock(adapter(1))).unwrap();
    assert_eq!((suite.balance_of("dave"), suite.balance_of("erin"), bonded(&suite)), (RICH, RICH, BASE_BOND));
    assert_eq!(suite.refused("dave", unlock(adapter(1))).unwrap_err(), ContractError::NoBond);
}

#[test]
fn a_base_model_s_bond_is_free_after_the_notice_and_the_same_time() {
    let mut suite = Suite::new();
    suite.exec("carol", ExecuteMsg::WithdrawBase { base_id: Uint64::one() }).unwrap();
    suite.wait(1_199);
    assert!(matches!(suite.refused("carol", unlock(base(1))), Err(ContractError::Locked { .. })));
    suite.wait(1);
    suite.exec("carol", unlock(base(1))).unwrap();
    assert_eq!((suite.balance_of("carol"), bonded(&suite)), (RICH, 0));
}

#[test]
fn it_goes_to_the_payout_account_also_after_a_hand_over_and_in_a_pause() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    let account = suite.account("erin").into_string();
    suite.exec("dave", ExecuteMsg::SetPayout { adapter_id: Uint64::one(), account }).unwrap();
    suite.exec("dave", retire()).unwrap();
    suite.wait(1_000);
    suite.exec("admin", ExecuteMsg::Pause { until: Uint64::new(suite.now() + 50) }).unwrap();
    suite.exec("curator", unlock(adapter(1))).unwrap();
    assert_eq!((suite.balance_of("dave"), suite.balance_of("erin")), (RICH - ADAPTER_BOND, RICH + ADAPTER_BOND));
}

#[test]
fn new_parameters_change_no_bond_that_was_paid() {
    let mut suite = Suite::new();
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    let before = suite.bond(adapter(1));
    let none = Params { base_bond: 0u128.into(), adapter_bond: 0u128.into(), ..params() };
    suite.sudo(SudoMsg::UpdateParams { params: none }).unwrap();
    assert_eq!(suite.bond(adapter(1)), before);
    suite.exec("dave", register_msg(1, 1, terms())).unwrap();
    assert_eq!(suite.bond(adapter(2)), Bond::default());
    assert_eq!(suite.refused("dave", unlock(adapter(2))).unwrap_err(), ContractError::NoBond);
    assert!(is_unauthorized(suite.refused("erin", retire())));
}
