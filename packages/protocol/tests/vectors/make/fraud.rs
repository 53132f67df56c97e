use openledger_protocol::{
    Credit, EpochStatement, Receipt,
    attribution::{POLICY_DOT_PRODUCT, attribute},
    commitment,
    credits::{self, Payees, sort},
    dot::dot,
    fraud::{
        BatchFacts, EpochFacts,
        credit::{self, CreditProof},
        data::{BatchData, EpochData, SumLeaf, SumLeaves},
        payout,
        score::{IndexFacts, Query, Row, ScoreClaim, index_root, row_leaf},
        sums::ClaimedTree,
    },
    merkle,
    payouts::Payouts,
};
use serde_json::{Value, json};

use super::{fees::table, settlement, with};
use crate::{
    fraud::{
        absence_json, batch_json, claim_json, decide, epoch_json, index_json, opening_json, path_json,
        payout_proof_json, sum_opening_json, tree_json, verdict_json,
    },
    messages::{receipt, scope},
};

const TABLE: [u16; 5] = [6000, 1500, 1500, 500, 500];
const ROWS: [[i8; 4]; 3] = [[1, -2, 3, 127], [-128, 0, 5, 9], [4, 4, -4, 1]];
const SALT: [u8; 32] = [0x5a; 32];
const QUERY: [i8; 4] = [7, -8, 100, -1];

pub fn make() -> Value {
    let honest = Batch::new(receipts(), |_| {});
    let mut cases = Vec::new();
    cases.extend(of_receipts(&honest));
    cases.extend(of_scores(&honest));
    cases.extend(of_shares(&honest));
    cases.extend(of_credits(&honest));
    cases.extend(of_sums(&honest));
    cases.extend(of_charges(&honest));
    cases.extend(of_duplicates(&honest));
    cases.extend(of_payouts(&honest));
    cases.extend(of_statements());
    json!({
        "about": "what the chain knows, what a challenger shows, and the verdict: the name of the fraud, or of the reason why \
                  nothing is decided; the size of every tree is what the chain knows",
        "checks": cases,
    })
}

struct Batch {
    receipts: Vec<Receipt>,
    credits: Vec<Credit>,
    data: BatchData,
    facts: BatchFacts,
}

impl Batch {
    /// A batch of receipts with the credits that follow, changed and sorted again.
    fn new(receipts: Vec<Receipt>, change: impl FnOnce(&mut Vec<Credit>)) -> Self {
        let mut all = Vec::new();
        for (index, receipt) in (0u64..).zip(&receipts) {
            // Receipts that were forged give nothing here.
            all.extend(credits::credits(receipt, index, &table(TABLE), &payees(receipt)).unwrap_or_default());
        }
        change(&mut all);
        sort(&mut all);
        let data = BatchData::new(&receipts, &all).unwrap();
        Self::of(receipts, all, data)
    }

    fn of(receipts: Vec<Receipt>, credits: Vec<Credit>, data: BatchData) -> Self {
        let facts = data.facts(31, scope(&settlement()), "wasm1node".into()).unwrap();
        Self { receipts, credits, data, facts }
    }

    fn receipt(&self, index: u64) -> Value {
        opening_json(&self.data.open_receipt(index).unwrap())
    }

    fn credit(&self, index: usize) -> Value {
        sum_opening_json(&self.data.credits.open(index as u64).unwrap())
    }

    fn with_leaf(&self, change: impl FnOnce(&mut BatchData)) -> Self {
        let mut data = self.data.clone();
        change(&mut data);
        Self::of(self.receipts.clone(), self.credits.clone(), data)
    }
}

/// One answer scored by counterfactual adapters and two scored by the index, of two sessions.
fn receipts() -> Vec<Receipt> {
    let first = receipt(&super::receipt());
    let deltas: Vec<i64> = ROWS.iter().map(|row| i64::from(dot(&QUERY, row).unwrap())).collect();
    let mut attribution = attribute(&deltas, 20, 1_000).unwrap();
    attribution.policy = POLICY_DOT_PRODUCT.into();
    attribution.query_commitment = commitment::query(&SALT, &QUERY).to_vec();
    let second = Receipt {
        session_id: 8,
        voucher_sequence: 1,
        adapter_id: 3,
        cumulative_fee: "526".into(),
        attribution: Some(attribution),
        ..first.clone()
    };
    let third = Receipt { voucher_sequence: 2, cumulative_fee: "1052".into(), ..second.clone() };
    vec![first, second, third]
}

fn payees(receipt: &Receipt) -> Payees {
    let clusters = if receipt.adapter_id == 3 { 3 } else { 4 };
    Payees {
        contributors: (0..clusters).map(|cluster| format!("identity:{}", 1 + cluster % 2)).collect(),
        commons: "datanet:5".into(),
        developer: format!("adapter:{}", receipt.adapter_id),
        node: "wasm1node".into(),
        stakers: "wasm1staking".into(),
        treasury: "wasm1treasury".into(),
    }
}

fn payees_json(receipt: &Receipt) -> Value {
    let payees = payees(receipt);
    json!({
        "contributors": payees.contributors,
        "commons": payees.commons,
        "developer": payees.developer,
        "node": payees.node,
        "stakers": payees.stakers,
        "treasury": payees.treasury,
    })
}

/// A case with its verdict, which must be the one that its author had in mind.
fn case(name: &str, check: &str, verdict: &str, facts: Value, shown: Value) -> Value {
    let mut case = facts;
    case["name"] = name.into();
    case["check"] = check.into();
    case["shown"] = shown;
    let decided = verdict_json(&decide(&case));
    let (kind, expected) = verdict.split_once(' ').unwrap();
    assert_eq!(decided, json!({ kind: expected }), "{name}");
    case["verdict"] = decided;
    case
}

fn forged(honest: &Batch, index: usize, change: impl FnOnce(&mut Receipt)) -> Batch {
    let mut receipts = honest.receipts.clone();
    change(&mut receipts[index]);
    Batch::new(receipts, |_| {})
}

fn of_receipts(honest: &Batch) -> Vec<Value> {
    let facts = |batch: &Batch| json!({ "batch": batch_json(&batch.facts) });
    let show = |batch: &Batch| json!({ "receipt": batch.receipt(1) });
    let elsewhere = forged(honest, 1, |receipt| receipt.scope.as_mut().unwrap().chain_id.push('0'));
    let foreign = forged(honest, 1, |receipt| receipt.node.push('0'));
    let cut = honest.with_leaf(|data| data.receipts[1].truncate(30));
    let longer = honest.with_leaf(|data| data.receipts[1].extend([0xf8, 0x07, 1]));
    let mut other_root = facts(honest);
    other_root["batch"]["receipts_root"] = super::filled(7).into();
    let mut smaller = facts(honest);
    smaller["batch"]["receipt_count"] = "1".into();
    let known = |registered: bool| with(&facts(honest), "registered", registered.into());
    vec![
        case("a receipt", "receipt", "rejected honest", facts(honest), show(honest)),
        case("another chain's receipt", "receipt", "fraud broken_receipt", facts(&elsewhere), show(&elsewhere)),
        case("another node's receipt", "receipt", "fraud broken_receipt", facts(&foreign), show(&foreign)),
        case("a receipt cut off", "receipt", "fraud broken_receipt", facts(&cut), show(&cut)),
        case("a receipt with an unknown field", "receipt", "fraud broken_receipt", facts(&longer), show(&longer)),
        case("another root", "receipt", "rejected bad_opening", other_root, show(honest)),
        case("a smaller tree", "receipt", "rejected bad_opening", smaller, show(honest)),
        case("an adapter that exists", "adapter", "rejected honest", known(true), show(honest)),
        case("an adapter that does not exist", "adapter", "fraud unknown_adapter", known(false), show(honest)),
    ]
}

fn of_scores(honest: &Batch) -> Vec<Value> {
    let rows: Vec<Vec<i8>> = ROWS.iter().map(|row| row.to_vec()).collect();
    let index = IndexFacts { root: index_root(&rows), rows: 3, dimensions: 4 };
    let facts = |batch: &Batch| json!({ "batch": batch_json(&batch.facts), "index": index_json(&index) });
    let query = Query { salt: SALT, vector: QUERY.to_vec() };
    let leaves: Vec<_> = (0u32..).zip(&rows).map(|(cluster, row)| row_leaf(cluster, row)).collect();
    let row = |cluster: u32| Row {
        cluster,
        vector: rows[cluster as usize].clone(),
        siblings: merkle::proof(&leaves, u64::from(cluster)).unwrap(),
    };
    let full = |cluster| ScoreClaim::Row { query: query.clone(), row: row(cluster) };
    let show = |batch: &Batch, claim: &ScoreClaim| claim_json(&batch.data.open_receipt(1).unwrap(), claim);
    let wrong = forged(honest, 1, |receipt| receipt.attribution.as_mut().unwrap().deltas[2] += 1);
    let short = forged(honest, 1, |receipt| receipt.attribution.as_mut().unwrap().deltas.truncate(2));
    let silent = forged(honest, 1, |receipt| receipt.attribution.as_mut().unwrap().query_commitment.clear());
    let long = Query { vector: vec![1; 5], ..query.clone() };
    let stretched = forged(honest, 1, |receipt| {
        let commitment = commitment::query(&long.salt, &long.vector);
        receipt.attribution.as_mut().unwrap().query_commitment = commitment.to_vec();
    });
    let mut unindexed = facts(honest);
    unindexed["index"] = Value::Null;
    let salted = ScoreClaim::Query(Query { salt: [1; 32], ..query.clone() });
    let bent = ScoreClaim::Row { query: query.clone(), row: Row { vector: vec![0; 4], ..row(1) } };
    let cut = ScoreClaim::Row { query: query.clone(), row: Row { vector: vec![0; 3], ..row(1) } };
    let forward = claim_json(&honest.data.open_receipt(0).unwrap(), &full(0));
    let long = ScoreClaim::Query(long);
    let shape = ScoreClaim::Shape;
    vec![
        case("a score", "score", "rejected honest", facts(honest), show(honest, &full(2))),
        case("a score one too high", "score", "fraud wrong_score", facts(&wrong), show(&wrong, &full(2))),
        case("another row than the wrong one", "score", "rejected honest", facts(&wrong), show(&wrong, &full(1))),
        case("a score too few", "score", "fraud score_count", facts(&short), show(&short, &shape)),
        case("no query commitment", "score", "fraud no_query", facts(&silent), show(&silent, &shape)),
        case("a query of five dimensions", "score", "fraud query_length", facts(&stretched), show(&stretched, &long)),
        case("no index", "score", "fraud no_index", unindexed, show(honest, &shape)),
        case("another salt", "score", "rejected query_does_not_open", facts(honest), show(honest, &salted)),
        case("another row", "score", "rejected bad_opening", facts(honest), show(honest, &bent)),
        case("a row of three dimensions", "score", "rejected row_length", facts(honest), show(honest, &cut)),
        case("scores that need the model", "score", "rejected needs_dispute", facts(honest), forward),
    ]
}

fn of_shares(honest: &Batch) -> Vec<Value> {
    let facts = |batch: &Batch| json!({ "batch": batch_json(&batch.facts), "clusters": "4" });
    let one = |name: &str, verdict: &str, change: &dyn Fn(&mut Receipt)| {
        let batch = forged(honest, 0, change);
        case(name, "share", verdict, facts(&batch), json!({ "receipt": batch.receipt(0) }))
    };
    let attribution = |receipt: &mut Receipt, change: &dyn Fn(&mut openledger_protocol::Attribution)| {
        change(receipt.attribution.as_mut().unwrap());
    };
    vec![
        one("shares and fee that follow", "rejected honest", &|_| {}),
        one("a share one too high", "fraud wrong_shares", &|receipt| {
            attribution(receipt, &|attribution| attribution.shares[0] += 1);
        }),
        one("more explained than is", "fraud wrong_shares", &|receipt| {
            attribution(receipt, &|attribution| attribution.explained += 1);
        }),
        one("no attribution", "fraud no_attribution", &|receipt| receipt.attribution = None),
        one("a rule that does not exist", "fraud unknown_policy", &|receipt| {
            attribution(receipt, &|attribution| attribution.policy = "by-rank/1".into());
        }),
        one("a broken measurement", "fraud broken_measurements", &|receipt| {
            attribution(receipt, &|attribution| attribution.lift = i64::MIN);
        }),
        one("a cluster too many", "fraud cluster_count", &|receipt| {
            attribution(receipt, &|attribution| attribution.shares.push(0));
        }),
        one("a fee one too high", "fraud wrong_fee", &|receipt| receipt.fee = "527".into()),
        one("a price with a leading zero", "fraud broken_amount", &|receipt| receipt.prompt_price = "03".into()),
        one("a cumulative fee below the fee", "fraud cumulative_below_fee", &|receipt| {
            receipt.cumulative_fee = "525".into();
        }),
    ]
}

fn of_credits(honest: &Batch) -> Vec<Value> {
    let facts = |batch: &Batch| json!({ "batch": batch_json(&batch.facts) });
    let terms = |batch: &Batch, receipt: u64| {
        json!({
            "batch": batch_json(&batch.facts),
            "table": TABLE,
            "payees": payees_json(&batch.receipts[receipt as usize]),
        })
    };
    let changed = |change: &dyn Fn(&mut Vec<Credit>)| Batch::new(receipts(), change);
    let find = |batch: &Batch, payee: &str| batch.credits.iter().position(|credit| credit.payee == payee).unwrap();
    let claim = |batch: &Batch, receipt: u64, credit: usize| json!({ "receipt": batch.receipt(receipt), "credit": batch.credit(credit) });

    let more = changed(&|credits| credits[0].amount.push('1'));
    let at_more = more.credits.iter().position(|credit| !honest.credits.contains(credit)).unwrap();
    let of = more.credits[at_more].receipt_index;
    let thief = changed(&|credits| credits[0].payee = "wasm1thief".into());
    let at_thief = find(&thief, "wasm1thief");
    let other = changed(&|credits| credits[0].receipt_index = 1);
    let at_other = other.credits.iter().position(|credit| !honest.credits.contains(credit)).unwrap();
    let twice = changed(&|credits| credits.push(credits[3].clone()));
    let at_twice = twice.credits.windows(2).position(|pair| pair[0] == pair[1]).unwrap();
    let unsorted = honest.with_leaf(|data| data.credits.leaves.swap(1, 2));
    let zero = changed(&|credits| credits[2].amount = "0".into());
    let at_zero = zero.credits.iter().position(|credit| credit.amount == "0").unwrap();
    let beyond = changed(&|credits| credits[2].receipt_index = 3);
    let at_beyond = beyond.credits.iter().position(|credit| credit.receipt_index == 3).unwrap();
    let false_leaf = honest.with_leaf(|data| data.credits.leaves[4].sum += 1);
    let gone = changed(&|credits| credits.retain(|credit| credit.payee != "datanet:5"));
    let look = |receipt: &Receipt| Some((table(TABLE), payees(receipt)));
    let Some(CreditProof::Missing { receipt, missing }) = credit::prove(&gone.facts, &gone.data, look).unwrap() else {
        panic!("a missing credit is found");
    };
    let shown_missing = json!({
        "receipt": opening_json(&receipt),
        "role": missing.role.as_str_name(),
        "cluster": missing.cluster.to_string(),
        "absence": absence_json(&missing.absence),
    });
    let there = find(honest, "datanet:5");
    let around = honest.data.credits.absence_at(there).unwrap();
    let shown_there = with(&shown_missing, "absence", absence_json(&around));
    let shown_there = with(&shown_there, "receipt", honest.receipt(receipt.index));
    let gap = openledger_protocol::fraud::Absence { before: around.before.clone(), after: None };
    let shown_gap = with(&shown_there, "absence", absence_json(&gap));
    let nothing = with(&shown_there, "cluster", "99".into());
    let pair = |batch: &Batch, first: usize| json!({ "first": batch.credit(first), "second": batch.credit(first + 1) });
    let apart = json!({ "first": honest.credit(0), "second": honest.credit(2) });
    let leaf = |batch: &Batch, at: usize| json!({ "credit": batch.credit(at) });
    let own = honest.credits[0].receipt_index;
    let dear = forged(honest, 0, |receipt| receipt.fee = "527".into());
    let dear = Batch::new(dear.receipts, |credits| {
        let id = openledger_protocol::Signed::digest(&forged_first()).to_vec();
        credits.push(Credit { receipt_id: id, receipt_index: 0, ..credits[0].clone() });
    });
    let at_dear = dear.credits.iter().position(|credit| credit.receipt_index == 0).unwrap();
    vec![
        case("a credit", "credit_leaf", "rejected honest", facts(honest), leaf(honest, 4)),
        case("a zero credit", "credit_leaf", "fraud broken_credit", facts(&zero), leaf(&zero, at_zero)),
        case("a credit of no receipt", "credit_leaf", "fraud broken_credit", facts(&beyond), leaf(&beyond, at_beyond)),
        case("a leaf with another sum", "credit_leaf", "fraud broken_credit", facts(&false_leaf), leaf(&false_leaf, 4)),
        case("credits in order", "credit_order", "rejected honest", facts(honest), pair(honest, 1)),
        case("credits out of order", "credit_order", "fraud out_of_order", facts(&unsorted), pair(&unsorted, 1)),
        case("a credit twice", "credit_order", "fraud out_of_order", facts(&twice), pair(&twice, at_twice)),
        case("credits apart", "credit_order", "rejected not_adjacent", facts(honest), apart),
        case("an earned credit", "credit", "rejected honest", terms(honest, own), claim(honest, own, 0)),
        case("more than earned", "credit", "fraud not_earned", terms(&more, of), claim(&more, of, at_more)),
        case("a stranger", "credit", "fraud not_earned", terms(&thief, 0), claim(&thief, 0, at_thief)),
        case("another receipt", "credit", "fraud other_receipt", terms(&other, 1), claim(&other, 1, at_other)),
        case(
            "a receipt not named",
            "credit",
            "rejected unrelated_receipt",
            terms(honest, 1),
            claim(honest, 1, honest.credits.iter().position(|credit| credit.receipt_index != 1).unwrap()),
        ),
        case(
            "a receipt that gives nothing",
            "credit",
            "rejected no_credits",
            terms(&dear, 0),
            claim(&dear, 0, at_dear),
        ),
        case("a missing credit", "credit_missing", "fraud missing_credit", terms(&gone, receipt.index), shown_missing),
        case(
            "a credit beside the gap",
            "credit_missing",
            "rejected not_around",
            terms(honest, receipt.index),
            shown_there,
        ),
        case("no edge of the tree", "credit_missing", "rejected not_adjacent", terms(honest, receipt.index), shown_gap),
        case(
            "a credit that nobody earns",
            "credit_missing",
            "rejected no_such_credit",
            terms(honest, receipt.index),
            nothing,
        ),
    ]
}

/// The first receipt with a fee that is one too high.
fn forged_first() -> Receipt {
    Receipt { fee: "527".into(), ..receipts().swap_remove(0) }
}

fn of_sums(honest: &Batch) -> Vec<Value> {
    let leaves = &honest.data.credits;
    let count = leaves.leaves.len();
    let exact = |start: usize, end: usize| leaves.leaves[start..end].iter().map(|leaf| leaf.sum).sum::<u128>();
    let one = |name: &str, verdict: &str, of: &str, claims: &dyn Fn(usize, usize) -> u128| {
        let claimed = ClaimedTree::new(leaves, claims);
        let tree = claimed.tree().unwrap();
        let path = claimed.prove().or_else(|| claimed.path(3)).unwrap();
        let shown = json!({ "path": path_json(&path) });
        case(name, "sums", verdict, json!({ "tree": tree_json(&tree), "of": of }), shown)
    };
    let total = |start: usize, end: usize| exact(start, end) + u128::from((start, end) == (0, count));
    let inner = |start: usize, end: usize| exact(start, end) + u128::from((start, end) == (4, 6));
    let leaf = |start: usize, end: usize| exact(start, end) + u128::from((start, end) == (5, 6));
    let wraps = |start: usize, end: usize| if (start, end) == (4, 6) { u128::MAX } else { exact(start, end) };
    vec![
        one("sums as they are", "rejected honest", "credits", &exact),
        one("another total", "fraud false_sum", "credits", &total),
        one("a node with another sum", "fraud false_sum", "payouts", &inner),
        one("a leaf that its parent counts otherwise", "fraud false_sum", "credits", &leaf),
        one("a sum that would not fit", "fraud false_sum", "credits", &wraps),
        {
            let tree = tree_json(&leaves.tree().unwrap());
            let path = ClaimedTree::new(leaves, inner).path(4).unwrap();
            let shown = json!({ "path": path_json(&path) });
            case(
                "a false sum of another tree",
                "sums",
                "rejected bad_opening",
                json!({ "tree": tree, "of": "credits" }),
                shown,
            )
        },
    ]
}

fn of_charges(honest: &Batch) -> Vec<Value> {
    let charge = json!({
        "session_id": "8",
        "amount": "1052",
        "cumulative_fee": "1052",
        "voucher_amount": "2000",
        "voucher_sequence": "2",
        "max_prompt_price": "3",
        "max_response_price": "20",
        "adapter_id": "3",
        "node": "wasm1node",
        "expires_at": "1795000001",
    });
    let shown = json!({ "receipt": honest.receipt(2) });
    let one = |name: &str, verdict: &str, charge: Value| {
        let facts = json!({ "batch": batch_json(&honest.facts), "charge": charge });
        case(name, "charge", verdict, facts, shown.clone())
    };
    let other = |key: &str, value: &str| with(&charge, key, value.into());
    let again = forged(honest, 2, |receipt| receipt.cumulative_fee = "1051".into());
    let pair = |batch: &Batch, first: u64, second: u64| json!({ "first": batch.receipt(first), "second": batch.receipt(second) });
    let facts = |batch: &Batch| json!({ "batch": batch_json(&batch.facts) });
    vec![
        one("a receipt that its session covers", "rejected honest", charge.clone()),
        one("a session that is not charged", "fraud not_charged", Value::Null),
        one("a charge that ends before", "fraud outside_charge", other("cumulative_fee", "1051")),
        one("a charge that begins after", "fraud outside_charge", other("amount", "525")),
        one("a voucher too small", "fraud beyond_voucher", other("voucher_amount", "1051")),
        one("a voucher too old", "fraud unknown_voucher", other("voucher_sequence", "1")),
        one("a session with lower prices", "fraud price_above_session", other("max_response_price", "16")),
        one("a session for another adapter", "fraud other_adapter", other("adapter_id", "2")),
        one("a session for another node", "fraud other_node", other("node", "wasm1other")),
        one("a session that was over", "fraud expired", other("expires_at", "1795000000")),
        one("another session's charge", "rejected other_session", other("session_id", "7")),
        case(
            "two receipts one after the other",
            "charge_overlap",
            "rejected honest",
            facts(honest),
            pair(honest, 1, 2),
        ),
        case("two receipts for the same money", "charge_overlap", "fraud overlap", facts(&again), pair(&again, 2, 1)),
        case("one receipt", "charge_overlap", "rejected same_position", facts(honest), pair(honest, 1, 1)),
        case("two sessions", "charge_overlap", "rejected unrelated_receipts", facts(honest), pair(honest, 0, 1)),
    ]
}

fn of_duplicates(honest: &Batch) -> Vec<Value> {
    let facts = |batch: &Batch| json!({ "batch": batch_json(&batch.facts) });
    let pair = |batch: &Batch, first: u64, second: u64| json!({ "first": batch.receipt(first), "second": batch.receipt(second) });
    let mut receipts = honest.receipts.clone();
    receipts[2] = receipts[1].clone();
    let same = Batch::new(receipts, |_| {});
    let voucher = forged(honest, 2, |receipt| receipt.voucher_sequence = 1);
    vec![
        case("two answers", "duplicate", "rejected honest", facts(honest), pair(honest, 1, 2)),
        case("one answer twice", "duplicate", "fraud same_receipt", facts(&same), pair(&same, 1, 2)),
        case("one voucher twice", "duplicate", "fraud same_voucher", facts(&voucher), pair(&voucher, 1, 2)),
        case("one position", "duplicate", "rejected same_position", facts(honest), pair(honest, 2, 2)),
        case("answers of two sessions", "duplicate", "rejected unrelated_receipts", facts(honest), pair(honest, 0, 2)),
    ]
}

fn of_payouts(honest: &Batch) -> Vec<Value> {
    let here = scope(&settlement());
    let mut payouts = Payouts::default();
    payouts.add(&honest.credits[..5]).unwrap();
    let previous = SumLeaves::of_payouts(&here, &payouts);
    payouts.add(&honest.credits).unwrap();
    let leaves = SumLeaves::of_payouts(&here, &payouts);
    let of = |leaves: &SumLeaves| EpochFacts {
        scope: here.clone(),
        payouts: leaves.tree().unwrap(),
        previous: Some(previous.tree().unwrap()),
        batches: vec![honest.data.credits.tree().unwrap()],
    };
    let show = |leaves: &SumLeaves, payee: &str| {
        let batches = vec![&honest.data.credits];
        let data = EpochData { payouts: leaves, previous: Some(&previous), batches };
        payout::show(&of(leaves), &data, payee).unwrap()
    };
    let facts = |leaves: &SumLeaves| json!({ "epoch": epoch_json(&of(leaves)) });
    let one = |name: &str, verdict: &str, leaves: &SumLeaves, payee: &str| {
        case(name, "payout", verdict, facts(leaves), payout_proof_json(&show(leaves, payee)))
    };
    let forge = |change: &dyn Fn(&mut Vec<SumLeaf>)| {
        let mut forged = leaves.clone();
        change(&mut forged.leaves);
        forged
    };
    let more = forge(&|leaves| {
        let mut richer = Payouts::default();
        richer.add([&Credit { payee: "identity:1".into(), amount: "999".into(), ..Credit::default() }]).unwrap();
        let at = leaves.iter().position(|leaf| leaf.data.windows(10).any(|part| part == b"identity:1")).unwrap();
        leaves[at] = SumLeaves::of_payouts(&here, &richer).leaves.remove(0);
    });
    let gone = forge(&|leaves| drop(leaves.pop()));
    let swapped = forge(&|leaves| leaves.swap(0, 1));
    let false_leaf = forge(&|leaves| leaves[2].sum += 1);
    let leaf = |leaves: &SumLeaves, at: u64| json!({ "payout": sum_opening_json(&leaves.open(at).unwrap()) });
    let pair = |leaves: &SumLeaves| {
        let open = |at| sum_opening_json(&leaves.open(at).unwrap());
        json!({ "first": open(0), "second": open(1) })
    };
    let honest_proof = payout_proof_json(&show(&leaves, "identity:1"));
    let fewer = with(&honest_proof, "credits", json!([]));
    let timeless = with(&honest_proof, "before", Value::Null);
    let other = with(&honest_proof, "payee", "identity:2".into());
    let mut narrow = honest_proof.clone();
    narrow["credits"][0]["last"] = narrow["credits"][0]["first"].clone();
    vec![
        one("a payout that follows", "rejected honest", &leaves, "identity:1"),
        one("a stranger", "rejected honest", &leaves, "identity:15"),
        one("a payout too high", "fraud wrong_payout", &more, "identity:1"),
        one("a payee left out", "fraud wrong_payout", &gone, "wasm1treasury"),
        case("no credits shown", "payout", "rejected batch_count", facts(&leaves), fewer),
        case("no previous payout shown", "payout", "rejected previous_payout", facts(&leaves), timeless),
        case("another payee's payout", "payout", "rejected other_payee", facts(&leaves), other),
        case("a range that leaves credits out", "payout", "rejected wrong_range", facts(&leaves), narrow),
        case("a payout", "payout_leaf", "rejected honest", facts(&leaves), leaf(&leaves, 2)),
        case(
            "a payout with another sum",
            "payout_leaf",
            "fraud broken_payout",
            facts(&false_leaf),
            leaf(&false_leaf, 2),
        ),
        case("payouts in order", "payout_order", "rejected honest", facts(&leaves), pair(&leaves)),
        case("payouts out of order", "payout_order", "fraud out_of_order", facts(&swapped), pair(&swapped)),
    ]
}

fn of_statements() -> Vec<Value> {
    let first = super::epoch();
    let one = |name: &str, verdict: &str, second: Value| {
        let _: EpochStatement = crate::messages::epoch(&second);
        case(
            name,
            "equivocation",
            verdict,
            json!({ "scope": settlement() }),
            json!({ "first": first, "second": second }),
        )
    };
    let other = with(&first, "payout_total", "123456790".into());
    vec![
        one("two statements for one round", "fraud equivocation", other.clone()),
        one("the same statement", "rejected honest", first.clone()),
        one("the next round", "rejected unrelated_statements", with(&other, "round", 3.into())),
        one("another contract", "rejected foreign_statement", with(&other, "scope", super::staking())),
    ]
}
