use cosmwasm_std::{Uint128, Uint64};
use models::{
    msg::{Params, SudoMsg},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{base_msg, digest, params, Suite};

#[test]
fn governance_sets_parameters_and_pauses_within_the_limits() {
    let mut suite = Suite::new();
    let new = Params { max_token_price: Uint128::new(5), ..params() };
    suite.sudo(SudoMsg::UpdateParams { params: new.clone() }).unwrap();
    assert_eq!(suite.config().params, new);
    let bad = Params { max_token_price: Uint128::zero(), ..params() };
    assert!(matches!(suite.sudo(SudoMsg::UpdateParams { params: bad }), Err(ContractError::Param { .. })));

    assert!(suite.sudo(SudoMsg::Pause { until: Uint64::new(suite.now() + 101) }).is_err());
    suite.sudo(SudoMsg::Pause { until: Uint64::new(suite.now() + 100) }).unwrap();
    assert!(matches!(suite.exec("dave", base_msg(digest(1))), Err(ContractError::Kit(KitError::Paused { .. }))));
    suite.sudo(SudoMsg::Unpause {}).unwrap();
    suite.exec("dave", base_msg(digest(1))).unwrap();
}
