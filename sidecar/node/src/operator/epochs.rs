//! Closes epochs: proposes the payouts of pending batches, collects signatures, sends them.

use std::time::Duration;

use cosmwasm_std::{Uint64, Uint128};
use openledger_protocol::{Credit, EpochStatement, Signed, amount, credits, credits::Payees, payouts::Payouts};
use settlement::msg::{BatchStatus, BlsSignature, Digest, ExecuteMsg};
use staking::msg::{EpochSet, SetMember};

use super::{Operator, fixed};
use crate::{
    api::{AttestRequest, attestation_service_client::AttestationServiceClient},
    bls,
    error::{NodeError, receipt_error, root_error},
};

/// How long a validator may take: it executes answers again.
const ATTEST_TIMEOUT: Duration = Duration::from_secs(120);

/// A batch whose deadline is nearer than this is left to be refunded: an epoch with it might come too late.
const MARGIN_SECONDS: u64 = 60;

/// An epoch that the chain accepted.
#[derive(Debug, Clone)]
pub struct AcceptedEpoch {
    /// Its statement.
    pub statement: EpochStatement,
    /// Validators that signed, with the receipts each executed again.
    pub signers: Vec<(String, u32)>,
    /// Validators that did not, with the reason.
    pub absentees: Vec<(String, String)>,
}

impl Operator {
    /// Proposes the next epoch over this node's pending batches and sends it once more than two thirds signed. `None`
    /// when nothing is pending.
    pub async fn close_epoch(&self) -> Result<Option<AcceptedEpoch>, NodeError> {
        let Some(statement) = self.statement().await? else { return Ok(None) };
        let set = self.network.set(statement.set_id).await?;
        let answers = futures::future::join_all(set.members.iter().map(|member| self.ask(member, &statement))).await;

        let digest = statement.digest();
        let mut signatures = Vec::new();
        let mut signers = Vec::new();
        let mut absentees = Vec::new();
        let mut absent_indexes = Vec::new();
        let mut signed = 0u128;
        for (index, (member, answer)) in set.members.iter().zip(answers).enumerate() {
            let validator = member.validator.to_string();
            let answer = answer.and_then(|(signature, reexecuted)| {
                if bls::verify(member.bls_public_key.as_bytes(), &digest, &signature) {
                    Ok((signature, reexecuted))
                } else {
                    Err(NodeError::Peer { endpoint: validator.clone(), status: "its signature does not verify".into() })
                }
            });
            match answer {
                Ok((signature, reexecuted)) => {
                    signed = signed.saturating_add(member.power.u128());
                    signatures.push(signature);
                    signers.push((validator, reexecuted));
                }
                Err(error) => {
                    absent_indexes.push(u32::try_from(index).unwrap_or(u32::MAX));
                    absentees.push((validator, error.to_string()));
                }
            }
        }
        if let Err(error) = self.require_quorum(&statement, &set, signed, &absentees) {
            // Whoever signed something else in this round is free again in the next one.
            self.advance_round().await?;
            return Err(error);
        }
        let signature = bls::aggregate(&signatures)
            .ok_or_else(|| NodeError::EpochInvalid { epoch: statement.epoch, problem: "nobody signed".into() })?;
        let message = ExecuteMsg::AcceptEpoch {
            epoch: statement.epoch.into(),
            round: statement.round,
            set_id: statement.set_id.into(),
            batch_ids: statement.batch_ids.iter().copied().map(Uint64::new).collect(),
            payout_root: Digest::new(fixed(&statement.payout_root, "payout_root")?),
            payout_total: Uint128::new(amount::parse(&statement.payout_total)?),
            payout_count: statement.payout_count.into(),
            absentees: absent_indexes,
            signature: BlsSignature::new(signature),
        };
        self.signer.execute(&self.network.contracts().settlement, &message, vec![]).await?;
        Ok(Some(AcceptedEpoch { statement, signers, absentees }))
    }

    /// Everything paid by the epochs up to `epoch`, rebuilt from this node's receipts.
    pub async fn payouts(&self, epoch: u64) -> Result<Payouts, NodeError> {
        let mut payouts = Payouts::default();
        for past in 1..=epoch {
            for batch_id in self.network.epoch(past).await?.batch_ids {
                payouts.add(&self.credits(batch_id.u64()).await?)?;
            }
        }
        Ok(payouts)
    }

    /// The statement of the present round: as proposed before, or over all pending batches of this node.
    async fn statement(&self) -> Result<Option<EpochStatement>, NodeError> {
        let mut present = self.network.round().await?;
        if let Some(statement) = self.ledger.proposal(present.epoch.u64(), present.round).await? {
            if self.acceptable(&statement).await? {
                return Ok(Some(statement));
            }
            if !self.advance_round().await? {
                return Ok(None);
            }
            present = self.network.round().await?;
        }
        let epoch = present.epoch.u64();
        let last = epoch.saturating_sub(1);
        let params = self.network.params().await?;
        let soon = self.network.client().latest_block().await?.seconds().saturating_add(MARGIN_SECONDS);
        let most = params.max_batches_per_epoch as usize;
        let pending = self.network.pending_batches(self.signer.address(), soon, most).await?;
        let pending: Vec<u64> = pending.iter().map(|batch| batch.batch_id.u64()).collect();
        if pending.is_empty() {
            return Ok(None);
        }
        let mut payouts = self.payouts(last).await?;
        for batch_id in &pending {
            payouts.add(&self.credits(*batch_id).await?)?;
        }
        let scope = self.network.scope();
        let root = payouts.root(&scope).map_err(|error| root_error("payouts of the next epoch", error))?;
        let statement = EpochStatement {
            scope: Some(scope),
            epoch,
            set_id: self.network.latest_set().await?.set_id.u64(),
            batch_ids: pending,
            payout_root: root.hash.to_vec(),
            payout_total: amount::format(root.sum),
            payout_count: payouts.count(),
            round: present.round,
        };
        self.ledger.propose(&statement).await?;
        Ok(Some(statement))
    }

    /// Whether the chain can still accept a statement: its batches wait and its set may sign.
    async fn acceptable(&self, statement: &EpochStatement) -> Result<bool, NodeError> {
        let now = self.network.client().latest_block().await?.seconds();
        for batch_id in &statement.batch_ids {
            let batch = self.network.batch(*batch_id).await?.batch;
            if batch.status != BatchStatus::Pending || batch.deadline.u64() <= now {
                return Ok(false);
            }
        }
        let newest = self.network.latest_set().await?.set_id.u64();
        let overlap = u64::from(self.network.params().await?.set_overlap);
        Ok(newest.saturating_sub(statement.set_id) <= overlap)
    }

    /// Begins the next round where the chain allows it by now.
    async fn advance_round(&self) -> Result<bool, NodeError> {
        let now = self.network.client().latest_block().await?.seconds();
        let due = self.network.round().await?.advances_at.is_some_and(|advances_at| advances_at.u64() <= now);
        if due {
            let settlement = &self.network.contracts().settlement;
            self.signer.execute(settlement, &ExecuteMsg::AdvanceRound {}, vec![]).await?;
        }
        Ok(due)
    }

    /// Credits of one of this node's batches.
    pub async fn credits(&self, batch_id: u64) -> Result<Vec<Credit>, NodeError> {
        let (header, opened) = self.ledger.batch(batch_id).await?;
        let mut all = Vec::new();
        let receipts = opened.into_iter().filter_map(|opened| opened.receipt).filter_map(|signed| signed.receipt);
        for (index, receipt) in (0u64..).zip(receipts) {
            let terms = self.network.adapter(receipt.adapter_id, Some(receipt.adapter_version)).await?;
            let payees = Payees { node: header.node.clone(), ..terms.payees };
            all.extend(
                credits::credits(&receipt, index, &terms.split, &payees)
                    .map_err(|error| receipt_error(&receipt.digest(), error))?,
            );
        }
        Ok(all)
    }

    /// Asks one validator, within a bound on the whole call: one that answers slowly must not hold up the others.
    async fn ask(&self, member: &SetMember, statement: &EpochStatement) -> Result<(Vec<u8>, u32), NodeError> {
        let endpoint = self.network.validator(member.validator.as_str()).await?.endpoint.to_string();
        let peer = |status: String| NodeError::Peer { endpoint: endpoint.clone(), status };
        let request = AttestRequest {
            statement: Some(statement.clone()),
            batch_source: self.public_url.clone(),
            node_public_key: self.signer.key().public_key().to_vec(),
            node_signature: self.signer.key().sign_digest(&statement.digest())?.to_vec(),
        };
        let call = async {
            let mut client =
                AttestationServiceClient::connect(endpoint.clone()).await.map_err(|error| peer(error.to_string()))?;
            let answer = client.attest(request).await.map_err(|status| peer(status.message().to_owned()))?.into_inner();
            Ok((answer.signature, answer.receipts_reexecuted))
        };
        match tokio::time::timeout(ATTEST_TIMEOUT, call).await {
            Ok(answer) => answer,
            Err(_) => Err(peer(format!("no answer within {} s", ATTEST_TIMEOUT.as_secs()))),
        }
    }

    fn require_quorum(
        &self,
        statement: &EpochStatement,
        set: &EpochSet,
        signed: u128,
        absentees: &[(String, String)],
    ) -> Result<(), NodeError> {
        let total = set.total_power.u128();
        if signed.saturating_mul(3) > total.saturating_mul(2) {
            return Ok(());
        }
        let reasons = absentees.iter().map(|(who, why)| format!("{who}: {why}")).collect::<Vec<_>>().join("; ");
        Err(NodeError::NoQuorum { epoch: statement.epoch, signed, total, reasons })
    }
}
