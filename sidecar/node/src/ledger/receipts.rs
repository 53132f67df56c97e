//! Receipts: signed and stored in one transaction with the charge.

use prost::Message;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Ledger, from_sql, to_sql, vouchers};
use crate::{api::OpenedReceipt, error::NodeError};

/// A receipt as stored.
#[derive(Debug, Clone)]
pub struct StoredReceipt {
    /// The receipt with the openings of its commitments.
    pub opened: OpenedReceipt,
    /// Batch on chain; `None` while it waits.
    pub batch_id: Option<u64>,
}

impl Ledger {
    /// Charges `fee` to the session and stores the receipt that `sign` makes of the new cumulative fee.
    pub async fn charge_and_store(
        &self,
        session_id: u64,
        sequence: u64,
        fee: u128,
        sign: impl FnOnce(u128) -> Result<OpenedReceipt, NodeError>,
    ) -> Result<OpenedReceipt, NodeError> {
        let mut tx = self.pool.begin().await?;
        let cumulative = vouchers::charge(&mut tx, session_id, sequence, fee).await?;
        let opened = sign(cumulative)?;
        let id = opened.receipt.as_ref().map(|signed| signed.id.clone()).unwrap_or_default();
        // The contract charges no session nothing.
        let uncollectable = (fee == 0).then_some("free");
        sqlx::query(
            "INSERT INTO receipts (id, session_id, voucher_sequence, opened, uncollectable) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(id)
        .bind(to_sql(session_id)?)
        .bind(to_sql(sequence)?)
        .bind(opened.encode_to_vec())
        .bind(uncollectable)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(opened)
    }

    /// The receipt with this digest.
    pub async fn receipt(&self, id: &[u8]) -> Result<StoredReceipt, NodeError> {
        let row = sqlx::query(
            "SELECT receipts.opened, batches.batch_id FROM receipts
             LEFT JOIN batches ON batches.sequence = receipts.batch_sequence WHERE receipts.id = ?",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await?;
        stored(&row.ok_or_else(|| NodeError::NotFound { kind: "receipt", id: hex::encode(id) })?)
    }

    /// The receipt of the answer that this voucher paid for.
    pub async fn receipt_of(&self, session_id: u64, sequence: u64) -> Result<StoredReceipt, NodeError> {
        let row = sqlx::query(
            "SELECT receipts.opened, batches.batch_id FROM receipts
             LEFT JOIN batches ON batches.sequence = receipts.batch_sequence
             WHERE receipts.session_id = ? AND receipts.voucher_sequence = ?",
        )
        .bind(to_sql(session_id)?)
        .bind(to_sql(sequence)?)
        .fetch_optional(&self.pool)
        .await?;
        match row {
            Some(row) => stored(&row),
            None if self.is_waiting(session_id, sequence).await? => {
                Err(NodeError::ReceiptPending { session_id, sequence })
            }
            None => Err(NodeError::NotFound { kind: "receipt of voucher", id: format!("{session_id}/{sequence}") }),
        }
    }
}

fn stored(row: &SqliteRow) -> Result<StoredReceipt, NodeError> {
    Ok(StoredReceipt { opened: decode(row.get(0))?, batch_id: row.get::<Option<i64>, _>(1).map(from_sql).transpose()? })
}

pub(super) fn decode(bytes: &[u8]) -> Result<OpenedReceipt, NodeError> {
    OpenedReceipt::decode(bytes).map_err(|error| NodeError::Ledger(format!("a stored receipt cannot be read: {error}")))
}
