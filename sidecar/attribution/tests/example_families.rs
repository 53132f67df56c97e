//! The trained example families.

#![allow(clippy::unwrap_used)]

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use openledger_attribution::{AuditLane, Family, rank_table, read_questions};
use openledger_engine::{Engine, EngineConfig, Limits};
use openledger_protocol::shares::SHARE_ONE;
use serde::Deserialize;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn engine() -> Engine {
    Engine::start(EngineConfig::new(examples().join("model"))).unwrap()
}

fn family(name: &str) -> Family {
    Family::read(&examples().join("adapters").join(name)).unwrap()
}

async fn lane(engine: &Engine, name: &str) -> AuditLane {
    AuditLane::load(engine.clone(), name, family(name)).await.unwrap()
}

#[tokio::test]
async fn the_right_contributor_is_first_for_nine_of_ten_questions() {
    let engine = engine();
    let lanes = [lane(&engine, "sotu").await, lane(&engine, "wordnet").await];
    let questions = read_questions(&examples().join("questions.json")).unwrap();
    assert!(questions.len() >= 24);
    let table = rank_table(&lanes, &questions).await.unwrap();
    println!("{}", table.to_markdown());
    println!("rank-1 rate {:.3}", table.rank_one_rate());
    assert!(table.rank_one_rate() >= 0.9, "{}", table.rank_one_rate());
    for row in &table.rows {
        let shares = row.measurement.attribution().unwrap();
        assert_eq!(shares.shares.iter().sum::<u64>() + shares.unattributed, SHARE_ONE);
    }
}

/// One entry of `tests/golden/peft/audit.json`.
#[derive(Deserialize)]
struct Audited {
    id: String,
    prompt_ids: Vec<u32>,
    answer_ids: Vec<u32>,
    log_probs: HashMap<String, f64>,
    deltas: HashMap<String, f64>,
    noise_floor: f64,
}

#[tokio::test]
async fn measurements_match_peft() {
    let engine = engine();
    let lanes = [lane(&engine, "sotu").await, lane(&engine, "wordnet").await];
    let path = examples().join("../tests/golden/peft/audit.json");
    let audited: Vec<Audited> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(audited.len() >= 24);
    let mut worst = 0.0_f64;
    for entry in &audited {
        let lane = lanes.iter().find(|lane| entry.id.starts_with(&lane.family().datanet)).unwrap();
        let found = lane.attribute(&entry.prompt_ids, &entry.answer_ids).await.unwrap();
        let mut compare = |found: f64, expected: f64| worst = worst.max((found / 1e6 - expected).abs());
        compare(found.full as f64, entry.log_probs["full"]);
        for (name, delta) in lane.family().contributors().zip(found.deltas()) {
            compare(delta as f64, entry.deltas[name]);
        }
        compare(found.floor() as f64, entry.noise_floor);
    }
    println!("largest difference to PEFT: {worst:.2e} nats");
    assert!(worst <= 1e-3, "{worst}");
}

#[tokio::test]
async fn the_same_answer_always_measures_the_same() {
    let engine = engine();
    let lane = lane(&engine, "wordnet").await;
    let prompt = engine.encode("What is a termite?\n").unwrap();
    let response = engine.encode_completion("a small insect that eats wood").unwrap();
    let first = lane.attribute(&prompt, &response).await.unwrap();
    assert_eq!(lane.attribute(&prompt, &response).await.unwrap(), first);
    assert_eq!(first.counterfactuals.len(), lane.family().contributors().count());
    assert_eq!(first.placebos.len(), lane.family().placebos.len());
    // Loading a family twice is allowed: the weights are the same.
    let again = self::lane(&engine, "wordnet").await;
    assert_eq!(again.attribute(&prompt, &response).await.unwrap(), first);
}

#[tokio::test]
async fn a_family_with_a_changed_adapter_is_refused_and_leaves_nothing_behind() {
    let engine = engine();
    let mut changed = family("sotu");
    changed.placebos[0].digest[0] ^= 1;
    let error = AuditLane::load(engine.clone(), "sotu", changed).await.err().unwrap();
    assert_eq!(error.code(), "ADAPTER_DIGEST_MISMATCH");
    let error = engine.unload_adapter("sotu/full").await.unwrap_err();
    assert_eq!(error.code(), "ADAPTER_UNKNOWN");
}

#[tokio::test]
async fn a_family_larger_than_the_batch_is_refused() {
    let limits = Limits { max_score_rows: 4, ..Limits::default() };
    let engine = Engine::start(EngineConfig { limits, ..EngineConfig::new(examples().join("model")) }).unwrap();
    let error = AuditLane::load(engine, "sotu", family("sotu")).await.err().unwrap();
    assert_eq!(error.code(), "AUDIT_BATCH_TOO_SMALL");
}

#[test]
fn broken_manifests_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let code = |text: &str| {
        std::fs::write(folder.path().join("adapters.json"), text).unwrap();
        Family::read(folder.path()).unwrap_err().code()
    };
    let variant = |name: &str, kind: &str, contributor: &str, path: &str| {
        let digest = "00".repeat(32);
        format!(
            r#"{{"name":"{name}","kind":"{kind}","contributor":{contributor},"path":"{path}","sha256":"{digest}"}}"#
        )
    };
    let list = |variants: &[String]| format!(r#"{{"datanet":"d","variants":[{}]}}"#, variants.join(","));
    let full = variant("full", "full", "null", "full");
    let without = variant("w", "counterfactual", "\"a\"", "w");
    let placebo = variant("p", "placebo", "null", "p");
    assert_eq!(code("{"), "AUDIT_FILE_INVALID");
    assert_eq!(code(r#"{"datanet":"d"}"#), "AUDIT_FILE_INVALID");
    let families = [
        vec![without.clone(), placebo.clone()],
        vec![full.clone(), full.clone(), without.clone(), placebo.clone()],
        vec![full.clone(), placebo.clone()],
        vec![full.clone(), without.clone()],
        vec![full.clone(), variant("w", "counterfactual", "null", "w"), placebo.clone()],
        vec![full.clone(), without.clone(), variant("x", "counterfactual", "\"a\"", "x"), placebo.clone()],
        vec![full.clone(), without.clone(), variant("p", "placebo", "null", "../p")],
    ];
    for family in families {
        assert_eq!(code(&list(&family)), "AUDIT_FAMILY_INVALID");
    }
    let whole = list(&[full, without, placebo]);
    let with_recipe = |digest: &str| whole.replacen('{', &format!(r#"{{"recipe":"{digest}","#), 1);
    for digest in ["", "00", &"zz".repeat(32), &"00".repeat(33)] {
        assert_eq!(code(&with_recipe(digest)), "AUDIT_FAMILY_INVALID", "{digest:?}");
    }
    std::fs::write(folder.path().join("adapters.json"), with_recipe(&"07".repeat(32))).unwrap();
    let family = Family::read(folder.path()).unwrap();
    assert_eq!(family.contributors().collect::<Vec<_>>(), ["a"]);
    assert_eq!(family.recipe, Some([7; 32]));
    std::fs::write(folder.path().join("adapters.json"), &whole).unwrap();
    assert_eq!(Family::read(folder.path()).unwrap().recipe, None);
    std::fs::remove_file(folder.path().join("adapters.json")).unwrap();
    assert_eq!(Family::read(folder.path()).unwrap_err().code(), "AUDIT_FILE_INVALID");
}

/// The example family, in which the variants of these names are the served adapter again.
fn with_copies(copies: impl Fn(&str) -> bool) -> Family {
    let mut family = family("wordnet");
    let (folder, digest) = (family.full.folder.clone(), family.full.digest);
    for variant in family.counterfactuals.iter_mut().chain(&mut family.placebos) {
        if copies(&variant.name) {
            (variant.folder, variant.digest) = (folder.clone(), digest);
        }
    }
    family
}

#[tokio::test]
async fn a_variant_that_is_the_served_adapter_loses_nothing_and_the_others_measure_as_before() {
    let engine = engine();
    let honest = lane(&engine, "wordnet").await;
    let prompt = engine.encode("What is a termite?\n").unwrap();
    let response = engine.encode_completion("a small insect that eats wood").unwrap();
    let expected = honest.attribute(&prompt, &response).await.unwrap();

    let copied = with_copies(|name| name == "without-body");
    let at = copied.contributors().position(|contributor| contributor == "body").unwrap();
    let lane = AuditLane::load(engine.clone(), "copied", copied).await.unwrap();
    let found = lane.attribute(&prompt, &response).await.unwrap();
    assert_ne!(expected.deltas()[at], 0);
    assert_eq!(found.deltas()[at], 0);
    let others =
        |deltas: Vec<i64>| deltas.into_iter().enumerate().filter(|(place, _)| *place != at).collect::<Vec<_>>();
    assert_eq!(others(found.deltas()), others(expected.deltas()));
    assert_eq!((found.full, found.base, &found.placebos), (expected.full, expected.base, &expected.placebos));

    let lane = AuditLane::load(engine.clone(), "copies", with_copies(|_| true)).await.unwrap();
    let found = lane.attribute(&prompt, &response).await.unwrap();
    assert!(found.deltas().iter().all(|delta| *delta == 0));
    assert_eq!((found.floor(), found.lift()), (0, expected.lift()));
}
