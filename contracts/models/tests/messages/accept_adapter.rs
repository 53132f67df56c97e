use cosmwasm_std::Uint64;
use models::{msg::ExecuteMsg, ContractError};
use openledger_contract_kit::KitError;

use crate::{
    adapter_income::earning,
    suite::{adapter, is_unauthorized, publish_msg, terms, Suite, Terms, ADAPTER_BOND, RICH},
};

fn propose(suite: &Suite, name: &str, seconds: u64) -> ExecuteMsg {
    let (account, expires_at) = (suite.account(name).into_string(), Uint64::new(suite.now() + seconds));
    ExecuteMsg::ProposeDeveloper { adapter_id: Uint64::one(), account, expires_at }
}

fn accept() -> ExecuteMsg {
    ExecuteMsg::AcceptAdapter { adapter_id: Uint64::one() }
}

#[test]
fn hands_over_every_right_with_the_income_after_the_delay() {
    let mut suite = earning();
    suite.exec("dave", propose(&suite, "erin", 10)).unwrap();
    assert_eq!(suite.adapter(1).adapter.developer, suite.account("dave"));
    suite.exec("erin", accept()).unwrap();
    let found = suite.adapter(1);
    assert_eq!((found.adapter.developer, found.adapter.proposed), (suite.account("erin"), None));
    assert_eq!(found.payout, suite.account("dave"));
    let next = Terms { prompt_price: 11, ..terms() };
    assert!(is_unauthorized(suite.refused("dave", publish_msg(1, next.clone()))));
    suite.exec("erin", publish_msg(1, next)).unwrap();
    suite.income("settlement", 1, 100).unwrap();
    suite.wait(60);
    suite.income("settlement", 1, 100).unwrap();
    assert_eq!((suite.balance_of("dave"), suite.balance_of("erin")), (RICH - ADAPTER_BOND + 103, RICH + 103));
    suite.exec("erin", ExecuteMsg::Retire { adapter_id: Uint64::one() }).unwrap();
    suite.wait(1_000);
    suite.exec("erin", ExecuteMsg::UnlockBond { bonded: adapter(1) }).unwrap();
    assert_eq!(suite.balance_of("erin"), RICH + 103 + ADAPTER_BOND - 6);
}

#[test]
fn only_for_the_proposed_account_in_time() {
    let mut suite = earning();
    assert!(is_unauthorized(suite.refused("erin", accept())));
    for who in ["erin", "admin"] {
        let msg = propose(&suite, "erin", 10);
        assert!(is_unauthorized(suite.refused(who, msg)), "{who}");
    }
    for seconds in [0, 30 * 86_400 + 1] {
        let msg = propose(&suite, "erin", seconds);
        assert!(matches!(suite.refused("dave", msg), Err(ContractError::Kit(KitError::ProposalLength { .. }))));
    }
    suite.exec("dave", propose(&suite, "erin", 10)).unwrap();
    suite.exec("dave", propose(&suite, "curator", 10)).unwrap();
    for who in ["erin", "dave", "admin"] {
        assert!(is_unauthorized(suite.refused(who, accept())), "{who}");
    }
    suite.wait(10);
    assert!(matches!(suite.refused("curator", accept()), Err(ContractError::Kit(KitError::ProposalExpired { .. }))));
    suite.exec("dave", propose(&suite, "curator", 1)).unwrap();
    suite.exec("curator", accept()).unwrap();
}
