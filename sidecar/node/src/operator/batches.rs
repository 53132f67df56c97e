//! Commits receipts to the chain.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::Uint128;
use openledger_chain::ChainError;
use openledger_protocol::{BatchHeader, Receipt, SessionCharge, Signed, amount, credits, credits::Payees};
use settlement::msg::{Charge, Digest, ExecuteMsg, Signature64};

use super::{Operator, fixed};
use crate::{
    error::{NodeError, receipt_error, root_error},
    ledger::{PreparedBatch, SessionVoucher, WaitingReceipt},
};

/// Most receipts of one batch.
const MAX_RECEIPTS: u32 = 1024;
impl Operator {
    /// Sends the batch that is under way, or makes one of the receipts that wait. Returns its id on chain; `None` when
    /// there is nothing to commit.
    pub async fn commit_batch(&self) -> Result<Option<u64>, NodeError> {
        if let Some(batch) = self.ledger.unconfirmed_batch().await? {
            return self.submit(&batch).await.map(Some);
        }
        let Some((batch, positions)) = self.build().await? else { return Ok(None) };
        self.ledger.prepare_batch(&batch, &positions).await?;
        self.submit(&batch).await.map(Some)
    }

    /// A batch over the oldest receipts that can be charged, with their positions.
    async fn build(&self) -> Result<Option<(PreparedBatch, Vec<i64>)>, NodeError> {
        let (waiting, mut vouchers) = self.collectable().await?;
        let Some(node) = waiting.first().map(|first| first.receipt.node.clone()) else { return Ok(None) };
        let receipts: Vec<Receipt> = waiting.iter().map(|waiting| waiting.receipt.clone()).collect();
        let mut all = Vec::new();
        let mut fees: BTreeMap<u64, u128> = BTreeMap::new();
        for (index, receipt) in receipts.iter().enumerate() {
            let terms = self.network.adapter(receipt.adapter_id, Some(receipt.adapter_version)).await?;
            let payees = Payees { node: node.clone(), ..terms.payees };
            let credits = credits::credits(receipt, count(index), &terms.split, &payees);
            all.extend(credits.map_err(|error| receipt_error(&receipt.digest(), error))?);
            // Receipts are in serving order, so the last one carries the session's total.
            fees.insert(receipt.session_id, amount::parse(&receipt.cumulative_fee)?);
        }
        credits::sort(&mut all);
        let root = credits::root(&all).map_err(|error| root_error("credits of the next batch", error))?;
        vouchers.sort_by_key(|voucher| voucher.session_id);
        // The chain's count leads where this store is younger than the account.
        let on_chain = self.network.last_batch_of(&node).await?.last_sequence.u64();
        let header = BatchHeader {
            scope: Some(self.network.scope()),
            node,
            sequence: self.ledger.last_batch_sequence().await?.max(on_chain).saturating_add(1),
            receipts_root: credits::receipts_root(&receipts).to_vec(),
            receipt_count: count(receipts.len()),
            credits_root: root.hash.to_vec(),
            credit_count: count(all.len()),
            total: amount::format(root.sum),
            charges: vouchers
                .iter()
                .map(|voucher| SessionCharge {
                    session_id: voucher.session_id,
                    cumulative_fee: amount::format(fees.get(&voucher.session_id).copied().unwrap_or(0)),
                    voucher_amount: amount::format(voucher.amount),
                    voucher_sequence: voucher.sequence,
                })
                .collect(),
        };
        let positions = waiting.iter().map(|waiting| waiting.position).collect();
        Ok(Some((PreparedBatch { header, vouchers }, positions)))
    }

    /// The waiting receipts of as many sessions as the contract charges at once, without those that it would refuse. A
    /// session that ended unbatched must not hold up all others, so its receipts are given up.
    async fn collectable(&self) -> Result<(Vec<WaitingReceipt>, Vec<SessionVoucher>), NodeError> {
        let most = self.network.params().await?.max_charges_per_batch as usize;
        let now = self.network.client().latest_block().await?.seconds();
        let mut chosen: Vec<WaitingReceipt> = Vec::new();
        let mut vouchers: BTreeMap<u64, SessionVoucher> = BTreeMap::new();
        let mut lost = BTreeSet::new();
        for waiting in self.ledger.waiting_receipts(MAX_RECEIPTS).await? {
            let session_id = waiting.receipt.session_id;
            if lost.contains(&session_id) {
                continue;
            }
            if !vouchers.contains_key(&session_id) {
                if vouchers.len() == most {
                    break;
                }
                if let Some(reason) = self.unchargeable(&waiting.receipt, now).await? {
                    let receipts = self.ledger.give_up_session(session_id, &reason).await?;
                    tracing::warn!(session_id, receipts, reason, "receipts given up");
                    lost.insert(session_id);
                    continue;
                }
                vouchers.insert(session_id, self.ledger.best_voucher(session_id).await?);
            }
            chosen.push(waiting);
        }
        Ok((chosen, vouchers.into_values().collect()))
    }

    /// Why a session's oldest waiting receipt can no longer be charged.
    async fn unchargeable(&self, first: &Receipt, now: u64) -> Result<Option<String>, NodeError> {
        let session = self.network.session(first.session_id).await?;
        if session.settled || now >= session.settles_at.u64() {
            return Ok(Some(format!("the session settled at {}", session.settles_at)));
        }
        let before = amount::parse(&first.cumulative_fee)?.checked_sub(amount::parse(&first.fee)?);
        if before != Some(session.charged.u128()) {
            return Ok(Some(format!("the chain charged the session {} before", session.charged)));
        }
        Ok(None)
    }

    /// Sends a prepared batch unless the chain already has it. One that the contract refuses is taken apart again.
    async fn submit(&self, batch: &PreparedBatch) -> Result<u64, NodeError> {
        let header = &batch.header;
        let mut last = self.network.last_batch_of(&header.node).await?;
        if last.last_sequence.u64() < header.sequence {
            let message = message(batch)?;
            let sent = self.signer.execute(&self.network.contracts().settlement, &message, vec![]).await;
            if let Err(error) = sent {
                // Refused by the contract, before or in a block: either way it changed nothing there.
                if matches!(error, ChainError::SimulationFailed { .. } | ChainError::Failed { .. }) {
                    self.ledger.discard_batch(header.sequence).await?;
                }
                return Err(error.into());
            }
            last = self.network.last_batch_of(&header.node).await?;
        }
        let sequence = header.sequence;
        let batch_id = last
            .last_batch_id
            .filter(|_| last.last_sequence.u64() == sequence)
            .ok_or_else(|| NodeError::NotFound { kind: "batch with sequence", id: sequence.to_string() })?
            .u64();
        let on_chain = self.network.batch(batch_id).await?.batch;
        if on_chain.header_digest.into_bytes() != header.digest() {
            self.ledger.discard_batch(sequence).await?;
            let problem =
                format!("the chain holds another batch under sequence {sequence}; is this account used twice?");
            return Err(NodeError::BatchInvalid { batch_id, problem });
        }
        self.ledger.confirm_batch(sequence, batch_id).await?;
        Ok(batch_id)
    }
}

fn message(batch: &PreparedBatch) -> Result<ExecuteMsg, NodeError> {
    let header = &batch.header;
    let charges = header
        .charges
        .iter()
        .zip(&batch.vouchers)
        .map(|(charge, voucher)| {
            Ok(Charge {
                session_id: charge.session_id.into(),
                cumulative_fee: Uint128::new(amount::parse(&charge.cumulative_fee)?),
                voucher_amount: Uint128::new(voucher.amount),
                voucher_sequence: voucher.sequence.into(),
                voucher_signature: Signature64::new(fixed(&voucher.signature, "voucher_signature")?),
            })
        })
        .collect::<Result<_, NodeError>>()?;
    Ok(ExecuteMsg::SubmitBatch {
        sequence: header.sequence.into(),
        receipts_root: Digest::new(fixed(&header.receipts_root, "receipts_root")?),
        receipt_count: header.receipt_count.into(),
        credits_root: Digest::new(fixed(&header.credits_root, "credits_root")?),
        credit_count: header.credit_count.into(),
        total: Uint128::new(amount::parse(&header.total)?),
        charges,
    })
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
