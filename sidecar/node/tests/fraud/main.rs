//! Every one-step fraud proof on a chain: the forged instance is caught and undone, the honest one cannot be challenged.
//! The same story on the embedded chain and, by `cargo xtask wasmd test`, on a real node.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod court;

use std::path::PathBuf;

use cosmwasm_std::{Uint64, Uint128};
use cw20::Cw20ExecuteMsg;
use disputes::msg::{BlsSignature, Culprit, Digest, ExecuteMsg, SignedStatement, Verdict};
use openledger_forgeries::{FORGERIES, honest_attempts, payout_proof, payouts_of, stolen_after};
use openledger_node::{
    bls::aggregate,
    devnet::{Target, sidecars::BOND},
};
use openledger_protocol::{DisputeVerdict, EpochStatement, Signed, Verdict as Found, payouts::Payouts};
use settlement::msg::{BatchStatus, ExecuteMsg as Settle};

use court::Court;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_the_embedded_chain() {
    story(Court::open(Target::Embedded, &root(), None).await).await;
}

/// `cargo xtask wasmd test` names the node.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a real node: cargo xtask wasmd test"]
async fn on_a_real_node() {
    let setting = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("set {name}"));
    let target = Target::Node {
        grpc: setting("OPENLEDGER_NODE_GRPC"),
        rpc: None,
        faucet: setting("OPENLEDGER_NODE_FAUCET").into(),
    };
    story(Court::open(target, &root(), Some(&root().join("artifacts"))).await).await;
}

async fn story(court: Court) {
    every_forged_batch_is_caught(&court).await;
    a_guilty_verdict_voids_a_batch(&court).await;
    let paid = honest_work_cannot_be_challenged(&court).await;
    two_statements_for_one_round_are_caught(&court).await;
    a_false_payout_is_caught(&court, &paid).await;
}

async fn every_forged_batch_is_caught(court: &Court) {
    let nodes = court.nodes(FORGERIES.len()).await;
    for (node, forgery) in nodes.iter().zip(FORGERIES) {
        let ground = court.ground(node).await;
        let batch = (forgery.make)(&ground);
        let batch_id = court.submit(node, &ground, &batch).await;
        let message = Court::proof(batch_id, forgery.proof(&ground, &batch, batch_id));
        let name = format!("prove_batch_fraud ({})", forgery.fraud);
        let done = court.challenge(&name, &message).await.unwrap_or_else(|error| panic!("{}: {error}", forgery.name));
        assert_eq!(done.attribute("wasm-disputes/fraud_proven", "fraud"), Some(forgery.fraud), "{}", forgery.name);
        let found = court.settlement.batch(batch_id.into()).await.unwrap().batch;
        assert_eq!(found.status, BatchStatus::Voided, "{}", forgery.name);
        court.is_whole(&ground).await;
        assert!(court.settlement.node(node.address().into()).await.unwrap().barred);
        // Half of the bond; nothing is owed to the sessions, a quarter of it is the challenger's, the rest burns.
        let part = |key: &str| done.attribute("wasm-disputes/slashed", key).unwrap().parse::<u128>().unwrap();
        let parts = ["amount", "restored", "rewarded", "burned"].map(part);
        assert_eq!(parts, [BOND / 2, 0, BOND / 8, BOND / 2 - BOND / 8], "{}", forgery.name);
        court.refused(&message, "nothing to prove").await;
    }
}

async fn a_guilty_verdict_voids_a_batch(court: &Court) {
    let node = &court.nodes(1).await[0];
    let ground = court.ground(node).await;
    let batch = ground.honest();
    let batch_id = court.submit(node, &ground, &batch).await;
    let bond = court.disputes.config().await.unwrap().params.dispute_bond;
    let (token, disputes) = (&court.stage.contracts.open_token, &court.stage.contracts.disputes);
    let give = Cw20ExecuteMsg::Transfer { recipient: court.challenger.address().into(), amount: bond };
    court.stage.accounts.founder.execute(token, &give, vec![]).await.unwrap();
    let allow = Cw20ExecuteMsg::IncreaseAllowance { spender: disputes.clone(), amount: bond, expires: None };
    court.challenger.execute(token, &allow, vec![]).await.unwrap();
    let receipt = batch.data().open_receipt(0).unwrap().into();
    court.challenge("open_dispute", &ExecuteMsg::OpenDispute { batch_id: batch_id.into(), receipt }).await.unwrap();

    let dispute = court.disputes.dispute(Uint64::one()).await.unwrap();
    let set_id = court.staking.latest_set().await.unwrap().set_id;
    let verdict = DisputeVerdict {
        scope: Some(court.scope_of(disputes)),
        dispute_id: 1,
        set_id: set_id.u64(),
        receipt_id: dispute.receipt_id.as_ref().to_vec(),
        verdict: Found::Fraud.into(),
    };
    let message = ExecuteMsg::ResolveDispute {
        dispute_id: Uint64::one(),
        set_id,
        verdict: Verdict::Fraud,
        absentees: court.absent(&[0]).await,
        signature: court.sign(&verdict, &[1, 2, 3]),
    };
    court.challenge("resolve_dispute (fraud)", &message).await.unwrap();
    assert_eq!(court.settlement.batch(batch_id.into()).await.unwrap().batch.status, BatchStatus::Voided);
    court.is_whole(&ground).await;
    assert_eq!(court.disputes.solvency().await.unwrap().bonds, Uint128::zero());
}

/// An honest batch and honest payouts. Returns what was paid.
async fn honest_work_cannot_be_challenged(court: &Court) -> Payouts {
    let node = &court.nodes(1).await[0];
    let ground = court.ground(node).await;
    let batch = ground.honest();
    let batch_id = court.submit(node, &ground, &batch).await;
    for proof in honest_attempts(&ground, &batch, batch_id) {
        court.refused(&Court::proof(batch_id, proof), "the proof shows no fraud").await;
    }
    let payouts = payouts_of(&batch);
    assert_eq!(payout_proof(&court.scope(), None, &payouts, &batch), None);
    court.accept(1, batch_id, &payouts).await;
    payouts
}

async fn two_statements_for_one_round_are_caught(court: &Court) {
    let one = court.statement(7, 3, 9, &Payouts::default()).await;
    let other = EpochStatement { payout_count: one.payout_count + 1, ..one.clone() };
    let alone = court.absent(&[1, 2, 3]).await;
    let signed = |statement: &EpochStatement| SignedStatement {
        epoch: statement.epoch.into(),
        round: statement.round,
        set_id: statement.set_id.into(),
        batch_ids: statement.batch_ids.iter().map(|id| Uint64::new(*id)).collect(),
        payout_root: Digest::new(statement.payout_root.as_slice().try_into().unwrap()),
        payout_total: Uint128::new(statement.payout_total.parse().unwrap()),
        payout_count: statement.payout_count.into(),
        absentees: alone.clone(),
        signature: court.sign(statement, &[0]),
    };
    let honest = ExecuteMsg::ProveEquivocation { first: signed(&one), second: signed(&one) };
    court.refused(&honest, "the proof shows no fraud").await;
    let message = ExecuteMsg::ProveEquivocation { first: signed(&one), second: signed(&other) };
    let done = court.challenge("prove_equivocation", &message).await.unwrap();
    assert_eq!(done.attribute("wasm-disputes/fraud_proven", "fraud"), Some("equivocation"));
    court.refused(&message, "no validator signed both").await;
}

async fn a_false_payout_is_caught(court: &Court, paid: &Payouts) {
    let node = &court.nodes(1).await[0];
    let ground = court.ground(node).await;
    let batch = ground.honest();
    let batch_id = court.submit(node, &ground, &batch).await;
    let stolen = stolen_after(paid, &batch, court.challenger.address());
    court.accept(2, batch_id, &stolen).await;
    let proof = payout_proof(&court.scope(), Some(paid), &stolen, &batch).unwrap();
    let message = ExecuteMsg::ProveEpochFraud { epoch: Uint64::new(2), proof };
    let done = court.challenge("prove_epoch_fraud (wrong_payout)", &message).await.unwrap();
    assert_eq!(done.attribute("wasm-disputes/fraud_proven", "fraud"), Some("wrong_payout"));
    assert_eq!(court.settlement.batch(batch_id.into()).await.unwrap().batch.status, BatchStatus::Pending);
    let case_id: u64 = done.attribute("wasm-disputes/fraud_proven", "case_id").unwrap().parse().unwrap();
    let case = court.disputes.case(case_id.into()).await.unwrap();
    let Culprit::Validators { validators, .. } = case.culprit else { panic!("{case:?}") };
    // A twentieth of three stakes.
    assert_eq!(case.slashed.u128(), 3 * BOND / 20);
    let absent = court.stage.accounts.validators[0].address();
    assert!(validators.len() == 3 && validators.iter().all(|validator| validator.as_str() != absent));
}

impl Court {
    /// A statement over payouts, with the newest set.
    async fn statement(&self, epoch: u64, round: u32, batch_id: u64, payouts: &Payouts) -> EpochStatement {
        let root = payouts.root(&self.scope()).unwrap();
        EpochStatement {
            scope: Some(self.scope()),
            epoch,
            set_id: self.staking.latest_set().await.unwrap().set_id.u64(),
            batch_ids: vec![batch_id],
            payout_root: root.hash.to_vec(),
            payout_total: root.sum.to_string(),
            payout_count: payouts.count(),
            round,
        }
    }

    /// Has validators 1, 2 and 3 accept an epoch of one batch.
    async fn accept(&self, epoch: u64, batch_id: u64, payouts: &Payouts) {
        let round = self.settlement.round().await.unwrap().round;
        let statement = self.statement(epoch, round, batch_id, payouts).await;
        let message = Settle::AcceptEpoch {
            epoch: epoch.into(),
            round,
            set_id: statement.set_id.into(),
            batch_ids: vec![batch_id.into()],
            payout_root: Digest::new(statement.payout_root.as_slice().try_into().unwrap()),
            payout_total: Uint128::new(statement.payout_total.parse().unwrap()),
            payout_count: statement.payout_count.into(),
            absentees: self.absent(&[0]).await,
            signature: self.sign(&statement, &[1, 2, 3]),
        };
        let settlement = &self.stage.contracts.settlement;
        self.stage.accounts.founder.execute(settlement, &message, vec![]).await.unwrap();
    }

    /// Indexes in the newest set of validators by number; a set is not in their order.
    async fn absent(&self, numbers: &[usize]) -> Vec<u32> {
        let set = self.staking.latest_set().await.unwrap();
        let accounts = &self.stage.accounts.validators;
        let of = |number: &usize| {
            let address = accounts[*number].address();
            set.members.iter().position(|member| member.validator.as_str() == address)
        };
        let mut indexes: Vec<u32> = numbers.iter().filter_map(of).map(|index| index as u32).collect();
        indexes.sort_unstable();
        indexes
    }

    fn sign(&self, message: &impl Signed, signers: &[usize]) -> BlsSignature {
        let signatures: Vec<Vec<u8>> = signers.iter().map(|number| self.keys[*number].sign(message).to_vec()).collect();
        aggregate(&signatures).unwrap().into()
    }
}
