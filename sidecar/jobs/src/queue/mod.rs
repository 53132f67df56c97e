//! The queue: apalis over SQLite or PostgreSQL, and the few questions that apalis has no call for.
//!
//! apalis gives each job to one worker, keeps workers' heartbeats, puts the jobs of a silent one back and counts attempts. Its key
//! of idempotency is the job's id. What stands of a job, forgetting an ended one so that it can be asked for again, and giving a
//! job back without a lost attempt are statements over apalis's table, whose form its own migrations fix.

mod postgres;
mod sqlite;

use std::{collections::HashMap, time::Duration};

use apalis_postgres::PostgresStorage;
use apalis_sqlite::SqliteStorage;
use openledger_protocol::Hash;
use sqlx::{ColumnIndex, Decode, PgPool, SqlitePool, Type};

use crate::{Job, JobsError, job::Ticket};

/// apalis's name of our jobs: other programs may keep theirs in the same database.
const NAME: &str = "openledger.training.v1";
/// How often a job is begun before it is given up.
pub(crate) const MAX_ATTEMPTS: usize = 5;
/// Heartbeats in a lease.
const BEATS: usize = 3;
/// Connections of one process.
const CONNECTIONS: u32 = 8;
/// How long a statement waits for the others on this host.
const BUSY: Duration = Duration::from_secs(30);

/// What stands of a job in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody has it.
    Waiting,
    /// A worker has it.
    Running,
    /// A worker says that it is done.
    Done,
    /// It was given up.
    Failed {
        /// How often it was begun.
        attempts: u64,
        /// What the last attempt said.
        reason: String,
    },
}

/// A row of apalis's table, as both stores answer it.
struct Row {
    key: String,
    status: String,
    attempts: i64,
    max_attempts: i64,
    result: Option<String>,
}

impl Row {
    /// The columns in the order of the fields.
    fn read<'r, R: sqlx::Row>(row: &'r R) -> Result<Self, sqlx::Error>
    where
        usize: ColumnIndex<R>,
        String: Decode<'r, R::Database> + Type<R::Database>,
        i64: Decode<'r, R::Database> + Type<R::Database>,
    {
        Ok(Self {
            key: row.try_get(0)?,
            status: row.try_get(1)?,
            attempts: row.try_get(2)?,
            max_attempts: row.try_get(3)?,
            result: row.try_get(4)?,
        })
    }

    fn state(&self) -> State {
        let failed = |reason: String| State::Failed { attempts: u64::try_from(self.attempts).unwrap_or(0), reason };
        match self.status.as_str() {
            "Done" => State::Done,
            "Running" | "Queued" => State::Running,
            "Killed" => failed(self.reason()),
            "Failed" if self.attempts >= self.max_attempts => failed(self.reason()),
            _ => State::Waiting,
        }
    }

    /// What the last attempt said; apalis stores `{"Err": "..."}`, and before a text the name of its kind of error.
    fn reason(&self) -> String {
        let stored = self.result.as_deref().unwrap_or_default();
        let text = serde_json::from_str::<serde_json::Value>(stored)
            .ok()
            .and_then(|value| Some(value.get("Err")?.as_str()?.to_owned()))
            .unwrap_or_else(|| stored.to_owned());
        text.strip_prefix("AbortError: ").unwrap_or(&text).to_owned()
    }
}

/// A queue of jobs. Clones share connections.
#[derive(Debug, Clone)]
pub struct Queue {
    pub(crate) store: Store,
}

#[derive(Debug, Clone)]
pub(crate) enum Store {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Queue {
    /// Opens a queue and makes its tables. `sqlite:PATH` is one file for the workers of one host; it is made when it is not there.
    /// `postgres://USER@HOST/DATABASE` is for many hosts; the connection is not encrypted.
    ///
    /// # Errors
    /// [`JobsError::Address`], [`JobsError::Queue`].
    pub async fn open(url: &str) -> Result<Self, JobsError> {
        let store = match url.split_once(':') {
            Some(("sqlite", _)) => Store::Sqlite(sqlite::open(url).await?),
            Some(("postgres" | "postgresql", _)) => Store::Postgres(postgres::open(url).await?),
            _ => return Err(JobsError::Address { url: without_secrets(url) }),
        };
        Ok(Self { store })
    }

    /// Puts a job into the queue; false when it is there already, in whatever state.
    ///
    /// # Errors
    /// [`JobsError::Queue`]; [`JobsError::Content`] for places whose names are no text.
    pub async fn push(&self, job: &Job) -> Result<bool, JobsError> {
        let (id, ticket) = (job.id(), Ticket::try_from(job)?);
        if self.standing(&[id]).await?.contains_key(&id) {
            return Ok(false);
        }
        match &self.store {
            Store::Sqlite(pool) => sqlite::push(pool, &id, ticket).await,
            Store::Postgres(pool) => postgres::push(pool, &id, ticket).await,
        }
    }

    /// What stands of jobs; those that the queue does not hold are left out.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn standing(&self, ids: &[Hash]) -> Result<HashMap<Hash, State>, JobsError> {
        let keys: Vec<String> = ids.iter().map(hex::encode).collect();
        let rows = match &self.store {
            Store::Sqlite(pool) => sqlite::rows(pool, &keys).await?,
            Store::Postgres(pool) => postgres::rows(pool, &keys).await?,
        };
        let mut found = HashMap::new();
        for row in rows {
            let mut id = [0; 32];
            if hex::decode_to_slice(&row.key, &mut id).is_ok() {
                found.insert(id, row.state());
            }
        }
        Ok(found)
    }

    /// Forgets a job that is done or was given up, so that it can be asked for again; false when it is under way.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn forget(&self, id: &Hash) -> Result<bool, JobsError> {
        let key = hex::encode(id);
        match &self.store {
            Store::Sqlite(pool) => sqlite::forget(pool, &key).await,
            Store::Postgres(pool) => postgres::forget(pool, &key).await,
        }
    }

    /// Jobs that are neither done nor given up.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub async fn under_way(&self) -> Result<u64, JobsError> {
        let count = match &self.store {
            Store::Sqlite(pool) => sqlite::under_way(pool).await?,
            Store::Postgres(pool) => postgres::under_way(pool).await?,
        };
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Puts back what a worker that ended still holds, and a job that it was stopped in, with the attempt that was none.
    ///
    /// # Errors
    /// [`JobsError::Queue`].
    pub(crate) async fn give_back(&self, worker: &str, stopped: Option<Hash>) -> Result<u64, JobsError> {
        let key = stopped.map(hex::encode).unwrap_or_default();
        match &self.store {
            Store::Sqlite(pool) => sqlite::give_back(pool, worker, &key).await,
            Store::Postgres(pool) => postgres::give_back(pool, worker, &key).await,
        }
    }

    /// apalis's side of the SQLite store, for a worker whose jobs go to others after a lease without heartbeats.
    pub(crate) fn sqlite(pool: &SqlitePool, lease: Duration) -> SqliteStorage<Ticket> {
        let config = apalis_sqlite::Config::default().queue(NAME).batch_size(1);
        let config = config.heartbeat_interval(beat(lease)).missed_heartbeats(BEATS);
        SqliteStorage::new(pool).with_config(config)
    }

    /// apalis's side of the PostgreSQL store.
    pub(crate) fn postgres(pool: &PgPool, lease: Duration) -> PostgresStorage<Ticket> {
        let config = apalis_postgres::Config::default().queue(NAME).batch_size(1);
        let config = config.heartbeat_interval(beat(lease)).missed_heartbeats(BEATS);
        PostgresStorage::new(pool).with_config(config)
    }
}

/// A queue's address for people and logs: without password and parameters.
#[must_use]
pub fn without_secrets(url: &str) -> String {
    let Some((kind, rest)) = url.split_once("://").filter(|(kind, _)| *kind != "sqlite") else { return url.to_owned() };
    // A password may hold any sign, so everything before the last @ belongs to the account.
    let (account, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let place = place.split(['?', '#']).next().unwrap_or_default();
    match account.split(':').next().filter(|name| !name.is_empty()) {
        Some(name) => format!("{kind}://{name}@{place}"),
        None => format!("{kind}://{place}"),
    }
}

/// Time between heartbeats.
fn beat(lease: Duration) -> Duration {
    lease / u32::try_from(BEATS).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        for (url, shown) in [
            ("postgres://me:se@cr/et@host:5432/jobs?password=x", "postgres://me@host:5432/jobs"),
            ("postgres://host/jobs?user=me&password=x", "postgres://host/jobs"),
            ("sqlite:out/queue.sqlite", "sqlite:out/queue.sqlite"),
            ("redis://:secret@host", "redis://host"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }

    #[test]
    fn a_row_says_how_its_job_stands() {
        let row = |status: &str, attempts, result: &str| Row {
            key: String::new(),
            status: status.to_owned(),
            attempts,
            max_attempts: 5,
            result: Some(result.to_owned()),
        };
        assert_eq!(row("Pending", 0, "").state(), State::Waiting);
        assert_eq!(row("Failed", 4, r#"{"Err":"x"}"#).state(), State::Waiting, "it is tried again");
        assert_eq!(row("Queued", 1, "").state(), State::Running);
        assert_eq!(row("Done", 1, r#"{"Ok":null}"#).state(), State::Done);
        let failed = |attempts, reason: &str| State::Failed { attempts, reason: reason.to_owned() };
        assert_eq!(row("Failed", 5, r#"{"Err":"no disk"}"#).state(), failed(5, "no disk"));
        assert_eq!(row("Killed", 1, r#"{"Err":"AbortError: no rows"}"#).state(), failed(1, "no rows"));
    }
}
