//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use cosmwasm_std::{coins, to_json_binary, Uint128, Uint64, WasmMsg};
use cw_multi_test::Executor;
use disputes::{
    msg::{ExecuteMsg, InstantiateMsg, MigrateMsg, QueryMsg, SolvencyResponse, SudoMsg},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::scene::{params, Scene};

/// An account in capitals is the same to the chain and another to a comparison of texts.
#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut scene = Scene::new();
    let owner = scene.chain.owner.clone();
    let loud = scene.chain.account("next").as_str().to_uppercase();
    let propose = ExecuteMsg::ProposeOwner { account: loud.clone(), expires_at: Uint64::new(scene.chain.now() + 9) };
    assert!(matches!(scene.refused(&owner, &propose), ContractError::Std(_)));
    assert!(matches!(scene.sudo(&SudoMsg::ReplaceOwner { owner: loud.clone() }), Err(ContractError::Std(_))));

    use disputes::contract::{execute, instantiate, query};
    let contract = cw_multi_test::ContractWrapper::new(execute, instantiate, query);
    let code = scene.chain.app.store_code(Box::new(contract));
    let settlement = scene.chain.settlement.to_string();
    let right = InstantiateMsg { owner: owner.to_string(), settlement, params: params() };
    let wrong = [
        InstantiateMsg { settlement: right.settlement.to_uppercase(), ..right.clone() },
        InstantiateMsg { owner: loud, ..right },
    ];
    for init in wrong {
        let error = scene.chain.app.instantiate_contract(code, owner.clone(), &init, &[], "disputes", None);
        assert!(matches!(error.unwrap_err().downcast::<ContractError>().unwrap(), ContractError::Std(_)));
    }
}

/// Coins of the chain would be stuck here: no message pays any out.
#[test]
fn funds_coins_refused_with_every_message() {
    let mut scene = Scene::new();
    let rich = scene.chain.account("rich");
    scene.chain.app.init_modules(|router, _, storage| {
        router.bank.init_balance(storage, &rich, coins(100, "ustake")).unwrap();
    });
    let messages = [
        ExecuteMsg::ExpireDispute { dispute_id: Uint64::one() },
        ExecuteMsg::AcceptOwnership {},
        ExecuteMsg::UpdateParams { params: params() },
    ];
    for message in messages {
        let msg = to_json_binary(&message).unwrap();
        let call = WasmMsg::Execute { contract_addr: scene.disputes.to_string(), msg, funds: coins(1, "ustake") };
        let error = scene.chain.app.execute(rich.clone(), call.into()).unwrap_err();
        assert!(matches!(error.downcast::<ContractError>().unwrap(), ContractError::Kit(KitError::UnexpectedFunds)));
    }
    assert_eq!(scene.chain.app.wrap().query_balance(&rich, "ustake").unwrap().amount, Uint128::new(100));
}

/// Whoever transfers tokens here without a message gave them to nobody: the bonds on the books stay what they were.
#[test]
fn funds_unexpected_balance_is_in_no_book_and_leaves_with_nobody() {
    let mut scene = Scene::new();
    let ground = scene.ground();
    let batch = ground.honest();
    scene.submit(&ground, 1, &batch);
    let (challenger, rich) = (scene.chain.buyer(2), scene.chain.account("validator 4"));
    let disputes = scene.disputes.clone();
    scene.chain.allow(&challenger, &disputes, 101);
    let receipt = batch.data().open_receipt(0).unwrap().into();
    scene.send(&challenger, &ExecuteMsg::OpenDispute { batch_id: Uint64::one(), receipt });
    let gift = cw20::Cw20ExecuteMsg::Transfer { recipient: disputes.to_string(), amount: Uint128::new(777) };
    scene.chain.app.execute_contract(rich, scene.chain.token.clone(), &gift, &[]).unwrap();
    let books: SolvencyResponse = scene.query(&QueryMsg::Solvency {});
    assert_eq!((books.bonds.u128(), books.held.u128(), books.solvent), (101, 878, true));
    scene.chain.wait(60);
    let before = scene.chain.balance(&challenger);
    scene.send(&challenger, &ExecuteMsg::ExpireDispute { dispute_id: Uint64::one() });
    assert_eq!(scene.chain.balance(&challenger), before + 101);
    assert_eq!(scene.chain.balance(&disputes), 777);
}

#[test]
fn migrate_checked_only_from_an_older_version_of_this_contract() {
    let mut scene = Scene::new();
    use disputes::contract::{execute, instantiate, migrate, query, reply, sudo};
    let contract = cw_multi_test::ContractWrapper::new(execute, instantiate, query).with_reply(reply).with_sudo(sudo);
    let code = scene.chain.app.store_code(Box::new(contract.with_migrate(migrate)));
    let (owner, disputes) = (scene.chain.owner.clone(), scene.disputes.clone());
    let mut migrate = |name: &str, version: &str| {
        cw2::set_contract_version(&mut *scene.chain.app.contract_storage_mut(&disputes), name, version).unwrap();
        let done = scene.chain.app.migrate_contract(owner.clone(), disputes.clone(), &MigrateMsg {}, code);
        done.map(|_| ()).map_err(|error| error.downcast::<ContractError>().unwrap())
    };
    assert_eq!(migrate(disputes::identity::NAME, "0.0.1"), Ok(()));
    for version in [env!("CARGO_PKG_VERSION"), "99.0.0"] {
        let error = migrate(disputes::identity::NAME, version).unwrap_err();
        assert!(matches!(error, ContractError::Kit(KitError::MigrateNotNewer { .. })));
    }
    let error = migrate("somebody/else", "0.0.1").unwrap_err();
    assert!(matches!(error, ContractError::Kit(KitError::MigrateOtherContract { .. })));
}

#[test]
fn query_bounded_nothing_stored_is_an_error_or_empty_and_no_panic() {
    let scene = Scene::new();
    let ask = |question: &QueryMsg| -> Result<serde_json::Value, String> {
        scene.chain.app.wrap().query_wasm_smart(&scene.disputes, question).map_err(|error| error.to_string())
    };
    let error = ask(&QueryMsg::Case { case_id: Uint64::new(9) }).unwrap_err();
    assert!(error.contains("case 9 does not exist"), "{error}");
    let error = ask(&QueryMsg::Dispute { dispute_id: Uint64::MAX }).unwrap_err();
    assert!(error.contains("does not exist"), "{error}");
    for question in [
        QueryMsg::Config {},
        QueryMsg::Solvency {},
        QueryMsg::Cases { start_after: Some(Uint64::MAX), limit: None },
        QueryMsg::Disputes { start_after: Some(Uint64::MAX), limit: Some(0) },
    ] {
        ask(&question).unwrap();
    }
}
