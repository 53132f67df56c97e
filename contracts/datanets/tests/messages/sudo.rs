use cosmwasm_std::Uint64;
use datanets::{
    msg::{Membership, Params, SudoMsg},
    ContractError,
};
use openledger_contract_kit::KitError;

use crate::suite::{digest, params, Suite};

#[test]
fn governance_sets_parameters_within_their_limits() {
    let mut suite = Suite::new();
    let new = Params { max_pending: 7, ..params() };
    suite.sudo(SudoMsg::UpdateParams { params: new.clone() }).unwrap();
    assert_eq!(suite.config().params, new);
    let bad = Params { max_pending: 0, ..params() };
    assert!(matches!(suite.sudo(SudoMsg::UpdateParams { params: bad }), Err(ContractError::Param { .. })));
}

#[test]
fn governance_pauses_under_the_same_bounds() {
    let mut suite = Suite::new();
    let id = suite.create("alice", Membership::Open).unwrap();
    let too_long = Uint64::new(suite.now() + 101);
    assert!(suite.sudo(SudoMsg::Pause { until: too_long }).is_err());
    suite.sudo(SudoMsg::Pause { until: Uint64::new(suite.now() + 100) }).unwrap();
    assert!(matches!(suite.contribute("alice", id, digest(1)), Err(ContractError::Kit(KitError::Paused { .. }))));
    suite.sudo(SudoMsg::Unpause {}).unwrap();
    suite.contribute("alice", id, digest(1)).unwrap();
}
