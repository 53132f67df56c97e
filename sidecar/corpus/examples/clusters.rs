//! How fast near-duplicate clusters are found: `cargo run --release -p openledger-corpus --example clusters -- ROWS…`.
//!
//! Rows are drawn from a vocabulary of 5,000 made-up words; every tenth is a copy of an earlier row with one word replaced.

use std::{env, error::Error, num::NonZeroUsize, thread, time::Instant};

use openledger_corpus::{
    Row,
    clusters::{Clusters, Settings},
};
use openledger_protocol::digest::tagged;

/// Words of a row.
const WORDS: u64 = 40;

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes = env::args().skip(1).map(|size| size.parse()).collect::<Result<Vec<u64>, _>>()?;
    if sizes.is_empty() {
        sizes = vec![10_000, 100_000];
    }
    let cores = thread::available_parallelism()?;
    for size in sizes {
        let rows = (0..size).map(row).collect::<Result<Vec<_>, _>>()?;
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

/// Row `index`; one in ten copies the row before it but for one word.
fn row(index: u64) -> Result<Row, String> {
    let copy = index % 10 == 9;
    let source = if copy { index - 1 } else { index };
    let words: Vec<String> = (0..WORDS).map(|at| word(source, if copy && at == 20 { WORDS } else { at })).collect();
    let (prompt, completion) = words.split_at(8);
    Row::new(prompt.join(" "), completion.join(" ")).map_err(|field| format!("{field} is empty"))
}

/// Word `at` of a row: three to nine letters.
fn word(row: u64, at: u64) -> String {
    let [high, low, ..] = tagged("example-place", &[row.to_be_bytes(), at.to_be_bytes()].concat());
    let spelled = tagged("example-word", &(u16::from_be_bytes([high, low]) % 5_000).to_be_bytes());
    let length = 3 + usize::from(spelled[31] % 7);
    spelled.iter().take(length).map(|byte| char::from(b'a' + byte % 26)).collect()
}
