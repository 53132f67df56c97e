use cosmwasm_std::{to_json_binary, Uint128, Uint64};
use cw20::Cw20ReceiveMsg;
use datanets::{
    client::income_hook,
    msg::{ExecuteMsg, IncomeResponse, Membership, QueryMsg},
    ContractError,
};

use crate::suite::{is_unauthorized, Suite};

fn income(suite: &Suite, id: u64) -> (u128, u128) {
    let found: IncomeResponse =
        suite.query(&QueryMsg::Income(datanets::msg::InDatanet { datanet_id: Uint64::new(id) })).unwrap();
    (found.usage.u128(), found.gifts.u128())
}

fn set_settlement(suite: &mut Suite, who: &str) -> Result<(), ContractError> {
    let settlement = suite.account("settlement").into_string();
    suite.exec(who, ExecuteMsg::SetSettlement { settlement }).map(|_| ())
}

#[test]
fn goes_on_to_the_commons_at_once() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.send_open("sponsor", 700, income_hook(id).unwrap()).unwrap();
    assert_eq!((suite.open("commons"), suite.open_at(&suite.contract.clone())), (700, 0));
    assert_eq!(income(&suite, id), (0, 700));
}

#[test]
fn counts_as_use_only_from_settlement() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    assert!(is_unauthorized(set_settlement(&mut suite, "alice")));
    suite.send_open("settlement", 5, income_hook(id).unwrap()).unwrap();
    set_settlement(&mut suite, "admin").unwrap();
    assert_eq!(suite.config().settlement, Some(suite.account("settlement")));
    suite.send_open("settlement", 30, income_hook(id).unwrap()).unwrap();
    suite.send_open("sponsor", 4, income_hook(id).unwrap()).unwrap();
    assert_eq!(income(&suite, id), (30, 9));
    let settlement = suite.account("settlement");
    assert_eq!(set_settlement(&mut suite, "admin").unwrap_err(), ContractError::SettlementSet { settlement });
}

#[test]
fn only_the_token_reports_it_and_only_for_a_datanet_that_exists() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    let sender = suite.account("settlement").into_string();
    let received = |amount| {
        let msg = income_hook(id).unwrap();
        ExecuteMsg::Receive(Cw20ReceiveMsg { sender: sender.clone(), amount: Uint128::new(amount), msg })
    };
    assert!(is_unauthorized(suite.exec("settlement", received(9))));
    let token = suite.token.clone();
    let zero = received(0);
    use cw_multi_test::Executor;
    let error = suite.app.execute_contract(token, suite.contract.clone(), &zero, &[]).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::ZeroAmount);

    for hook in [income_hook(id + 1).unwrap(), to_json_binary("gift").unwrap()] {
        assert!(suite.send_open("sponsor", 9, hook).is_err());
        assert_eq!(suite.open("sponsor"), crate::suite::RICH, "the money stays with the sender");
    }
    assert_eq!(income(&suite, id), (0, 0));
}

#[test]
fn a_pause_does_not_stop_it() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    let until = Uint64::new(suite.now() + 50);
    suite.exec("admin", ExecuteMsg::Pause { until }).unwrap();
    suite.send_open("sponsor", 700, income_hook(id).unwrap()).unwrap();
    assert_eq!(suite.open("commons"), 700);
}

#[test]
fn the_commons_cannot_be_this_contract() {
    let mut suite = Suite::new();
    let msg = crate::suite::create_msg(suite.contract.as_str(), Membership::Open);
    assert_eq!(suite.refused("alice", msg), ContractError::ToItself);
}
