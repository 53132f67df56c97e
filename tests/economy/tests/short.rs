//! A few short histories; `cargo xtask economy` plays a million actions.

use openledger_economy::{Length, play};

#[test]
fn model_and_contracts_agree() {
    for seed in 1..=4 {
        let summary =
            play(seed, Length { actions: 1_500, check_every: 10 }).unwrap_or_else(|failure| panic!("{failure}"));
        assert!(summary.accepted > 500 && summary.refused > 100, "{summary}");
    }
}

#[test]
fn a_seed_gives_the_same_history() {
    let length = Length { actions: 300, check_every: 100 };
    let twice = [play(9, length), play(9, length)].map(|result| result.map_err(|failure| failure.to_string()));
    assert_eq!(twice[0], twice[1]);
}
