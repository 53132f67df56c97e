//! Openings and facts of fraud proofs, from and to JSON, and the check that a case asks for.

use openledger_protocol::{
    CreditRole, Hash,
    credits::Payees,
    fees::SplitTable,
    fraud::{
        Absence, BatchFacts, EpochFacts, Fraud, OpenedReceipt, Opening, ReceiptLeaf, Rejected, SumOpening, SumTree,
        Tree,
        charge::{self, ChargeFacts},
        credit::{self, MissingCredit},
        duplicate, equivocation,
        payout::{self, CreditRange, OwnCredits, PayoutProof, Place},
        receipt,
        score::{self, IndexFacts, Query, Row, ScoreClaim},
        share,
        sums::{self, Step, SumPath},
    },
    merkle_sum::Node,
};
use serde_json::{Value, json};

use crate::{
    json::{blobs, bytes, hash, list, number, text},
    messages,
};

/// Runs the check that the case names.
pub fn decide(case: &Value) -> Result<Fraud, Rejected> {
    let shown = &case["shown"];
    let check = text(case, "check");
    let batch = case.get("batch").map(batch);
    let batch = || batch.as_ref().unwrap_or_else(|| panic!("{check} needs a batch"));
    // A leaf that is no receipt decides every check that opens it.
    let with = |key: &str, decide: &dyn Fn(&OpenedReceipt<'_>) -> Result<Fraud, Rejected>| match receipt::open(
        batch(),
        &opening(&shown[key]),
    )? {
        ReceiptLeaf::Receipt(opened) => decide(&opened),
        ReceiptLeaf::Broken(fraud) => Ok(fraud),
    };
    match check {
        "receipt" => receipt::check(batch(), &opening(&shown["receipt"])),
        "adapter" => with("receipt", &|opened| receipt::check_adapter(opened, case["registered"].as_bool().unwrap())),
        "score" => {
            with("receipt", &|opened| score::check(opened, option(case, "index", index).as_ref(), &claim(shown)))
        }
        "share" => with("receipt", &|opened| share::check(opened, number(case, "clusters"))),
        "credit_leaf" => credit::check_leaf(batch(), &sum_opening(&shown["credit"])),
        "credit_order" => credit::check_order(batch(), &sum_opening(&shown["first"]), &sum_opening(&shown["second"])),
        "credit" => with("receipt", &|opened| {
            credit::check(opened, &table(case), &payees(&case["payees"]), &sum_opening(&shown["credit"]))
        }),
        "credit_missing" => with("receipt", &|opened| {
            let missing = MissingCredit {
                role: CreditRole::from_str_name(text(shown, "role")).unwrap(),
                cluster: number(shown, "cluster"),
                absence: absence(&shown["absence"]),
            };
            credit::check_missing(opened, &table(case), &payees(&case["payees"]), &missing)
        }),
        "sums" => {
            let which = if text(case, "of") == "credits" { Tree::Credits } else { Tree::Payouts };
            sums::check(which, &tree(&case["tree"]), &path(&shown["path"]))
        }
        "charge" => with("receipt", &|opened| charge::check(opened, option(case, "charge", charge_facts).as_ref())),
        "charge_overlap" => with("first", &|first| with("second", &|second| charge::check_overlap(first, second))),
        "duplicate" => with("first", &|first| with("second", &|second| duplicate::check(first, second))),
        "payout" => payout::check(&epoch(&case["epoch"]), &payout_proof(shown)),
        "payout_leaf" => payout::check_leaf(&epoch(&case["epoch"]), &sum_opening(&shown["payout"])),
        "payout_order" => {
            let (first, second) = (sum_opening(&shown["first"]), sum_opening(&shown["second"]));
            payout::check_order(&epoch(&case["epoch"]), &first, &second)
        }
        "equivocation" => {
            let (first, second) = (messages::epoch(&shown["first"]), messages::epoch(&shown["second"]));
            equivocation::check(&messages::scope(&case["scope"]), &first, &second)
        }
        other => panic!("no check {other}"),
    }
}

/// What a verdict is called in the vectors.
pub fn verdict_json(verdict: &Result<Fraud, Rejected>) -> Value {
    match verdict {
        Ok(fraud) => json!({ "fraud": fraud.name() }),
        Err(rejected) => json!({ "rejected": rejected.name() }),
    }
}

fn option<T>(value: &Value, key: &str, read: impl Fn(&Value) -> T) -> Option<T> {
    value.get(key).filter(|value| !value.is_null()).map(read)
}

fn node(value: &Value) -> Node {
    Node { sum: number(value, "sum"), hash: hash(value, "hash") }
}

pub fn node_json(node: &Node) -> Value {
    json!({ "sum": node.sum.to_string(), "hash": hex::encode(node.hash) })
}

fn nodes(value: &Value, key: &str) -> Vec<Node> {
    list(value, key).iter().map(node).collect()
}

fn nodes_json(nodes: &[Node]) -> Vec<Value> {
    nodes.iter().map(node_json).collect()
}

fn hashes(value: &Value, key: &str) -> Vec<Hash> {
    blobs(value, key).into_iter().map(|bytes| bytes.try_into().unwrap()).collect()
}

fn hashes_json(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(hex::encode).collect()
}

fn opening(value: &Value) -> Opening {
    Opening { index: number(value, "index"), leaf: bytes(value, "leaf"), siblings: hashes(value, "siblings") }
}

pub fn opening_json(opening: &Opening) -> Value {
    json!({
        "index": opening.index.to_string(),
        "leaf": hex::encode(&opening.leaf),
        "siblings": hashes_json(&opening.siblings),
    })
}

fn sum_opening(value: &Value) -> SumOpening {
    SumOpening {
        index: number(value, "index"),
        sum: number(value, "sum"),
        leaf: bytes(value, "leaf"),
        siblings: nodes(value, "siblings"),
    }
}

pub fn sum_opening_json(opening: &SumOpening) -> Value {
    json!({
        "index": opening.index.to_string(),
        "sum": opening.sum.to_string(),
        "leaf": hex::encode(&opening.leaf),
        "siblings": nodes_json(&opening.siblings),
    })
}

fn absence(value: &Value) -> Absence {
    Absence { before: option(value, "before", sum_opening), after: option(value, "after", sum_opening) }
}

pub fn absence_json(absence: &Absence) -> Value {
    json!({
        "before": absence.before.as_ref().map(sum_opening_json),
        "after": absence.after.as_ref().map(sum_opening_json),
    })
}

fn tree(value: &Value) -> SumTree {
    SumTree { root: node(&value["root"]), count: number(value, "count") }
}

pub fn tree_json(tree: &SumTree) -> Value {
    json!({ "root": node_json(&tree.root), "count": tree.count.to_string() })
}

fn batch(value: &Value) -> BatchFacts {
    BatchFacts {
        batch_id: number(value, "batch_id"),
        scope: messages::scope(&value["scope"]),
        node: text(value, "node").into(),
        receipts_root: hash(value, "receipts_root"),
        receipt_count: number(value, "receipt_count"),
        credits: tree(&value["credits"]),
    }
}

pub fn batch_json(batch: &BatchFacts) -> Value {
    json!({
        "batch_id": batch.batch_id.to_string(),
        "scope": { "chain_id": batch.scope.chain_id, "contract": batch.scope.contract },
        "node": batch.node,
        "receipts_root": hex::encode(batch.receipts_root),
        "receipt_count": batch.receipt_count.to_string(),
        "credits": tree_json(&batch.credits),
    })
}

fn epoch(value: &Value) -> EpochFacts {
    EpochFacts {
        scope: messages::scope(&value["scope"]),
        payouts: tree(&value["payouts"]),
        previous: option(value, "previous", tree),
        batches: list(value, "batches").iter().map(tree).collect(),
    }
}

pub fn epoch_json(epoch: &EpochFacts) -> Value {
    json!({
        "scope": { "chain_id": epoch.scope.chain_id, "contract": epoch.scope.contract },
        "payouts": tree_json(&epoch.payouts),
        "previous": epoch.previous.as_ref().map(tree_json),
        "batches": epoch.batches.iter().map(tree_json).collect::<Vec<_>>(),
    })
}

fn index(value: &Value) -> IndexFacts {
    IndexFacts {
        root: hash(value, "root"),
        rows: value["rows"].as_u64().unwrap().try_into().unwrap(),
        dimensions: value["dimensions"].as_u64().unwrap().try_into().unwrap(),
    }
}

pub fn index_json(index: &IndexFacts) -> Value {
    json!({ "root": hex::encode(index.root), "rows": index.rows, "dimensions": index.dimensions })
}

fn vector(value: &Value) -> Vec<i8> {
    list(value, "vector").iter().map(|value| value.as_i64().unwrap().try_into().unwrap()).collect()
}

fn claim(shown: &Value) -> ScoreClaim {
    let query = option(shown, "query", |value| Query { salt: hash(value, "salt"), vector: vector(value) });
    let row = option(shown, "row", |value| Row {
        cluster: value["cluster"].as_u64().unwrap().try_into().unwrap(),
        vector: vector(value),
        siblings: hashes(value, "siblings"),
    });
    match (query, row) {
        (None, _) => ScoreClaim::Shape,
        (Some(query), None) => ScoreClaim::Query(query),
        (Some(query), Some(row)) => ScoreClaim::Row { query, row },
    }
}

/// Adds the claim's parts to what is shown.
pub fn claim_json(receipt: &Opening, claim: &ScoreClaim) -> Value {
    let (query, row) = match claim {
        ScoreClaim::Shape => (None, None),
        ScoreClaim::Query(query) => (Some(query), None),
        ScoreClaim::Row { query, row } => (Some(query), Some(row)),
    };
    json!({
        "receipt": opening_json(receipt),
        "query": query.map(|query| json!({ "salt": hex::encode(query.salt), "vector": query.vector })),
        "row": row.map(|row| json!({
            "cluster": row.cluster,
            "vector": row.vector,
            "siblings": hashes_json(&row.siblings),
        })),
    })
}

fn table(case: &Value) -> SplitTable {
    let part = |index: usize| u16::try_from(case["table"][index].as_u64().unwrap()).unwrap();
    SplitTable { contributors: part(0), developer: part(1), node: part(2), stakers: part(3), treasury: part(4) }
}

fn payees(value: &Value) -> Payees {
    Payees {
        contributors: list(value, "contributors").iter().map(|payee| payee.as_str().unwrap().into()).collect(),
        commons: text(value, "commons").into(),
        developer: text(value, "developer").into(),
        node: text(value, "node").into(),
        stakers: text(value, "stakers").into(),
        treasury: text(value, "treasury").into(),
    }
}

fn path(value: &Value) -> SumPath {
    let step = |step: &Value| Step { claimed: number(step, "claimed"), sibling: node(&step["sibling"]) };
    SumPath {
        index: number(value, "index"),
        sum: number(value, "sum"),
        leaf: bytes(value, "leaf"),
        steps: list(value, "steps").iter().map(step).collect(),
    }
}

pub fn path_json(path: &SumPath) -> Value {
    let step = |step: &Step| json!({ "claimed": step.claimed.to_string(), "sibling": node_json(&step.sibling) });
    json!({
        "index": path.index.to_string(),
        "sum": path.sum.to_string(),
        "leaf": hex::encode(&path.leaf),
        "steps": path.steps.iter().map(step).collect::<Vec<_>>(),
    })
}

fn charge_facts(value: &Value) -> ChargeFacts {
    ChargeFacts {
        session_id: number(value, "session_id"),
        amount: number(value, "amount"),
        cumulative_fee: number(value, "cumulative_fee"),
        voucher_amount: number(value, "voucher_amount"),
        voucher_sequence: number(value, "voucher_sequence"),
        max_prompt_price: number(value, "max_prompt_price"),
        max_response_price: number(value, "max_response_price"),
        adapter_id: option(value, "adapter_id", |id| id.as_str().unwrap().parse().unwrap()),
        node: option(value, "node", |node| node.as_str().unwrap().into()),
        expires_at: number(value, "expires_at"),
    }
}

fn place(value: &Value) -> Place {
    match value.get("at") {
        Some(at) => Place::At(sum_opening(at)),
        None => Place::Absent(absence(&value["absent"])),
    }
}

fn place_json(place: &Place) -> Value {
    match place {
        Place::At(opening) => json!({ "at": sum_opening_json(opening) }),
        Place::Absent(absence) => json!({ "absent": absence_json(absence) }),
    }
}

fn range(value: &Value) -> CreditRange {
    if let Some(none) = value.get("absent") {
        return CreditRange::None(absence(none));
    }
    CreditRange::Some(Box::new(OwnCredits {
        before: option(value, "before", sum_opening),
        first: sum_opening(&value["first"]),
        last: sum_opening(&value["last"]),
        after: option(value, "after", sum_opening),
        outside: nodes(value, "outside"),
        inside: nodes(value, "inside"),
    }))
}

fn range_json(range: &CreditRange) -> Value {
    match range {
        CreditRange::None(absence) => json!({ "absent": absence_json(absence) }),
        CreditRange::Some(own) => json!({
            "before": own.before.as_ref().map(sum_opening_json),
            "first": sum_opening_json(&own.first),
            "last": sum_opening_json(&own.last),
            "after": own.after.as_ref().map(sum_opening_json),
            "outside": nodes_json(&own.outside),
            "inside": nodes_json(&own.inside),
        }),
    }
}

fn payout_proof(value: &Value) -> PayoutProof {
    PayoutProof {
        payee: text(value, "payee").into(),
        now: place(&value["now"]),
        before: option(value, "before", place),
        credits: list(value, "credits").iter().map(range).collect(),
    }
}

pub fn payout_proof_json(proof: &PayoutProof) -> Value {
    json!({
        "payee": proof.payee,
        "now": place_json(&proof.now),
        "before": proof.before.as_ref().map(place_json),
        "credits": proof.credits.iter().map(range_json).collect::<Vec<_>>(),
    })
}
