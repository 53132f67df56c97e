//! How fast near-duplicate clusters are found: `cargo run --release -p openledger-corpus --example clusters -- ROWS…`.

mod made_up;

use std::{env, error::Error, num::NonZeroUsize, thread, time::Instant};

use openledger_corpus::{
    Row,
    clusters::{Clusters, Settings},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes = env::args().skip(1).map(|size| size.parse()).collect::<Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    let cores = thread::available_parallelism()?;
    for size in sizes {
        let rows = (0..size).map(made_up::row).collect::<Result<Vec<_>, _>>()?;
        let rows: Vec<&Row> = rows.iter().collect();
        for threads in [NonZeroUsize::MIN, cores] {
            let start = Instant::now();
            let found = Clusters::of(&rows, &Settings { threads, ..Settings::default() }, None)?;
            let seconds = start.elapsed().as_secs_f64();
            println!(
                "{size} rows, {threads} threads: {seconds:.2} s, {:.0} rows/s, {} clusters",
                rows.len() as f64 / seconds,
                found.rows.len()
            );
        }
    }
    Ok(())
}
