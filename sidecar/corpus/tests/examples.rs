//! The Datanets that ship with the repository.
#![allow(clippy::unwrap_used, reason = "a test that panics says what broke, which is all it needs to do")]

use std::path::PathBuf;

use openledger_corpus::Datanet;

fn example(name: &str) -> Datanet {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "..", "examples", "datanets", name].iter().collect();
    Datanet::load(&folder).unwrap()
}

#[test]
fn shipped_datanets_agree_with_their_cards() {
    for name in ["sotu", "wordnet"] {
        let datanet = example(name);
        assert_eq!(datanet.card.as_ref().unwrap().name, name);
        assert!((4..=8).contains(&datanet.contributions.len()), "{name}");
        let mut sorted = datanet.contributions.clone();
        sorted.sort_by(|a, b| a.contributor.cmp(&b.contributor));
        assert_eq!(sorted, datanet.contributions);
        assert!(datanet.contributions.iter().all(|part| part.contributor != "heldout"));
        assert_eq!(datanet.row_count(), datanet.contributions.iter().map(|part| part.rows.len() as u64).sum::<u64>());
    }
    assert_ne!(example("sotu").content_root(), example("wordnet").content_root());
}

#[test]
fn clusters_are_found_by_name() {
    let datanet = example("wordnet");
    for (index, part) in datanet.contributions.iter().enumerate() {
        assert_eq!(datanet.cluster(&part.contributor), Some(index));
    }
    assert_eq!(datanet.cluster("nobody"), None);
}
