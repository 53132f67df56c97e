use blst::min_pk::AggregatePublicKey;
use cosmwasm_std::{Uint128, Uint64};
use staking::{
    msg::{EpochSet, ExecuteMsg, Params, QueryMsg},
    ContractError,
};

use crate::chain::{key, params, Chain};

const SNAPSHOT: ExecuteMsg = ExecuteMsg::Snapshot {};

#[test]
fn a_set_holds_bonded_validators_by_address_with_their_aggregate() {
    let mut chain = Chain::new();
    chain.register_all(&[400, 300, 200, 100]);
    chain.unbond(2, 200);
    let set = chain.snapshot();
    assert_eq!(set.set_id, Uint64::new(1));
    assert_eq!(set.created_at.u64(), chain.now());
    assert_eq!(set.total_power, Uint128::new(800));
    assert_eq!(set.members.len(), 3);
    assert!(set.members.windows(2).all(|pair| pair[0].validator < pair[1].validator));
    let keys: Vec<_> = [0, 1, 3].into_iter().map(|number| key(number).sk_to_pk()).collect();
    let aggregate = AggregatePublicKey::aggregate(&keys.iter().collect::<Vec<_>>(), true).unwrap();
    assert_eq!(set.aggregate_public_key, Some(aggregate.to_public_key().to_bytes().into()));
    for (number, power) in [(0, 400), (1, 300), (3, 100)] {
        let member = set.members.iter().find(|member| member.validator == chain.validator(number)).unwrap();
        assert_eq!(member.power, Uint128::new(power));
        assert_eq!(member.bls_public_key, key(number).sk_to_pk().to_bytes().into());
    }
}

#[test]
fn only_a_change_makes_a_new_set_and_old_ones_stay() {
    let mut chain = Chain::new();
    let anyone = chain.account("anyone");
    assert_eq!(chain.refused(&anyone, &SNAPSHOT), ContractError::NoValidators);
    chain.register(0, 100);
    let first = chain.snapshot();
    chain.wait(10);
    assert_eq!(chain.refused(&anyone, &SNAPSHOT), ContractError::SetUnchanged { set_id: 1 });
    chain.register(1, 100);
    let second = chain.snapshot();
    assert_eq!(second.set_id, Uint64::new(2));
    assert_eq!(chain.query::<EpochSet>(&QueryMsg::Set { set_id: Uint64::new(1) }), first);
}

#[test]
fn sets_cannot_be_churned() {
    let mut chain = Chain::new();
    chain.register(0, 100);
    chain.snapshot();
    chain.register(1, 100);
    let anyone = chain.account("anyone");
    chain.wait(9);
    let not_before = chain.now() + 1;
    assert_eq!(chain.refused(&anyone, &SNAPSHOT), ContractError::SnapshotTooSoon { not_before });
    chain.wait(1);
    chain.snapshot();
}

#[test]
fn unknown_sets_are_named() {
    let chain = Chain::new();
    for query in [QueryMsg::LatestSet {}, QueryMsg::Set { set_id: Uint64::new(9) }] {
        let error = chain.app.wrap().query_wasm_smart::<EpochSet>(&chain.staking, &query).unwrap_err();
        assert!(error.to_string().contains("does not exist: the newest is 0"), "{error}");
    }
}

#[test]
fn the_most_tokens_get_the_places_and_only_they_earn() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 101, 102, 103, 104, 105]);
    let powers = |set: EpochSet| {
        let mut powers: Vec<u128> = set.members.iter().map(|member| member.power.u128()).collect();
        powers.sort_unstable();
        powers
    };
    assert_eq!(powers(chain.snapshot()), [102, 103, 104, 105]);
    chain.fund(414);
    assert_eq!([0, 1, 2, 3].map(|number| chain.claimable(number)), [0, 0, 102, 103]);
    // A delegation lifts one in, and the weakest falls out.
    let alice = chain.account("alice");
    chain.delegate(&alice, 0, 1_000);
    chain.fund(414);
    assert_eq!([0, 1, 2, 3].map(|number| chain.claimable(number)), [0, 0, 204, 206]);
    chain.wait(10);
    assert_eq!(powers(chain.snapshot()), [103, 104, 105, 1_100]);
    chain.fund(1_412);
    assert_eq!([0, 1, 2, 3].map(|number| chain.claimable(number)), [100, 0, 204, 309]);
    assert_eq!(chain.claimable_by(&alice), 1_000);
}

#[test]
fn a_full_set_keeps_nobody_out_and_tells_a_change_of_places() {
    let mut chain = Chain::new();
    chain.register_all(&[100, 100, 100, 100, 100]);
    let first = chain.snapshot();
    assert_eq!(first.members.len(), 4);
    chain.wait(10);
    // Equal stakes go by address, so the same four come out again.
    assert_eq!(chain.refused(&chain.account("anyone"), &SNAPSHOT), ContractError::SetUnchanged { set_id: 1 });
}

#[test]
fn the_largest_set_fits_one_storage_value() {
    let mut chain = Chain::with(Params { max_validators: 100, ..params() });
    for number in 0..100 {
        chain.register(number, 1_000_000 + u128::from(number));
    }
    assert_eq!(chain.snapshot().members.len(), 100);
    let largest = chain.app.dump_wasm_raw(&chain.staking).iter().map(|(_, value)| value.len()).max().unwrap();
    // The chain refuses values above 128 KiB.
    assert!(largest < 64 * 1024, "{largest} bytes");
}
