//! Any split that is accepted divides any fee without loss, and every other split is refused.

use models::msg::Split;
use openledger_contract_kit::Bps;
use openledger_protocol::fees::SplitTable;
use proptest::prelude::*;

use crate::suite::split as of;

/// Five parts; half of the time they sum to 10,000.
fn parts() -> impl Strategy<Value = [u16; 5]> {
    let any = prop::array::uniform5(0u16..=10_000);
    let whole = prop::array::uniform4(0u16..=10_000).prop_map(|mut cuts| {
        cuts.sort_unstable();
        [cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], cuts[3] - cuts[2], 10_000 - cuts[3]]
    });
    prop_oneof![any, whole]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn accepted_means_whole_and_contributors_in(parts in parts()) {
        let sum: u32 = parts.iter().map(|part| u32::from(*part)).sum();
        prop_assert_eq!(of(parts).validate().is_ok(), sum == 10_000 && parts[0] >= 1_000);
    }

    #[test]
    fn an_accepted_split_divides_every_fee_without_loss(parts in parts(), fee in any::<u64>()) {
        let table: Split = of(parts);
        prop_assume!(table.validate().is_ok());
        let divided = SplitTable::from(table).split(u128::from(fee)).unwrap();
        let all = [divided.contributors, divided.developer, divided.node, divided.stakers, divided.treasury];
        prop_assert_eq!(all.iter().sum::<u128>(), u128::from(fee));
        for (part, points) in all.iter().zip(parts) {
            let exact = Bps::new(points).unwrap().of(u128::from(fee).into()).u128();
            prop_assert!(*part == exact || *part == exact + 1);
        }
    }
}
