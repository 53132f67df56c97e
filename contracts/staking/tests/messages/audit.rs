//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use cosmwasm_std::{Uint128, Uint64};
use openledger_contract_kit::Bps;
use staking::{
    msg::{ExecuteMsg, QueryMsg, SudoMsg},
    ContractError,
};

use crate::chain::Chain;

/// An account in capitals is the same to the chain and another to a comparison of texts.
#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut chain = Chain::new();
    chain.register_all(&[500, 600]);
    chain.snapshot();
    let (owner, alice) = (chain.owner.clone(), chain.account("alice"));
    let loud = chain.validator(0).as_str().to_uppercase();
    chain.allow(&alice, 100);
    let (account, quiet) = (loud.clone(), chain.validator(1).into_string());
    let messages = [
        (&alice, ExecuteMsg::Delegate { validator: loud.clone(), amount: Uint128::new(100) }),
        (&alice, ExecuteMsg::Undelegate { validator: loud.clone(), amount: None }),
        (&alice, ExecuteMsg::Redelegate { from: loud.clone(), to: quiet.clone(), amount: None }),
        (&alice, ExecuteMsg::Redelegate { from: quiet.clone(), to: loud.clone(), amount: None }),
        (&alice, ExecuteMsg::SettleRedelegations { delegator: loud.clone(), validator: quiet.clone() }),
        (&alice, ExecuteMsg::SettleRedelegations { delegator: quiet, validator: loud.clone() }),
        (&owner, ExecuteMsg::SetSlasher { slasher: loud.clone() }),
        (&owner, ExecuteMsg::ProposeOwner { account, expires_at: Uint64::new(chain.now() + 100) }),
    ];
    for (from, message) in &messages {
        let error = chain.refused(from, message);
        assert!(matches!(error, ContractError::Std(_)), "{error}");
    }
    assert!(matches!(chain.sudo(&SudoMsg::ReplaceOwner { owner: loud }), Err(ContractError::Std(_))));
}

/// Twice the same validator in one slash, the second time in capitals, would be slashed twice.
#[test]
fn input_addresses_in_capitals_name_nobody_twice_in_a_slash() {
    let (mut chain, slasher) = Chain::new().with_slasher();
    chain.register_all(&[500]);
    chain.snapshot();
    let name = chain.validator(0);
    let slash = |validators: Vec<String>| ExecuteMsg::SlashValidators {
        case_id: Uint64::one(),
        set_id: Uint64::one(),
        validators,
        fraction: Bps::new(1_000).unwrap(),
        tombstone: false,
    };
    let both = slash(vec![name.to_string(), name.as_str().to_uppercase()]);
    assert!(matches!(chain.refused(&slasher, &both), ContractError::Std(_)));
    let twice = slash(vec![name.to_string(), name.to_string()]);
    assert_eq!(chain.refused(&slasher, &twice), ContractError::NamedTwice { validator: name.clone() });
    let operator = name.as_str().to_uppercase();
    let one = ExecuteMsg::SlashOperator { case_id: Uint64::one(), operator, fraction: Bps::ZERO, bar: true };
    assert!(matches!(chain.refused(&slasher, &one), ContractError::Std(_)));
}

/// On an empty chain every question has an answer or an error that says what is missing.
#[test]
fn query_bounded_nothing_stored_is_an_error_or_empty_and_no_panic() {
    let chain = Chain::new();
    let nobody = chain.account("nobody").into_string();
    let ask = |question: &QueryMsg| {
        let raw = cosmwasm_std::to_json_binary(question).unwrap();
        let asked = cosmwasm_std::WasmQuery::Smart { contract_addr: chain.staking.to_string(), msg: raw };
        let answer: Result<serde_json::Value, _> = chain.app.wrap().query(&asked.into());
        answer.map_err(|error| error.to_string())
    };
    let errors = [
        (QueryMsg::Validator { validator: nobody.clone() }, "is not a validator"),
        (QueryMsg::Set { set_id: Uint64::new(9) }, "set 9"),
        (QueryMsg::LatestSet {}, "set"),
        (QueryMsg::Operator { operator: nobody.clone() }, "operator"),
        (QueryMsg::Rewards { validator: "nobody".into() }, ""),
    ];
    for (question, expected) in errors {
        let error = ask(&question).unwrap_err();
        assert!(error.contains(expected) && !error.contains("not found"), "{error}");
    }
    let empty = [
        QueryMsg::Config {},
        QueryMsg::Validators { start_after: None, limit: Some(u32::MAX) },
        QueryMsg::Unbonding { validator: nobody.clone() },
        QueryMsg::Rewards { validator: nobody.clone() },
        QueryMsg::Delegations { delegator: nobody.clone() },
        QueryMsg::Redelegations { delegator: nobody.clone() },
        QueryMsg::PowerAt { account: nobody, height: None },
        QueryMsg::TotalPowerAt { height: None },
        QueryMsg::Solvency {},
    ];
    for question in empty {
        ask(&question).unwrap();
    }
}

/// Who has left leaves no row behind that a loop would read or that would count.
#[test]
fn storage_prefixes_rows_go_with_the_last_of_what_they_held() {
    let mut chain = Chain::new();
    chain.register_all(&[500]);
    chain.snapshot();
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 70);
    chain.wait(10);
    chain.snapshot();
    let all = chain.undelegation(0, None);
    chain.send(&alice, &all);
    let rows = |chain: &Chain, namespace: &str| {
        let prefix = [&[0, namespace.len() as u8], namespace.as_bytes()].concat();
        chain.app.dump_wasm_raw(&chain.staking).iter().filter(|(key, _)| key.starts_with(&prefix)).count()
    };
    assert_eq!((rows(&chain, "pools"), rows(&chain, "unbonding")), (1, 1), "the namespaces are those of the state");
    // The newest set counted the delegation, so the wait begins with the next set.
    chain.wait(10);
    chain.snapshot();
    chain.wait(1_000);
    chain.send(&alice, &ExecuteMsg::WithdrawUnbonded {});
    assert_eq!((rows(&chain, "pools"), rows(&chain, "unbonding")), (0, 0));
    chain.register(1, 500);
    chain.delegate(&alice, 0, 70);
    chain.redelegate(&alice, 0, 1, 70);
    assert_eq!(rows(&chain, "liens"), 1);
    chain.snapshot();
    chain.wait(1_000);
    chain.settle(&alice, 1);
    assert_eq!(rows(&chain, "liens"), 0);
    chain.wait(10);
    let all = chain.undelegation(1, None);
    chain.send(&alice, &all);
    chain.snapshot();
    chain.wait(1_000);
    chain.send(&alice, &ExecuteMsg::WithdrawUnbonded {});
    assert_eq!(chain.balance(&alice), crate::chain::RICH);
}
