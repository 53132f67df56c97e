use openledger_contract_kit::{ownership::MAX_PROPOSAL_SECS, KitError};
use vesting::ContractError;

use crate::chain::{Chain, START};

#[test]
fn changes_nothing_until_it_is_accepted_and_a_later_one_replaces_it() {
    let mut chain = Chain::granted();
    chain.propose("alice", 1, "bob", START + 1_000);
    chain.at(50);
    chain.release(1);
    assert_eq!((chain.gained("alice"), chain.gained("bob")), (500, 0));
    chain.propose("alice", 1, "carol", START + 2_000);
    let grant = chain.shown(1);
    assert_eq!(grant.recipient, chain.account("alice"));
    let proposed = grant.proposed_recipient.unwrap();
    assert_eq!((proposed.account, proposed.expires_at.u64()), (chain.account("carol"), START + 2_000));
}

#[test]
fn only_by_the_recipient_with_an_end_within_thirty_days() {
    let mut chain = Chain::granted();
    for who in ["founder", "bob", "stranger"] {
        let proposal = chain.proposal(1, "bob", START + 10);
        assert!(matches!(chain.refused(who, &proposal), ContractError::Kit(KitError::Unauthorized { .. })));
    }
    for end in [START, START - 1, START + MAX_PROPOSAL_SECS + 1] {
        let proposal = chain.proposal(1, "bob", end);
        assert!(matches!(chain.refused("alice", &proposal), ContractError::Kit(KitError::ProposalLength { .. })));
    }
    chain.propose("alice", 1, "bob", START + MAX_PROPOSAL_SECS);
}

#[test]
fn not_to_the_revoker_and_not_when_all_was_paid() {
    let mut chain = Chain::granted();
    let to_revoker = chain.proposal(1, "founder", START + 10);
    let account = chain.account("founder");
    assert_eq!(chain.refused("alice", &to_revoker), ContractError::RecipientIsRevoker { account });
    chain.at(100);
    chain.release(1);
    let late = chain.proposal(1, "bob", START + 110);
    assert_eq!(chain.refused("alice", &late), ContractError::Over { grant_id: 1 });
}
