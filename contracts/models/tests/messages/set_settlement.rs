use models::{msg::ExecuteMsg, ContractError};

use crate::suite::{is_unauthorized, Suite};

#[test]
fn is_named_once_by_the_owner() {
    let mut suite = Suite::new();
    let set = |settlement: &str| ExecuteMsg::SetSettlement { settlement: settlement.into() };
    let settlement = suite.account("settlement");
    assert_eq!(suite.config().settlement, None);
    assert!(is_unauthorized(suite.refused("dave", set(settlement.as_str()))));
    assert!(matches!(suite.refused("admin", set("settlement")), Err(ContractError::Std(_))));
    suite.exec("admin", set(settlement.as_str())).unwrap();
    assert_eq!(suite.config().settlement, Some(settlement.clone()));
    let other = suite.account("dave");
    for again in [&other, &settlement] {
        let refusal = ContractError::SettlementSet { settlement: settlement.clone() };
        assert_eq!(suite.refused("admin", set(again.as_str())).unwrap_err(), refusal);
    }
}
