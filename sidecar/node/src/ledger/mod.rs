//! What a node and a validator must not forget: vouchers, receipts, batches, proposals and signatures.
//!
//! Everything that leaves the process signed is committed here first, so that killing it at any instant loses no paid
//! receipt and never makes it sign twice.

mod answers;
mod attestations;
mod batches;
mod receipts;
mod vouchers;

use std::{path::Path, time::Duration};

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use crate::error::NodeError;

pub use answers::Delivered;
pub use attestations::VerifiedBatch;
pub use batches::{PreparedBatch, SessionVoucher, WaitingReceipt};
pub use receipts::StoredReceipt;
pub use vouchers::Reservation;

/// The store of one home folder.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: SqlitePool,
}

impl Ledger {
    /// Opens or creates the store at `path` and brings its schema up to date.
    ///
    /// One connection: writes are serial anyway, and a second writer would only meet "database is locked".
    pub async fn open(path: &Path) -> Result<Self, NodeError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::migrate!().run(&pool).await.map_err(|error| NodeError::Ledger(error.to_string()))?;
        // Answers that were being made when the process ended are never charged; those that were delivered still are.
        sqlx::query(
            "UPDATE vouchers SET in_flight = 0 WHERE in_flight = 1 AND NOT EXISTS (
                 SELECT 1 FROM answers
                 WHERE answers.session_id = vouchers.session_id AND answers.sequence = vouchers.sequence)",
        )
        .execute(&pool)
        .await?;
        Ok(Self { pool })
    }
}

/// SQLite's integers are signed; ids above 2⁶³ do not occur before the chain has made that many.
fn to_sql(value: u64) -> Result<i64, NodeError> {
    i64::try_from(value).map_err(|_| NodeError::Ledger(format!("integer {value} is beyond the store's range")))
}

fn from_sql(value: i64) -> Result<u64, NodeError> {
    u64::try_from(value).map_err(|_| NodeError::Ledger(format!("the store holds the negative integer {value}")))
}

fn amount(text: &str) -> Result<u128, NodeError> {
    openledger_protocol::amount::parse(text).map_err(|error| NodeError::Ledger(error.to_string()))
}
