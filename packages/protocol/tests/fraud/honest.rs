//! Nothing honest can be challenged: every check, over honest commitments, with openings taken from anywhere, bent at
//! will and mixed with each other.

use openledger_protocol::{
    CreditRole, Hash,
    fraud::{
        Absence, Fraud, Opening, ReceiptLeaf, Rejected, SumOpening, Tree, charge, credit,
        credit::MissingCredit,
        duplicate, payout,
        payout::{CreditRange, OwnCredits, PayoutProof, Place},
        receipt, score,
        score::{Query, Row, ScoreClaim},
        share, sums,
        sums::{Step, SumPath},
    },
    merkle_sum::Node,
};
use proptest::{prelude::*, sample::Index};

use crate::world::{Batch, ROLES, TABLE, World, clusters, index_facts, payees, terms, world};

/// Choices of an adversary.
#[derive(Debug, Clone)]
struct Choices {
    picks: Vec<Index>,
    next: usize,
    bend: Vec<u8>,
}

impl Choices {
    fn below(&mut self, size: usize) -> usize {
        let pick = self.picks[self.next % self.picks.len()];
        self.next += 1;
        pick.index(size)
    }

    /// Once in a few times.
    fn rarely(&mut self) -> bool {
        self.below(5) == 0
    }

    fn hash(&mut self) -> Hash {
        let at = self.below(self.bend.len());
        [self.bend[at]; 32]
    }

    fn node(&mut self) -> Node {
        Node { sum: self.below(50) as u128, hash: self.hash() }
    }

    fn receipt(&mut self, world: &World) -> (usize, Opening) {
        let batch = self.below(world.batches.len());
        let data = &world.batches[batch].data;
        let mut opening = data.open_receipt(self.below(data.receipts.len()) as u64).unwrap();
        if self.rarely() {
            match self.below(4) {
                0 => opening.index = self.below(9) as u64,
                1 => opening.siblings.reverse(),
                2 => {
                    let at = self.below(opening.leaf.len());
                    opening.leaf[at] ^= 1 << self.below(8);
                }
                _ => opening.siblings.push(self.hash()),
            }
        }
        (batch, opening)
    }

    fn bend(&mut self, opening: &mut SumOpening) {
        if self.rarely() {
            match self.below(5) {
                0 => opening.index = self.below(9) as u64,
                1 => opening.sum += 1,
                2 => opening.siblings.push(self.node()),
                3 => {
                    let at = self.below(opening.leaf.len());
                    opening.leaf[at] ^= 1 << self.below(8);
                }
                _ => {
                    if let Some(sibling) = opening.siblings.first_mut() {
                        sibling.sum += 1;
                    }
                }
            }
        }
    }

    fn credit(&mut self, batch: &Batch) -> SumOpening {
        let leaves = &batch.data.credits;
        let mut opening = leaves.open(self.below(leaves.leaves.len()) as u64).unwrap();
        self.bend(&mut opening);
        opening
    }

    fn leaf(&mut self, leaves: &openledger_protocol::fraud::data::SumLeaves) -> SumOpening {
        let mut opening = leaves.open(self.below(leaves.leaves.len()) as u64).unwrap();
        self.bend(&mut opening);
        opening
    }

    fn absence(&mut self, leaves: &openledger_protocol::fraud::data::SumLeaves) -> Absence {
        if self.rarely() {
            let before = (self.below(3) > 0).then(|| self.leaf(leaves));
            let after = (self.below(3) > 0).then(|| self.leaf(leaves));
            return Absence { before, after };
        }
        let mut absence = leaves.absence_at(self.below(leaves.leaves.len() + 1)).unwrap();
        if let Some(before) = &mut absence.before {
            self.bend(before);
        }
        absence
    }
}

fn choices() -> impl Strategy<Value = Choices> {
    (prop::collection::vec(any::<Index>(), 60..61), prop::collection::vec(any::<u8>(), 4))
        .prop_map(|(picks, bend)| Choices { picks, next: 0, bend })
}

/// Runs a challenge; it must not succeed.
fn refused(verdict: Result<Fraud, Rejected>) -> Result<(), TestCaseError> {
    match verdict {
        Ok(fraud) => Err(TestCaseError::fail(format!("an honest history was challenged: {fraud}"))),
        Err(_) => Ok(()),
    }
}

proptest! {
    #![proptest_config(crate::world::cases(192))]

    #[test]
    fn no_batch_can_be_challenged(world in world(), choices in choices()) {
        let mut choose = choices;
        for _ in 0..4 {
            let (at, opening) = choose.receipt(&world);
            // Against its own batch or any other.
            let at = if choose.rarely() { choose.below(world.batches.len()) } else { at };
            let batch = &world.batches[at];
            let first = choose.credit(batch);
            let second = choose.credit(batch);
            refused(receipt::check(&batch.facts, &opening))?;
            refused(credit::check_leaf(&batch.facts, &first))?;
            refused(credit::check_order(&batch.facts, &first, &second))?;
            if let Ok(next) = batch.data.credits.open(first.index.saturating_add(1)) {
                refused(credit::check_order(&batch.facts, &first, &next))?;
            }
            let opened = match receipt::open(&batch.facts, &opening) {
                Ok(ReceiptLeaf::Receipt(opened)) => opened,
                Ok(ReceiptLeaf::Broken(fraud)) => return refused(Ok(fraud)),
                Err(_) => continue,
            };
            let receipt = opened.receipt().clone();
            let payees = payees(receipt.adapter_id, &batch.facts.node);
            refused(share::check(&opened, clusters(receipt.adapter_id) as u64))?;
            refused(charge::check(&opened, batch.charge_of(receipt.session_id)))?;
            refused(credit::check(&opened, &TABLE, &payees, &first))?;
            let role = ROLES[choose.below(ROLES.len())];
            let cluster = if role == CreditRole::Contributor { choose.below(4) as u64 } else { 0 };
            let missing = MissingCredit { role, cluster, absence: choose.absence(&batch.data.credits) };
            refused(credit::check_missing(&opened, &TABLE, &payees, &missing))?;

            let facts = index_facts(&world.rows);
            let vector = world.rows[choose.below(world.rows.len())].clone();
            let guess = Query { salt: choose.hash(), vector: vector.clone() };
            let query = batch.queries.get(&opened.digest()).cloned().filter(|_| !choose.rarely()).unwrap_or(guess);
            let leaves: Vec<_> = (0u32..).zip(&world.rows).map(|(at, row)| score::row_leaf(at, row)).collect();
            let cluster = choose.below(world.rows.len());
            let siblings = openledger_protocol::merkle::proof(&leaves, cluster as u64).unwrap();
            let vector = if choose.rarely() { vector } else { world.rows[cluster].clone() };
            let row = Row { cluster: cluster as u32, vector, siblings };
            for claim in [ScoreClaim::Shape, ScoreClaim::Query(query.clone()), ScoreClaim::Row { query, row }] {
                refused(score::check(&opened, Some(&facts), &claim))?;
            }

            let (other_at, other) = choose.receipt(&world);
            if let Ok(ReceiptLeaf::Receipt(other)) = receipt::open(&world.batches[other_at].facts, &other) {
                refused(charge::check_overlap(&opened, &other))?;
                refused(duplicate::check(&opened, &other))?;
            }
        }
    }

    #[test]
    fn no_sum_can_be_challenged(world in world(), choices in choices()) {
        let mut choose = choices;
        let epoch = &world.epochs[choose.below(world.epochs.len())];
        let batch = &world.batches[choose.below(world.batches.len())];
        let trees =
            [(Tree::Credits, batch.facts.credits, &batch.data.credits), (Tree::Payouts, epoch.facts.payouts, &epoch.payouts)];
        for (which, tree, leaves) in trees {
            for _ in 0..4 {
                let opening = choose.leaf(leaves);
                let mut sum = opening.sum;
                let mut steps = Vec::new();
                for sibling in opening.siblings {
                    let claimed = if choose.rarely() { sum + 1 } else { sum };
                    steps.push(Step { claimed, sibling });
                    sum = claimed + sibling.sum;
                }
                let path = SumPath { index: opening.index, sum: opening.sum, leaf: opening.leaf, steps };
                refused(sums::check(which, &tree, &path))?;
            }
        }
    }

    #[test]
    fn no_epoch_can_be_challenged(world in world(), choices in choices()) {
        let mut choose = choices;
        let epoch = &world.epochs[choose.below(world.epochs.len())];
        let names: Vec<String> = epoch.payees().into_iter().collect();
        for _ in 0..3 {
            let (first, second) = (choose.leaf(&epoch.payouts), choose.leaf(&epoch.payouts));
            refused(payout::check_leaf(&epoch.facts, &first))?;
            refused(payout::check_order(&epoch.facts, &first, &second))?;
            let payee = names[choose.below(names.len())].clone();
            let mut proof = payout::show(&epoch.facts, &epoch.data(), &payee).unwrap();
            // Parts of another payee's proof, or of none.
            let other = payout::show(&epoch.facts, &epoch.data(), &names[choose.below(names.len())]).unwrap();
            bend(&mut choose, epoch, &mut proof, other);
            refused(payout::check(&epoch.facts, &proof))?;
        }
    }

    #[test]
    fn no_builder_finds_anything(world in world()) {
        for batch in &world.batches {
            let (facts, data) = (&batch.facts, &batch.data);
            let index = index_facts(&world.rows);
            let index_of = |adapter, _| (adapter == 2).then_some((index, world.rows.as_slice()));
            let query_of = |id: &Hash| batch.queries.get(id).cloned();
            prop_assert_eq!(receipt::prove(facts, data).unwrap(), None);
            prop_assert_eq!(score::prove(facts, data, index_of, query_of).unwrap(), None);
            prop_assert_eq!(credit::prove(facts, data, terms).unwrap(), None);
            prop_assert_eq!(charge::prove(facts, data, |session| batch.charge_of(session)).unwrap(), None);
        }
    }
}

fn bend(choose: &mut Choices, epoch: &crate::world::Epoch, proof: &mut PayoutProof, other: PayoutProof) {
    if choose.rarely() {
        proof.now = other.now;
    }
    if choose.rarely() {
        proof.now = Place::Absent(choose.absence(&epoch.payouts));
    }
    if choose.rarely() {
        proof.before = other.before;
    }
    for ((range, theirs), leaves) in proof.credits.iter_mut().zip(other.credits).zip(&epoch.batches) {
        match choose.below(6) {
            0 => *range = theirs,
            1 => *range = CreditRange::None(choose.absence(leaves)),
            2 => {
                // Any range of the tree, with the edges that it has.
                let size = leaves.leaves.len();
                let (a, b) = (choose.below(size), choose.below(size));
                let (start, end) = (a.min(b), a.max(b) + 1);
                let nodes =
                    openledger_protocol::merkle_sum::range_proof(&leaves.nodes(), start as u64, end as u64).unwrap();
                *range = CreditRange::Some(Box::new(OwnCredits {
                    before: leaves.absence_at(start).unwrap().before,
                    first: leaves.open(start as u64).unwrap(),
                    last: leaves.open(end as u64 - 1).unwrap(),
                    after: leaves.absence_at(end).unwrap().after,
                    outside: nodes.outside,
                    inside: nodes.inside,
                }));
            }
            3 => {
                if let CreditRange::Some(own) = range {
                    match choose.below(4) {
                        0 => choose.bend(&mut own.first),
                        1 => choose.bend(&mut own.last),
                        2 => own.inside.push(choose.node()),
                        _ => own.outside.clear(),
                    }
                }
            }
            _ => {}
        }
    }
}
