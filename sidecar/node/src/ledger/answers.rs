//! Answers between their last token and their receipt.

use prost::Message;
use sqlx::Row;

use super::{Ledger, receipts::decode, to_sql};
use crate::{api::OpenedReceipt, error::NodeError};

/// A delivered answer without its receipt.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivered {
    /// The receipt with its openings, without attribution and signature.
    pub draft: OpenedReceipt,
    /// Log-probability of the response under the served adapter in nats, where it was noted as it was made.
    pub log_prob: Option<f64>,
}

impl Ledger {
    /// Stores a delivered answer, whose receipt lacks attribution and signature, and lowers its reservation to the exact fee.
    pub async fn deliver(
        &self,
        session_id: u64,
        sequence: u64,
        fee: u128,
        answer: &Delivered,
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
        sqlx::query("INSERT INTO answers (session_id, sequence, draft, log_prob) VALUES (?, ?, ?, ?)")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .bind(answer.draft.encode_to_vec())
            .bind(answer.log_prob)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Delivered answers without receipts, oldest first.
    pub async fn waiting_answers(&self) -> Result<Vec<Delivered>, NodeError> {
        let rows = sqlx::query("SELECT draft, log_prob FROM answers ORDER BY position").fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| Ok(Delivered { draft: decode(row.get(0))?, log_prob: row.get(1) })).collect()
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::ledger::Reservation;

    #[tokio::test]
    async fn what_an_answer_was_likely_to_be_survives_to_the_bit_and_may_be_unknown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let ledger = Ledger::open(&path).await.unwrap();
        let answer = |sequence: u64, log_prob| {
            let draft = OpenedReceipt { response: vec![u32::try_from(sequence).unwrap()], ..OpenedReceipt::default() };
            Delivered { draft, log_prob }
        };
        let known = answer(1, Some(-12.345_678_901_234_567));
        for (sequence, answer) in [(1, &known), (2, &answer(2, None))] {
            let reservation = Reservation {
                session_id: 7,
                sequence,
                amount: 100,
                signature: Vec::new(),
                max_fee: 10,
                charged_on_chain: 0,
                sequence_on_chain: 0,
                accepted_at: 0,
            };
            ledger.reserve(&reservation).await.unwrap();
            ledger.deliver(7, sequence, 9, answer).await.unwrap();
        }
        // A draft of an earlier version of the store.
        let draft = answer(3, None).draft.encode_to_vec();
        let old = sqlx::query("INSERT INTO answers (session_id, sequence, draft) VALUES (7, 3, ?)").bind(draft);
        old.execute(&ledger.pool).await.unwrap();
        drop(ledger);
        let found = Ledger::open(&path).await.unwrap().waiting_answers().await.unwrap();
        assert_eq!(found, [known, answer(2, None), answer(3, None)]);
    }
}
