use openledger_contract_kit::KitError;
use vesting::{msg::ExecuteMsg, ContractError};

use crate::chain::{id, Chain, START};

fn accept() -> ExecuteMsg {
    ExecuteMsg::AcceptRecipient { grant_id: id(1) }
}

#[test]
fn moves_all_that_was_not_paid() {
    let mut chain = Chain::granted();
    chain.at(30);
    chain.release(1);
    chain.propose("alice", 1, "bob", START + 1_000);
    chain.at(60);
    chain.send("bob", &accept());
    assert_eq!((chain.ids_of("alice"), chain.ids_of("bob")), (vec![], vec![1]));
    chain.release(1);
    chain.at(100);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.gained("bob")), (300, 700));
    assert_eq!(chain.shown(1).proposed_recipient, None);
}

#[test]
fn the_revoker_keeps_its_right_and_the_former_recipient_has_none() {
    let mut chain = Chain::granted();
    chain.propose("alice", 1, "bob", START + 1_000);
    chain.send("bob", &accept());
    let back = chain.proposal(1, "alice", START + 1_000);
    assert!(matches!(chain.refused("alice", &back), ContractError::Kit(KitError::Unauthorized { .. })));
    chain.at(50);
    chain.send("founder", &ExecuteMsg::Revoke { grant_id: id(1) });
    assert_eq!((chain.gained("alice"), chain.gained("bob"), chain.gained("founder")), (0, 500, -500));
}

#[test]
fn only_by_the_proposed_account_and_only_in_time() {
    let mut chain = Chain::granted();
    assert_eq!(chain.refused("bob", &accept()), ContractError::Kit(KitError::NoProposal));
    chain.propose("alice", 1, "bob", START + 10);
    for who in ["alice", "carol", "founder"] {
        assert!(matches!(chain.refused(who, &accept()), ContractError::Kit(KitError::NotProposed { .. })));
    }
    chain.at(10);
    let expired = KitError::ProposalExpired { expires_at: START + 10, now: START + 10 };
    assert_eq!(chain.refused("bob", &accept()), ContractError::Kit(expired));
    chain.propose("alice", 1, "bob", START + 20);
    chain.at(19);
    chain.send("bob", &accept());
    assert_eq!(chain.refused("bob", &accept()), ContractError::Kit(KitError::NoProposal));
}

#[test]
fn to_oneself_changes_nothing() {
    let mut chain = Chain::granted();
    chain.propose("alice", 1, "alice", START + 10);
    chain.send("alice", &accept());
    assert_eq!(chain.ids_of("alice"), [1]);
}
