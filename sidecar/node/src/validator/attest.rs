//! Signs an epoch after checking everything it rests on.

use std::{sync::Arc, time::Duration};

use openledger_engine::Engine;
use openledger_protocol::{BatchAccess, EpochStatement, Hash, Signed, amount, payouts::Payouts};
use settlement::msg::BatchStatus;
use tokio::sync::Semaphore;

use super::{Tolerance, arithmetic, reexecution};
use crate::{
    api::{GetBatchRequest, GetBatchResponse, OpenedReceipt, batch_service_client::BatchServiceClient},
    bls::BlsKey,
    error::{NodeError, root_error},
    ledger::{Ledger, VerifiedBatch},
    network::Network,
    serving::Catalog,
};

/// Largest answer of GetBatch, in bytes.
const MAX_BATCH_BYTES: usize = 64 << 20;
/// How long a batch's holder may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that attesting needs. Clones share it.
#[derive(Clone)]
pub struct Validator {
    /// The chain.
    pub network: Network,
    /// The validator's account.
    pub account: String,
    /// Its signing key.
    pub key: Arc<BlsKey>,
    /// The store.
    pub ledger: Ledger,
    /// The model.
    pub engine: Engine,
    /// Adapters that can be executed again.
    pub catalog: Arc<Catalog>,
    /// Receipts executed again, in thousandths; drawn in secret per receipt.
    pub sample_per_mille: u16,
    /// Allowed difference of a recomputed measurement.
    pub tolerance: Tolerance,
    /// Attestations at once; more are refused.
    pub slots: Arc<Semaphore>,
}

/// The node that proposes an epoch and holds its batches.
#[derive(Debug, Clone)]
pub struct Holder {
    /// Its account.
    pub account: String,
    /// Its gRPC address.
    pub url: String,
}

/// A signature and what it rests on.
#[derive(Debug, Clone)]
pub struct Attestation {
    /// Over the statement's digest.
    pub signature: [u8; 96],
    /// Receipts that this validator executed again.
    pub reexecuted: u32,
}

impl Validator {
    /// Recomputes `statement` from the chain and from the batches that `node` holds and signs it.
    ///
    /// A validator signs once per round of an epoch, so only the node whose batches are at stake may ask it to.
    pub async fn attest(&self, statement: &EpochStatement, node: &Holder) -> Result<Attestation, NodeError> {
        let _slot = self.slots.try_acquire().map_err(|_| NodeError::Busy("attestations"))?;
        let epoch = statement.epoch;
        let invalid = |problem: &str| NodeError::EpochInvalid { epoch, problem: problem.into() };
        let scope = self.network.scope();
        if statement.scope.as_ref() != Some(&scope) {
            return Err(invalid("it is scoped to another network"));
        }
        let present = self.network.round().await?;
        let last = present.epoch.u64().saturating_sub(1);
        if epoch != present.epoch.u64() || statement.round != present.round {
            return Err(invalid(&format!("the chain is in round {} of epoch {}", present.round, present.epoch)));
        }
        // The contract decides how long a superseded set may still sign; an older one never can.
        let newest = self.network.latest_set().await?.set_id.u64();
        let overlap = u64::from(self.network.params().await?.set_overlap);
        if statement.set_id > newest || newest.saturating_sub(statement.set_id) > overlap {
            return Err(invalid(&format!("its set {} is not in force; the newest is {newest}", statement.set_id)));
        }
        let set = self.network.set(statement.set_id).await?;
        if !set.members.iter().any(|member| member.validator.as_str() == self.account) {
            return Err(invalid("this validator is not in the named set"));
        }
        if statement.batch_ids.is_empty() || !statement.batch_ids.windows(2).all(|pair| pair[0] < pair[1]) {
            return Err(invalid("its batches are not ascending"));
        }

        let mut payouts = Payouts::default();
        for past in 1..=last {
            for batch_id in self.network.epoch(past).await?.batch_ids {
                self.verified(batch_id.u64(), node, BatchStatus::Accepted).await?;
                payouts.add(&self.ledger.earnings(batch_id.u64()).await?)?;
            }
        }
        let mut reexecuted = 0u32;
        for batch_id in &statement.batch_ids {
            let executed = self.verified(*batch_id, node, BatchStatus::Pending).await?;
            reexecuted = reexecuted.saturating_add(executed);
            payouts.add(&self.ledger.earnings(*batch_id).await?)?;
        }
        let root = payouts.root(&scope).map_err(|error| root_error("payouts of the proposed epoch", error))?;
        if root.hash.as_slice() != statement.payout_root
            || amount::format(root.sum) != statement.payout_total
            || payouts.count() != statement.payout_count
        {
            return Err(invalid("its payouts do not follow from its batches"));
        }
        self.ledger.record_signature(epoch, statement.round, &statement.digest()).await?;
        Ok(Attestation { signature: self.key.sign(statement), reexecuted })
    }

    /// Verifies a batch once; returns how many of its receipts were executed again.
    async fn verified(&self, batch_id: u64, holder: &Holder, status: BatchStatus) -> Result<u32, NodeError> {
        let on_chain = self.network.batch(batch_id).await?;
        let invalid = |problem: &str| NodeError::BatchInvalid { batch_id, problem: problem.into() };
        if on_chain.batch.status != status {
            return Err(invalid("it has another status on chain"));
        }
        if status == BatchStatus::Pending && on_chain.batch.node.as_str() != holder.account {
            return Err(invalid("it belongs to another node than the one that proposes the epoch"));
        }
        let now = self.network.client().latest_block().await?.seconds();
        if status == BatchStatus::Pending && now >= on_chain.batch.deadline.u64() {
            return Err(invalid("its deadline has passed; it can only be refunded"));
        }
        if let Some((digest, reexecuted)) = self.ledger.verified_batch(batch_id).await? {
            return if hex::encode(digest) == on_chain.batch.header_digest.to_string() {
                Ok(reexecuted)
            } else {
                Err(invalid("the chain holds another header than was verified"))
            };
        }
        let answer = self.fetch(&holder.url, batch_id).await?;
        let header = answer.header.ok_or_else(|| invalid("its holder sent no header"))?;
        // What the chain accepted is history: its credits are recomputed, its answers not judged again, and the adapters of
        // then may be gone.
        let catalog = (status == BatchStatus::Pending).then_some(self.catalog.as_ref());
        let credits = arithmetic::verify(&self.network, catalog, &on_chain, &header, &answer.receipts).await?;
        let reexecuted = match status {
            BatchStatus::Pending => self.reexecute_sample(&header.digest(), &answer.receipts).await?,
            _ => 0,
        };
        let digest: Hash = header.digest();
        self.ledger.store_verified(&VerifiedBatch { batch_id, digest, credits, reexecuted }).await?;
        Ok(reexecuted)
    }

    /// Executes the receipts again that this validator's key draws for the batch; returns how many.
    async fn reexecute_sample(&self, batch: &Hash, receipts: &[OpenedReceipt]) -> Result<u32, NodeError> {
        let mut reexecuted = 0u32;
        for (index, opened) in receipts.iter().enumerate() {
            let purpose = [batch.as_slice(), &index.to_be_bytes()].concat();
            if self.key.draw(&purpose) % 1000 >= u32::from(self.sample_per_mille) {
                continue;
            }
            let Some(receipt) = opened.receipt.as_ref().and_then(|signed| signed.receipt.as_ref()) else { continue };
            let adapter = self.catalog.get(receipt.adapter_id)?;
            if adapter.terms.version != receipt.adapter_version {
                let problem = format!("version {} is not installed here", receipt.adapter_version);
                return Err(NodeError::AdapterMismatch { adapter_id: receipt.adapter_id, problem });
            }
            reexecution::reexecute(&self.engine, &adapter, opened, self.tolerance).await?;
            reexecuted = reexecuted.saturating_add(1);
        }
        Ok(reexecuted)
    }

    /// Fetches a batch from its holder, within a bound on the whole call.
    async fn fetch(&self, source: &str, batch_id: u64) -> Result<GetBatchResponse, NodeError> {
        let peer = |status: String| NodeError::Peer { endpoint: source.into(), status };
        let access = BatchAccess { scope: Some(self.network.scope()), validator: self.account.clone(), batch_id };
        let signature = self.key.sign(&access).to_vec();
        let request = GetBatchRequest { batch_id, validator: access.validator, signature };
        let call = async {
            let client =
                BatchServiceClient::connect(source.to_owned()).await.map_err(|error| peer(error.to_string()))?;
            let mut client = client.max_decoding_message_size(MAX_BATCH_BYTES);
            let answer = client.get_batch(request).await;
            Ok(answer.map_err(|status| peer(status.message().to_owned()))?.into_inner())
        };
        match tokio::time::timeout(FETCH_TIMEOUT, call).await {
            Ok(answer) => answer,
            Err(_) => Err(peer(format!("no batch within {} s", FETCH_TIMEOUT.as_secs()))),
        }
    }
}
