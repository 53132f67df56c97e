//! Answers between their last token and their receipt.

use prost::Message;
use sqlx::Row;

use super::{Ledger, receipts::decode, to_sql};
use crate::{api::OpenedReceipt, error::NodeError};

impl Ledger {
    /// Stores a delivered answer, whose receipt lacks attribution and signature, and lowers its reservation to the exact fee.
    pub async fn deliver(
        &self,
        session_id: u64,
        sequence: u64,
        fee: u128,
        draft: &OpenedReceipt,
    ) -> Result<(), NodeError> {
        let mut tx = self.pool.begin().await?;
        let lowered =
            sqlx::query("UPDATE vouchers SET reserved = ? WHERE session_id = ? AND sequence = ? AND in_flight = 1")
                .bind(openledger_protocol::amount::format(fee))
                .bind(to_sql(session_id)?)
                .bind(to_sql(sequence)?)
                .execute(&mut *tx)
                .await?;
        if lowered.rows_affected() != 1 {
            return Err(NodeError::Ledger(format!("voucher {sequence} of session {session_id} is not reserved")));
        }
        sqlx::query("INSERT INTO answers (session_id, sequence, draft) VALUES (?, ?, ?)")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .bind(draft.encode_to_vec())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Delivered answers without receipts, oldest first.
    pub async fn waiting_answers(&self) -> Result<Vec<OpenedReceipt>, NodeError> {
        let rows = sqlx::query("SELECT draft FROM answers ORDER BY position").fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| decode(row.get(0))).collect()
    }

    /// Whether the answer under this voucher still waits for its receipt.
    pub(super) async fn is_waiting(&self, session_id: u64, sequence: u64) -> Result<bool, NodeError> {
        let row = sqlx::query("SELECT 1 FROM vouchers WHERE session_id = ? AND sequence = ? AND in_flight = 1")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.is_some())
    }
}
