use openledger_protocol::{
    Attribution, Receipt,
    amount::AmountError,
    attribution::AttributionError,
    fraud::{Fraud, Rejected, share},
};
use proptest::prelude::*;

use crate::world::{Batch, World, clusters, clusters_of, world};

fn shown(batch: &Batch) -> Option<Fraud> {
    let opening = share::prove(&batch.facts, &batch.data, clusters_of).unwrap()?;
    let opened = batch.open(&opening);
    Some(share::check(&opened, clusters(opened.receipt().adapter_id) as u64).unwrap())
}

/// What the chain says to a receipt that was changed.
fn after(world: &World, pick: prop::sample::Index, change: impl FnOnce(&mut Receipt)) -> Fraud {
    let batch = &world.batches[0];
    shown(&batch.change(pick.index(batch.receipts.len()), change)).expect("the change is found")
}

fn attribution(receipt: &mut Receipt) -> &mut Attribution {
    receipt.attribution.as_mut().unwrap()
}

fn plus(text: &mut String, by: i128) {
    *text = (text.parse::<i128>().unwrap() + by).to_string();
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn shares_that_do_not_follow_are_shown(world in world(), pick: prop::sample::Index, cluster in 0usize..3) {
        let fraud = after(&world, pick, |receipt| attribution(receipt).shares[cluster] += 1);
        prop_assert_eq!(fraud, Fraud::WrongShares { field: "shares" });
        let fraud = after(&world, pick, |receipt| attribution(receipt).explained += 1);
        prop_assert_eq!(fraud, Fraud::WrongShares { field: "explained part" });
        let fraud = after(&world, pick, |receipt| attribution(receipt).unattributed ^= 1);
        prop_assert_eq!(fraud, Fraud::WrongShares { field: "unattributed part" });
        let fraud = after(&world, pick, |receipt| receipt.attribution = None);
        prop_assert_eq!(fraud, Fraud::NoAttribution);
        let fraud = after(&world, pick, |receipt| attribution(receipt).policy.push('0'));
        prop_assert_eq!(fraud, Fraud::UnknownPolicy);
        let fraud = after(&world, pick, |receipt| attribution(receipt).deltas[cluster] = i64::MIN);
        prop_assert_eq!(fraud, Fraud::BrokenMeasurements(AttributionError::OutOfRange));
        let count = |fraud| matches!(fraud, Fraud::ClusterCount { .. });
        prop_assert!(count(after(&world, pick, |receipt| attribution(receipt).shares.push(0))));
        prop_assert!(count(after(&world, pick, |receipt| attribution(receipt).deltas.truncate(2))));
    }

    #[test]
    fn fees_that_do_not_follow_are_shown(world in world(), pick: prop::sample::Index, by in prop_oneof![-3i128..0, 1i128..4]) {
        let wrong = |fraud| matches!(fraud, Fraud::WrongFee { .. });
        prop_assert!(wrong(after(&world, pick, |receipt| plus(&mut receipt.fee, by))));
        prop_assert!(wrong(after(&world, pick, |receipt| receipt.response_tokens += 1)));
        let absurd = after(&world, pick, |receipt| {
            receipt.response_tokens = 2;
            receipt.response_price = u128::MAX.to_string();
        });
        shape!(absurd, Fraud::WrongFee { expected: None, .. });
        let below = after(&world, pick, |receipt| receipt.cumulative_fee = "0".into());
        shape!(below, Fraud::CumulativeBelowFee { cumulative: 0, .. });
        for field in ["prompt price", "response price", "fee", "cumulative fee"] {
            let fraud = after(&world, pick, |receipt| match field {
                "prompt price" => receipt.prompt_price.insert(0, '0'),
                "response price" => receipt.response_price.insert(0, '0'),
                "fee" => receipt.fee.insert(0, '0'),
                _ => receipt.cumulative_fee.insert(0, '0'),
            });
            let Fraud::BrokenAmount { field: found, reason: AmountError::NotCanonical(_) } = fraud else { panic!("{fraud}") };
            prop_assert_eq!(found, field);
        }
    }

    #[test]
    fn a_receipt_that_follows_is_honest(world in world()) {
        for batch in &world.batches {
            prop_assert_eq!(shown(batch), None);
            for index in 0..batch.receipts.len() {
                let opened = batch.open_at(index);
                let clusters = clusters(opened.receipt().adapter_id) as u64;
                prop_assert_eq!(share::check(&opened, clusters), Err(Rejected::Honest));
            }
        }
    }
}
