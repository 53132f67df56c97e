use cosmwasm_std::{from_json, Uint128, Uint64};
use openledger_contract_kit::KitError;
use openledger_protocol::{BatchHeader, SessionCharge, Signed};
use settlement::{
    msg::{BatchStatus, Charge, Digest, ExecuteMsg, NodeResponse, QueryMsg, SubmitBatchData},
    ContractError,
};

use crate::{
    chain::Chain,
    signing::{flip_s, session_key, voucher},
};

/// A chain with session 1 of 1,000 by buyer 0.
fn with_session() -> Chain {
    let mut chain = Chain::new();
    chain.open(0, 1_000);
    chain
}

/// What the node gets back for a batch of one charge that charges 100.
fn refused(chain: &mut Chain, charge: Charge) -> ContractError {
    let message = chain.batch(1, 100, vec![charge]);
    let node = chain.node();
    chain.refused(&node, &message)
}

#[test]
fn money_moves_from_sessions_to_pending() {
    let mut chain = with_session();
    chain.open(1, 300);
    let charges = vec![chain.charge_with(0, 1, 200, 250, 7), chain.charge(1, 2, 50, 1)];
    let message = chain.batch(1, 250, charges);
    let node = chain.node();
    let response = chain.send(&node, &message);
    let data: SubmitBatchData = from_json(response.data.clone().unwrap()).unwrap();
    assert_eq!(data.batch_id, Uint64::new(1));
    assert_eq!(chain.books(), [1_050, 250, 0, 0]);
    let session = chain.session(1);
    assert_eq!((session.charged, session.available), (Uint128::new(200), Uint128::new(800)));
    assert_eq!(session.voucher_sequence, Uint64::new(7));
    let info = chain.batch_info(1);
    assert_eq!((info.batch.status, info.batch.total), (BatchStatus::Pending, Uint128::new(250)));
    assert_eq!(info.batch.deadline.u64(), chain.now() + 1_000);
    assert_eq!(info.charges.iter().map(|charge| charge.amount.u128()).collect::<Vec<_>>(), [200, 50]);
    let node: NodeResponse = chain.query(&QueryMsg::Node { address: node.to_string() });
    assert_eq!((node.last_sequence, node.last_batch_id), (Uint64::new(1), Some(Uint64::new(1))));
    let charged = response.events.iter().filter(|event| event.ty == "wasm-settlement/session_charged");
    assert_eq!(charged.count(), 2);
}

#[test]
fn the_stored_digest_is_that_of_the_header() {
    let mut chain = with_session();
    let charge = chain.charge_with(0, 1, 200, 250, 7);
    chain.submit(1, 200, charge);
    let header = BatchHeader {
        scope: Some(chain.scope()),
        node: chain.node().to_string(),
        sequence: 1,
        receipts_root: vec![1; 32],
        receipt_count: 2,
        credits_root: vec![2; 32],
        credit_count: 5,
        total: "200".into(),
        charges: vec![SessionCharge {
            session_id: 1,
            cumulative_fee: "200".into(),
            voucher_amount: "250".into(),
            voucher_sequence: 7,
        }],
    };
    assert_eq!(chain.batch_info(1).batch.header_digest, Digest::new(header.digest()));
}

#[test]
fn later_batches_charge_the_difference() {
    let mut chain = with_session();
    let charge = chain.charge(0, 1, 300, 1);
    chain.submit(1, 300, charge);
    let charge = chain.charge(0, 1, 1_000, 2);
    chain.submit(2, 700, charge);
    assert_eq!(chain.books(), [0, 1_000, 0, 0]);
    assert_eq!(chain.session(1).available, Uint128::zero());
}

#[test]
fn forged_vouchers_are_refused() {
    let mut chain = with_session();
    let forged = ContractError::VoucherForged { session_id: 1 };
    let good = chain.charge(0, 1, 100, 1);
    // Another key.
    let other_key = chain.charge(5, 1, 100, 1);
    assert_eq!(refused(&mut chain, other_key), forged);
    // A larger amount or another sequence than the buyer signed.
    let more = Charge { voucher_amount: Uint128::new(101), ..good.clone() };
    assert_eq!(refused(&mut chain, more), forged);
    let later = Charge { voucher_sequence: Uint64::new(2), ..good.clone() };
    assert_eq!(refused(&mut chain, later), forged);
    // One flipped bit, and bytes that are no signature at all.
    let mut bytes = good.voucher_signature.into_bytes();
    bytes[5] ^= 1;
    assert_eq!(refused(&mut chain, Charge { voucher_signature: bytes.into(), ..good.clone() }), forged);
    for byte in [0x00, 0x01, 0x5a] {
        let garbage = Charge { voucher_signature: [byte; 64].into(), ..good.clone() };
        assert_eq!(refused(&mut chain, garbage), forged, "{byte:02x}");
    }
}

#[test]
fn vouchers_of_other_chains_contracts_and_sessions_are_refused() {
    let mut chain = with_session();
    chain.open(0, 1_000);
    let forged = ContractError::VoucherForged { session_id: 1 };
    let good = chain.charge(0, 1, 100, 1);
    let key = session_key(0);
    let mut foreign = chain.scope();
    foreign.chain_id = "another-1".into();
    let mut elsewhere = chain.scope();
    elsewhere.contract = chain.staking.to_string();
    let signatures = [
        voucher(&key, foreign, 1, 100, 1),
        voucher(&key, elsewhere, 1, 100, 1),
        voucher(&key, chain.scope(), 2, 100, 1),
    ];
    for voucher_signature in signatures {
        assert_eq!(refused(&mut chain, Charge { voucher_signature, ..good.clone() }), forged);
    }
}

#[test]
fn the_second_spelling_of_a_signature_is_refused() {
    let mut chain = with_session();
    let good = chain.charge(0, 1, 100, 1);
    let flipped = Charge { voucher_signature: flip_s(&good.voucher_signature), ..good };
    assert_eq!(refused(&mut chain, flipped), ContractError::VoucherHighS { session_id: 1 });
}

#[test]
fn replayed_vouchers_are_refused() {
    let mut chain = with_session();
    let first = chain.charge_with(0, 1, 100, 500, 5);
    chain.submit(1, 100, first.clone());
    let node = chain.node();
    // The same voucher again, even for more of what it promised, or an older one.
    let again = Charge { cumulative_fee: Uint128::new(200), ..first };
    let older = chain.charge(0, 1, 200, 4);
    for (charge, given) in [(again, 5), (older, 4)] {
        let message = chain.batch(2, 100, vec![charge]);
        let expected = ContractError::VoucherReplayed { session_id: 1, given, last: 5 };
        assert_eq!(chain.refused(&node, &message), expected);
    }
    // Nor by another node, in a session that is open to any.
    let message = chain.batch(1, 100, vec![chain.charge_with(0, 1, 200, 500, 5)]);
    let other = chain.account("another node");
    assert!(matches!(chain.refused(&other, &message), ContractError::VoucherReplayed { .. }));
    // A batch that was accepted once does not count twice.
    let whole = chain.batch(1, 100, vec![chain.charge_with(0, 1, 100, 500, 5)]);
    assert!(matches!(chain.refused(&node, &whole), ContractError::SequenceNotNext { given: 1, expected: 2, .. }));
}

#[test]
fn overdrawn_vouchers_and_sessions_are_refused() {
    let mut chain = with_session();
    let beyond_voucher = chain.charge_with(0, 1, 100, 99, 1);
    let expected = ContractError::VoucherOverdrawn { session_id: 1, fee: Uint128::new(100), voucher: Uint128::new(99) };
    assert_eq!(refused(&mut chain, beyond_voucher), expected);
    let beyond_session = chain.charge(0, 1, 1_001, 1);
    let expected =
        ContractError::SessionOverdrawn { session_id: 1, charge: Uint128::new(1_001), available: Uint128::new(1_000) };
    assert_eq!(refused(&mut chain, beyond_session), expected);
    let everything = chain.charge(0, 1, u128::MAX, 1);
    assert!(matches!(refused(&mut chain, everything), ContractError::SessionOverdrawn { .. }));
}

#[test]
fn a_charge_moves_forward() {
    let mut chain = with_session();
    let charge = chain.charge(0, 1, 0, 1);
    assert!(matches!(refused(&mut chain, charge), ContractError::NothingToCharge { .. }));
    let charge = chain.charge(0, 1, 300, 1);
    chain.submit(1, 300, charge);
    let message = chain.batch(2, 0, vec![chain.charge(0, 1, 300, 2)]);
    let expected =
        ContractError::NothingToCharge { session_id: 1, given: Uint128::new(300), charged: Uint128::new(300) };
    assert_eq!(chain.refused(&chain.node(), &message), expected);
}

#[test]
fn a_wrong_total_is_refused() {
    let mut chain = with_session();
    for given in [0, 99, 101, u128::MAX] {
        let message = chain.batch(1, given, vec![chain.charge(0, 1, 100, 1)]);
        let expected = ContractError::WrongTotal { given: Uint128::new(given), sum: Uint128::new(100) };
        assert_eq!(chain.refused(&chain.node(), &message), expected);
    }
}

#[test]
fn one_bad_charge_undoes_the_good_ones() {
    let mut chain = with_session();
    chain.open(1, 300);
    let message = chain.batch(1, 150, vec![chain.charge(0, 1, 100, 1), chain.charge(0, 2, 50, 1)]);
    assert_eq!(chain.refused(&chain.node(), &message), ContractError::VoucherForged { session_id: 2 });
}

#[test]
fn sessions_are_listed_once_and_ascending() {
    let mut chain = with_session();
    chain.open(1, 300);
    let (first, second) = (chain.charge(0, 1, 100, 1), chain.charge(1, 2, 50, 1));
    let twice = chain.charge(0, 1, 150, 2);
    for (charges, session_id) in [(vec![second.clone(), first.clone()], 1), (vec![first, twice, second], 1)] {
        let message = chain.batch(1, 150, charges);
        let expected = ContractError::ChargesNotAscending { session_id };
        assert_eq!(chain.refused(&chain.node(), &message), expected);
    }
}

#[test]
fn sequences_have_no_gaps() {
    let mut chain = with_session();
    for given in [0, 2, u64::MAX] {
        let message = chain.batch(given, 100, vec![chain.charge(0, 1, 100, 1)]);
        let node = chain.node();
        let expected = ContractError::SequenceNotNext { node: node.clone(), given, expected: 1 };
        assert_eq!(chain.refused(&node, &message), expected);
    }
}

#[test]
fn empty_and_oversized_batches_are_refused() {
    let mut chain = with_session();
    let node = chain.node();
    let message = chain.batch(1, 0, vec![]);
    assert_eq!(chain.refused(&node, &message), ContractError::EmptyBatch { what: "charges" });
    let mut without_receipts = chain.batch(1, 100, vec![chain.charge(0, 1, 100, 1)]);
    if let ExecuteMsg::SubmitBatch { receipt_count, .. } = &mut without_receipts {
        *receipt_count = Uint64::zero();
    }
    assert_eq!(chain.refused(&node, &without_receipts), ContractError::EmptyBatch { what: "receipts" });
    let mut without_credits = chain.batch(1, 100, vec![chain.charge(0, 1, 100, 1)]);
    if let ExecuteMsg::SubmitBatch { credit_count, .. } = &mut without_credits {
        *credit_count = Uint64::zero();
    }
    assert_eq!(chain.refused(&node, &without_credits), ContractError::EmptyBatch { what: "credits" });
    let many = (1..=5).map(|id| chain.charge(0, id, 1, 1)).collect();
    let message = chain.batch(1, 5, many);
    let expected = KitError::TooMany { what: "charges", found: 5, max: 4 };
    assert_eq!(chain.refused(&node, &message), ContractError::Kit(expected));
}

#[test]
fn unknown_sessions_are_named() {
    let mut chain = with_session();
    let charge = chain.charge(0, 9, 100, 1);
    assert_eq!(refused(&mut chain, charge), ContractError::UnknownSession { session_id: 9 });
}

#[test]
fn charges_end_with_the_grace() {
    let mut chain = with_session();
    let settles_at = chain.session(1).settles_at.u64();
    let charge = chain.charge(0, 1, 100, 1);
    chain.wait(5_499);
    chain.submit(1, 100, charge);
    chain.wait(1);
    let message = chain.batch(2, 100, vec![chain.charge(0, 1, 200, 2)]);
    let expected = ContractError::SessionOver { session_id: 1, settles_at };
    assert_eq!(chain.refused(&chain.node(), &message), expected);
}

/// A chain with session 1 of 1,000 by buyer 0, bound to the node.
fn with_bound_session() -> Chain {
    let mut chain = Chain::new();
    let (buyer, node) = (chain.buyer(0), chain.node());
    chain.allow(&buyer, &chain.settlement.clone(), 1_000);
    let mut message = chain.open_msg(0, 1_000);
    if let ExecuteMsg::OpenSession { node: bound, .. } = &mut message {
        *bound = Some(node.to_string());
    }
    chain.send(&buyer, &message);
    chain
}

#[test]
fn a_bound_node_draws_the_rest_of_a_voucher() {
    let mut chain = with_bound_session();
    let node = chain.node();
    chain.submit(1, 100, chain.charge_with(0, 1, 100, 500, 5));
    chain.submit(2, 250, chain.charge_with(0, 1, 350, 500, 5));
    // Never more than it promised, never the same fee twice, never an older one.
    let beyond = chain.batch(3, 151, vec![chain.charge_with(0, 1, 501, 500, 5)]);
    assert!(matches!(chain.refused(&node, &beyond), ContractError::VoucherOverdrawn { .. }));
    let again = chain.batch(3, 250, vec![chain.charge_with(0, 1, 350, 500, 5)]);
    assert!(matches!(chain.refused(&node, &again), ContractError::NothingToCharge { .. }));
    let older = chain.batch(3, 50, vec![chain.charge_with(0, 1, 400, 500, 4)]);
    assert!(matches!(chain.refused(&node, &older), ContractError::VoucherReplayed { given: 4, last: 5, .. }));
}

#[test]
fn a_session_for_one_node_is_charged_by_that_node_only() {
    let mut chain = with_bound_session();
    let (node, thief) = (chain.node(), chain.account("thief"));
    let message = chain.batch(1, 100, vec![chain.charge(0, 1, 100, 1)]);
    let expected = ContractError::NotThisNode { session_id: 1, node: thief.clone(), allowed: node.clone() };
    assert_eq!(chain.refused(&thief, &message), expected);
    chain.send(&node, &message);
}
