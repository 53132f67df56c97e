//! The same family through PostgreSQL: at `OPENLEDGER_POSTGRES_URL`, else a server of our own where the machine has one.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/postgres_server.rs"]
mod server;
mod support;

use std::{fs, time::Duration};

use openledger_jobs::{Queue, Results, Tally};
use support::{assembly, assert_same, in_process, recipe, through_queue, work_until_empty};

#[tokio::test(flavor = "multi_thread")]
async fn a_family_through_postgres_has_the_same_bytes_and_survives_its_workers() {
    let folder = tempfile::tempdir().unwrap();
    let place = tempfile::tempdir().unwrap();
    let Some((_server, url)) = server::find(place.path()) else { return };
    // A seed of its own, so that a database that lives on has not seen this family.
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    let recipe = openledger_trainer::Recipe { init_seed: seed.into(), ..recipe() };
    let (family, places, alone) = in_process(folder.path(), &recipe);
    let (ask, tally) = through_queue(&url, folder.path(), &family, &places, 3).await;
    assert_eq!(tally, Tally { made: 5, ..Tally::default() });
    assert_same(&alone, &folder.path().join("out"));
    assert!(ask.standing().await.unwrap().whole);

    // The whole is lost, and the worker that has the job of making it again is dead.
    let (job, results) = (assembly(&family, &places), folder.path().join("results"));
    fs::remove_dir_all(results.join(hex::encode(job.id()))).unwrap();
    // The store may hear of a job's end a moment after the worker.
    let mut came = ask.enqueue().await.unwrap();
    for _ in 0..100 {
        if came > 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        came = ask.enqueue().await.unwrap();
    }
    assert_eq!(came, 1);
    let store = sqlx::PgPool::connect(&url).await.unwrap();
    let dead = format!("dead-{}", hex::encode(job.id()));
    sqlx::query(
        "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen)
         VALUES ($1, 'openledger.training.v1', 'PgStorage', now() - interval '1 hour')",
    )
    .bind(&dead)
    .execute(&store)
    .await
    .unwrap();
    let taken = sqlx::query("UPDATE apalis.jobs SET status = 'Running', lock_by = $1 WHERE idempotency_key = $2")
        .bind(&dead)
        .bind(hex::encode(job.id()));
    assert_eq!(taken.execute(&store).await.unwrap().rows_affected(), 1);
    assert_eq!(ask.standing().await.unwrap().running, 1);
    let queue = Queue::open(&url).await.unwrap();
    let tally = work_until_empty(&queue, &Results::at(&results), 1).await;
    assert_eq!(tally, Tally { made: 1, ..Tally::default() });
    assert!(ask.take(&folder.path().join("again")).unwrap());
    assert_same(&alone, &folder.path().join("again"));
}
