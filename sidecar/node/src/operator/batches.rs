//! Commits receipts to the chain.

use std::collections::{BTreeMap, BTreeSet};

use cosmwasm_std::Uint128;
use openledger_protocol::{BatchHeader, Receipt, SessionCharge, amount, credits, credits::Payees};
use settlement::msg::{Charge, Digest, ExecuteMsg, Signature64};

use super::{Operator, fixed};
use crate::{
    error::{NodeError, batch_error, receipt_error},
    ledger::{PreparedBatch, SessionVoucher},
    network::AdapterTerms,
};

/// Most receipts of one batch.
const MAX_RECEIPTS: u32 = 1024;
/// Most sessions that the settlement contract charges in one batch.
const MAX_CHARGES: usize = 64;

impl Operator {
    /// Sends the batch that is under way, or makes one of the receipts that wait. Returns its id on chain; `None` when
    /// there is nothing to commit.
    pub async fn commit_batch(&self) -> Result<Option<u64>, NodeError> {
        if let Some(batch) = self.ledger.unconfirmed_batch().await? {
            return self.submit(&batch).await.map(Some);
        }
        let Some(batch) = self.build().await? else { return Ok(None) };
        self.ledger.prepare_batch(&batch).await?;
        self.submit(&batch).await.map(Some)
    }

    async fn build(&self) -> Result<Option<PreparedBatch>, NodeError> {
        let (opened, vouchers) = self.ledger.open_receipts(MAX_RECEIPTS).await?;
        let mut receipts: Vec<Receipt> = Vec::new();
        let mut sessions = BTreeSet::new();
        for receipt in opened.into_iter().filter_map(|opened| opened.receipt).filter_map(|signed| signed.receipt) {
            // A batch charges a bounded number of sessions; the rest waits for the next one.
            if sessions.len() == MAX_CHARGES && !sessions.contains(&receipt.session_id) {
                break;
            }
            sessions.insert(receipt.session_id);
            receipts.push(receipt);
        }
        if receipts.is_empty() {
            return Ok(None);
        }
        let mut terms: BTreeMap<(u64, u32), AdapterTerms> = BTreeMap::new();
        let mut all = Vec::new();
        for receipt in &receipts {
            let key = (receipt.adapter_id, receipt.adapter_version);
            let terms = match terms.entry(key) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(self.network.adapter(key.0, Some(key.1)).await?)
                }
            };
            let payees = Payees { node: self.signer.address().into(), ..terms.payees.clone() };
            all.extend(
                credits::credits(receipt, &terms.split, &payees).map_err(|error| receipt_error(b"waiting", error))?,
            );
        }
        credits::sort(&mut all);
        let root = credits::root(&all).map_err(|error| batch_error(0, error))?;
        let mut charges: BTreeMap<u64, u128> = BTreeMap::new();
        for receipt in &receipts {
            // Receipts are in serving order, so the last one carries the session's total.
            charges.insert(receipt.session_id, amount::parse(&receipt.cumulative_fee)?);
        }
        let vouchers: Vec<SessionVoucher> =
            vouchers.into_iter().filter(|voucher| charges.contains_key(&voucher.session_id)).collect();
        let header = BatchHeader {
            scope: Some(self.network.scope()),
            node: self.signer.address().into(),
            sequence: self.ledger.last_batch_sequence().await?.saturating_add(1),
            receipts_root: credits::receipts_root(&receipts).to_vec(),
            receipt_count: count(receipts.len()),
            credits_root: root.hash.to_vec(),
            credit_count: count(all.len()),
            total: amount::format(root.sum),
            charges: vouchers
                .iter()
                .map(|voucher| SessionCharge {
                    session_id: voucher.session_id,
                    cumulative_fee: amount::format(charges.get(&voucher.session_id).copied().unwrap_or(0)),
                    voucher_amount: amount::format(voucher.amount),
                    voucher_sequence: voucher.sequence,
                })
                .collect(),
        };
        Ok(Some(PreparedBatch { header, vouchers }))
    }

    /// Sends a prepared batch unless the chain already has it.
    async fn submit(&self, batch: &PreparedBatch) -> Result<u64, NodeError> {
        let header = &batch.header;
        let mut node = self.network.node(&header.node).await?;
        if node.last_sequence.u64() < header.sequence {
            let message = message(batch)?;
            self.signer.execute(&self.network.contracts().settlement, &message, vec![]).await?;
            node = self.network.node(&header.node).await?;
        }
        let batch_id = node
            .last_batch_id
            .filter(|_| node.last_sequence.u64() == header.sequence)
            .ok_or_else(|| NodeError::NotFound { kind: "batch with sequence", id: header.sequence.to_string() })?
            .u64();
        self.ledger.confirm_batch(header.sequence, batch_id).await?;
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
