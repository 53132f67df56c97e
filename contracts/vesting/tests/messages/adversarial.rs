//! Tokens that lie, take fees or call back, and accounts that pretend.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    coins, from_json, to_json_binary, Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Reply, Response, StdResult,
    SubMsg, Uint128, WasmMsg,
};
use cw20::{BalanceResponse, Cw20ExecuteMsg, Cw20ReceiveMsg};
use cw_multi_test::{ContractWrapper, Executor};
use openledger_contract_kit::KitError;
use vesting::{msg::ExecuteMsg, ContractError};

use crate::chain::{amount, id, over, schedule, Chain, START};

/// A token of the adversary's: it sends what it is told, and answers every balance with the same number.
#[cw_serde]
enum Evil {
    Say { contract: String, messages: Vec<ExecuteMsg> },
    Arm { contract: String, messages: Vec<ExecuteMsg> },
    Transfer { recipient: String, amount: Uint128 },
}

/// What it does when it is asked to transfer: it calls back, and takes no for an answer.
const BACK: cw_storage_plus::Item<(Addr, Vec<ExecuteMsg>)> = cw_storage_plus::Item::new("back");

fn evil_execute(deps: DepsMut, _: Env, _: MessageInfo, msg: Evil) -> StdResult<Response> {
    let call = |contract: &str, message: &ExecuteMsg| {
        let msg = to_json_binary(message).unwrap();
        WasmMsg::Execute { contract_addr: contract.to_owned(), msg, funds: vec![] }
    };
    match msg {
        Evil::Say { contract, messages } => {
            Ok(Response::new().add_messages(messages.iter().map(|message| call(&contract, message))))
        }
        Evil::Arm { contract, messages } => {
            BACK.save(deps.storage, &(Addr::unchecked(&contract), messages))?;
            Ok(Response::new())
        }
        Evil::Transfer { .. } => {
            let (contract, messages) = BACK.may_load(deps.storage)?.unwrap_or((Addr::unchecked(""), vec![]));
            let calls = messages.iter().map(|message| SubMsg::reply_on_error(call(contract.as_str(), message), 1));
            Ok(Response::new().add_submessages(calls))
        }
    }
}

fn evil_query(_: Deps, _: Env, _: cw20::Cw20QueryMsg) -> StdResult<Binary> {
    to_json_binary(&BalanceResponse { balance: Uint128::new(1_000) })
}

fn evil(chain: &mut Chain) -> Addr {
    let nothing = |_: DepsMut, _: Env, _: MessageInfo, _: Empty| -> StdResult<Response> { Ok(Response::new()) };
    let reply = |_: DepsMut, _: Env, _: Reply| -> StdResult<Response> { Ok(Response::new()) };
    let wrapper = ContractWrapper::new(evil_execute, nothing, evil_query).with_reply(reply);
    let code = chain.app.store_code(Box::new(wrapper));
    let admin = chain.account("admin");
    chain.app.instantiate_contract(code, admin, &Empty {}, &[], "evil", None).unwrap()
}

fn report(chain: &Chain, tokens: u128) -> ExecuteMsg {
    let hook = to_json_binary(&chain.terms("alice", schedule(), Some("stranger"))).unwrap();
    ExecuteMsg::Receive(Cw20ReceiveMsg { sender: chain.account("founder").into(), amount: amount(tokens), msg: hook })
}

#[test]
fn an_account_cannot_claim_to_be_a_token() {
    let mut chain = Chain::granted();
    let report = report(&chain, 1_000);
    for liar in ["bob", "carol", "founder", "admin"] {
        assert!(matches!(chain.refused(liar, &report), ContractError::Std(_)));
    }
}

#[test]
fn a_lying_token_makes_promises_in_itself_only() {
    let mut chain = Chain::granted();
    let evil = evil(&mut chain);
    let say = |messages| Evil::Say { contract: chain.vesting.to_string(), messages };
    let (fits, too_much) = (say(vec![report(&chain, 1_000)]), say(vec![report(&chain, 1_001)]));
    let stranger = chain.account("stranger");
    let refusal = chain.refused_call(&stranger, &evil, &too_much);
    let not_covered = ContractError::NotCovered { token: evil.clone(), held: amount(1_000), owed: amount(1_001) };
    assert_eq!(refusal.downcast::<ContractError>().unwrap(), not_covered);
    chain.app.execute_contract(stranger, evil.clone(), &fits, &[]).unwrap();
    let before = chain.solvency();
    chain.at(100);
    chain.try_send("stranger", &ExecuteMsg::Release { grant_id: id(2) }).unwrap();
    assert_eq!((chain.solvency(), before, chain.shown(2).token), (1_000, 1_000, evil));
    chain.release(1);
    assert_eq!(chain.gained("alice"), 1_000);
}

#[test]
fn a_token_that_calls_back_is_paid_once() {
    let mut chain = Chain::granted();
    let evil = evil(&mut chain);
    let stranger = chain.account("stranger");
    let vesting = chain.vesting.to_string();
    let grant = Evil::Say { contract: vesting.clone(), messages: vec![report(&chain, 600)] };
    chain.app.execute_contract(stranger.clone(), evil.clone(), &grant, &[]).unwrap();
    // From here on each transfer asks again for both grants, and for the revocation.
    let again = vec![
        ExecuteMsg::Release { grant_id: id(2) },
        ExecuteMsg::Revoke { grant_id: id(2) },
        ExecuteMsg::Release { grant_id: id(1) },
    ];
    chain.at(30);
    let arm = Evil::Arm { contract: vesting, messages: again };
    chain.app.execute_contract(stranger, evil.clone(), &arm, &[]).unwrap();
    chain.send("alice", &ExecuteMsg::Release { grant_id: id(2) });
    chain.send("stranger", &ExecuteMsg::Revoke { grant_id: id(2) });
    let grant = chain.shown(2);
    assert_eq!((grant.released, grant.returned), (amount(180), amount(420)));
    assert_eq!(chain.client().solvency(&chain.app.wrap(), &evil).unwrap().owed, amount(0));
    // The call back for the genuine grant did what anybody's call does.
    assert_eq!((chain.gained("alice"), chain.solvency()), (300, 700));
}

#[test]
fn tokens_that_came_without_terms_are_nobodys() {
    let mut chain = Chain::granted();
    let (founder, token) = (chain.account("founder"), chain.token.clone());
    let gift = Cw20ExecuteMsg::Transfer { recipient: chain.vesting.to_string(), amount: amount(777) };
    chain.app.execute_contract(founder, token.clone(), &gift, &[]).unwrap();
    let books = chain.client().solvency(&chain.app.wrap(), &token).unwrap();
    assert_eq!((books.owed, books.held), (amount(1_000), amount(1_777)));
    // The surplus covers no report of an account, and no second payment.
    let report = report(&chain, 777);
    assert!(matches!(chain.refused("founder", &report), ContractError::Std(_)));
    chain.at(100);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.solvency()), (1_000, 0));
    chain.refused("alice", &ExecuteMsg::Release { grant_id: id(1) });
}

#[test]
fn a_flood_of_dust_costs_the_others_nothing() {
    let mut chain = Chain::granted();
    for _ in 0..100 {
        let terms = chain.terms("alice", over(START, 0, 1_000), Some("stranger"));
        chain.grant("stranger", 1, &terms).unwrap();
    }
    chain.at(50);
    chain.release(1);
    chain.send("founder", &ExecuteMsg::Revoke { grant_id: id(1) });
    assert_eq!((chain.gained("alice"), chain.gained("founder"), chain.solvency()), (500, -500, 100));
    // One token over a thousand seconds: nothing is rounded up on the way, and nothing is lost at the end.
    chain.at(999);
    let early = ContractError::NothingToRelease { grant_id: 2, from: Some(START + 1_000) };
    assert_eq!(chain.refused("alice", &ExecuteMsg::Release { grant_id: id(2) }), early);
    chain.at(1_000);
    chain.release(2);
    assert_eq!(chain.gained("alice"), 501);
}

#[test]
fn amounts_beyond_the_books_are_refused_by_name() {
    let mut chain = Chain::new();
    let evil = evil(&mut chain);
    let stranger = chain.account("stranger");
    let huge = vec![report(&chain, 900), report(&chain, u128::MAX)];
    let say = Evil::Say { contract: chain.vesting.to_string(), messages: huge };
    let refusal = chain.refused_call(&stranger, &evil, &say);
    assert!(matches!(refusal.downcast::<ContractError>().unwrap(), ContractError::Overflow(_)));
    let nothing = Evil::Say { contract: chain.vesting.to_string(), messages: vec![report(&chain, 0)] };
    let refusal = chain.refused_call(&stranger, &evil, &nothing);
    assert_eq!(refusal.downcast::<ContractError>().unwrap(), ContractError::ZeroAmount);
}

#[test]
fn coins_are_refused() {
    let mut chain = Chain::granted();
    let (alice, vesting) = (chain.account("alice"), chain.vesting.clone());
    chain.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &alice, coins(5, "ustake")).unwrap();
    });
    chain.at(50);
    let release = ExecuteMsg::Release { grant_id: id(1) };
    let error = chain.app.execute_contract(alice, vesting, &release, &coins(5, "ustake")).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), KitError::UnexpectedFunds.into());
}

#[test]
fn plain_json_of_every_message_is_understood() {
    for text in [
        r#"{"release":{"grant_id":"1"}}"#,
        r#"{"propose_recipient":{"grant_id":"1","recipient":"wasm1x","expires_at":"5"}}"#,
        r#"{"accept_recipient":{"grant_id":"1"}}"#,
        r#"{"revoke":{"grant_id":"1"}}"#,
        r#"{"renounce_revocation":{"grant_id":"1"}}"#,
    ] {
        let message: ExecuteMsg = from_json(text.as_bytes()).unwrap();
        assert_eq!(to_json_binary(&message).unwrap().as_slice(), text.as_bytes());
    }
}
