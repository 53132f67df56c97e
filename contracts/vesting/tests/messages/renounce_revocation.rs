use openledger_contract_kit::KitError;
use vesting::{msg::ExecuteMsg, ContractError};

use crate::chain::{id, Chain};

#[test]
fn makes_the_grant_irrevocable_for_good() {
    let mut chain = Chain::granted();
    let renounce = ExecuteMsg::RenounceRevocation { grant_id: id(1) };
    for who in ["alice", "stranger"] {
        assert!(matches!(chain.refused(who, &renounce), ContractError::Kit(KitError::Unauthorized { .. })));
    }
    chain.send("founder", &renounce);
    assert_eq!(chain.shown(1).revoker, None);
    for message in [ExecuteMsg::Revoke { grant_id: id(1) }, renounce] {
        assert!(matches!(chain.refused("founder", &message), ContractError::Kit(KitError::Unauthorized { .. })));
    }
    chain.at(100);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.gained("founder")), (1_000, -1_000));
}
