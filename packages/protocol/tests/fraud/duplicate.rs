use openledger_protocol::{
    Signed,
    fraud::{BatchFacts, Fraud, Rejected, data::BatchData, duplicate},
};
use proptest::prelude::*;

use crate::world::{Batch, World, world};

fn all(batches: &[Batch]) -> Vec<(&BatchFacts, &BatchData)> {
    batches.iter().map(|batch| (&batch.facts, &batch.data)).collect()
}

fn shown(batches: &[Batch]) -> Option<Fraud> {
    let (first, second) = duplicate::prove(&all(batches)).unwrap()?;
    let (a, b) = (batches[first.0].open(&first.1), batches[second.0].open(&second.1));
    Some(duplicate::check(&a, &b).unwrap())
}

/// The history with one receipt put once more into a batch of the same node.
fn again(world: &World, from: usize, to: usize, at: usize, sequence_only: bool) -> Vec<Batch> {
    let mut batches = world.batches.clone();
    let mut copy = batches[from].receipts[at].clone();
    if sequence_only {
        copy.prompt_commitment = vec![9; 32];
    }
    let mut receipts = batches[to].receipts.clone();
    receipts.push(copy);
    batches[to] = batches[to].with_receipts(receipts);
    batches
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn the_same_answer_twice_is_shown(world in world(), pick: prop::sample::Index, into: prop::sample::Index) {
        let from = 0;
        let same_node: Vec<usize> = (0..world.batches.len()).step_by(2).collect();
        let to = same_node[into.index(same_node.len())];
        let at = pick.index(world.batches[from].receipts.len());
        let receipt = &world.batches[from].receipts[at];
        let expected = Fraud::SameReceipt { receipt_id: receipt.digest() };
        prop_assert_eq!(shown(&again(&world, from, to, at, false)), Some(expected));
        let (session_id, voucher_sequence) = (receipt.session_id, receipt.voucher_sequence);
        let expected = Fraud::SameVoucher { session_id, voucher_sequence };
        prop_assert_eq!(shown(&again(&world, from, to, at, true)), Some(expected));
    }

    #[test]
    fn an_honest_history_has_no_duplicates(world in world()) {
        prop_assert_eq!(shown(&world.batches), None);
        let opened: Vec<_> = world
            .batches
            .iter()
            .flat_map(|batch| (0..batch.receipts.len()).map(|index| batch.open_at(index)))
            .collect();
        for a in &opened {
            for b in &opened {
                let same = a.batch().batch_id == b.batch().batch_id && a.index() == b.index();
                let session = a.receipt().session_id == b.receipt().session_id;
                let expected = match (same, session) {
                    (true, _) => Rejected::SamePosition,
                    (_, true) => Rejected::Honest,
                    _ => Rejected::UnrelatedReceipts,
                };
                prop_assert_eq!(duplicate::check(a, b), Err(expected));
            }
        }
    }

    /// Two nodes that served one session may have got the same sequence; neither did wrong by that.
    #[test]
    fn two_nodes_are_never_compared(world in world()) {
        let Some([a, b, ..]) = world.batches.get(..) else { return Ok(()) };
        let mut theirs = b.receipts.clone();
        theirs[0].session_id = a.receipts[0].session_id;
        theirs[0].voucher_sequence = a.receipts[0].voucher_sequence;
        let b = b.with_receipts(theirs);
        prop_assert_eq!(duplicate::check(&a.open_at(0), &b.open_at(0)), Err(Rejected::UnrelatedReceipts));
        prop_assert_eq!(shown(&[a.clone(), b]), None);
    }
}
