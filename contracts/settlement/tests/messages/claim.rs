use cosmwasm_std::{Uint128, Uint64};
use openledger_contract_kit::KitError;
use settlement::{
    msg::{Digest, ExecuteMsg, MaybeEpochResponse, Params, PayoutProof, QueryMsg, SumNode},
    ContractError,
};
use staking::msg::SolvencyResponse;

use crate::chain::{params, Chain};

/// Batch 1 of 600 accepted in epoch 1, its window not yet passed: alice earned 500, bob 100.
fn with_epoch() -> Chain {
    let mut chain = Chain::new();
    chain.with_batch();
    chain.accept(1, &[1]);
    chain
}

/// Another batch of `amount` on session 1, credited to `payee` and accepted as the next epoch.
fn next_epoch(chain: &mut Chain, number: u64, amount: u128, payee: &str) {
    let charged = chain.session(1).charged.u128();
    let charge = chain.charge(0, 1, charged + amount, number);
    chain.submit(number, amount, charge);
    let payee = chain.account(payee);
    chain.credit(&payee, amount);
    chain.accept(number, &[number]);
}

fn changed(message: &ExecuteMsg, change: impl FnOnce(&mut String, &mut Uint128, &mut PayoutProof)) -> ExecuteMsg {
    let mut message = message.clone();
    if let ExecuteMsg::Claim { payee, cumulative_amount, proof } = &mut message {
        change(payee, cumulative_amount, proof);
    }
    message
}

#[test]
fn anyone_pays_a_payee_everything_once() {
    let mut chain = with_epoch();
    chain.wait(100);
    let (alice, bob, anyone) = (chain.account("alice"), chain.account("bob"), chain.account("anyone"));
    let message = chain.claim_msg(&alice);
    chain.send(&anyone, &message);
    assert_eq!((chain.balance(&alice), chain.claimed(&alice)), (500, 500));
    assert_eq!(chain.books(), [400, 0, 100, 0]);
    let expected = ContractError::NothingToClaim {
        payee: alice.to_string(),
        claimed: Uint128::new(500),
        cumulative: Uint128::new(500),
    };
    assert_eq!(chain.refused(&anyone, &message), expected);
    let message = chain.claim_msg(&bob);
    chain.send(&bob, &message);
    assert_eq!(chain.books(), [400, 0, 0, 0]);
}

#[test]
fn nothing_is_paid_before_the_window_has_passed() {
    let mut chain = with_epoch();
    let alice = chain.account("alice");
    let message = chain.claim_msg(&alice);
    assert_eq!(chain.refused(&alice, &message), ContractError::NothingClaimable);
    chain.wait(99);
    assert_eq!(chain.refused(&alice, &message), ContractError::NothingClaimable);
    chain.wait(1);
    chain.send(&alice, &message);
}

#[test]
fn a_later_root_pays_the_difference() {
    let mut chain = with_epoch();
    let alice = chain.account("alice");
    let first = chain.claim_msg(&alice);
    chain.wait(60);
    next_epoch(&mut chain, 2, 50, "alice");
    let second = chain.claim_msg(&alice);
    chain.wait(40);
    // Epoch 2 waits, so the root of epoch 1 counts.
    assert!(matches!(chain.refused(&alice, &second), ContractError::InvalidPayoutProof { epoch: 1, .. }));
    chain.send(&alice, &first);
    chain.wait(60);
    assert!(matches!(chain.refused(&alice, &first), ContractError::InvalidPayoutProof { epoch: 2, .. }));
    chain.send(&alice, &second);
    assert_eq!(chain.balance(&alice), 550);
}

#[test]
fn one_claim_covers_many_epochs() {
    let mut chain = with_epoch();
    for number in 2..=6 {
        next_epoch(&mut chain, number, 10, "alice");
        chain.wait(30);
    }
    chain.wait(100);
    let alice = chain.account("alice");
    let message = chain.claim_msg(&alice);
    chain.send(&alice, &message);
    assert_eq!(chain.balance(&alice), 550);
}

#[test]
fn the_newest_passed_window_is_found_among_many() {
    let mut chain = with_epoch();
    let mut accepted = vec![chain.now()];
    for number in 2..=9 {
        chain.wait(20);
        next_epoch(&mut chain, number, 1, "alice");
        accepted.push(chain.now());
    }
    for _ in 0..30 {
        let now = chain.now();
        let expected = accepted.iter().filter(|at| **at + 100 <= now).count() as u64;
        let found: MaybeEpochResponse = chain.query(&QueryMsg::ClaimableEpoch {});
        assert_eq!(found.epoch.map_or(0, |epoch| epoch.epoch.u64()), expected);
        chain.wait(10);
    }
}

#[test]
fn a_shorter_window_never_overtakes() {
    let mut chain = with_epoch();
    let owner = chain.owner.clone();
    let hasty = Params { challenge_window_seconds: Uint64::zero(), ..params() };
    chain.send(&owner, &ExecuteMsg::UpdateParams { params: hasty });
    next_epoch(&mut chain, 2, 50, "alice");
    let newest: MaybeEpochResponse = chain.query(&QueryMsg::LatestEpoch {});
    assert_eq!(newest.epoch.unwrap().claimable_at.u64(), chain.now() + 100);
}

#[test]
fn proofs_are_bound_to_payee_amount_and_tree() {
    let mut chain = with_epoch();
    chain.wait(100);
    let (alice, mallory) = (chain.account("alice"), chain.account("mallory"));
    let good = chain.claim_msg(&alice);
    let wrong = [
        changed(&good, |payee, _, _| *payee = mallory.to_string()),
        changed(&good, |_, amount, _| *amount = Uint128::new(501)),
        changed(&good, |_, amount, _| *amount = Uint128::MAX),
        changed(&good, |_, _, proof| proof.index = Uint64::new(1 - proof.index.u64())),
        changed(&good, |_, _, proof| proof.siblings.clear()),
        changed(&good, |_, _, proof| proof.siblings[0].sum -= Uint128::one()),
        changed(&good, |_, _, proof| proof.siblings[0].hash = [0; 32].into()),
        // Money moved from a sibling to the claim: the sum still fits, the hash does not.
        changed(&good, |_, amount, proof| {
            *amount += Uint128::one();
            proof.siblings[0].sum -= Uint128::one();
        }),
    ];
    for message in wrong {
        let error = chain.refused(&mallory, &message);
        assert!(matches!(error, ContractError::InvalidPayoutProof { .. }), "{error:?}");
    }
}

#[test]
fn proofs_are_bounded() {
    let mut chain = with_epoch();
    chain.wait(100);
    let alice = chain.account("alice");
    let filler = SumNode { sum: Uint128::zero(), hash: Digest::new([0; 32]) };
    let message = changed(&chain.claim_msg(&alice), |_, _, proof| proof.siblings = vec![filler; 65]);
    let expected = KitError::TooMany { what: "siblings", found: 65, max: 64 };
    assert_eq!(chain.refused(&alice, &message), ContractError::Kit(expected));
}

#[test]
fn a_payee_that_is_no_address_is_refused() {
    let mut chain = Chain::new();
    let session_id = chain.open(0, 1_000);
    let charge = chain.charge(0, session_id, 600, 1);
    chain.submit(1, 600, charge);
    chain.credit_to("alice", 400);
    chain.credit_to("cosmos1qqqqqq", 200);
    chain.accept(1, &[1]);
    chain.wait(100);
    let anyone = chain.account("anyone");
    for wrong in ["alice", "cosmos1qqqqqq"] {
        let message = chain.claim_of(wrong);
        assert!(matches!(chain.refused(&anyone, &message), ContractError::Std(_)));
    }
}

#[test]
fn the_stakers_share_reaches_their_rewards() {
    let mut chain = Chain::new();
    let session_id = chain.open(0, 1_000);
    let charge = chain.charge(0, session_id, 600, 1);
    chain.submit(1, 600, charge);
    let staking = chain.staking.clone();
    chain.credit(&staking, 600);
    chain.accept(1, &[1]);
    chain.wait(100);
    let message = chain.claim_msg(&staking);
    let anyone = chain.account("anyone");
    chain.send(&anyone, &message);
    let books: SolvencyResponse =
        chain.app.wrap().query_wasm_smart(&staking, &staking::msg::QueryMsg::Solvency {}).unwrap();
    assert_eq!((books.rewards, books.orphaned, books.solvent), (Uint128::new(600), Uint128::zero(), true));
    assert_eq!(chain.books(), [400, 0, 0, 0]);
}

/// Even more than two thirds of the validators cannot reach money of sessions and pending batches: a root that lowers
/// one payee's cumulative amount to raise another's runs into what accepted epochs brought in.
#[test]
fn a_dishonest_root_cannot_reach_other_money() {
    let mut chain = with_epoch();
    chain.wait(100);
    let alice = chain.account("alice");
    let message = chain.claim_msg(&alice);
    chain.send(&alice, &message);
    // A new tree in which alice never earned and mallory earned everything.
    chain.payouts = Default::default();
    let mallory = chain.account("mallory");
    chain.credit(&mallory, 600);
    next_epoch(&mut chain, 2, 50, "mallory");
    chain.wait(100);
    let message = chain.claim_msg(&mallory);
    let expected = ContractError::PayoutsExhausted { amount: Uint128::new(650), unclaimed: Uint128::new(150) };
    assert_eq!(chain.refused(&mallory, &message), expected);
    assert_eq!(chain.books(), [350, 0, 150, 0]);
}
