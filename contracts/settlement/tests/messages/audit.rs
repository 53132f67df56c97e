//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use settlement::{
    msg::{ExecuteMsg, InstantiateMsg, QueryMsg, SolvencyResponse, SudoMsg},
    ContractError,
};

use crate::chain::{params, Chain};

/// The same account in capitals, which the chain would take for the same and a comparison of texts for another.
fn loud(chain: &Chain, name: &str) -> String {
    chain.account(name).as_str().to_uppercase()
}

#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut chain = Chain::new();
    let (owner, arbiter) = (chain.owner.clone(), chain.account("arbiter"));
    let mut open = chain.open_msg(0, 100);
    if let ExecuteMsg::OpenSession { node, .. } = &mut open {
        *node = Some(loud(&chain, "node"));
    }
    let settlement = chain.settlement.clone();
    let buyer = chain.buyer(0);
    chain.allow(&buyer, &settlement, 100);
    assert!(matches!(chain.refused(&buyer, &open), ContractError::Std(_)));
    let name = ExecuteMsg::SetArbiter { arbiter: loud(&chain, "arbiter") };
    assert!(matches!(chain.refused(&owner, &name), ContractError::Std(_)));
    let propose =
        ExecuteMsg::ProposeOwner { account: loud(&chain, "next"), expires_at: Uint64::new(chain.now() + 100) };
    assert!(matches!(chain.refused(&owner, &propose), ContractError::Std(_)));
    chain.send(&owner, &ExecuteMsg::SetArbiter { arbiter: arbiter.to_string() });
    let bar = ExecuteMsg::BarNode { node: loud(&chain, "node") };
    assert!(matches!(chain.refused(&arbiter, &bar), ContractError::Std(_)));
    let replace = SudoMsg::ReplaceOwner { owner: loud(&chain, "next") };
    assert!(matches!(chain.sudo(&replace), Err(ContractError::Std(_))));

    let questions = [
        QueryMsg::Sessions { owner: loud(&chain, "buyer 0"), start_after: None, limit: None },
        QueryMsg::Node { address: loud(&chain, "node") },
    ];
    for question in questions {
        let answer = chain.app.wrap().query_wasm_smart::<cosmwasm_std::Binary>(&chain.settlement, &question);
        let error = answer.unwrap_err().to_string();
        assert!(error.contains("Invalid input"), "{error}");
    }
    let right = chain.init_msg(params());
    let wrong = [
        InstantiateMsg { owner: right.owner.to_uppercase(), ..right.clone() },
        InstantiateMsg { treasury: right.treasury.to_uppercase(), ..right.clone() },
        InstantiateMsg { token: right.token.to_uppercase(), ..right.clone() },
    ];
    for init in wrong {
        let code = chain.app.store_code(crate::chain::contract());
        let error = chain.app.instantiate_contract(code, owner.clone(), &init, &[], "settlement", None).unwrap_err();
        assert!(matches!(error.downcast::<ContractError>().unwrap(), ContractError::Std(_)));
    }
}

/// Whoever transfers tokens here without a message gave them to nobody: no book grows, and no way out reaches them.
#[test]
fn funds_unexpected_balance_is_in_no_book_and_leaves_with_nobody() {
    let mut chain = Chain::new();
    chain.with_batch();
    let (anyone, rich) = (chain.account("anyone"), chain.buyer(1));
    let before: SolvencyResponse = chain.query(&QueryMsg::Solvency {});
    let gift = Cw20ExecuteMsg::Transfer { recipient: chain.settlement.to_string(), amount: Uint128::new(777) };
    chain.app.execute_contract(rich, chain.token.clone(), &gift, &[]).unwrap();
    let after: SolvencyResponse = chain.query(&QueryMsg::Solvency {});
    let held = before.held + Uint128::new(777);
    assert_eq!(after, SolvencyResponse { held, ..before });

    chain.accept(1, &[1]);
    chain.wait(100);
    for payee in ["alice", "bob"] {
        let claim = chain.claim_msg(&chain.account(payee));
        chain.send(&anyone, &claim);
    }
    chain.wait(chain.session(1).settles_at.u64() - chain.now());
    chain.send(&anyone, &ExecuteMsg::SettleSession { session_id: Uint64::one() });
    assert_eq!(chain.balance(&chain.settlement), 777);
    let error = chain.refused(&anyone, &ExecuteMsg::SettleSession { session_id: Uint64::one() });
    assert_eq!(error, ContractError::AlreadySettled { session_id: 1 });
}

/// A list of sessions is by its owner's key alone.
#[test]
fn storage_keys_of_one_owner_never_show_another() {
    let mut chain = Chain::new();
    chain.open(0, 10);
    chain.open(1, 20);
    chain.open(0, 30);
    let ids = |owner: &cosmwasm_std::Addr| -> Vec<u64> {
        let question = QueryMsg::Sessions { owner: owner.to_string(), start_after: None, limit: None };
        let found: settlement::msg::SessionsResponse = chain.query(&question);
        found.sessions.iter().map(|session| session.session_id.u64()).collect()
    };
    assert_eq!((ids(&chain.buyer(0)), ids(&chain.buyer(1))), (vec![1, 3], vec![2]));
    assert_eq!(ids(&chain.account("stranger")), Vec::<u64>::new());
}
