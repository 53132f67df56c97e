//! Whether more than two thirds of a set signed, as settlement and disputes ask it.

use blst::min_pk::AggregateSignature;
use cosmwasm_std::{testing::MockApi, Uint128};
use openledger_contract_kit::BlsSignature;
use staking::{
    msg::EpochSet,
    quorum::{check, verify, QuorumError, EPOCH_DST},
};

use crate::chain::{key, Chain};

const DIGEST: [u8; 32] = [7; 32];

/// Four members; validator 0 has the most power.
fn set(powers: [u128; 4]) -> EpochSet {
    let mut chain = Chain::new();
    chain.register_all(&powers);
    chain.snapshot()
}

fn sign(signers: &[u8], digest: &[u8; 32]) -> BlsSignature {
    let signatures: Vec<_> = signers.iter().map(|number| key(*number).sign(digest, EPOCH_DST, &[])).collect();
    let aggregate = AggregateSignature::aggregate(&signatures.iter().collect::<Vec<_>>(), true).unwrap();
    aggregate.to_signature().to_bytes().into()
}

/// Places of validators in the set.
fn places(set: &EpochSet, numbers: &[u8]) -> Vec<u32> {
    let at = |number: &u8| {
        let public = key(*number).sk_to_pk().to_bytes();
        set.members.iter().position(|member| member.bls_public_key.as_ref() == public).unwrap() as u32
    };
    let mut places: Vec<u32> = numbers.iter().map(at).collect();
    places.sort_unstable();
    places
}

#[test]
fn more_than_two_thirds_are_needed_and_exactly_two_thirds_are_not_enough() {
    let api = MockApi::default();
    let set = set([300, 300, 200, 100]);
    let signed = |signers: &[u8], absent: &[u8]| {
        check(&api, &set, &places(&set, absent), &DIGEST, &sign(signers, &DIGEST)).map(|power| power.u128())
    };
    assert_eq!(signed(&[0, 1, 2, 3], &[]), Ok(900));
    assert_eq!(signed(&[0, 1, 3], &[2]), Ok(700));
    let short = |signed| Err(QuorumError::NotEnoughPower { signed: Uint128::new(signed), total: Uint128::new(900) });
    assert_eq!(signed(&[0, 1], &[2, 3]), short(600));
    assert_eq!(signed(&[0], &[1, 2, 3]), short(300));
}

#[test]
fn an_empty_set_signs_nothing() {
    let mut empty = set([300, 300, 200, 100]);
    empty.members.clear();
    (empty.total_power, empty.aggregate_public_key) = (Uint128::zero(), None);
    let signature = sign(&[0], &DIGEST);
    let none = QuorumError::NotEnoughPower { signed: Uint128::zero(), total: Uint128::zero() };
    assert_eq!(check(&MockApi::default(), &empty, &[], &DIGEST, &signature), Err(none));
    let mismatch = QuorumError::SignatureMismatch { set_id: 1 };
    assert_eq!(verify(&MockApi::default(), &empty, &[], &DIGEST, &signature), Err(mismatch));
}

#[test]
fn absentees_are_members_in_ascending_order() {
    let (api, set) = (MockApi::default(), set([300, 300, 200, 100]));
    let refused = |absent: &[u32]| check(&api, &set, absent, &DIGEST, &sign(&[0, 1, 2], &DIGEST)).unwrap_err();
    assert_eq!(refused(&[1, 1]), QuorumError::AbsenteesNotAscending { index: 1 });
    assert_eq!(refused(&[3, 2]), QuorumError::AbsenteesNotAscending { index: 2 });
    assert_eq!(refused(&[4]), QuorumError::AbsenteeOutOfRange { index: 4, set_id: 1, members: 4 });
}

#[test]
fn a_signature_is_of_exactly_those_who_are_not_absent_over_exactly_these_bytes() {
    let (api, set) = (MockApi::default(), set([300, 300, 200, 100]));
    let absent = places(&set, &[3]);
    let signature = sign(&[0, 1, 2], &DIGEST);
    assert_eq!(verify(&api, &set, &absent, &DIGEST, &signature), Ok(()));
    // However few they are.
    assert_eq!(verify(&api, &set, &places(&set, &[0, 1, 2]), &DIGEST, &sign(&[3], &DIGEST)), Ok(()));
    let mismatch = || Err(QuorumError::SignatureMismatch { set_id: 1 });
    for (absent, digest, signature) in [
        (vec![], DIGEST, signature),
        (places(&set, &[2]), DIGEST, signature),
        (absent.clone(), [8; 32], signature),
        (absent.clone(), DIGEST, sign(&[0, 1, 2, 3], &DIGEST)),
        (absent.clone(), DIGEST, [0x9f; 96].into()),
    ] {
        assert_eq!(verify(&api, &set, &absent, &digest, &signature), mismatch());
        assert_eq!(check(&api, &set, &absent, &digest, &signature).map(|_| ()), mismatch());
    }
}

#[test]
fn the_point_at_infinity_is_nobodys_signature() {
    let (api, mut set) = (MockApi::default(), set([300, 300, 200, 100]));
    for flags in [0xc0, 0x40, 0xff] {
        let mut point = [0; 96];
        point[0] = flags;
        assert_eq!(check(&api, &set, &[], &DIGEST, &point.into()), Err(QuorumError::IdentitySignature));
    }
    // No bit but the second highest says so.
    assert_eq!(check(&api, &set, &[], &DIGEST, &[0x80; 96].into()), Err(QuorumError::SignatureMismatch { set_id: 1 }));
    set.aggregate_public_key = None;
    assert_eq!(
        check(&api, &set, &[], &DIGEST, &sign(&[0, 1, 2, 3], &DIGEST)),
        Err(QuorumError::SignatureMismatch { set_id: 1 })
    );
}
