//! Rows of `docs/audit.md` that no message's own file shows. Names begin with the row's id.

use cosmwasm_std::Uint64;
use models::{
    msg::{Bonded, ExecuteMsg},
    ContractError,
};

use crate::{
    adapter_income::earning,
    suite::{Suite, ADAPTER_BOND, RICH},
};

/// An account in capitals is the same to the chain and another to a comparison of texts.
#[test]
fn input_addresses_in_capitals_are_refused_wherever_one_is_given() {
    let mut suite = earning();
    let (loud, expires_at) = (suite.account("erin").as_str().to_uppercase(), Uint64::new(suite.now() + 50));
    let adapter_id = Uint64::one();
    let mut messages = vec![
        ("dave", ExecuteMsg::ProposeDeveloper { adapter_id, account: loud.clone(), expires_at }),
        ("dave", ExecuteMsg::SetPayout { adapter_id, account: loud.clone() }),
        ("admin", ExecuteMsg::ProposeOwner { account: loud.clone(), expires_at }),
    ];
    // The contract itself in capitals is refused too, not taken for another account.
    let itself = suite.contract.as_str().to_uppercase();
    messages.push(("dave", ExecuteMsg::SetPayout { adapter_id, account: itself }));
    for (who, message) in messages {
        let error = suite.refused(who, message.clone()).unwrap_err();
        assert!(matches!(error, ContractError::Std(_)), "{message:?}: {error}");
    }
    let error = Suite::new().refused("admin", ExecuteMsg::SetSettlement { settlement: loud }).unwrap_err();
    assert!(matches!(error, ContractError::Std(_)), "{error}");
}

/// A bond that usage gave back to the last unit leaves no row, so there is nothing to unlock and nothing to promise.
#[test]
fn storage_prefixes_a_bond_that_was_given_back_leaves_no_row() {
    let mut suite = earning();
    let rows = |suite: &Suite| {
        let prefix = [&[0, 5], b"bonds".as_slice()].concat();
        suite.app.dump_wasm_raw(&suite.contract).iter().filter(|(key, _)| key.starts_with(&prefix)).count()
    };
    assert_eq!(rows(&suite), 2, "base model and adapter");
    // 3 % of 20,000 is more than the bond.
    suite.income("settlement", 1, 20_000).unwrap();
    assert_eq!(suite.balance_of("dave"), RICH - ADAPTER_BOND + 20_000 + ADAPTER_BOND);
    assert_eq!(rows(&suite), 1);
    suite.exec("dave", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    let unlock = ExecuteMsg::UnlockBond { bonded: Bonded::Adapter(Uint64::one()) };
    assert_eq!(suite.refused("dave", unlock).unwrap_err(), ContractError::NoBond);
}
