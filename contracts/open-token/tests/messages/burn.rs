use open_token::{msg::TOTAL_SUPPLY, ContractError};

use crate::suite::{Suite, ALICE};

#[test]
fn lowers_balance_and_supply_for_good() {
    let mut suite = Suite::new();
    suite.burn("alice", 10).unwrap();
    assert_eq!(suite.balance("alice"), ALICE - 10);
    assert_eq!(suite.supply(), TOTAL_SUPPLY.u128() - 10);
    assert!(matches!(suite.burn("carol", 1), Err(ContractError::Cw20(_))));
    assert_eq!(suite.supply(), TOTAL_SUPPLY.u128() - 10);
}
