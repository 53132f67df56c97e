//! The queue in one SQLite file.

use std::str::FromStr;

use apalis::prelude::{TaskBuilder, TaskSink};
use apalis_sqlite::SqliteStorage;
use openledger_protocol::Hash;
use sqlx::{
    Row as _, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{BUSY, CONNECTIONS, MAX_ATTEMPTS, NAME, Queue, Row};
use crate::{JobsError, job::Ticket};

pub(super) async fn open(url: &str) -> Result<SqlitePool, JobsError> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY);
    if let Some(folder) = options.get_filename().parent() {
        std::fs::create_dir_all(folder).map_err(|error| JobsError::file(folder, error))?;
    }
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
    SqliteStorage::migrations().run(&pool).await.map_err(JobsError::queue)?;
    Ok(pool)
}

pub(super) async fn push(pool: &SqlitePool, id: &Hash, ticket: Ticket) -> Result<bool, JobsError> {
    let task = TaskBuilder::new(ticket).idempotency_key(hex::encode(id)).max_attempts(MAX_ATTEMPTS).build();
    // A second job under the same key is left out by the store itself.
    Queue::sqlite(pool, BUSY).push_task(task).await.map_err(JobsError::queue)?;
    Ok(true)
}

pub(super) async fn rows(pool: &SqlitePool, keys: &[String]) -> Result<Vec<Row>, JobsError> {
    let keys = serde_json::to_string(keys).map_err(JobsError::queue)?;
    let rows = sqlx::query(
        "SELECT idempotency_key, status, attempts, max_attempts, last_result FROM Jobs
         WHERE job_type = ? AND idempotency_key IN (SELECT value FROM json_each(?))",
    )
    .bind(NAME)
    .bind(keys)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(Row::read).collect::<Result<_, _>>()?)
}

pub(super) async fn forget(pool: &SqlitePool, key: &str) -> Result<bool, JobsError> {
    let gone = sqlx::query(
        "DELETE FROM Jobs WHERE job_type = ? AND idempotency_key = ?
         AND (status IN ('Done', 'Killed') OR (status = 'Failed' AND attempts >= max_attempts))",
    )
    .bind(NAME)
    .bind(key)
    .execute(pool)
    .await?;
    Ok(gone.rows_affected() > 0)
}

pub(super) async fn under_way(pool: &SqlitePool) -> Result<i64, JobsError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM Jobs WHERE job_type = ?
         AND (status IN ('Pending', 'Queued', 'Running') OR (status = 'Failed' AND attempts < max_attempts))",
    )
    .bind(NAME)
    .fetch_one(pool)
    .await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn give_back(pool: &SqlitePool, worker: &str, stopped: &str) -> Result<u64, JobsError> {
    let back = sqlx::query(
        "UPDATE Jobs SET status = 'Pending', done_at = NULL, lock_by = NULL, lock_at = NULL,
             attempts = CASE WHEN status = 'Failed' THEN MAX(attempts - 1, 0) ELSE attempts END
         WHERE job_type = ? AND lock_by = ?
         AND (status IN ('Queued', 'Running') OR (status = 'Failed' AND idempotency_key = ?))",
    )
    .bind(NAME)
    .bind(worker)
    .bind(stopped)
    .execute(pool)
    .await?;
    Ok(back.rows_affected())
}
