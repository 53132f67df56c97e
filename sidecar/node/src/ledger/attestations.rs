//! Epochs proposed and signed, and the batches that were verified for them.

use std::collections::BTreeMap;

use openledger_protocol::{Credit, EpochStatement, Hash, Message, amount::format};
use sqlx::Row;

use super::{Ledger, amount, from_sql, to_sql};
use crate::error::NodeError;

/// A batch that this validator recomputed.
#[derive(Debug, Clone)]
pub struct VerifiedBatch {
    /// Batch in the settlement contract.
    pub batch_id: u64,
    /// Digest of its header.
    pub digest: Hash,
    /// Its credits.
    pub credits: Vec<Credit>,
    /// Receipts whose attribution was executed again.
    pub reexecuted: u32,
}

impl Ledger {
    /// The statement proposed for a round of `epoch`, if one ever was.
    pub async fn proposal(&self, epoch: u64, round: u32) -> Result<Option<EpochStatement>, NodeError> {
        let row = sqlx::query("SELECT statement FROM proposals WHERE epoch = ? AND round = ?")
            .bind(to_sql(epoch)?)
            .bind(i64::from(round))
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| EpochStatement::decode(row.get::<&[u8], _>(0)))
            .transpose()
            .map_err(|error| NodeError::Ledger(format!("a stored proposal cannot be read: {error}")))
    }

    /// Fixes the statement of a round before it is shown to anybody.
    pub async fn propose(&self, statement: &EpochStatement) -> Result<(), NodeError> {
        sqlx::query("INSERT INTO proposals (epoch, round, statement) VALUES (?, ?, ?)")
            .bind(to_sql(statement.epoch)?)
            .bind(i64::from(statement.round))
            .bind(statement.encode_to_vec())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Records the digest that is about to be signed; refuses a second one for the same round of the same epoch.
    pub async fn record_signature(&self, epoch: u64, round: u32, digest: &Hash) -> Result<(), NodeError> {
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query("SELECT digest FROM signatures WHERE epoch = ? AND round = ?")
            .bind(to_sql(epoch)?)
            .bind(i64::from(round))
            .fetch_optional(&mut *tx)
            .await?;
        match row {
            Some(row) if row.get::<&[u8], _>(0) != digest => return Err(NodeError::WouldEquivocate { epoch, round }),
            Some(_) => {}
            None => {
                sqlx::query("INSERT INTO signatures (epoch, round, digest) VALUES (?, ?, ?)")
                    .bind(to_sql(epoch)?)
                    .bind(i64::from(round))
                    .bind(digest.as_slice())
                    .execute(&mut *tx)
                    .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// Digest and number of re-executions of a batch that was verified before.
    pub async fn verified_batch(&self, batch_id: u64) -> Result<Option<(Vec<u8>, u32)>, NodeError> {
        let row = sqlx::query("SELECT digest, reexecuted FROM verified_batches WHERE batch_id = ?")
            .bind(to_sql(batch_id)?)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok((row.get(0), u32::try_from(from_sql(row.get(1))?).unwrap_or(u32::MAX)))).transpose()
    }

    /// Stores a verified batch and what each payee earns by it.
    pub async fn store_verified(&self, batch: &VerifiedBatch) -> Result<(), NodeError> {
        let mut earned: BTreeMap<&str, u128> = BTreeMap::new();
        for credit in &batch.credits {
            let entry = earned.entry(&credit.payee).or_default();
            *entry = entry.saturating_add(amount(&credit.amount)?);
        }
        let mut tx = self.pool.begin().await?;
        sqlx::query("INSERT OR IGNORE INTO verified_batches (batch_id, digest, reexecuted) VALUES (?, ?, ?)")
            .bind(to_sql(batch.batch_id)?)
            .bind(batch.digest.as_slice())
            .bind(i64::from(batch.reexecuted))
            .execute(&mut *tx)
            .await?;
        for (payee, total) in earned {
            sqlx::query("INSERT OR IGNORE INTO verified_earnings (batch_id, payee, amount) VALUES (?, ?, ?)")
                .bind(to_sql(batch.batch_id)?)
                .bind(payee)
                .bind(format(total))
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What each payee earns by a verified batch, as credits without receipts: all that the payout tree needs.
    pub async fn earnings(&self, batch_id: u64) -> Result<Vec<Credit>, NodeError> {
        let rows = sqlx::query("SELECT payee, amount FROM verified_earnings WHERE batch_id = ? ORDER BY payee")
            .bind(to_sql(batch_id)?)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(|row| Credit { payee: row.get(0), amount: row.get(1), ..Credit::default() }).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_second_statement_of_a_round_is_never_signed_even_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let ledger = Ledger::open(&path).await.unwrap();
        ledger.record_signature(1, 0, &[7; 32]).await.unwrap();
        drop(ledger);
        let ledger = Ledger::open(&path).await.unwrap();
        ledger.record_signature(1, 0, &[7; 32]).await.unwrap();
        let refused = ledger.record_signature(1, 0, &[8; 32]).await.unwrap_err();
        assert_eq!(refused.reason(), "WOULD_EQUIVOCATE");
        ledger.record_signature(1, 1, &[8; 32]).await.unwrap();
        ledger.record_signature(2, 0, &[8; 32]).await.unwrap();
    }
}
