//! `openledger-economy`: plays random histories and says with which seed one fails.

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use clap::Parser;
use openledger_economy::{Length, play};

/// Plays random actions over all contracts and compares them with a plain model.
#[derive(Parser)]
struct Args {
    /// Actions in all.
    #[arg(long, default_value_t = 1_000_000)]
    actions: u64,
    /// Actions of one history; the next one starts on a fresh chain with the next seed.
    #[arg(long, default_value_t = 20_000)]
    history: u64,
    /// Seed of the first history.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Every how many actions everything is compared; what an action touches is compared at once.
    #[arg(long, default_value_t = 25)]
    check_every: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let started = Instant::now();
    let (mut played, mut seed) = (0, args.seed);
    let mut kinds = BTreeMap::<String, u64>::new();
    while played < args.actions {
        let actions = args.history.min(args.actions - played);
        match play(seed, Length { actions, check_every: args.check_every }) {
            Ok(summary) => {
                summary.kinds.iter().for_each(|(kind, times)| *kinds.entry(kind.clone()).or_default() += times);
                played += actions;
                println!(
                    "seed {seed}: {summary} ({played} of {} actions, {} s)",
                    args.actions,
                    started.elapsed().as_secs()
                );
            }
            Err(failure) => {
                println!("{failure}\nagain: --seed {seed} --actions {} --check-every 1", failure.action + 1);
                return ExitCode::FAILURE;
            }
        }
        seed += 1;
    }
    kinds.iter().for_each(|(kind, times)| println!("{times:>9} {kind}"));
    println!("{played} actions, seeds {} to {}: model and contracts agree", args.seed, seed - 1);
    ExitCode::SUCCESS
}
