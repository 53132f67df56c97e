//! An honest history in small: two nodes, their sessions, two adapters, batches and epochs.

use std::collections::{BTreeMap, BTreeSet};

use openledger_protocol::{
    Attribution, Credit, CreditRole, Hash, Receipt, Scope, Signed, amount,
    attribution::{POLICY_DOT_PRODUCT, attribute},
    commitment,
    credits::{Payees, credits, sort},
    dot::dot,
    fees::{SplitTable, fee},
    fraud::{
        BatchFacts, EpochFacts, OpenedReceipt, Opening, ReceiptLeaf, SumTree,
        charge::ChargeFacts,
        data::{BatchData, EpochData, SumLeaves},
        receipt,
        score::{IndexFacts, Query, index_root},
    },
    payouts::Payouts,
};
use proptest::prelude::*;

pub const TABLE: SplitTable =
    SplitTable { contributors: 6000, developer: 1500, node: 1500, stakers: 500, treasury: 500 };
pub const CLUSTERS: usize = 3;
pub const ROWS: usize = 4;
pub const DIMENSIONS: usize = 6;
/// Scored by counterfactual adapters.
pub const FORWARD: u64 = 1;
/// Scored by its index.
pub const INDEXED: u64 = 2;
const EXPIRES: u64 = 2_000;
const PRICES: (u128, u128) = (3, 17);

/// One answer.
#[derive(Debug, Clone)]
pub struct Seed {
    pub session: u8,
    pub indexed: bool,
    pub prompt: u32,
    pub response: u32,
    pub deltas: [i64; CLUSTERS],
    pub floor: u64,
    pub lift: i64,
    pub query: [i8; DIMENSIONS],
}

#[derive(Debug, Clone)]
pub struct Batch {
    pub facts: BatchFacts,
    pub data: BatchData,
    pub receipts: Vec<Receipt>,
    pub credits: Vec<Credit>,
    pub charges: BTreeMap<u64, ChargeFacts>,
    pub queries: BTreeMap<Hash, Query>,
}

#[derive(Debug, Clone)]
pub struct Epoch {
    pub facts: EpochFacts,
    pub payouts: SumLeaves,
    pub previous: Option<SumLeaves>,
    pub batches: Vec<SumLeaves>,
}

#[derive(Debug, Clone)]
pub struct World {
    pub batches: Vec<Batch>,
    pub epochs: Vec<Epoch>,
    pub rows: Vec<Vec<i8>>,
}

pub fn scope() -> Scope {
    Scope { chain_id: "chain-1".into(), contract: "wasm1settlement".into() }
}

pub fn node(which: usize) -> String {
    format!("wasm1node{}", which % 2)
}

pub fn clusters(adapter_id: u64) -> usize {
    if adapter_id == INDEXED { ROWS } else { CLUSTERS }
}

/// Payees of an adapter. Some earn in several roles and for several clusters.
pub fn payees(adapter_id: u64, node: &str) -> Payees {
    let contributors = (0..clusters(adapter_id)).map(|cluster| format!("identity:{}", 1 + cluster % 3)).collect();
    Payees {
        contributors,
        commons: format!("datanet:{adapter_id}"),
        developer: if adapter_id == INDEXED { "identity:2".into() } else { "adapter:1".into() },
        node: node.into(),
        stakers: "wasm1staking".into(),
        treasury: "wasm1treasury".into(),
    }
}

pub fn terms(receipt: &Receipt) -> Option<(SplitTable, Payees)> {
    Some((TABLE, payees(receipt.adapter_id, &receipt.node)))
}

pub fn clusters_of(adapter_id: u64, _version: u32) -> Option<u64> {
    Some(clusters(adapter_id) as u64)
}

pub fn index_facts(rows: &[Vec<i8>]) -> IndexFacts {
    IndexFacts { root: index_root(rows), rows: rows.len() as u32, dimensions: DIMENSIONS as u32 }
}

/// The same receipt as the chain's node would make it, with credits that follow.
pub fn all_credits(receipts: &[Receipt]) -> Vec<Credit> {
    let mut all = Vec::new();
    for (index, receipt) in (0u64..).zip(receipts) {
        let payees = payees(receipt.adapter_id, &receipt.node);
        all.extend(credits(receipt, index, &TABLE, &payees).unwrap());
    }
    sort(&mut all);
    all
}

impl Batch {
    /// The batch with its data replaced, and the chain's facts with it.
    pub fn commit(&self, data: BatchData) -> Batch {
        let facts = data.facts(self.facts.batch_id, self.facts.scope.clone(), self.facts.node.clone()).unwrap();
        Batch { facts, data, ..self.clone() }
    }

    /// With other receipts, and credits that follow from them where that is possible.
    pub fn with_receipts(&self, receipts: Vec<Receipt>) -> Batch {
        let data = BatchData::new(&receipts, &self.credits).unwrap();
        Batch { receipts, ..self.commit(data) }
    }

    /// With other credits.
    pub fn with_credits(&self, credits: Vec<Credit>) -> Batch {
        let data = BatchData::new(&self.receipts, &credits).unwrap();
        Batch { credits, ..self.commit(data) }
    }

    /// One receipt changed.
    pub fn change(&self, index: usize, change: impl FnOnce(&mut Receipt)) -> Batch {
        let mut receipts = self.receipts.clone();
        change(&mut receipts[index]);
        self.with_receipts(receipts)
    }

    pub fn open(&self, opening: &Opening) -> OpenedReceipt<'_> {
        match receipt::open(&self.facts, opening).unwrap() {
            ReceiptLeaf::Receipt(opened) => opened,
            ReceiptLeaf::Broken(fraud) => panic!("{fraud}"),
        }
    }

    pub fn open_at(&self, index: usize) -> OpenedReceipt<'_> {
        self.open(&self.data.open_receipt(index as u64).unwrap())
    }

    pub fn charge_of(&self, session_id: u64) -> Option<&ChargeFacts> {
        self.charges.get(&session_id)
    }
}

impl Epoch {
    pub fn data(&self) -> EpochData<'_> {
        EpochData { payouts: &self.payouts, previous: self.previous.as_ref(), batches: self.batches.iter().collect() }
    }

    /// With other payouts.
    pub fn with_payouts(&self, payouts: SumLeaves) -> Epoch {
        let facts = EpochFacts { payouts: payouts.tree().unwrap(), ..self.facts.clone() };
        Epoch { facts, payouts, ..self.clone() }
    }

    /// Everybody who appears anywhere, and strangers around them.
    pub fn payees(&self) -> BTreeSet<String> {
        let mut all: BTreeSet<String> = ["", "a", "identity:15", "identity:9", "zz"].map(String::from).into();
        for batch in &self.batches {
            use openledger_protocol::Message;
            all.extend(batch.leaves.iter().map(|leaf| Credit::decode(leaf.data.as_slice()).unwrap().payee));
        }
        all
    }
}

/// Answers as a node makes them.
pub fn world() -> impl Strategy<Value = World> {
    let seed = (
        (0u8..3, any::<bool>(), 0u32..300, 1u32..300),
        prop::array::uniform3(-1_000i64..20_000),
        0u64..2_000,
        -10i64..30_000,
        prop::array::uniform6(any::<i8>()),
    )
        .prop_map(|((session, indexed, prompt, response), deltas, floor, lift, query)| Seed {
            session,
            indexed,
            prompt,
            response,
            deltas,
            floor,
            lift,
            query,
        });
    let batch = prop::collection::vec(seed, 2..5);
    let epochs = prop::collection::vec(prop::collection::vec(batch, 1..3), 1..4);
    let rows = prop::collection::vec(prop::collection::vec(any::<i8>(), DIMENSIONS), ROWS);
    (epochs, rows).prop_map(|(epochs, rows)| build(&epochs, rows))
}

pub fn build(epochs: &[Vec<Vec<Seed>>], rows: Vec<Vec<i8>>) -> World {
    let mut world = World { batches: Vec::new(), epochs: Vec::new(), rows };
    let mut charged: BTreeMap<u64, (u128, u64)> = BTreeMap::new();
    let mut payouts = Payouts::default();
    let mut previous: Option<SumLeaves> = None;
    for batches in epochs {
        let mut trees = Vec::new();
        for seeds in batches {
            let batch = serve(&world, seeds, &mut charged);
            payouts.add(&batch.credits).unwrap();
            trees.push(batch.data.credits.clone());
            world.batches.push(batch);
        }
        let leaves = SumLeaves::of_payouts(&scope(), &payouts);
        let tree = |leaves: &SumLeaves| -> SumTree { leaves.tree().unwrap() };
        let facts = EpochFacts {
            scope: scope(),
            payouts: tree(&leaves),
            previous: previous.as_ref().map(tree),
            batches: trees.iter().map(tree).collect(),
        };
        world.epochs.push(Epoch { facts, payouts: leaves.clone(), previous: previous.replace(leaves), batches: trees });
    }
    world
}

/// A batch of the next node, over sessions that only it serves.
fn serve(world: &World, seeds: &[Seed], charged: &mut BTreeMap<u64, (u128, u64)>) -> Batch {
    let place = world.batches.len();
    let before = charged.clone();
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut queries = BTreeMap::new();
    for (position, seed) in seeds.iter().enumerate() {
        let session_id = 10 + u64::from(seed.session) * 2 + place as u64 % 2;
        let so_far = charged.entry(session_id).or_default();
        let fee = fee(seed.prompt, PRICES.0, seed.response, PRICES.1).unwrap();
        so_far.0 += fee;
        // Answers that failed leave gaps in the sequence.
        so_far.1 += 1 + u64::from(seed.prompt % 2);
        let salt = [(place * 16 + position) as u8; 32];
        let query = Query { salt, vector: seed.query.to_vec() };
        let receipt = Receipt {
            scope: Some(scope()),
            node: node(place),
            session_id,
            voucher_sequence: so_far.1,
            adapter_id: if seed.indexed { INDEXED } else { FORWARD },
            adapter_version: 1,
            base_digest: vec![1; 32],
            prompt_tokens: seed.prompt,
            response_tokens: seed.response,
            prompt_price: PRICES.0.to_string(),
            response_price: PRICES.1.to_string(),
            fee: amount::format(fee),
            cumulative_fee: amount::format(so_far.0),
            attribution: Some(attribution(world, seed, &query)),
            served_at: EXPIRES - 1 - position as u64,
            ..Receipt::default()
        };
        if seed.indexed {
            queries.insert(receipt.digest(), query);
        }
        receipts.push(receipt);
    }
    let mut charges = BTreeMap::new();
    for receipt in &receipts {
        let (total, sequence) = charged[&receipt.session_id];
        let earlier = before.get(&receipt.session_id).map_or(0, |(total, _)| *total);
        charges.insert(
            receipt.session_id,
            ChargeFacts {
                session_id: receipt.session_id,
                amount: total - earlier,
                cumulative_fee: total,
                voucher_amount: total + 5,
                voucher_sequence: sequence,
                max_prompt_price: PRICES.0,
                max_response_price: PRICES.1 + 1,
                adapter_id: None,
                node: Some(node(place)),
                expires_at: EXPIRES,
            },
        );
    }
    let credits = all_credits(&receipts);
    let data = BatchData::new(&receipts, &credits).unwrap();
    let facts = data.facts(place as u64 + 1, scope(), node(place)).unwrap();
    Batch { facts, data, receipts, credits, charges, queries }
}

fn attribution(world: &World, seed: &Seed, query: &Query) -> Attribution {
    if !seed.indexed {
        return attribute(&seed.deltas, seed.floor, seed.lift).unwrap();
    }
    let deltas: Vec<i64> = world.rows.iter().map(|row| i64::from(dot(&query.vector, row).unwrap())).collect();
    Attribution {
        policy: POLICY_DOT_PRODUCT.into(),
        query_commitment: commitment::query(&query.salt, &query.vector).to_vec(),
        ..attribute(&deltas, seed.floor, seed.lift).unwrap()
    }
}

/// Replaces the attribution's derived part by what follows from its measurements.
pub fn follow(receipt: &mut Receipt) {
    let claimed = receipt.attribution.as_mut().unwrap();
    let exact = attribute(&claimed.deltas, claimed.floor, claimed.lift).unwrap();
    (claimed.shares, claimed.explained, claimed.unattributed) = (exact.shares, exact.explained, exact.unattributed);
}

pub const ROLES: [CreditRole; 6] = [
    CreditRole::Contributor,
    CreditRole::Commons,
    CreditRole::Developer,
    CreditRole::Node,
    CreditRole::Stakers,
    CreditRole::Treasury,
];

/// Cases of a property over whole histories: each hashes hundreds of leaves many times.
pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, ..ProptestConfig::default() }
}
