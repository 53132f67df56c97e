//! How long near-duplicate clusters take in process, by plans in process, and on a cluster, for the same rows:
//! `compare df://HOST:PORT ROWS…`.

#[path = "../../corpus/examples/made_up/mod.rs"]
mod made_up;

use std::{
    env,
    error::Error,
    num::NonZeroUsize,
    thread,
    time::{Duration, Instant},
};

use openledger_corpus::{
    Row,
    clusters::{Clusters, Settings},
};
use openledger_corpus_cluster::Engine;

/// Parts of every stage.
const PARTS: usize = 4;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let scheduler = arguments.next().ok_or("name the scheduler: df://HOST:PORT")?;
    let sizes = arguments.map(|size| size.parse()).collect::<Result<Vec<u64>, _>>()?;
    let parts = NonZeroUsize::new(PARTS).ok_or("no parts")?;
    let folder = tempfile::tempdir()?;
    let local = Engine::local(folder.path(), parts)?;
    let cluster = Engine::cluster(&scheduler, folder.path(), parts, Duration::from_secs(3_600))?;
    let settings = Settings { threads: thread::available_parallelism()?, ..Settings::default() };
    for size in sizes {
        let rows = (0..size).map(made_up::row).collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<&Row> = rows.iter().collect();
        let start = Instant::now();
        let plain = Clusters::of(&rows, &settings, None)?;
        report(size, "plain code", start);
        for (name, engine) in [("plans in process", &local), ("plans on the cluster", &cluster)] {
            let start = Instant::now();
            let found = engine.clusters(&rows, &settings, None).await?;
            report(size, name, start);
            if found != plain {
                return Err(format!("{name} finds other clusters").into());
            }
        }
    }
    Ok(())
}

fn report(rows: u64, name: &str, start: Instant) {
    let seconds = start.elapsed().as_secs_f64();
    println!("{rows} rows, {name}: {seconds:.2} s, {:.0} rows/s", rows as f64 / seconds);
}
