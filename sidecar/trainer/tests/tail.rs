//! A family with a tail: its vectors are what training again would find, in the same bits however they are made.

#![allow(clippy::unwrap_used)]

mod support;

use std::{fs, ops::ControlFlow, path::Path, time::Duration};

use openledger_attribution::{
    Family,
    index::{Index, Secants},
};
use openledger_corpus::{Contribution, Limits, Row};
use openledger_trainer::{
    Examples, FamilyPlan, Keeping, Opened, Recipe, Tail, TailShard, TrainError, Weights, tail_file, train_family,
    train_tail,
};
use support::{opened, slice};

/// The smooth recipe that derivatives ask for.
fn recipe() -> Recipe {
    Recipe { epsilon: 1e-2, learning_rate: 0.03, max_gradient_norm: None, ..support::recipe() }
}

/// Four contributors with 12, 4, 2 and 3 rows.
fn rows() -> Vec<Contribution> {
    let cut = |(part, rows): (&Contribution, usize)| {
        Contribution::from_rows(&part.contributor, part.rows[..rows].to_vec(), &Limits::default()).unwrap()
    };
    slice(4, 12).iter().zip([12, 4, 2, 3]).map(cut).collect()
}

/// The first and the second contributor are retrained; the others are a part each.
fn tail() -> Tail {
    Tail { retrained: 1, draws: 1, together: 1, ..Tail::below(4) }
}

fn plan(tail: Option<Tail>) -> FamilyPlan {
    FamilyPlan {
        datanet: "wordnet".to_owned(),
        placebo_seeds: vec![101],
        weights: Weights::Float32,
        base: "examples/model".to_owned(),
        tail,
    }
}

fn go_on(_: &openledger_trainer::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn trained(opened: &mut Opened, out: &Path, tail: Option<Tail>) -> (Family, Secants) {
    assert!(train_family(opened, &recipe(), &plan(tail), out, go_on).unwrap());
    let family = Family::read(out).unwrap();
    let secants = Secants::read(&opened.session, &family).unwrap();
    (family, secants)
}

/// Cosine between two vectors, and how long the left one is beside the right one.
fn compare(left: &[f32], right: &[f32]) -> (f64, f64) {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let (own, other) = (product(left, left), product(right, right));
    (product(left, right) / (own * other).sqrt(), (own / other).sqrt())
}

#[test]
fn the_tail_stands_where_training_without_it_would() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&rows());
    let (whole, truth) = trained(&mut opened, &folder.path().join("whole"), None);
    let fine = Tail { draws: 8, together: 2, ..tail() };
    let (family, found) = trained(&mut opened, &folder.path().join("tailed"), Some(fine));
    let contributors = opened.examples.contributors();
    assert!(family.contributors().eq(contributors.iter().map(String::as_str)), "in the order of the clusters");
    assert_eq!((family.counterfactuals.len(), family.tail.len()), (2, 2));
    assert_eq!(family.tail[0].file.file_name().unwrap(), "tail-0.safetensors");
    assert_eq!((&found.contributors, &found.sizes), (&truth.contributors, &vec![12, 4, 2, 3]));
    // Those with an adapter have the same one in both.
    assert!(found.served == truth.served && found.placebos == truth.placebos);
    assert!(found.clusters[..2] == truth.clusters[..2]);
    // The others lie to first order where training without them leads: same way, same length.
    for cluster in [2, 3] {
        let (cosine, length) = compare(&found.clusters[cluster], &truth.clusters[cluster]);
        println!("{}: cosine {cosine:.3}, length {length:.3}", contributors[cluster]);
        assert!(cosine > 0.8 && (0.6..1.6).contains(&length), "{cosine}, {length}");
    }
    assert_ne!(family.digest(), whole.digest());
    let index = Index::build(&opened.session, &family, 64).unwrap();
    assert_eq!(index.contributors, contributors);
    assert_eq!(index.facts().rows, 4);
    let reversed: Vec<&str> = contributors.iter().rev().map(String::as_str).collect();
    assert_eq!(index.arranged(reversed.iter().copied()).unwrap().contributors, reversed);
}

#[test]
fn parts_have_the_same_bits_alone_late_and_after_a_break() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&rows());
    let (out, recipe) = (folder.path().join("family"), Recipe { epochs: 2, ..recipe() });
    assert!(train_family(&mut opened, &recipe, &plan(Some(tail())), &out, go_on).unwrap());
    let family = opened.family(recipe, plan(Some(tail())));
    let mut session = opened.curvature().unwrap();
    let (alone, place) = (folder.path().join("alone"), folder.path().join("under-way"));
    for number in [1, 0] {
        let keeping = Keeping { place: &place, of: [7; 32], every: Duration::MAX };
        let shard = TailShard { number, out: &alone, keeping: Some(keeping) };
        // Stopped in the third of its ten steps, and again in the seventh.
        for step in [3, 7] {
            let stop = |progress: &openledger_trainer::Progress| {
                if progress.step == step { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            assert_eq!(train_tail(&mut session, &opened.examples, &family, &shard, stop).unwrap(), None);
            assert!(place.exists());
        }
        let mut steps = Vec::new();
        let seen = |progress: &openledger_trainer::Progress| {
            steps.push(progress.step);
            // It is done: nobody loses it by stopping now.
            if progress.step == progress.steps { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        assert!(train_tail(&mut session, &opened.examples, &family, &shard, seen).unwrap().is_some());
        assert_eq!(steps, [8, 9, 10], "it went on");
        fs::remove_file(&place).unwrap();
        let file = tail_file(number);
        assert!(fs::read(alone.join(&file)).unwrap() == fs::read(out.join(&file)).unwrap(), "{file}");
    }
    let none = TailShard { number: 2, out: &alone, keeping: None };
    let error = train_tail(&mut session, &opened.examples, &family, &none, go_on).unwrap_err();
    assert!(matches!(error, TrainError::Recipe { field: "tail part", .. }), "{error}");
}

#[test]
fn whoever_has_no_rows_of_its_own_has_moved_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows = slice(3, 4);
    let louder = |row: &Row| Row::new(row.prompt().to_uppercase(), row.completion()).unwrap();
    let copies = rows[0].rows.iter().map(louder).collect();
    rows[2] = Contribution::from_rows("copier", copies, &Limits::default()).unwrap();
    let recipe = Recipe { duplicates: Some(80), epochs: 1, ..recipe() };
    let mut opened = opened(&rows);
    opened.examples = Examples::encode(&rows, &opened.session, &recipe).unwrap();
    for together in [1, 2] {
        let out = folder.path().join(together.to_string());
        let plan = plan(Some(Tail { together, below_rows: 5, ..tail() }));
        assert!(train_family(&mut opened, &recipe, &plan, &out, go_on).unwrap());
        let secants = Secants::read(&opened.session, &Family::read(&out).unwrap()).unwrap();
        let moved: Vec<bool> = secants.clusters.iter().map(|vector| vector.iter().any(|value| *value != 0.0)).collect();
        assert_eq!(moved, [true, true, false], "{together} together");
        assert_eq!(secants.sizes, [4, 4, 0]);
    }
}

#[test]
fn vectors_that_are_not_the_familys_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&rows());
    let short = Recipe { epochs: 1, ..recipe() };
    let plan = plan(Some(tail()));
    assert!(train_family(&mut opened, &short, &plan, folder.path(), go_on).unwrap());
    let family = Family::read(folder.path()).unwrap();
    let code = |family: &Family| Secants::read(&opened.session, family).unwrap_err().code();
    assert_eq!(family.check_whole().unwrap_err().code(), "AUDIT_TAIL_UNMEASURED");
    let mut other = family.clone();
    other.tail[0].file = family.tail[1].file.clone();
    assert_eq!(code(&other), "AUDIT_FILE_INVALID", "one file with two digests");
    other.tail[0].digest = family.tail[1].digest;
    assert_eq!(code(&other), "AUDIT_FILE_INVALID", "no vector of it there");
    let file = &family.tail[1].file;
    let mut bytes = fs::read(file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(file, bytes).unwrap();
    assert_eq!(code(&family), "AUDIT_FILE_INVALID", "a bit that changed");
    fs::remove_file(file).unwrap();
    assert_eq!(code(&family), "AUDIT_FILE_INVALID");
    let manifest = folder.path().join("adapters.json");
    let text = fs::read_to_string(&manifest).unwrap();
    let name = &family.tail[0].contributor;
    let refused = |from: &str, to: &str| {
        let changed = text.replace(from, to);
        assert_ne!(changed, text);
        fs::write(&manifest, changed).unwrap();
        Family::read(folder.path()).unwrap_err().code()
    };
    let other = &family.counterfactuals[0].contributor.clone().unwrap();
    assert_eq!(
        refused(&format!("\"contributor\": \"{name}\""), &format!("\"contributor\": \"{other}\"")),
        "AUDIT_FAMILY_INVALID"
    );
    assert_eq!(refused(&format!("\"contributor\": \"{name}\""), "\"contributor\": null"), "AUDIT_FAMILY_INVALID");
    assert_eq!(refused("\"tail-0.safetensors\"", "\"../tail-0.safetensors\""), "AUDIT_FAMILY_INVALID");
    assert_eq!(refused("\"counterfactual\"", "\"tangent\""), "AUDIT_FAMILY_INVALID");
}
