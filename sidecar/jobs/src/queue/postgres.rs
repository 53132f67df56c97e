//! The queue in a PostgreSQL database.

use apalis::prelude::{TaskBuilder, TaskSink, TaskSinkError};
use apalis_postgres::PostgresStorage;
use openledger_protocol::Hash;
use sqlx::{PgConnection, PgPool, Row as _, postgres::PgPoolOptions};

use super::{BUSY, CONNECTIONS, MAX_ATTEMPTS, NAME, Queue, Row};
use crate::{JobsError, job::Ticket};

pub(super) async fn open(url: &str) -> Result<PgPool, JobsError> {
    let options = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(BUSY);
    let pool = options.after_release(|connection, _| Box::pin(is_clean(connection))).connect(url).await?;
    PostgresStorage::migrations().run(&pool).await.map_err(JobsError::queue)?;
    Ok(pool)
}

/// False for a connection with an open transaction, which must not be used again: whatever is said on it would never be committed,
/// and others would wait for its locks. sqlx leaves one behind when whoever begins a transaction gives up meanwhile, and apalis's
/// polls do.
async fn is_clean(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    // A transaction's time is that of its first message. A prepared statement takes several, a plain query one.
    sqlx::raw_sql("SELECT now() = statement_timestamp()").fetch_one(connection).await?.try_get(0)
}

pub(super) async fn push(pool: &PgPool, id: &Hash, ticket: Ticket) -> Result<bool, JobsError> {
    let task = TaskBuilder::new(ticket).idempotency_key(hex::encode(id)).max_attempts(MAX_ATTEMPTS).build();
    match Queue::postgres(pool, BUSY).push_task(task).await {
        Ok(()) => Ok(true),
        // Somebody was faster with the same job.
        Err(TaskSinkError::PushError(apalis_postgres::Error::Database(error)))
            if error.as_database_error().is_some_and(|error| error.is_unique_violation()) =>
        {
            Ok(false)
        }
        Err(error) => Err(JobsError::queue(error)),
    }
}

pub(super) async fn rows(pool: &PgPool, keys: &[String]) -> Result<Vec<Row>, JobsError> {
    let rows = sqlx::query(
        "SELECT idempotency_key, status, attempts::bigint, max_attempts::bigint, last_result::text FROM apalis.jobs
         WHERE job_type = $1 AND idempotency_key = ANY($2)",
    )
    .bind(NAME)
    .bind(keys)
    .fetch_all(pool)
    .await?;
    Ok(rows.iter().map(Row::read).collect::<Result<_, _>>()?)
}

pub(super) async fn forget(pool: &PgPool, key: &str) -> Result<bool, JobsError> {
    let gone = sqlx::query(
        "DELETE FROM apalis.jobs WHERE job_type = $1 AND idempotency_key = $2
         AND (status IN ('Done', 'Killed') OR (status = 'Failed' AND attempts >= max_attempts))",
    )
    .bind(NAME)
    .bind(key)
    .execute(pool)
    .await?;
    Ok(gone.rows_affected() > 0)
}

pub(super) async fn under_way(pool: &PgPool) -> Result<i64, JobsError> {
    let row = sqlx::query(
        "SELECT COUNT(*) FROM apalis.jobs WHERE job_type = $1
         AND (status IN ('Pending', 'Queued', 'Running') OR (status = 'Failed' AND attempts < max_attempts))",
    )
    .bind(NAME)
    .fetch_one(pool)
    .await?;
    Ok(row.try_get(0)?)
}

pub(super) async fn give_back(pool: &PgPool, worker: &str, stopped: &str) -> Result<u64, JobsError> {
    let back = sqlx::query(
        "UPDATE apalis.jobs SET status = 'Pending', done_at = NULL, lock_by = NULL, lock_at = NULL,
             attempts = CASE WHEN status = 'Failed' THEN GREATEST(attempts - 1, 0) ELSE attempts END
         WHERE job_type = $1 AND lock_by = $2
         AND (status IN ('Queued', 'Running') OR (status = 'Failed' AND idempotency_key = $3))",
    )
    .bind(NAME)
    .bind(worker)
    .bind(stopped)
    .execute(pool)
    .await?;
    Ok(back.rows_affected())
}

#[cfg(test)]
#[path = "../../tests/support/postgres_server.rs"]
mod server;

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use super::*;

    #[tokio::test]
    async fn a_connection_with_an_open_transaction_is_not_used_again() {
        let place = tempfile::tempdir().unwrap();
        let Some((_server, url)) = server::find(place.path()) else { return };
        let pool = open(&url).await.unwrap();
        for begun in [true, false] {
            let mut connection = pool.acquire().await.unwrap();
            if begun {
                connection.execute("BEGIN").await.unwrap();
            }
            assert_eq!(is_clean(&mut connection).await.unwrap(), !begun);
        }
        let mut all = Vec::new();
        for _ in 0..CONNECTIONS {
            all.push(pool.acquire().await.unwrap());
            assert!(is_clean(all.last_mut().unwrap()).await.unwrap());
        }
    }
}
