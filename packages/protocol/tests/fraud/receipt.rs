use openledger_protocol::{
    Message, Scope,
    fraud::{Fraud, LeafProblem, MAX_LEAF_BYTES, Rejected, data::BatchData, receipt},
    merkle::MerkleError,
};
use proptest::prelude::*;

use crate::world::{Batch, FORWARD, INDEXED, world};

/// The batch with one leaf of its receipts replaced.
fn with_leaf(batch: &Batch, index: usize, leaf: Vec<u8>) -> Batch {
    let mut data: BatchData = batch.data.clone();
    data.receipts[index] = leaf;
    batch.commit(data)
}

fn shown(batch: &Batch) -> (u64, LeafProblem) {
    let opening = receipt::prove(&batch.facts, &batch.data).unwrap().expect("a broken leaf is found");
    match receipt::check(&batch.facts, &opening).unwrap() {
        Fraud::BrokenReceipt { index, problem } => (index, problem),
        other => panic!("{other}"),
    }
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn a_leaf_that_is_no_receipt_of_the_batch_is_shown(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let index = pick.index(batch.receipts.len());
        let whole = &batch.data.receipts[index];
        let at = |problem| (index as u64, problem);

        let cut = whole[..whole.len() - 1].to_vec();
        prop_assert_eq!(shown(&with_leaf(batch, index, cut)), at(LeafProblem::Undecodable));
        // An unknown field, and a default that is written out.
        for extra in [&[0xf8, 0x07, 0x01][..], &[0x18, 0x00]] {
            let longer = [whole, extra].concat();
            prop_assert_eq!(shown(&with_leaf(batch, index, longer)), at(LeafProblem::NotCanonical));
        }
        let elsewhere = batch.change(index, |receipt| {
            receipt.scope = Some(Scope { chain_id: "chain-2".into(), contract: "wasm1settlement".into() });
        });
        prop_assert_eq!(shown(&elsewhere), at(LeafProblem::OtherScope));
        let nowhere = batch.change(index, |receipt| receipt.scope = None);
        prop_assert_eq!(shown(&nowhere), at(LeafProblem::OtherScope));
        let foreign = batch.change(index, |receipt| receipt.node = "wasm1other".into());
        prop_assert_eq!(shown(&foreign), at(LeafProblem::OtherNode));
    }

    #[test]
    fn a_receipt_of_an_adapter_that_does_not_exist_is_shown(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let registered = |adapter_id, version| [FORWARD, INDEXED].contains(&adapter_id) && version == 1;
        prop_assert_eq!(receipt::prove_adapter(&batch.facts, &batch.data, registered).unwrap(), None);
        prop_assert_eq!(receipt::check_adapter(&batch.open_at(0), true), Err(Rejected::Honest));
        let forged = batch.change(pick.index(batch.receipts.len()), |receipt| receipt.adapter_version = 2);
        let opening = receipt::prove_adapter(&forged.facts, &forged.data, registered).unwrap().unwrap();
        let opened = forged.open(&opening);
        let adapter_id = opened.receipt().adapter_id;
        let expected = Fraud::UnknownAdapter { adapter_id, version: 2 };
        prop_assert_eq!(receipt::check_adapter(&opened, registered(adapter_id, 2)), Ok(expected));
    }

    #[test]
    fn openings_that_lead_elsewhere_are_refused(world in world(), pick: prop::sample::Index) {
        let batch = &world.batches[0];
        let index = pick.index(batch.receipts.len()) as u64;
        let honest = batch.data.open_receipt(index).unwrap();
        prop_assert_eq!(receipt::check(&batch.facts, &honest), Err(Rejected::Honest));

        let refused = |opening| match receipt::check(&batch.facts, &opening) {
            Err(Rejected::BadOpening { what: "receipt", reason }) => reason,
            other => panic!("{other:?}"),
        };
        let mut other = honest.clone();
        other.leaf.push(0);
        prop_assert_eq!(refused(other), MerkleError::RootMismatch);
        let mut longer = honest.clone();
        longer.siblings.push([0; 32]);
        shape!(refused(longer), MerkleError::WrongLength { .. });
        let mut beyond = honest.clone();
        beyond.index = batch.facts.receipt_count;
        shape!(refused(beyond), MerkleError::IndexOutOfRange { .. });

        let mut huge = honest.clone();
        huge.leaf = vec![0; MAX_LEAF_BYTES + 1];
        shape!(receipt::check(&batch.facts, &huge), Err(Rejected::TooLong { .. }));
        let mut deep = honest;
        deep.siblings = vec![[0; 32]; 65];
        shape!(receipt::check(&batch.facts, &deep), Err(Rejected::TooLong { .. }));
    }
}

#[test]
fn a_subtree_never_passes_for_a_receipt() {
    // Whoever shows the two hashes below an inner node as a leaf needs the chain to count fewer leaves.
    let leaves: Vec<Vec<u8>> = (0u8..4).map(|byte| vec![byte; 3]).collect();
    let data = BatchData { receipts: leaves.clone(), ..BatchData::default() };
    let facts = data.facts(1, Scope::default(), String::new()).unwrap();
    let pair = [openledger_protocol::merkle::leaf(&leaves[0]), openledger_protocol::merkle::leaf(&leaves[1])].concat();
    let mut opening = data.open_receipt(0).unwrap();
    opening.leaf = pair;
    opening.siblings.remove(0);
    assert!(matches!(receipt::check(&facts, &opening), Err(Rejected::BadOpening { .. })));
}

#[test]
fn the_largest_honest_receipt_fits() {
    use openledger_protocol::{
        Receipt,
        attribution::{MAX_CLUSTERS, MAX_MICRO_NATS, attribute},
    };
    let worst = attribute(&vec![MAX_MICRO_NATS; MAX_CLUSTERS], 0, 1).unwrap();
    let receipt = Receipt { attribution: Some(worst), ..Receipt::default() };
    assert!(receipt.encode_to_vec().len() < MAX_LEAF_BYTES / 2);
}
