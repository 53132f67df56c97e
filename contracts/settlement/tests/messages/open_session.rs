use cosmwasm_std::{coins, from_json, Uint128, Uint64};
use cw_multi_test::Executor;
use openledger_contract_kit::KitError;
use settlement::{
    msg::{ExecuteMsg, OpenSessionData, QueryMsg, SessionsResponse},
    ContractError,
};

use crate::{
    chain::{Chain, RICH},
    signing::{public_key, session_key},
};

/// The request of buyer 0 after a change.
fn changed(chain: &Chain, change: impl FnOnce(&mut ExecuteMsg)) -> ExecuteMsg {
    let mut message = chain.open_msg(0, 500);
    change(&mut message);
    message
}

fn expiring(chain: &Chain, at: u64) -> ExecuteMsg {
    changed(chain, |message| {
        if let ExecuteMsg::OpenSession { expires_at, .. } = message {
            *expires_at = Uint64::new(at);
        }
    })
}

#[test]
fn money_is_locked_under_a_new_id() {
    let mut chain = Chain::new();
    let buyer = chain.buyer(0);
    chain.allow(&buyer, &chain.settlement.clone(), 500);
    let message = chain.open_msg(0, 500);
    let response = chain.send(&buyer, &message);
    let data: OpenSessionData = from_json(response.data.unwrap()).unwrap();
    assert_eq!(data.session_id, Uint64::new(1));
    let session = chain.session(1);
    assert_eq!(session.owner, buyer);
    assert_eq!(session.session_public_key, public_key(&session_key(0)));
    assert_eq!((session.deposit, session.available), (Uint128::new(500), Uint128::new(500)));
    assert_eq!(session.expires_at.u64(), chain.now() + 5_000);
    assert_eq!(session.settles_at.u64(), chain.now() + 5_500);
    assert_eq!(chain.balance(&buyer), RICH - 500);
    assert_eq!(chain.books(), [500, 0, 0, 0]);
    assert_eq!(chain.open(1, 100), 2);
    let mine: SessionsResponse =
        chain.query(&QueryMsg::Sessions { owner: buyer.to_string(), start_after: None, limit: None });
    assert_eq!(mine.sessions, [session]);
}

#[test]
fn without_an_allowance_nothing_happens() {
    let mut chain = Chain::new();
    let message = chain.open_msg(0, 500);
    let error = chain.refused_raw(&chain.buyer(0), &message);
    assert!(error.root_cause().to_string().contains("No allowance"), "{error:?}");
}

#[test]
fn an_empty_budget_is_refused() {
    let mut chain = Chain::new();
    let message = chain.open_msg(0, 0);
    assert_eq!(chain.refused(&chain.buyer(0), &message), ContractError::ZeroAmount);
}

#[test]
fn expiry_lies_ahead_and_within_the_bound() {
    let mut chain = Chain::new();
    let (buyer, now) = (chain.buyer(0), chain.now());
    chain.allow(&buyer, &chain.settlement.clone(), 1_000);
    for wrong in [0, now - 1, now, now + 10_001, u64::MAX] {
        let message = expiring(&chain, wrong);
        let expected = ContractError::ExpiryOutOfBounds { expires_at: wrong, now, latest: now + 10_000 };
        assert_eq!(chain.refused(&buyer, &message), expected);
    }
    for right in [now + 1, now + 10_000] {
        let message = expiring(&chain, right);
        chain.send(&buyer, &message);
    }
}

#[test]
fn a_key_that_is_not_compressed_is_refused() {
    let mut chain = Chain::new();
    let message = changed(&chain, |message| {
        if let ExecuteMsg::OpenSession { session_public_key, .. } = message {
            *session_public_key = [4; 33].into();
        }
    });
    assert_eq!(chain.refused(&chain.buyer(0), &message), ContractError::SessionKeyNotCompressed);
}

#[test]
fn a_key_of_a_wrong_length_is_refused_by_name() {
    let mut chain = Chain::new();
    let message = cosmwasm_std::to_json_vec(&chain.open_msg(0, 500)).unwrap();
    let mut message: serde_json::Value = serde_json::from_slice(&message).unwrap();
    for wrong in ["", "02", "xyz"] {
        message["open_session"]["session_public_key"] = wrong.into();
        let error = chain.refused_raw(&chain.buyer(0), &message);
        let text = format!("{error:?}");
        assert!(text.contains("66 are needed"), "{text}");
    }
}

#[test]
fn amounts_beyond_the_balance_are_refused() {
    let mut chain = Chain::new();
    let buyer = chain.buyer(0);
    chain.allow(&buyer, &chain.settlement.clone(), u128::MAX);
    for amount in [RICH + 1, u128::MAX] {
        let message = chain.open_msg(0, amount);
        chain.refused_raw(&buyer, &message);
    }
}

#[test]
fn coins_are_refused() {
    let mut chain = Chain::new();
    let buyer = chain.buyer(0);
    let gift = coins(5, "ustake");
    chain.app.init_modules(|router, _, storage| router.bank.init_balance(storage, &buyer, gift.clone())).unwrap();
    let message = chain.open_msg(0, 500);
    let error = chain.app.execute_contract(buyer, chain.settlement.clone(), &message, &gift).unwrap_err();
    assert_eq!(error.downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds));
}
