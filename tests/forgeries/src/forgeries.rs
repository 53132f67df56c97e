//! Every way to lie about a batch that one step can show.

use disputes::msg::BatchFraud;
use openledger_protocol::{attribution::attribute, credits};

use crate::{
    Batch, Ground, findings,
    ground::{SCORED, scores},
    index::{commit, scored},
};

/// A lie and the name under which it must be caught.
#[derive(Debug, Clone, Copy)]
pub struct Forgery {
    /// What it does.
    pub name: &'static str,
    /// The fraud that a proof of it shows.
    pub fraud: &'static str,
    /// The batch.
    pub make: fn(&Ground) -> Batch,
    /// The kind of proof that is about this lie; others may be about what follows from it.
    kind: fn(&BatchFraud) -> bool,
}

impl Forgery {
    /// The proof that a challenger with the whole data makes.
    pub fn proof(&self, ground: &Ground, batch: &Batch, batch_id: u64) -> BatchFraud {
        findings(ground, batch, batch_id)
            .into_iter()
            .find(self.kind)
            .unwrap_or_else(|| panic!("no proof of {}", self.name))
    }
}

macro_rules! kind {
    ($variant:ident) => {
        |proof| matches!(proof, BatchFraud::$variant { .. })
    };
}

/// All of them.
pub const FORGERIES: [Forgery; 22] = [
    Forgery { name: "a leaf that is no receipt", fraud: "broken_receipt", make: garbage, kind: kind!(Receipt) },
    Forgery {
        name: "a receipt of another contract",
        fraud: "broken_receipt",
        make: other_contract,
        kind: kind!(Receipt),
    },
    Forgery {
        name: "an adapter that nobody registered",
        fraud: "unknown_adapter",
        make: unknown_adapter,
        kind: kind!(Adapter),
    },
    Forgery {
        name: "shares that do not follow from measurements",
        fraud: "wrong_shares",
        make: wrong_shares,
        kind: kind!(Shares),
    },
    Forgery { name: "no attribution", fraud: "no_attribution", make: no_attribution, kind: kind!(Shares) },
    Forgery { name: "another number of clusters", fraud: "cluster_count", make: cluster_count, kind: kind!(Shares) },
    Forgery { name: "a fee that is not tokens times prices", fraud: "wrong_fee", make: wrong_fee, kind: kind!(Shares) },
    Forgery { name: "a score that is no dot product", fraud: "wrong_score", make: wrong_score, kind: kind!(Score) },
    Forgery { name: "scores without a query", fraud: "no_query", make: no_query, kind: kind!(Score) },
    Forgery { name: "a query of another length", fraud: "query_length", make: query_length, kind: kind!(Score) },
    Forgery { name: "scores without an index", fraud: "no_index", make: no_index, kind: kind!(Score) },
    Forgery { name: "a receipt beyond its charge", fraud: "outside_charge", make: outside_charge, kind: kind!(Charge) },
    Forgery {
        name: "a voucher that the node does not have",
        fraud: "unknown_voucher",
        make: unknown_voucher,
        kind: kind!(Charge),
    },
    Forgery {
        name: "a price above the session's",
        fraud: "price_above_session",
        make: price_above_session,
        kind: kind!(Charge),
    },
    Forgery { name: "an answer after the session's end", fraud: "expired", make: expired, kind: kind!(Charge) },
    Forgery { name: "two receipts for one part of a session", fraud: "overlap", make: overlap, kind: kind!(Overlap) },
    Forgery { name: "one receipt twice", fraud: "same_receipt", make: same_receipt, kind: kind!(Duplicate) },
    Forgery { name: "a credit to another payee", fraud: "not_earned", make: not_earned, kind: kind!(Credit) },
    Forgery {
        name: "a credit that is no credit",
        fraud: "broken_credit",
        make: broken_credit,
        kind: kind!(CreditLeaf),
    },
    Forgery { name: "a missing credit", fraud: "missing_credit", make: missing_credit, kind: kind!(MissingCredit) },
    Forgery { name: "credits out of order", fraud: "out_of_order", make: out_of_order, kind: kind!(CreditOrder) },
    Forgery { name: "a tree with a false sum", fraud: "false_sum", make: false_sum, kind: kind!(CreditSum) },
];

fn garbage(ground: &Ground) -> Batch {
    let mut batch = ground.honest();
    batch.receipts[1] = vec![0xff; 40];
    batch
}

fn other_contract(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[0].scope.as_mut().unwrap().contract.push('x'))
}

fn unknown_adapter(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[1].adapter_version += 1)
}

fn wrong_shares(ground: &Ground) -> Batch {
    changed_first(ground, |receipts| {
        let shares = &mut receipts[1].attribution.as_mut().unwrap().shares;
        shares[0] += 1_000;
        shares[1] -= 1_000;
    })
}

fn no_attribution(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[1].attribution = None)
}

fn cluster_count(ground: &Ground) -> Batch {
    let clusters = ground.payees.contributors.len() + 1;
    changed(ground, |receipts| receipts[1].attribution = Some(attribute(&scores(clusters), 500, 10_000).unwrap()))
}

fn wrong_fee(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[2].response_tokens -= 1)
}

fn wrong_score(ground: &Ground) -> Batch {
    let index = ground.index();
    let mut scores = index.scores();
    scores[1] += 1_000;
    // Shares and credits follow from the false scores, so that only the index shows the lie.
    let attribution = scored(&scores, commit(&index.query()));
    changed_first(ground, |receipts| receipts[SCORED].attribution = Some(attribution))
}

fn no_query(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[SCORED].attribution.as_mut().unwrap().query_commitment.clear())
}

fn query_length(ground: &Ground) -> Batch {
    let index = ground.index();
    let mut query = index.query();
    query.vector.push(0);
    let attribution = scored(&index.scores(), commit(&query));
    Batch { query, ..changed(ground, |receipts| receipts[SCORED].attribution = Some(attribution)) }
}

fn no_index(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[SCORED].adapter_version = ground.adapter.1 - 1)
}

fn outside_charge(ground: &Ground) -> Batch {
    let beyond = (ground.sessions[0].charged + ground.fee(0) + ground.fee(1) + 1).to_string();
    changed(ground, |receipts| receipts[1].cumulative_fee = beyond)
}

fn unknown_voucher(ground: &Ground) -> Batch {
    changed(ground, |receipts| receipts[1].voucher_sequence += 10)
}

fn price_above_session(ground: &Ground) -> Batch {
    // Nothing is charged at that price, so that the fee is right.
    let price = (ground.sessions[1].max_prompt_price + 1).to_string();
    let fee = ground.fee(2);
    changed_first(ground, |receipts| {
        receipts[2].prompt_price = price;
        receipts[2].prompt_tokens = 0;
        receipts[2].response_price = fee.to_string();
        receipts[2].response_tokens = 1;
    })
}

fn expired(ground: &Ground) -> Batch {
    let late = ground.sessions[1].expires_at + 2;
    changed_first(ground, |receipts| receipts[2].served_at = late)
}

fn overlap(ground: &Ground) -> Batch {
    let inside = (ground.sessions[0].charged + ground.fee(1).max(ground.fee(0)) + 1).to_string();
    changed_first(ground, |receipts| receipts[1].cumulative_fee = inside)
}

fn same_receipt(ground: &Ground) -> Batch {
    let mut batch = changed_first(ground, |receipts| receipts[1] = receipts[0].clone());
    batch.charges[0] = 2 * ground.fee(0);
    batch
}

fn not_earned(ground: &Ground) -> Batch {
    let receipts = ground.receipts();
    let mut credits = ground.credits(&receipts);
    let robbed = &ground.payees.contributors[0];
    for credit in credits.iter_mut().filter(|credit| credit.payee == *robbed) {
        credit.payee.clone_from(&ground.node);
    }
    credits::sort(&mut credits);
    ground.batch(&receipts, &credits)
}

fn broken_credit(ground: &Ground) -> Batch {
    let mut batch = ground.honest();
    batch.credits.leaves[1].data = vec![0xff; 12];
    batch
}

fn missing_credit(ground: &Ground) -> Batch {
    let receipts = ground.receipts();
    let mut credits = ground.credits(&receipts);
    let robbed = &ground.payees.contributors[1];
    let gone = credits.iter().position(|credit| credit.payee == *robbed).unwrap();
    let amount: u128 = credits.remove(gone).amount.parse().unwrap();
    let mut batch = ground.batch(&receipts, &credits);
    // The batch charges what its credits sum to.
    batch.charges[1] -= amount;
    batch
}

fn out_of_order(ground: &Ground) -> Batch {
    let receipts = ground.receipts();
    let mut credits = ground.credits(&receipts);
    credits.swap(0, 1);
    ground.batch(&receipts, &credits)
}

fn false_sum(ground: &Ground) -> Batch {
    Batch { false_sum: true, ..ground.honest() }
}

/// Receipts that were changed after their credits had been made.
fn changed(ground: &Ground, change: impl FnOnce(&mut [openledger_protocol::Receipt])) -> Batch {
    let mut receipts = ground.receipts();
    let credits = ground.credits(&receipts);
    change(&mut receipts);
    ground.batch(&receipts, &credits)
}

/// Credits of receipts that were changed first.
fn changed_first(ground: &Ground, change: impl FnOnce(&mut [openledger_protocol::Receipt])) -> Batch {
    let mut receipts = ground.receipts();
    change(&mut receipts);
    let credits = ground.credits(&receipts);
    ground.batch(&receipts, &credits)
}
