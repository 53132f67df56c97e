use staking::{
    msg::{EpochSet, ExecuteMsg, QueryMsg},
    ContractError,
};

use crate::chain::{key, Chain};

/// Account `number` takes key `new`, proven with key `signer`.
fn rotation(chain: &Chain, number: u8, new: u8, signer: u8) -> ExecuteMsg {
    let account = chain.validator(number);
    let proof_of = |signer: u8| match chain.registration_by(&account, &key(signer), 1) {
        ExecuteMsg::RegisterValidator { bls_public_key, proof_of_possession, .. } => {
            (bls_public_key, proof_of_possession)
        }
        other => panic!("{other:?}"),
    };
    ExecuteMsg::RotateKey { bls_public_key: proof_of(new).0, proof_of_possession: proof_of(signer).1 }
}

#[test]
fn the_next_set_has_the_new_key_and_old_sets_keep_theirs() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 100]);
    let first = chain.snapshot();
    chain.wait(10);
    let message = rotation(&chain, 0, 7, 7);
    chain.send(&chain.validator(0), &message);
    assert_eq!(chain.query::<EpochSet>(&QueryMsg::LatestSet {}), first);
    let second = chain.snapshot();
    let member = second.members.iter().find(|member| member.validator == chain.validator(0)).unwrap();
    assert_eq!(member.bls_public_key, key(7).sk_to_pk().to_bytes().into());
    assert_ne!(second.aggregate_public_key, first.aggregate_public_key);
}

#[test]
fn a_key_is_taken_for_ever_also_by_its_owner() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 100]);
    let message = rotation(&chain, 0, 7, 7);
    chain.send(&chain.validator(0), &message);
    // The new one, the old one, and another's.
    for taken in [7, 0, 1] {
        let message = rotation(&chain, 0, taken, taken);
        assert!(matches!(chain.refused(&chain.validator(0), &message), ContractError::DuplicateKey { .. }));
    }
    let stolen = rotation(&chain, 1, 0, 0);
    let owner = chain.validator(0);
    assert_eq!(chain.refused(&chain.validator(1), &stolen), ContractError::DuplicateKey { owner });
}

#[test]
fn without_a_proof_nothing_changes() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    let unproven = rotation(&chain, 0, 7, 8);
    assert_eq!(chain.refused(&chain.validator(0), &unproven), ContractError::InvalidProofOfPossession);
    let copied = rotation(&chain, 1, 7, 7);
    assert_eq!(chain.refused(&chain.validator(0), &copied), ContractError::InvalidProofOfPossession);
    let stranger = chain.validator(1);
    assert_eq!(chain.refused(&stranger, &copied), ContractError::NotRegistered { validator: stranger });
}
