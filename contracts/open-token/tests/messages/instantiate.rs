use cosmwasm_std::Uint128;
use open_token::{msg::TOTAL_SUPPLY, ContractError};
use openledger_contract_kit::KitError;

use crate::suite::{Suite, ALICE, BOB};

const ALL: u128 = TOTAL_SUPPLY.u128();

#[test]
fn hands_out_a_thousand_million_open_and_nothing_else() {
    let suite = Suite::new();
    let info = suite.client().info().unwrap();
    assert_eq!((info.name.as_str(), info.symbol.as_str(), info.decimals), ("OpenLedger", "OPEN", 6));
    assert_eq!(info.total_supply.u128(), 1_000_000_000 * 10u128.pow(6));
    assert_eq!((suite.balance("alice"), suite.balance("bob")), (ALICE, BOB));
}

#[test]
fn refuses_any_other_sum() {
    for sum in [ALL - 1, ALL + 1, 1] {
        let error = Suite::with(&[("alice", sum)], None).err().unwrap();
        assert_eq!(error, ContractError::SupplyMismatch { found: Uint128::new(sum) });
    }
    assert!(matches!(Suite::with(&[], None).err().unwrap(), ContractError::SupplyMismatch { .. }));
    let overflow = Suite::with(&[("alice", u128::MAX), ("bob", ALL)], None).err().unwrap();
    assert!(matches!(overflow, ContractError::Kit(KitError::Overflow { .. })));
}

#[test]
fn refuses_zero_twice_and_too_many() {
    let zero = Suite::with(&[("alice", ALL), ("bob", 0)], None).err().unwrap();
    assert!(matches!(zero, ContractError::ZeroAllocation { .. }));
    let twice = Suite::with(&[("alice", ALL - 1), ("alice", 1)], None).err().unwrap();
    assert!(matches!(twice, ContractError::DuplicateAllocation { .. }));
    let names: Vec<String> = (0..65).map(|n| format!("holder{n}")).collect();
    let many: Vec<(&str, u128)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let error = Suite::with(&many, None).err().unwrap();
    assert!(matches!(error, ContractError::Kit(KitError::TooMany { max: 64, .. })));
}
