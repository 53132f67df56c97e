//! Families are made again from their recipes; whoever says that a contributor did more than it did is found.

#![allow(clippy::unwrap_used)]

mod support;

use std::{collections::HashMap, fs, ops::ControlFlow, path::Path};

use openledger_corpus::{Contribution, Limits};
use openledger_protocol::Hash;
use openledger_trainer::{
    FAMILY_FILE, FamilyPart, FamilyPlan, FamilyRecipe, Opened, RECIPE_FILE, Recipe, Rederived, Tail, TrainError,
    Weights, draw_parts, family_parts, rederive, train_family, write_adapter,
};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use support::{forged, opened, slice};

const WEIGHTS: &str = "adapter_model.safetensors";

fn recipe() -> Recipe {
    Recipe { epsilon: 1e-2, learning_rate: 0.03, max_gradient_norm: None, epochs: 2, ..support::recipe() }
}

/// Three contributors with 6, 4 and 2 rows; the last one is the tail.
fn rows() -> Vec<Contribution> {
    let cut = |(part, rows): (&Contribution, usize)| {
        Contribution::from_rows(&part.contributor, part.rows[..rows].to_vec(), &Limits::default()).unwrap()
    };
    slice(3, 6).iter().zip([6, 4, 2]).map(cut).collect()
}

fn trained(out: &Path, weights: Weights) -> (Opened, FamilyRecipe) {
    let mut opened = opened(&rows());
    let plan = FamilyPlan {
        datanet: "wordnet".to_owned(),
        placebo_seeds: vec![101],
        weights,
        base: "examples/model".to_owned(),
        tail: Some(Tail { retrained: 1, draws: 1, ..Tail::below(3) }),
    };
    assert!(train_family(&mut opened, &recipe(), &plan, out, |_| ControlFlow::Continue(())).unwrap());
    (opened, FamilyRecipe::read(out).unwrap())
}

fn all(opened: &mut Opened, family: &FamilyRecipe, out: &Path) -> Result<Vec<Rederived>, TrainError> {
    rederive(opened, family, out, &family_parts(family).unwrap())
}

fn refusal(result: Result<Vec<Rederived>, TrainError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.code(), "TRAIN_FAMILY_REFUTED", "{error}");
    error.to_string()
}

fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// Changes the family's file.
fn told(out: &Path, change: impl FnOnce(&mut Value)) {
    let file = out.join(FAMILY_FILE);
    let mut stored = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut stored);
    fs::write(file, serde_json::to_vec(&stored).unwrap()).unwrap();
}

/// Tells the digest that a file has now.
fn told_anew(out: &Path, path: &str, file: &str) {
    let digest = hex::encode(sha256(&fs::read(out.join(file)).unwrap()));
    told(out, |stored| {
        let listed = stored["variants"].as_array_mut().unwrap();
        listed.iter_mut().filter(|entry| entry["path"] == path).for_each(|entry| entry["sha256"] = json!(digest));
    });
}

/// Puts an adapter so far from the served one, in lengths of the difference that it has.
fn stretched(opened: &Opened, out: &Path, name: &str, by: f32) {
    let read = |name: &str| opened.session.read_adapter(&out.join(name), None).unwrap();
    let (full, own) = (read("full"), read(name));
    let moved = full.parameters.iter().zip(&own.parameters).map(|(full, own)| full + by * (own - full));
    let (moved, modules): (Vec<f32>, _) = (moved.collect(), opened.session.modules());
    let (folder, base) = (out.join(name), "examples/model");
    write_adapter(&folder, &moved, modules, &own.layout, &recipe(), Weights::Float32, base).unwrap();
    told_anew(out, name, &format!("{name}/{WEIGHTS}"));
}

#[test]
fn every_part_comes_out_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    for weights in [Weights::Float32, Weights::Bfloat16] {
        let out = folder.path().join(weights.name());
        let (mut opened, family) = trained(&out, weights);
        // As calibration leaves it.
        told(&out, |stored| stored["query_shift"] = json!(6));
        let found = all(&mut opened, &family, &out).unwrap();
        let names: Vec<&str> = found.iter().map(|each| each.name.as_str()).collect();
        assert_eq!(names, ["full", "without-animal", "without-artifact", "placebo-1", "tail-0.safetensors"]);
        assert!(found.iter().all(|each| each.exact && each.difference == 0.0), "{found:?}");
    }
}

#[test]
fn parts_are_drawn_once_each_and_by_the_seed() {
    let part = |number| FamilyPart::Tail(number);
    let all: Vec<FamilyPart> = (0..6).map(part).collect();
    assert_eq!(draw_parts(all.clone(), 3, 1), draw_parts(all.clone(), 3, 1));
    let mut every = draw_parts(all.clone(), 9, 1);
    every.sort_by_key(|part| match part {
        FamilyPart::Tail(number) => *number,
        FamilyPart::Adapters(_) => u32::MAX,
    });
    assert_eq!(every, all);
    let mut first = HashMap::new();
    for seed in 0..600 {
        let drawn = draw_parts(all.clone(), 1, seed);
        let [FamilyPart::Tail(number)] = drawn[..] else { panic!("{drawn:?}") };
        *first.entry(number).or_insert(0) += 1;
    }
    assert!(first.len() == 6 && first.values().all(|count| (60..150).contains(count)), "{first:?}");
}

#[test]
fn whoever_did_more_than_it_did_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let (mut opened, family) = trained(out, Weights::Float32);
    let honest: HashMap<String, Vec<u8>> = ["without-animal", "placebo-1", "full"]
        .map(|name| (name.to_owned(), fs::read(out.join(name).join(WEIGHTS)).unwrap()))
        .into();
    let restore = |name: &str| {
        fs::write(out.join(name).join(WEIGHTS), &honest[name]).unwrap();
        told_anew(out, name, &format!("{name}/{WEIGHTS}"));
    };
    // What another machine rounds otherwise is no lie.
    stretched(&opened, out, "without-animal", 1.001);
    let found = all(&mut opened, &family, out).unwrap();
    let off = found.iter().find(|each| each.name == "without-animal").unwrap();
    assert!(!off.exact && (5e-4..2e-3).contains(&off.difference), "{off:?}");
    // A contributor that did a tenth more than it did.
    stretched(&opened, out, "without-animal", 1.1);
    assert!(refusal(all(&mut opened, &family, out)).contains("without-animal"));
    restore("without-animal");
    // A floor that is half as high.
    stretched(&opened, out, "placebo-1", 0.5);
    assert!(refusal(all(&mut opened, &family, out)).contains("placebo-1"));
    restore("placebo-1");
    // A file that is not the one that is told of.
    fs::write(out.join("full").join(WEIGHTS), &honest["placebo-1"]).unwrap();
    assert!(refusal(all(&mut opened, &family, out)).contains("another digest"));
    restore("full");
    assert!(all(&mut opened, &family, out).unwrap().iter().all(|each| each.exact));
}

#[test]
fn a_tangent_that_is_too_long_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let (mut opened, family) = trained(out, Weights::Float32);
    let (name, file) = ("tail-0.safetensors", out.join("tail-0.safetensors"));
    let bytes = fs::read(&file).unwrap();
    let longer = |by: f32| {
        let stored = SafeTensors::deserialize(&bytes).unwrap();
        let (key, own) = stored.tensors().remove(0);
        let values = own.data().as_chunks::<4>().0.iter().map(|value| by * f32::from_le_bytes(*value));
        let moved: Vec<u8> = values.flat_map(f32::to_le_bytes).collect();
        let view = TensorView::new(Dtype::F32, own.shape().to_vec(), &moved).unwrap();
        fs::write(&file, safetensors::serialize([(key, view)], None).unwrap()).unwrap();
        told_anew(out, name, name);
    };
    longer(1.01);
    let found = all(&mut opened, &family, out).unwrap();
    assert!(!found[4].exact && (5e-3..2e-2).contains(&found[4].difference), "{found:?}");
    longer(2.0);
    assert!(refusal(all(&mut opened, &family, out)).contains(name));
}

#[test]
fn a_family_of_other_rows_or_names_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path();
    let (mut opened, family) = trained(out, Weights::Float32);
    // One contributor gets what another one did.
    let swap = |stored: &mut Value| {
        let listed = stored["variants"].as_array_mut().unwrap();
        let path = listed[1]["path"].clone();
        listed[1]["path"] = listed[2]["path"].clone();
        listed[2]["path"] = path;
    };
    told(out, swap);
    assert!(refusal(all(&mut opened, &family, out)).contains(FAMILY_FILE));
    told(out, swap);
    told(out, |stored| stored["alpha"] = json!(80.0));
    assert!(refusal(all(&mut opened, &family, out)).contains(FAMILY_FILE));
    told(out, |stored| stored["alpha"] = json!(8.0));
    let other = FamilyRecipe { recipe: Recipe { order_seed: 99, ..recipe() }, ..family.clone() };
    assert!(refusal(all(&mut opened, &other, out)).contains(FAMILY_FILE), "the file names its recipe");
    // The scale that a configuration tells is as good as the factors.
    let config = out.join("without-animal/adapter_config.json");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("\"lora_alpha\": 8", "\"lora_alpha\": 16")).unwrap();
    assert!(refusal(all(&mut opened, &family, out)).contains("adapter_config.json"));
    fs::write(&config, text).unwrap();
    let kept = fs::read(out.join(RECIPE_FILE)).unwrap();
    fs::remove_file(out.join(RECIPE_FILE)).unwrap();
    assert!(FamilyRecipe::read(out).unwrap_err().to_string().contains("trained anew"));
    fs::write(out.join(RECIPE_FILE), &kept[1..]).unwrap();
    assert_eq!(FamilyRecipe::read(out).unwrap_err().code(), "TRAIN_TRANSCRIPT_REFUTED");
    fs::write(out.join(RECIPE_FILE), kept).unwrap();
    let mut elsewhere = support::opened(&forged(slice(3, 6)));
    assert!(refusal(all(&mut elsewhere, &family, out)).contains("content"));
}
