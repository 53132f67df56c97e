//! Vouchers: reserved before an answer is made, released or charged after it.

use openledger_protocol::amount::format;
use sqlx::{Row, Sqlite, Transaction};

use super::{Ledger, amount, from_sql, to_sql};
use crate::error::NodeError;

/// A voucher whose signature and session were checked.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// Session that pays.
    pub session_id: u64,
    /// Sequence of the voucher.
    pub sequence: u64,
    /// Cumulative amount of the voucher, in uopen.
    pub amount: u128,
    /// Session key's signature.
    pub signature: Vec<u8>,
    /// Highest fee of the answer, in uopen.
    pub max_fee: u128,
    /// What the chain says the session was charged so far, in uopen.
    pub charged_on_chain: u128,
    /// Highest voucher sequence that the chain has seen.
    pub sequence_on_chain: u64,
    /// Block time of the check, seconds since the Unix epoch.
    pub accepted_at: u64,
}

impl Ledger {
    /// Sets `max_fee` aside under a voucher. Refuses a replayed sequence and a voucher that does not cover everything
    /// charged and reserved so far plus this answer; then nothing changes.
    pub async fn reserve(&self, reservation: &Reservation) -> Result<(), NodeError> {
        let Reservation { session_id, sequence, .. } = *reservation;
        let mut tx = self.pool.begin().await?;
        let row = sqlx::query("SELECT charged, voucher_amount FROM sessions WHERE session_id = ?")
            .bind(to_sql(session_id)?)
            .fetch_optional(&mut *tx)
            .await?;
        let (charged, best) = match row {
            Some(row) => (amount(row.get(0))?, amount(row.get(1))?),
            None => (0, 0),
        };
        let charged = charged.max(reservation.charged_on_chain);
        let row = sqlx::query("SELECT coalesce(max(sequence), 0) FROM vouchers WHERE session_id = ?")
            .bind(to_sql(session_id)?)
            .fetch_one(&mut *tx)
            .await?;
        let last = from_sql(row.get(0))?.max(reservation.sequence_on_chain);
        let in_flight = sqlx::query("SELECT reserved FROM vouchers WHERE session_id = ? AND in_flight = 1")
            .bind(to_sql(session_id)?)
            .fetch_all(&mut *tx)
            .await?;
        let mut reserved = 0u128;
        for row in in_flight {
            reserved = reserved.saturating_add(amount(row.get(0))?);
        }
        if sequence <= last {
            return Err(NodeError::VoucherReplayed { session_id, got: sequence, last });
        }
        // A later voucher below an earlier one would take back a promise.
        let needed = charged.saturating_add(reserved).saturating_add(reservation.max_fee).max(best);
        if reservation.amount < needed {
            return Err(NodeError::VoucherTooSmall { session_id, covered: reservation.amount, needed });
        }
        sqlx::query("INSERT INTO vouchers (session_id, sequence, reserved, in_flight) VALUES (?, ?, ?, 1)")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .bind(format(reservation.max_fee))
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO sessions (session_id, charged, voucher_amount, voucher_sequence, voucher_signature)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (session_id) DO UPDATE SET
                 charged = ?2, voucher_amount = ?3, voucher_sequence = ?4, voucher_signature = ?5",
        )
        .bind(to_sql(session_id)?)
        .bind(format(charged))
        .bind(format(reservation.amount))
        .bind(to_sql(sequence)?)
        .bind(&reservation.signature)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Undoes a reservation whose answer never began: the voucher can be used again.
    pub async fn forget(&self, session_id: u64, sequence: u64) -> Result<(), NodeError> {
        sqlx::query("DELETE FROM vouchers WHERE session_id = ? AND sequence = ? AND in_flight = 1")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Frees a reservation without a charge: the answer failed after it began. The voucher stays used.
    pub async fn release(&self, session_id: u64, sequence: u64) -> Result<(), NodeError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("UPDATE vouchers SET in_flight = 0 WHERE session_id = ? AND sequence = ?")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .execute(&mut *tx)
            .await?;
        forget_answer(&mut tx, session_id, sequence).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Ends an answer's wait.
async fn forget_answer(tx: &mut Transaction<'_, Sqlite>, session_id: u64, sequence: u64) -> Result<(), NodeError> {
    sqlx::query("DELETE FROM answers WHERE session_id = ? AND sequence = ?")
        .bind(to_sql(session_id)?)
        .bind(to_sql(sequence)?)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Turns a reservation into a charge and returns the session's new cumulative fee.
pub(super) async fn charge(
    tx: &mut Transaction<'_, Sqlite>,
    session_id: u64,
    sequence: u64,
    fee: u128,
) -> Result<u128, NodeError> {
    let released =
        sqlx::query("UPDATE vouchers SET in_flight = 0 WHERE session_id = ? AND sequence = ? AND in_flight = 1")
            .bind(to_sql(session_id)?)
            .bind(to_sql(sequence)?)
            .execute(&mut **tx)
            .await?;
    if released.rows_affected() != 1 {
        return Err(NodeError::Ledger(format!("voucher {sequence} of session {session_id} is not reserved")));
    }
    forget_answer(tx, session_id, sequence).await?;
    let row = sqlx::query("SELECT charged FROM sessions WHERE session_id = ?")
        .bind(to_sql(session_id)?)
        .fetch_one(&mut **tx)
        .await?;
    let charged = amount(row.get(0))?
        .checked_add(fee)
        .ok_or_else(|| NodeError::Ledger(format!("session {session_id} was charged beyond 128 bits")))?;
    sqlx::query("UPDATE sessions SET charged = ? WHERE session_id = ?")
        .bind(format(charged))
        .bind(to_sql(session_id)?)
        .execute(&mut **tx)
        .await?;
    Ok(charged)
}
