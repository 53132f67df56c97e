//! Payouts of an epoch that accepted one batch.

use disputes::msg::{EpochFraud, Neighbours};
use openledger_protocol::{
    Credit, Message, Scope,
    fraud::{
        EpochFacts,
        data::{EpochData, SumLeaves},
        payout::{self, EpochProof},
    },
    payouts::Payouts,
};

use crate::Batch;

/// What everybody earns.
pub fn payouts_of(batch: &Batch) -> Payouts {
    let mut payouts = Payouts::default();
    for leaf in &batch.credits.leaves {
        payouts.add([&Credit::decode(leaf.data.as_slice()).unwrap()]).unwrap();
    }
    payouts
}

/// Everything that the batch brings in for a thief, on top of earlier payouts.
pub fn stolen_after(previous: &Payouts, batch: &Batch, thief: &str) -> Payouts {
    let mut payouts = previous.clone();
    let credit = Credit { payee: thief.to_owned(), amount: batch.total().to_string(), ..Credit::default() };
    payouts.add([&credit]).unwrap();
    payouts
}

/// Everything for a thief in the first epoch.
pub fn stolen(batch: &Batch, thief: &str) -> Payouts {
    stolen_after(&Payouts::default(), batch, thief)
}

/// What the whole data shows about payouts; nothing if they are honest.
pub fn payout_proof(scope: &Scope, previous: Option<&Payouts>, payouts: &Payouts, batch: &Batch) -> Option<EpochFraud> {
    let leaves = SumLeaves::of_payouts(scope, payouts);
    let before = previous.map(|previous| SumLeaves::of_payouts(scope, previous));
    let facts = EpochFacts {
        scope: scope.clone(),
        payouts: leaves.tree().unwrap(),
        previous: before.as_ref().map(|leaves| leaves.tree().unwrap()),
        batches: vec![batch.tree()],
    };
    let data = EpochData { payouts: &leaves, previous: before.as_ref(), batches: vec![&batch.credits] };
    payout::prove(&facts, &data).unwrap().map(|proof| match proof {
        EpochProof::Leaf(payout) => EpochFraud::PayoutLeaf { payout: payout.into() },
        EpochProof::Order(a, b) => EpochFraud::PayoutOrder(Neighbours { first: a.into(), second: b.into() }),
        EpochProof::Payout(proof) => proof.into(),
    })
}
