use openledger_protocol::{
    Receipt, amount,
    fraud::{
        Fraud, ReceiptLeaf, Rejected,
        charge::{self, ChargeFacts},
        data::BatchData,
        receipt,
    },
};
use proptest::prelude::*;

use crate::world::{Batch, node, scope, world};

fn shown(batch: &Batch) -> Option<Fraud> {
    let opening = charge::prove(&batch.facts, &batch.data, |session| batch.charge_of(session)).unwrap()?;
    let opened = batch.open(&opening);
    Some(charge::check(&opened, batch.charge_of(opened.receipt().session_id)).unwrap())
}

fn overlap(batch: &Batch) -> Option<Fraud> {
    let (first, second) = charge::prove_overlap(&batch.facts, &batch.data).unwrap()?;
    Some(charge::check_overlap(&batch.open(&first), &batch.open(&second)).unwrap())
}

fn of(text: &str) -> u128 {
    amount::parse(text).unwrap()
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn a_receipt_beyond_its_session_is_shown(world in world(), pick: prop::sample::Index, by in 1u128..9) {
        let batch = &world.batches[0];
        let at = pick.index(batch.receipts.len());
        let receipt = &batch.receipts[at];
        let session_id = receipt.session_id;
        let with = |change: &dyn Fn(&mut ChargeFacts)| {
            let mut charge = batch.charges[&session_id].clone();
            change(&mut charge);
            charge::check(&batch.open_at(at), Some(&charge))
        };
        let (cumulative, fee) = (of(&receipt.cumulative_fee), of(&receipt.fee));
        prop_assert_eq!(with(&|_| {}), Err(Rejected::Honest));
        prop_assert_eq!(charge::check(&batch.open_at(at), None), Ok(Fraud::NotCharged { session_id }));
        let outside = |fraud| matches!(fraud, Ok(Fraud::OutsideCharge { .. }));
        prop_assert!(outside(with(&|charge| charge.cumulative_fee = cumulative - 1)));
        // The batch begins to charge after the receipt does.
        prop_assert!(outside(with(&|charge| charge.amount = charge.cumulative_fee - (cumulative - fee) - 1)));
        let voucher = cumulative - 1;
        let beyond = Fraud::BeyondVoucher { cumulative, voucher };
        prop_assert_eq!(with(&|charge| charge.voucher_amount = voucher), Ok(beyond));
        let sequence = receipt.voucher_sequence;
        let unknown = Fraud::UnknownVoucher { claimed: sequence, charged: sequence - 1 };
        prop_assert_eq!(with(&|charge| charge.voucher_sequence = sequence - 1), Ok(unknown));
        let dear = Fraud::PriceAboveSession { field: "prompt price", price: 3, max: 2 };
        prop_assert_eq!(with(&|charge| charge.max_prompt_price = 2), Ok(dear));
        let dear = Fraud::PriceAboveSession { field: "response price", price: 17, max: 16 };
        prop_assert_eq!(with(&|charge| charge.max_response_price = 16), Ok(dear));
        let adapter_id = receipt.adapter_id;
        let other = Fraud::OtherAdapter { adapter_id, allowed: 9 };
        prop_assert_eq!(with(&|charge| charge.adapter_id = Some(9)), Ok(other));
        prop_assert_eq!(with(&|charge| charge.adapter_id = Some(adapter_id)), Err(Rejected::Honest));
        prop_assert_eq!(with(&|charge| charge.node = Some("wasm1other".into())), Ok(Fraud::OtherNode));
        prop_assert_eq!(with(&|charge| charge.node = None), Err(Rejected::Honest));
        let served_at = receipt.served_at;
        let late = Fraud::Expired { served_at, expires_at: served_at };
        prop_assert_eq!(with(&|charge| charge.expires_at = served_at), Ok(late));
        let given = session_id + 1;
        let other = Rejected::OtherSession { given, session_id };
        prop_assert_eq!(with(&|charge| charge.session_id = given), Err(other));

        // And the same by changing the receipt.
        let forged = batch.change(at, |receipt| receipt.cumulative_fee = amount::format(1_000_000_000 + by));
        shape!(shown(&forged), Some(Fraud::OutsideCharge { .. }));
        let forged = batch.change(at, |receipt| receipt.session_id = 99);
        prop_assert_eq!(shown(&forged), Some(Fraud::NotCharged { session_id: 99 }));
        let forged = batch.change(at, |receipt| receipt.fee = "x".into());
        shape!(shown(&forged), Some(Fraud::BrokenAmount { field: "fee", .. }));
    }

    #[test]
    fn two_receipts_for_the_same_money_are_shown(world in world(), pick: prop::sample::Index) {
        for batch in &world.batches {
            prop_assert_eq!(overlap(batch), None);
            let at = pick.index(batch.receipts.len());
            // The answer is charged once more, under a voucher of its own.
            let mut receipts = batch.receipts.clone();
            let mut again = receipts[at].clone();
            again.voucher_sequence += 1_000;
            receipts.push(again);
            let forged = batch.with_receipts(receipts);
            let session_id = batch.receipts[at].session_id;
            let fraud = overlap(&forged);
            shape!(fraud, Some(Fraud::Overlap { session_id: found, .. }) if found == session_id);
        }
    }

    #[test]
    fn receipts_that_may_both_be_are_left_alone(world in world()) {
        for batch in &world.batches {
            for (first, second) in (0..batch.receipts.len()).flat_map(|a| (0..batch.receipts.len()).map(move |b| (a, b))) {
                let same = batch.receipts[first].session_id == batch.receipts[second].session_id;
                let expected = match (same, first == second) {
                    (_, true) => Rejected::SamePosition,
                    (true, _) => Rejected::Honest,
                    (false, _) => Rejected::UnrelatedReceipts,
                };
                let refused = charge::check_overlap(&batch.open_at(first), &batch.open_at(second));
                prop_assert_eq!(refused, Err(expected));
            }
            if let Some(other) = world.batches.iter().find(|other| other.facts != batch.facts) {
                let refused = charge::check_overlap(&batch.open_at(0), &other.open_at(0));
                prop_assert_eq!(refused, Err(Rejected::UnrelatedReceipts));
            }
        }
    }
}

proptest! {
    #![proptest_config(crate::world::cases(256))]

    /// When no receipt lies outside its charge and none overlap, a session pays at least what its receipts say; and of
    /// all pairs that overlap, one is found.
    #[test]
    fn receipts_that_nobody_can_challenge_are_covered_by_the_charge(
        receipts in prop::collection::vec((0u128..60, 0u128..20), 1..7),
        from in 0u128..10,
        amount in 30u128..80,
    ) {
        let made: Vec<Receipt> = (1u64..).zip(&receipts).map(|(voucher_sequence, (start, fee))| Receipt {
            scope: Some(scope()),
            node: node(0),
            session_id: 7,
            voucher_sequence,
            prompt_price: "1".into(),
            response_price: "1".into(),
            fee: amount::format(*fee),
            cumulative_fee: amount::format(start + fee),
            ..Receipt::default()
        }).collect();
        let data = BatchData::new(&made, &[]).unwrap();
        let facts = data.facts(1, scope(), node(0)).unwrap();
        let charge = ChargeFacts {
            session_id: 7,
            amount,
            cumulative_fee: from + amount,
            voucher_amount: 1_000,
            voucher_sequence: 100,
            max_prompt_price: 1,
            max_response_price: 1,
            adapter_id: None,
            node: None,
            expires_at: 1,
        };
        let outside = charge::prove(&facts, &data, |_| Some(&charge)).unwrap();
        let overlap = charge::prove_overlap(&facts, &data).unwrap();
        if outside.is_none() && overlap.is_none() {
            prop_assert!(receipts.iter().map(|(_, fee)| fee).sum::<u128>() <= amount);
        }
        let open = |index: usize| match receipt::open(&facts, &data.open_receipt(index as u64).unwrap()) {
            Ok(ReceiptLeaf::Receipt(opened)) => opened,
            other => panic!("{other:?}"),
        };
        let mut pairs = (0..made.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
        let any = pairs.any(|(a, b)| charge::check_overlap(&open(a), &open(b)).is_ok());
        prop_assert_eq!(any, overlap.is_some());
    }
}
