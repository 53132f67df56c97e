//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use cosmwasm_std::{Uint128, Uint64};
use cw20::Cw20ExecuteMsg;
use cw_multi_test::Executor;
use datanets::{
    msg::{ExecuteMsg, Membership, SolvencyResponse},
    ContractError,
};
use openledger_contract_kit::Bps;

use crate::suite::{create_msg, digest, params, Suite};

/// An account in capitals is the same to the chain and another to a comparison of texts.
#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut suite = Suite::new();
    let datanet_id = Uint64::new(suite.create("alice", Membership::Approval).unwrap());
    suite.join("bob", 1).unwrap();
    suite.contribute("alice", 1, digest(1)).unwrap();
    suite.accept("alice", 1, 1).unwrap();
    let (loud, expires_at) = (suite.account("bob").as_str().to_uppercase(), Uint64::new(suite.now() + 50));
    let loud = || loud.clone();
    let poison = ExecuteMsg::ProvePoison {
        datanet_id,
        contribution_id: Uint64::one(),
        evidence: digest(9),
        fraction: Bps::ZERO,
        recipient: Some(loud()),
    };
    let messages = [
        ("alice", create_msg(&loud(), Membership::Open)),
        ("alice", ExecuteMsg::ApproveMember { datanet_id, member: loud() }),
        ("alice", ExecuteMsg::Invite { datanet_id, member: loud() }),
        ("alice", ExecuteMsg::ProposeDatanetOwner { datanet_id, account: loud(), expires_at }),
        ("alice", ExecuteMsg::ProposeCurator { datanet_id, account: loud(), expires_at }),
        ("alice", ExecuteMsg::RemoveCurator { datanet_id, account: loud() }),
        ("alice", ExecuteMsg::SetPayout { account: loud() }),
        ("carol", ExecuteMsg::CreateIdentity { payout: Some(loud()), guardians: vec![], threshold: 0 }),
        ("alice", ExecuteMsg::SetGuardians { guardians: vec![loud()], threshold: 1 }),
        ("admin", ExecuteMsg::SetSettlement { settlement: loud() }),
        ("admin", ExecuteMsg::ProposeOwner { account: loud(), expires_at }),
        ("admin", poison),
    ];
    for (who, message) in messages {
        let error = suite.refused(who, message.clone());
        assert!(matches!(error, ContractError::Std(_)), "{message:?}: {error}");
    }
}

/// One guardian twice, the second time in capitals, would agree with itself; one's own account in capitals with oneself.
#[test]
fn input_addresses_in_capitals_make_no_second_guardian() {
    let mut suite = Suite::new();
    let (ann, carol) = (suite.account("ann"), suite.account("carol"));
    let guards = |guardians: [String; 2]| ExecuteMsg::CreateIdentity {
        payout: None,
        guardians: guardians.to_vec(),
        threshold: 2,
    };
    for name in [&ann, &carol] {
        let error = suite.refused("carol", guards([ann.to_string(), name.as_str().to_uppercase()]));
        assert!(matches!(error, ContractError::Std(_)), "{error}");
    }
    let error = suite.refused("carol", guards([ann.to_string(), ann.to_string()]));
    assert_eq!(error, ContractError::Guardian { guardian: ann.clone() });
    // Recovery to an account in capitals would not find the identity that the account has.
    suite
        .exec("carol", ExecuteMsg::CreateIdentity { payout: None, guardians: vec![ann.to_string()], threshold: 1 })
        .unwrap();
    let controller = suite.account("bob").as_str().to_uppercase();
    let approve = ExecuteMsg::ApproveRecovery { identity_id: Uint64::one(), controller };
    assert!(matches!(suite.refused("ann", approve), ContractError::Std(_)));
}

/// Whoever transfers tokens here without a message gave them to nobody: deposits and bonds are what was booked.
#[test]
fn funds_unexpected_balance_is_in_no_book_and_leaves_with_nobody() {
    let terms =
        datanets::msg::Params { contribution_deposit: Uint128::new(30), datanet_bond: Uint128::new(500), ..params() };
    let mut suite = Suite::with(terms).unwrap();
    suite.allow("alice", 1_000);
    let before = suite.open("alice");
    let id = suite.create("alice", Membership::Open).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
    let books = suite.solvency();
    let gift = Cw20ExecuteMsg::Transfer { recipient: suite.contract.to_string(), amount: Uint128::new(777) };
    suite.app.execute_contract(suite.account("sponsor"), suite.token.clone(), &gift, &[]).unwrap();
    let after: SolvencyResponse = suite.solvency();
    assert_eq!(after, SolvencyResponse { held: books.held + Uint128::new(777), ..books });
    suite.accept("alice", id, 1).unwrap();
    suite.exec("alice", ExecuteMsg::RetireDatanet { datanet_id: Uint64::new(id) }).unwrap();
    assert_eq!(suite.open("alice"), before);
    assert_eq!(suite.open_at(&suite.contract.clone()), 777);
}
