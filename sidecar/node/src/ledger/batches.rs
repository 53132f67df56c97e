//! Batches: prepared once, sent until the chain has them.

use openledger_protocol::{BatchHeader, Message, Receipt};
use sqlx::Row;

use super::{Ledger, amount, from_sql, receipts::decode, to_sql};
use crate::{api::OpenedReceipt, error::NodeError};

/// The best voucher of a session.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct SessionVoucher {
    /// Session.
    pub session_id: u64,
    /// Cumulative amount, in uopen.
    pub amount: u128,
    /// Sequence.
    pub sequence: u64,
    /// Signature by the session key.
    pub signature: Vec<u8>,
}

/// A batch that is on its way.
#[derive(Debug, Clone)]
pub struct PreparedBatch {
    /// As committed.
    pub header: BatchHeader,
    /// One per charge of the header, in its order.
    pub vouchers: Vec<SessionVoucher>,
}

/// A receipt that waits for a batch.
#[derive(Debug, Clone)]
pub struct WaitingReceipt {
    /// Place in serving order.
    pub position: i64,
    /// The receipt.
    pub receipt: Receipt,
}

impl Ledger {
    /// Receipts in no batch yet that can be charged, oldest first, at most `limit`.
    pub async fn waiting_receipts(&self, limit: u32) -> Result<Vec<WaitingReceipt>, NodeError> {
        let rows = sqlx::query(
            "SELECT position, opened FROM receipts
             WHERE batch_sequence IS NULL AND uncollectable IS NULL ORDER BY position LIMIT ?",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                let receipt = decode(row.get(1))?
                    .receipt
                    .and_then(|signed| signed.receipt)
                    .ok_or_else(|| NodeError::Ledger("a stored receipt is incomplete".into()))?;
                Ok(WaitingReceipt { position: row.get(0), receipt })
            })
            .collect()
    }

    /// The best voucher of a session.
    pub async fn best_voucher(&self, session_id: u64) -> Result<SessionVoucher, NodeError> {
        let row = sqlx::query(
            "SELECT voucher_amount, voucher_sequence, voucher_signature FROM sessions WHERE session_id = ?",
        )
        .bind(to_sql(session_id)?)
        .fetch_one(&self.pool)
        .await?;
        Ok(SessionVoucher {
            session_id,
            amount: amount(row.get(0))?,
            sequence: from_sql(row.get(1))?,
            signature: row.get(2),
        })
    }

    /// Gives up the waiting receipts of a session that can no longer be charged; returns how many.
    pub async fn give_up_session(&self, session_id: u64, reason: &str) -> Result<u64, NodeError> {
        let given_up = sqlx::query(
            "UPDATE receipts SET uncollectable = ?
             WHERE session_id = ? AND batch_sequence IS NULL AND uncollectable IS NULL",
        )
        .bind(reason)
        .bind(to_sql(session_id)?)
        .execute(&self.pool)
        .await?;
        Ok(given_up.rows_affected())
    }

    /// Takes a batch apart that the chain refused; its receipts wait again.
    pub async fn discard_batch(&self, sequence: u64) -> Result<(), NodeError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("UPDATE receipts SET batch_sequence = NULL WHERE batch_sequence = ?")
            .bind(to_sql(sequence)?)
            .execute(&mut *tx)
            .await?;
        sqlx::query("DELETE FROM batches WHERE sequence = ? AND batch_id IS NULL")
            .bind(to_sql(sequence)?)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Sequence of the newest batch prepared here; zero before the first.
    pub async fn last_batch_sequence(&self) -> Result<u64, NodeError> {
        let row = sqlx::query("SELECT coalesce(max(sequence), 0) FROM batches").fetch_one(&self.pool).await?;
        from_sql(row.get(0))
    }

    /// Binds receipts to a batch, by their positions.
    pub async fn prepare_batch(&self, batch: &PreparedBatch, positions: &[i64]) -> Result<(), NodeError> {
        let vouchers = serde_json::to_vec(&batch.vouchers).map_err(|error| NodeError::Ledger(error.to_string()))?;
        let mut tx = self.pool.begin().await?;
        sqlx::query("INSERT INTO batches (sequence, header, vouchers) VALUES (?, ?, ?)")
            .bind(to_sql(batch.header.sequence)?)
            .bind(batch.header.encode_to_vec())
            .bind(vouchers)
            .execute(&mut *tx)
            .await?;
        for position in positions {
            let bound =
                sqlx::query("UPDATE receipts SET batch_sequence = ? WHERE position = ? AND batch_sequence IS NULL")
                    .bind(to_sql(batch.header.sequence)?)
                    .bind(position)
                    .execute(&mut *tx)
                    .await?;
            if bound.rows_affected() != 1 {
                return Err(NodeError::Ledger("receipts changed while their batch was built".into()));
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// The oldest batch that the chain has not confirmed.
    pub async fn unconfirmed_batch(&self) -> Result<Option<PreparedBatch>, NodeError> {
        let row = sqlx::query("SELECT header, vouchers FROM batches WHERE batch_id IS NULL ORDER BY sequence LIMIT 1")
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(PreparedBatch {
            header: decode_header(row.get(0))?,
            vouchers: serde_json::from_slice(row.get(1)).map_err(|error| NodeError::Ledger(error.to_string()))?,
        }))
    }

    /// Notes the id that the chain gave to a batch.
    pub async fn confirm_batch(&self, sequence: u64, batch_id: u64) -> Result<(), NodeError> {
        sqlx::query("UPDATE batches SET batch_id = ? WHERE sequence = ?")
            .bind(to_sql(batch_id)?)
            .bind(to_sql(sequence)?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A batch by its id on chain, with its receipts in serving order.
    pub async fn batch(&self, batch_id: u64) -> Result<(BatchHeader, Vec<OpenedReceipt>), NodeError> {
        let unknown = || NodeError::NotFound { kind: "batch", id: batch_id.to_string() };
        let row = sqlx::query("SELECT sequence, header FROM batches WHERE batch_id = ?")
            .bind(i64::try_from(batch_id).map_err(|_| unknown())?)
            .fetch_optional(&self.pool)
            .await?
            .ok_or_else(unknown)?;
        let header = decode_header(row.get(1))?;
        let receipts = sqlx::query("SELECT opened FROM receipts WHERE batch_sequence = ? ORDER BY position")
            .bind(row.get::<i64, _>(0))
            .fetch_all(&self.pool)
            .await?
            .iter()
            .map(|row| decode(row.get(0)))
            .collect::<Result<_, _>>()?;
        Ok((header, receipts))
    }
}

fn decode_header(bytes: &[u8]) -> Result<BatchHeader, NodeError> {
    BatchHeader::decode(bytes).map_err(|error| NodeError::Ledger(format!("a stored batch cannot be read: {error}")))
}
