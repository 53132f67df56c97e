use cosmwasm_std::{
    to_json_binary, Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, Uint128,
};
use cw20::Cw20ReceiveMsg;
use cw_multi_test::{ContractWrapper, Executor};
use open_token::msg::ExecuteMsg;

use crate::suite::{Suite, ALICE};

/// What a contract that takes OPEN looks like.
#[cosmwasm_schema::cw_serde]
enum TillMsg {
    Receive(Cw20ReceiveMsg),
}

fn till_execute(_: DepsMut, _: Env, info: MessageInfo, msg: TillMsg) -> StdResult<Response> {
    let TillMsg::Receive(note) = msg;
    if note.msg == to_json_binary("no")? {
        return Err(StdError::generic_err("not today"));
    }
    Ok(Response::new().add_attribute("token", info.sender).add_attribute("from", note.sender))
}

fn till_instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn till_query(_: Deps, _: Env, _: Empty) -> StdResult<Binary> {
    to_json_binary(&())
}

fn till(suite: &mut Suite) -> Addr {
    let code = suite.app.store_code(Box::new(ContractWrapper::new(till_execute, till_instantiate, till_query)));
    let admin = suite.account("admin");
    suite.app.instantiate_contract(code, admin, &Empty {}, &[], "till", None).unwrap()
}

#[test]
fn pays_and_tells_the_contract_who_sent() {
    let mut suite = Suite::new();
    let till = till(&mut suite);
    let send = ExecuteMsg::Send { contract: till.to_string(), amount: Uint128::new(5), msg: Binary::default() };
    let response = suite.exec("alice", send).unwrap();
    let told: Vec<_> = response.events.iter().flat_map(|e| &e.attributes).collect();
    assert!(told.iter().any(|a| a.key == "token" && a.value == suite.contract.as_str()));
    assert!(told.iter().any(|a| a.key == "from" && a.value == suite.account("alice").as_str()));
    assert_eq!(suite.client().balance(&till).unwrap().u128(), 5);
}

#[test]
fn nothing_moves_when_the_contract_refuses() {
    let mut suite = Suite::new();
    let till = till(&mut suite);
    let msg = to_json_binary("no").unwrap();
    let send = ExecuteMsg::Send { contract: till.to_string(), amount: Uint128::new(5), msg };
    let sender = suite.account("alice");
    assert!(suite.app.execute_contract(sender, suite.contract.clone(), &send, &[]).is_err());
    assert_eq!((suite.balance("alice"), suite.client().balance(&till).unwrap().u128()), (ALICE, 0));
}
