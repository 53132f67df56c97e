//! Every one-step proof: the forged instance is caught and undone, the honest one cannot be challenged.

use cosmwasm_std::{Uint128, Uint64};
use openledger_protocol::{
    attribution::attribute,
    credits::{self, credits},
    fraud::{
        self,
        charge::{self, ChargeFacts},
        credit::{self, CreditProof},
        data::{BatchData, EpochData, SumLeaves},
        duplicate, payout, receipt, share,
        sums::ClaimedTree,
        BatchFacts, EpochFacts, SumTree,
    },
    payouts::Payouts,
    Credit, Message, Receipt,
};
use settlement::{
    msg::{
        missing, BatchFraud, BatchStatus, Charge, Digest, EpochFraud, EpochResponse, ExecuteMsg, Params, QueryMsg,
        RoundResponse,
    },
    ContractError,
};

use crate::{
    chain::{bare, params, Chain, POWERS},
    registries::{Registries, PROMPT_PRICE, RESPONSE_PRICE},
};

/// Tokens of each receipt: prompt, response.
const TOKENS: [(u32, u32); 3] = [(10, 45), (20, 90), (4, 48)];
const FEES: [u128; 3] = [100, 200, 100];

struct Scene {
    chain: Chain,
    registries: Registries,
}

/// A batch as its node holds it, and the charges that it puts on chain.
#[derive(Clone)]
struct Made {
    receipts: Vec<Vec<u8>>,
    credits: SumLeaves,
    charges: Vec<Charge>,
}

impl Scene {
    /// Two sessions of 1,000, four validators, registries.
    fn new() -> Self {
        let mut chain = bare();
        let registries = Registries::new(&mut chain);
        chain.models = registries.models.clone();
        chain.settlement = chain.instantiate(params()).unwrap();
        for (number, power) in POWERS.into_iter().enumerate() {
            chain.register(number as u8, power);
        }
        chain.snapshot();
        chain.open(0, 1_000);
        chain.open(1, 1_000);
        Self { chain, registries }
    }

    /// Receipts 1 and 2 of session 1, receipt 3 of session 2.
    fn receipts(&self) -> Vec<Receipt> {
        let mut charged = [0u128; 3];
        let of = |at: usize, charged: &mut [u128; 3]| {
            let session = [1, 1, 2][at];
            charged[session] += FEES[at];
            Receipt {
                scope: Some(self.chain.scope()),
                node: self.chain.node().into_string(),
                session_id: session as u64,
                voucher_sequence: [1, 2, 1][at],
                adapter_id: 1,
                adapter_version: 1,
                prompt_tokens: TOKENS[at].0,
                response_tokens: TOKENS[at].1,
                prompt_price: PROMPT_PRICE.to_string(),
                response_price: RESPONSE_PRICE.to_string(),
                fee: FEES[at].to_string(),
                cumulative_fee: charged[session].to_string(),
                attribution: Some(attribute(&[6_000, 2_000], 500, 10_000).unwrap()),
                served_at: self.chain.now(),
                ..Receipt::default()
            }
        };
        (0..3).map(|at| of(at, &mut charged)).collect()
    }

    fn credits(&self, receipts: &[Receipt]) -> Vec<Credit> {
        let of = |(index, receipt): (usize, &Receipt)| {
            credits(receipt, index as u64, &self.registries.table, &self.registries.payees).unwrap()
        };
        let mut all: Vec<Credit> = receipts.iter().enumerate().flat_map(of).collect();
        credits::sort(&mut all);
        all
    }

    fn honest(&self) -> Made {
        let receipts = self.receipts();
        self.made(&receipts, &self.credits(&receipts))
    }

    fn made(&self, receipts: &[Receipt], credits: &[Credit]) -> Made {
        Made {
            receipts: receipts.iter().map(Message::encode_to_vec).collect(),
            credits: SumLeaves::of_credits(credits).unwrap(),
            charges: vec![self.chain.charge(0, 1, 300, 2), self.chain.charge(1, 2, 100, 1)],
        }
    }

    /// Puts a batch on chain under the roots of its data, or under another credits' tree. Returns its id.
    fn submit(&mut self, sequence: u64, made: &Made, tree: Option<SumTree>) -> u64 {
        let data = made.data();
        let credits = tree.unwrap_or_else(|| data.credits.tree().unwrap());
        let message = ExecuteMsg::SubmitBatch {
            sequence: Uint64::new(sequence),
            receipts_root: Digest::new(data.receipts_root()),
            receipt_count: Uint64::new(data.receipts.len() as u64),
            credits_root: Digest::new(credits.root.hash),
            credit_count: Uint64::new(credits.count),
            total: Uint128::new(credits.root.sum),
            charges: made.charges.clone(),
        };
        let node = self.chain.node();
        self.chain.send(&node, &message);
        sequence
    }

    fn facts(&self, batch_id: u64, made: &Made) -> BatchFacts {
        made.data().facts(batch_id, self.chain.scope(), self.chain.node().into_string()).unwrap()
    }

    fn charge_facts(&self, session_id: u64) -> ChargeFacts {
        let (amount, sequence) = [(300, 2), (100, 1)][session_id as usize - 1];
        ChargeFacts {
            session_id,
            amount,
            cumulative_fee: amount,
            voucher_amount: amount,
            voucher_sequence: sequence,
            max_prompt_price: 100,
            max_response_price: 100,
            adapter_id: None,
            node: None,
            expires_at: self.chain.session(session_id).expires_at.u64(),
        }
    }

    /// Everything that a challenger with the whole data finds in a batch.
    fn findings(&self, batch_id: u64, made: &Made) -> Vec<BatchFraud> {
        let (facts, data) = (self.facts(batch_id, made), made.data());
        let charges = [self.charge_facts(1), self.charge_facts(2)];
        let charge_of = |id: u64| charges.iter().find(|charge| charge.session_id == id);
        let terms = |_: &Receipt| Some((self.registries.table, self.registries.payees.clone()));
        let mut found = Vec::new();
        found.extend(
            receipt::prove(&facts, &data).unwrap().map(|receipt| BatchFraud::Receipt { receipt: receipt.into() }),
        );
        let shares = share::prove(&facts, &data, |_, _| Some(2)).unwrap();
        found.extend(shares.map(|receipt| BatchFraud::Shares { receipt: receipt.into() }));
        let charge = charge::prove(&facts, &data, charge_of).unwrap();
        found.extend(charge.map(|receipt| BatchFraud::Charge { receipt: receipt.into() }));
        let twice = duplicate::prove(&[(&facts, &data)]).unwrap();
        found.extend(twice.map(|((_, a), (_, b))| BatchFraud::Duplicate {
            first: a.into(),
            other_batch_id: batch_id.into(),
            second: b.into(),
        }));
        let overlap = charge::prove_overlap(&facts, &data).unwrap();
        found.extend(overlap.map(|(a, b)| BatchFraud::Overlap { first: a.into(), second: b.into() }));
        found.extend(credit::prove(&facts, &data, terms).unwrap().map(|proof| match proof {
            CreditProof::Leaf(credit) => BatchFraud::CreditLeaf { credit: credit.into() },
            CreditProof::Order(a, b) => BatchFraud::CreditOrder { first: a.into(), second: b.into() },
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

    fn prove(batch_id: u64, proof: BatchFraud) -> ExecuteMsg {
        ExecuteMsg::ProveBatchFraud { batch_id: batch_id.into(), proof }
    }

    /// Forges a batch, shows that what a challenger finds in it is taken under the right name, and that everything is undone.
    fn caught(&mut self, made: &Made, expected: &str) {
        let books = self.chain.books();
        let batch_id = self.submit(1, made, None);
        let anyone = self.chain.account("anyone");
        let proofs = self.findings(batch_id, made);
        let messages = proofs.into_iter().map(|proof| Self::prove(batch_id, proof));
        let done = messages.into_iter().find_map(|message| {
            let done = self.chain.try_send(&anyone, &message).ok()?;
            let event = done.events.iter().find(|event| event.ty == "wasm-settlement/batch_fraud_proven").unwrap();
            let kind = event.attributes.iter().find(|pair| pair.key == "fraud").unwrap().value.clone();
            Some((message, kind))
        });
        let (message, kind) = done.unwrap_or_else(|| panic!("no proof of {expected}"));
        assert_eq!(kind, expected);
        assert_eq!(self.chain.batch_info(batch_id).batch.status, BatchStatus::Voided);
        assert_eq!(self.chain.books(), books, "{expected}: every unit is back");
        let voided = ContractError::NothingToVoid { batch_id, status: BatchStatus::Voided };
        assert_eq!(self.chain.refused(&anyone, &message), voided);
        // The node submits no more.
        let again = self.chain.batch(2, 10, vec![self.chain.charge(0, 1, 310, 3)]);
        let node = self.chain.node();
        assert_eq!(self.chain.refused(&node, &again), ContractError::Barred { node });
    }
}

impl Made {
    fn data(&self) -> BatchData {
        BatchData { receipts: self.receipts.clone(), credits: self.credits.clone() }
    }
}

#[test]
fn an_honest_batch_cannot_be_challenged() {
    let mut scene = Scene::new();
    let made = scene.honest();
    assert_eq!(scene.findings(1, &made), vec![]);
    // Buyers who close their sessions in the second in which they were served gain nothing by it.
    for number in [0, 1] {
        let buyer = scene.chain.buyer(number);
        let session_id = Uint64::from(number) + Uint64::one();
        scene.chain.send(&buyer, &ExecuteMsg::CloseSession { session_id });
    }
    let batch_id = scene.submit(1, &made, None);
    let anyone = scene.chain.account("anyone");
    let (data, facts) = (made.data(), scene.facts(batch_id, &made));
    let open = |index| data.open_receipt(index).unwrap();
    let credit = |index| data.credits.open(index).unwrap();
    let credits = data.credits.leaves.len() as u64;
    let mut tried = Vec::new();
    for index in 0..3 {
        tried.push(BatchFraud::Receipt { receipt: open(index).into() });
        tried.push(BatchFraud::Shares { receipt: open(index).into() });
        tried.push(BatchFraud::Charge { receipt: open(index).into() });
        for other in 0..3 {
            tried.push(BatchFraud::Overlap { first: open(index).into(), second: open(other).into() });
            let (first, second) = (open(index).into(), open(other).into());
            tried.push(BatchFraud::Duplicate { first, other_batch_id: batch_id.into(), second });
        }
        for position in 0..credits {
            tried.push(BatchFraud::Credit { receipt: open(index).into(), credit: credit(position).into() });
        }
        for gap in 0..=data.credits.leaves.len() {
            let absence = data.credits.absence_at(gap).unwrap();
            let role = settlement::msg::Role::Contributor;
            let (receipt, gap) = (open(index).into(), absence.into());
            tried.push(BatchFraud::MissingCredit { receipt, role, cluster: Uint64::zero(), gap });
        }
    }
    for position in 0..credits {
        tried.push(BatchFraud::CreditLeaf { credit: credit(position).into() });
        for other in 0..credits {
            tried.push(BatchFraud::CreditOrder { first: credit(position).into(), second: credit(other).into() });
        }
    }
    let claims = |start: usize, end: usize| data.credits.leaves[start..end].iter().map(|leaf| leaf.sum).sum();
    let tree = ClaimedTree::new(&data.credits, claims);
    assert_eq!(tree.tree().unwrap(), facts.credits);
    tried.extend((0..credits as usize).map(|at| BatchFraud::CreditSum { path: tree.path(at).unwrap().into() }));
    assert!(tried.len() > 100);
    for proof in tried {
        let error = scene.chain.refused(&anyone, &Scene::prove(batch_id, proof));
        assert!(matches!(error, ContractError::NotProven(_)), "{error:?}");
    }
    assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Pending);
}

#[test]
fn a_leaf_that_is_no_receipt_is_caught() {
    let mut scene = Scene::new();
    let mut made = scene.honest();
    made.receipts[1] = vec![0xff; 40];
    scene.caught(&made, "broken_receipt");
}

#[test]
fn a_receipt_of_another_contract_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[0].scope.as_mut().unwrap().contract = "wasm1other".into();
    scene.caught(&scene.made(&receipts, &credits), "broken_receipt");
}

#[test]
fn shares_that_do_not_follow_from_measurements_are_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let shares = &mut receipts[1].attribution.as_mut().unwrap().shares;
    shares[0] += 1_000_000;
    shares[1] -= 1_000_000;
    let credits = scene.credits(&receipts);
    scene.caught(&scene.made(&receipts, &credits), "wrong_shares");
}

#[test]
fn a_fee_that_is_not_tokens_times_prices_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[2].response_tokens -= 1;
    scene.caught(&scene.made(&receipts, &credits), "wrong_fee");
}

#[test]
fn a_receipt_beyond_its_charge_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    let credits = scene.credits(&receipts);
    receipts[1].cumulative_fee = "301".into();
    scene.caught(&scene.made(&receipts, &credits), "outside_charge");
}

#[test]
fn a_price_above_the_sessions_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    receipts[2].prompt_price = "101".into();
    receipts[2].prompt_tokens = 0;
    receipts[2].response_tokens = 50;
    let credits = scene.credits(&receipts);
    scene.caught(&scene.made(&receipts, &credits), "price_above_session");
}

#[test]
fn two_receipts_for_the_same_part_of_a_session_are_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    receipts[1].cumulative_fee = "250".into();
    let credits = scene.credits(&receipts);
    scene.caught(&scene.made(&receipts, &credits), "overlap");
}

#[test]
fn one_receipt_twice_is_caught() {
    let mut scene = Scene::new();
    let mut receipts = scene.receipts();
    receipts[1] = receipts[0].clone();
    let credits = scene.credits(&receipts);
    let mut made = scene.made(&receipts, &credits);
    made.charges = vec![scene.chain.charge(0, 1, 200, 2), scene.chain.charge(1, 2, 100, 1)];
    scene.caught(&made, "same_receipt");
}

#[test]
fn a_credit_to_another_payee_is_caught() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    let (alice, thief) = (scene.chain.account("alice").into_string(), scene.chain.account("thief").into_string());
    credits.iter_mut().filter(|credit| credit.payee == alice).for_each(|credit| credit.payee.clone_from(&thief));
    credits::sort(&mut credits);
    scene.caught(&scene.made(&receipts, &credits), "not_earned");
}

#[test]
fn a_missing_credit_is_caught() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    let bob = scene.chain.account("bob").into_string();
    let gone = credits.iter().position(|credit| credit.payee == bob).unwrap();
    let amount: u128 = credits.remove(gone).amount.parse().unwrap();
    let mut made = scene.made(&receipts, &credits);
    // The batch charges what its credits sum to.
    made.charges[1] = scene.chain.charge(1, 2, 100 - amount, 1);
    scene.caught(&made, "missing_credit");
}

#[test]
fn credits_out_of_order_are_caught() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    credits.swap(0, 1);
    scene.caught(&scene.made(&receipts, &credits), "out_of_order");
}

#[test]
fn a_tree_with_a_false_sum_is_caught() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let data = made.data();
    let count = data.credits.leaves.len();
    let exact = |start: usize, end: usize| data.credits.leaves[start..end].iter().map(|leaf| leaf.sum).sum::<u128>();
    // The root counts what the batch charges, some node below counts one more.
    let claims = |start: usize, end: usize| exact(start, end) + u128::from(start == 0 && end < count && end > 1);
    let tree = ClaimedTree::new(&data.credits, claims);
    let batch_id = scene.submit(1, &made, tree.tree());
    let message = Scene::prove(batch_id, BatchFraud::CreditSum { path: tree.prove().unwrap().into() });
    let anyone = scene.chain.account("anyone");
    scene.chain.send(&anyone, &message);
    assert_eq!(scene.chain.batch_info(batch_id).batch.status, BatchStatus::Voided);
    assert_eq!(scene.chain.books(), [2_000, 0, 0, 0]);
}

/// Accepts an epoch with the given payouts, whatever they are: what a dishonest set can do.
fn accept(scene: &mut Scene, epoch: u64, batch_ids: &[u64], leaves: &SumLeaves) {
    let tree = leaves.tree().unwrap();
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    let mut statement = scene.chain.statement(epoch, 1, batch_ids);
    statement.round = round.round;
    statement.payout_root = tree.root.hash.to_vec();
    statement.payout_total = tree.root.sum.to_string();
    statement.payout_count = tree.count;
    let message = scene.chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
    let anyone = scene.chain.account("anyone");
    scene.chain.send(&anyone, &message);
}

fn payouts_of(scene: &Scene, batches: &[&Made]) -> Payouts {
    let mut payouts = Payouts::default();
    for made in batches {
        for leaf in &made.credits.leaves {
            payouts.add([&Credit::decode(leaf.data.as_slice()).unwrap()]).unwrap();
        }
    }
    assert_eq!(payouts.root(&scene.chain.scope()).unwrap().sum, 400);
    payouts
}

fn epoch_facts(scene: &Scene, leaves: &SumLeaves, made: &Made) -> EpochFacts {
    EpochFacts {
        scope: scene.chain.scope(),
        payouts: leaves.tree().unwrap(),
        previous: None,
        batches: vec![made.credits.tree().unwrap()],
    }
}

fn epoch_proof(scene: &Scene, leaves: &SumLeaves, made: &Made) -> Option<EpochFraud> {
    let data = EpochData { payouts: leaves, previous: None, batches: vec![&made.credits] };
    payout::prove(&epoch_facts(scene, leaves, made), &data).unwrap().map(|proof| match proof {
        payout::EpochProof::Leaf(payout) => EpochFraud::PayoutLeaf { payout: payout.into() },
        payout::EpochProof::Order(a, b) => EpochFraud::PayoutOrder { first: a.into(), second: b.into() },
        payout::EpochProof::Payout(proof) => proof.into(),
    })
}

#[test]
fn honest_payouts_cannot_be_challenged() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let batch_id = scene.submit(1, &made, None);
    let payouts = payouts_of(&scene, &[&made]);
    let leaves = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    accept(&mut scene, 1, &[batch_id], &leaves);
    assert_eq!(epoch_proof(&scene, &leaves, &made), None);
    let (facts, anyone) = (epoch_facts(&scene, &leaves, &made), scene.chain.account("anyone"));
    let data = EpochData { payouts: &leaves, previous: None, batches: vec![&made.credits] };
    let nobody = scene.chain.account("nobody").into_string();
    for payee in payouts.iter().map(|(payee, _)| payee.to_owned()).chain([nobody]) {
        let proof = payout::show(&facts, &data, &payee).unwrap().into();
        let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof };
        assert_eq!(scene.chain.refused(&anyone, &message), ContractError::NotProven(fraud::Rejected::Honest));
    }
    // A proof of nothing is nothing, and an unknown epoch is named.
    let payout = leaves.open(0).unwrap().into();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::new(2), proof: EpochFraud::PayoutLeaf { payout } };
    assert_eq!(scene.chain.refused(&anyone, &message), ContractError::UnknownEpoch { epoch: 2, latest: 1 });
}

#[test]
fn a_false_payout_voids_the_epoch_and_its_signatures_for_ever() {
    let mut scene = Scene::new();
    let made = scene.honest();
    let batch_id = scene.submit(1, &made, None);
    // More than two thirds sign everything away to a thief.
    let thief = scene.chain.account("thief").into_string();
    let mut stolen = Payouts::default();
    stolen.add([&Credit { payee: thief, amount: "400".into(), ..Credit::default() }]).unwrap();
    let leaves = SumLeaves::of_payouts(&scene.chain.scope(), &stolen);
    accept(&mut scene, 1, &[batch_id], &leaves);
    assert_eq!(scene.chain.books(), [1_600, 0, 400, 0]);
    let accepted: EpochResponse = scene.chain.query(&QueryMsg::Epoch { epoch: Uint64::one() });

    let proof = epoch_proof(&scene, &leaves, &made).unwrap();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof };
    let anyone = scene.chain.account("anyone");
    let done = scene.chain.send(&anyone, &message);
    let kinds: Vec<&str> = done.events.iter().map(|event| event.ty.as_str()).collect();
    assert!(kinds.contains(&"wasm-settlement/epoch_fraud_proven") && kinds.contains(&"wasm-settlement/epoch_voided"));
    assert_eq!(scene.chain.books(), [1_600, 400, 0, 0]);
    let batch = scene.chain.batch_info(batch_id).batch;
    assert_eq!((batch.status, batch.epoch), (BatchStatus::Pending, None));
    assert_eq!(batch.deadline.u64(), scene.chain.now() + 1_000);

    // The same statement cannot come back; an honest one of the next round can.
    let mut replayed = scene.chain.statement(1, 1, &[batch_id]);
    replayed.payout_root = accepted.payout_root.as_ref().to_vec();
    replayed.payout_total = "400".into();
    replayed.payout_count = 1;
    let replay = scene.chain.epoch_msg(&replayed, &[0, 1, 2, 3], vec![]);
    let other = ContractError::OtherRound { epoch: 1, given: 0, present: 1 };
    assert_eq!(scene.chain.refused(&anyone, &replay), other);
    let honest = SumLeaves::of_payouts(&scene.chain.scope(), &payouts_of(&scene, &[&made]));
    accept(&mut scene, 1, &[batch_id], &honest);
    assert_eq!(scene.chain.books(), [1_600, 0, 400, 0]);
}

#[test]
fn a_false_batch_voids_the_epoch_that_accepted_it_and_only_it_is_refunded() {
    let mut scene = Scene::new();
    let receipts = scene.receipts();
    let mut credits = scene.credits(&receipts);
    let (alice, thief) = (scene.chain.account("alice").into_string(), scene.chain.account("thief").into_string());
    credits.iter_mut().filter(|credit| credit.payee == alice).for_each(|credit| credit.payee.clone_from(&thief));
    credits::sort(&mut credits);
    let made = scene.made(&receipts, &credits);
    let false_id = scene.submit(1, &made, None);
    let other = scene.chain.batch(2, 50, vec![scene.chain.charge(0, 1, 350, 3)]);
    let node = scene.chain.node();
    scene.chain.send(&node, &other);

    let mut payouts = Payouts::default();
    payouts.add(&credits).unwrap();
    let first = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    accept(&mut scene, 1, &[false_id], &first);
    payouts.add([&Credit { payee: alice, amount: "50".into(), ..Credit::default() }]).unwrap();
    let second = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    accept(&mut scene, 2, &[2], &second);
    assert_eq!(scene.chain.books(), [1_550, 0, 450, 0]);

    let proof = scene.findings(false_id, &made).pop().unwrap();
    let anyone = scene.chain.account("anyone");
    scene.chain.send(&anyone, &Scene::prove(false_id, proof));
    assert_eq!(scene.chain.books(), [1_950, 50, 0, 0]);
    assert_eq!(scene.chain.batch_info(false_id).batch.status, BatchStatus::Voided);
    assert_eq!(scene.chain.batch_info(2).batch.status, BatchStatus::Pending);
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (1, 1));
    // Epoch 2 was signed once, too: when its number comes again, it begins after the round in which it was.
    let mut payouts = Payouts::default();
    payouts
        .add([&Credit { payee: scene.chain.account("bob").into_string(), amount: "50".into(), ..Credit::default() }])
        .unwrap();
    let leaves = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    accept(&mut scene, 1, &[2], &leaves);
    let round: RoundResponse = scene.chain.query(&QueryMsg::Round {});
    assert_eq!((round.epoch.u64(), round.round), (2, 1));
}

#[test]
fn a_proof_comes_too_late_once_the_epoch_pays() {
    let mut scene = Scene::new();
    let mut made = scene.honest();
    made.receipts[1] = vec![0xff; 40];
    let batch_id = scene.submit(1, &made, None);
    let proof = scene.findings(batch_id, &made).remove(0);
    let mut payouts = Payouts::default();
    payouts.add([&Credit { payee: "wasm1thief".into(), amount: "400".into(), ..Credit::default() }]).unwrap();
    let leaves = SumLeaves::of_payouts(&scene.chain.scope(), &payouts);
    accept(&mut scene, 1, &[batch_id], &leaves);
    let claimable_at = scene.chain.now() + 100;
    scene.chain.wait(100);
    let anyone = scene.chain.account("anyone");
    let late = ContractError::ChallengeTooLate { epoch: 1, claimable_at };
    assert_eq!(scene.chain.refused(&anyone, &Scene::prove(batch_id, proof)), late);
    let proof = epoch_proof(&scene, &leaves, &made).unwrap();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::one(), proof };
    assert_eq!(scene.chain.refused(&anyone, &message), late);
}

#[test]
fn only_so_many_epochs_are_open_at_a_time() {
    let mut chain = Chain::new();
    let owner = chain.owner.clone();
    let few = Params { max_open_epochs: 4, ..params() };
    chain.send(&owner, &ExecuteMsg::UpdateParams { params: few });
    let session_id = chain.open(0, 1_000);
    let alice = chain.account("alice");
    for number in 1..=5u64 {
        let charge = chain.charge(0, session_id, u128::from(number) * 10, number);
        chain.submit(number, 10, charge);
        chain.credit(&alice, 10);
        let statement = chain.statement(number, 1, &[number]);
        let message = chain.epoch_msg(&statement, &[0, 1, 2, 3], vec![]);
        let anyone = chain.account("anyone");
        if number <= 4 {
            chain.send(&anyone, &message);
        } else {
            let next_at = chain.now() + 100;
            assert_eq!(chain.refused(&anyone, &message), ContractError::TooManyOpenEpochs { max: 4, next_at });
            chain.wait(100);
            chain.send(&anyone, &message);
        }
    }
}
