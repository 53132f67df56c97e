//! What a challenger finds, and what it may try in vain.

use cosmwasm_std::Uint64;
use disputes::msg::{BatchFraud, FalseSum, Neighbours, OneReceipt, Role, TwoReceipts, missing};
use openledger_protocol::{
    Receipt,
    fraud::{
        Opening, charge,
        credit::{self, CreditProof},
        duplicate, receipt,
        score::{self, ScoreClaim},
        share,
    },
};

use crate::{Batch, Ground};

/// Every proof that the whole data of a batch gives.
pub fn findings(ground: &Ground, batch: &Batch, batch_id: u64) -> Vec<BatchFraud> {
    let (facts, data) = (batch.facts(ground, batch_id), batch.data());
    let clusters = ground.payees.contributors.len() as u64;
    let charges: Vec<_> = ground.sessions.iter().filter_map(|session| batch.charge(ground, session.id)).collect();
    let charge_of = |id: u64| charges.iter().find(|charge| charge.session_id == id);
    let terms = |_: &Receipt| Some((ground.table, ground.payees.clone()));
    let one = |receipt: Opening| OneReceipt { receipt: receipt.into() };
    let mut found = Vec::new();
    if batch.false_sum {
        found.extend(batch.claimed().prove().map(|path| BatchFraud::CreditSum(FalseSum { path: path.into() })));
        return found;
    }
    found.extend(receipt::prove(&facts, &data).unwrap().map(one).map(BatchFraud::Receipt));
    let unknown = receipt::prove_adapter(&facts, &data, |id, version| ground.knows(id, version)).unwrap();
    found.extend(unknown.map(one).map(BatchFraud::Adapter));
    found.extend(share::prove(&facts, &data, |_, _| Some(clusters)).unwrap().map(one).map(BatchFraud::Shares));
    let index = ground.index();
    let index_of = |id, version| ((id, version) == ground.adapter).then(|| (index.facts(), index.rows.as_slice()));
    let scored = score::prove(&facts, &data, index_of, |_| Some(batch.query.clone())).unwrap();
    found.extend(scored.map(|(receipt, claim)| false_score(receipt, claim)));
    found.extend(charge::prove(&facts, &data, charge_of).unwrap().map(one).map(BatchFraud::Charge));
    let twice = duplicate::prove(&[(&facts, &data)]).unwrap();
    found.extend(twice.map(|((_, a), (_, b))| BatchFraud::Duplicate {
        first: a.into(),
        other_batch_id: batch_id.into(),
        second: b.into(),
    }));
    let overlap = charge::prove_overlap(&facts, &data).unwrap();
    found.extend(overlap.map(|(a, b)| BatchFraud::Overlap(TwoReceipts { first: a.into(), second: b.into() })));
    found.extend(credit::prove(&facts, &data, terms).unwrap().map(|proof| match proof {
        CreditProof::Leaf(credit) => BatchFraud::CreditLeaf { credit: credit.into() },
        CreditProof::Order(a, b) => BatchFraud::CreditOrder(Neighbours { first: a.into(), second: b.into() }),
        CreditProof::NotEarned { receipt, credit } => {
            BatchFraud::Credit { receipt: receipt.into(), credit: credit.into() }
        }
        CreditProof::Missing { receipt, missing: gap } => {
            let (role, cluster, gap) = missing(gap).unwrap();
            BatchFraud::MissingCredit { receipt: receipt.into(), role, cluster, gap }
        }
    }));
    found
}

/// Every opening of an honest batch, as every kind of proof. None of them shows a fraud.
pub fn honest_attempts(ground: &Ground, batch: &Batch, batch_id: u64) -> Vec<BatchFraud> {
    let data = batch.data();
    let (receipts, credits) = (data.receipts.len() as u64, data.credits.leaves.len() as u64);
    let open = |index| data.open_receipt(index).unwrap();
    let one = |index| OneReceipt { receipt: open(index).into() };
    let credit = |index| data.credits.open(index).unwrap();
    let mut tried = Vec::new();
    for index in 0..receipts {
        tried.extend([
            BatchFraud::Receipt(one(index)),
            BatchFraud::Adapter(one(index)),
            BatchFraud::Shares(one(index)),
            BatchFraud::Charge(one(index)),
        ]);
        tried.extend(score_claims(ground).map(|claim| false_score(open(index), claim)));
        for other in 0..receipts {
            let two = TwoReceipts { first: open(index).into(), second: open(other).into() };
            tried.push(BatchFraud::Overlap(two));
            let (first, second) = (open(index).into(), open(other).into());
            tried.push(BatchFraud::Duplicate { first, other_batch_id: batch_id.into(), second });
        }
        for position in 0..credits {
            tried.push(BatchFraud::Credit { receipt: open(index).into(), credit: credit(position).into() });
        }
        for gap in 0..=data.credits.leaves.len() {
            let gap = data.credits.absence_at(gap).unwrap().into();
            let (receipt, role, cluster) = (open(index).into(), Role::Contributor, Uint64::zero());
            tried.push(BatchFraud::MissingCredit { receipt, role, cluster, gap });
        }
    }
    for position in 0..credits {
        tried.push(BatchFraud::CreditLeaf { credit: credit(position).into() });
        for other in 0..credits {
            let two = Neighbours { first: credit(position).into(), second: credit(other).into() };
            tried.push(BatchFraud::CreditOrder(two));
        }
    }
    let tree = batch.claimed();
    let paths = (0..data.credits.leaves.len()).map(|at| FalseSum { path: tree.path(at).unwrap().into() });
    tried.extend(paths.map(BatchFraud::CreditSum));
    tried
}

fn false_score(receipt: Opening, claim: ScoreClaim) -> BatchFraud {
    let (query, row) = match claim {
        ScoreClaim::Shape => (None, None),
        ScoreClaim::Query(query) => (Some(query), None),
        ScoreClaim::Row { query, row } => (Some(query), Some(row.into_opening().into())),
    };
    BatchFraud::Score { receipt: receipt.into(), query: query.map(|query| query.to_bytes().into()), row }
}

/// Everything that can be opened beside a receipt.
fn score_claims(ground: &Ground) -> impl Iterator<Item = ScoreClaim> {
    let index = ground.index();
    let query = index.query();
    let rows = (0..index.rows.len()).map(|cluster| index.row(cluster));
    let rows: Vec<_> = rows.map(|row| ScoreClaim::Row { query: query.clone(), row }).collect();
    [ScoreClaim::Shape, ScoreClaim::Query(query)].into_iter().chain(rows)
}
