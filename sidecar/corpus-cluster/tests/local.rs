//! Plans in this process find what plain code finds, and refuse what it refuses.

mod common;

use std::num::NonZeroUsize;

use openledger_corpus::{
    CorpusError, Row,
    clusters::{Clusters, Gradients, Settings},
};
use openledger_corpus_cluster::{ClusterError, Engine};
use tempfile::TempDir;

fn engine(partitions: usize) -> (Engine, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let partitions = NonZeroUsize::new(partitions).expect("not zero");
    (Engine::local(folder.path(), partitions).expect("an engine"), folder)
}

async fn find(rows: &[&Row], settings: &Settings, gradients: Option<&Gradients<'_>>) -> Result<Clusters, ClusterError> {
    let (engine, folder) = engine(3);
    let found = engine.clusters(rows, settings, gradients).await;
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0, "what a question writes goes with it");
    found
}

#[tokio::test]
async fn the_same_clusters_whatever_the_number_of_parts() {
    let rows = common::rows(800);
    let rows: Vec<&Row> = rows.iter().collect();
    for threshold in [65, 80, 100] {
        let settings = Settings { threshold, ..Settings::default() };
        let plain = Clusters::of(&rows, &settings, None).expect("clusters");
        assert!(plain.rows.iter().any(|cluster| cluster.len() > 2), "something is planted");
        for partitions in [1, 4] {
            let (engine, _folder) = engine(partitions);
            assert_eq!(engine.clusters(&rows, &settings, None).await.expect("clusters"), plain);
        }
    }
}

#[tokio::test]
async fn no_rows_and_one_row() {
    let one = Row::new("who", "nobody").expect("a row");
    for rows in [vec![], vec![&one]] {
        let plain = Clusters::of(&rows, &Settings::default(), None).expect("clusters");
        assert_eq!(find(&rows, &Settings::default(), None).await.expect("clusters"), plain);
    }
}

#[tokio::test]
async fn the_same_number_of_pairs_is_too_many() {
    let rows = common::rows(64);
    let rows: Vec<&Row> = rows.iter().collect();
    let with = |pairs| Settings { pairs, ..Settings::default() };
    let enough = (0..u64::MAX).find(|pairs| Clusters::of(&rows, &with(*pairs), None).is_ok()).expect("a number");
    assert!(enough > 100, "{enough} pairs");
    find(&rows, &with(enough), None).await.expect("enough");
    let refused = find(&rows, &with(enough - 1), None).await.expect_err("too few");
    assert!(matches!(refused, ClusterError::Corpus(CorpusError::TooManyPairs { limit }) if limit == enough - 1));
}

#[tokio::test]
async fn other_bounds_hold() {
    let rows = common::rows(3);
    let rows: Vec<&Row> = rows.iter().collect();
    let default = Settings::default();
    let code = |found: Result<Clusters, ClusterError>| found.expect_err("refused").code();
    assert_eq!(code(find(&rows, &Settings { threshold: 64, ..default }, None).await), "CORPUS_BAD_THRESHOLD");
    assert_eq!(code(find(&rows, &Settings { text_bytes: 9, ..default }, None).await), "CORPUS_TOO_MUCH_TEXT");
    let short = Gradients { vectors: &[vec![1]], threshold: 90 };
    assert_eq!(code(find(&rows, &default, Some(&short)).await), "CORPUS_BAD_GRADIENTS");
    let nowhere = Engine::local("/no/such/folder".as_ref(), NonZeroUsize::MIN).expect("an engine");
    assert_eq!(code(nowhere.clusters(&rows, &default, None).await), "CLUSTER_FOLDER");
}

#[tokio::test]
async fn vectors_join_the_same_candidates() {
    let rows = common::rows(160);
    let rows: Vec<&Row> = rows.iter().collect();
    let settings = Settings { threshold: 95, ..Settings::default() };
    let vector = |index: usize| {
        vec![90, i8::try_from(index % 8).expect("small") * 12, -(i8::try_from(index % 3).expect("small"))]
    };
    let vectors: Vec<Vec<i8>> = (0..rows.len()).map(vector).collect();
    let without = Clusters::of(&rows, &settings, None).expect("clusters");
    let mut joined = 0;
    for threshold in [80, 99] {
        let gradients = Gradients { vectors: &vectors, threshold };
        let plain = Clusters::of(&rows, &settings, Some(&gradients)).expect("clusters");
        joined += usize::from(plain != without);
        assert_eq!(find(&rows, &settings, Some(&gradients)).await.expect("clusters"), plain);
    }
    assert!(joined > 0, "vectors make a difference");
    let gradients = Gradients { vectors: &vectors, threshold: 80 };
    let few = Settings { pairs: 10, ..settings };
    let refused = find(&rows, &few, Some(&gradients)).await.expect_err("too few");
    assert_eq!(refused.code(), "CORPUS_TOO_MANY_PAIRS");
}
