//! `ci`: everything that must hold before a change lands, timed. Stops at the first step that fails.

mod steps;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::setup::Ready;

/// Runs every step but those in `skip` and prints how long each took, also when one failed.
pub fn run(ready: &Ready, skip: &[String]) -> Result<()> {
    if let Some(unknown) = skip.iter().find(|name| !steps::ALL.iter().any(|(known, _)| known == name)) {
        let known: Vec<_> = steps::ALL.iter().map(|(known, _)| *known).collect();
        bail!("no step is called {unknown:?}\n  what to do: choose from: {}", known.join(", "));
    }
    let mut timed = Vec::new();
    let mut result = Ok(());
    for (name, step) in steps::ALL {
        if skip.iter().any(|skipped| skipped == name) {
            continue;
        }
        eprintln!("\n== {name}");
        let started = Instant::now();
        let outcome = step(ready);
        let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
        timed.push((name, started.elapsed(), verdict));
        if let Err(error) = outcome {
            result = Err(error).with_context(|| format!("ci step `{name}`"));
            break;
        }
    }
    print_table(&timed);
    result
}

fn print_table(timed: &[(&str, Duration, &str)]) {
    eprintln!("\n{:<32} {:>8}", "step", "time");
    for (name, took, verdict) in timed {
        eprintln!("{name:<32} {:>8}  {verdict}", clock(*took));
    }
    let total = timed.iter().map(|(_, took, _)| *took).sum();
    eprintln!("{:<32} {:>8}", "total", clock(total));
}

fn clock(took: Duration) -> String {
    let seconds = took.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
