use openledger_contract_kit::{permission::table, KitError};
use vesting::{msg::ExecuteMsg, ContractError};

use crate::chain::{id, Chain, START};

#[test]
fn who_may_send_what() {
    goldie::assert!(table::<ExecuteMsg>());
}

#[test]
fn every_role_is_checked() {
    let mut chain = Chain::granted();
    let only = [
        (chain.proposal(1, "bob", START + 10), ["founder", "bob", "admin"]),
        (ExecuteMsg::Revoke { grant_id: id(1) }, ["alice", "bob", "admin"]),
        (ExecuteMsg::RenounceRevocation { grant_id: id(1) }, ["alice", "bob", "admin"]),
    ];
    for (message, others) in only {
        for sender in others {
            let error = chain.refused(sender, &message);
            assert!(matches!(error, ContractError::Kit(KitError::Unauthorized { .. })), "{error}");
        }
    }
}
