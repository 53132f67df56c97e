//! Transcripts: what holds, and every lie that a replay has to find.

#![allow(clippy::unwrap_used)]

mod support;

use std::{fs, ops::ControlFlow, path::Path};

use openledger_attribution::Family;
use openledger_corpus::Contribution;
use openledger_engine::gradient::GradientSession;
use openledger_protocol::digest::tagged;
use openledger_trainer::{
    Checkpoint, Examples, FamilyPlan, Job, LeftOut, Recipe, TRANSCRIPT_FILE, TrainError, TrainState, Training,
    Transcript, Verification, Weights, shards, train_family, train_many, verify,
};
use prost::Message;
use support::{encoded, forged, opened, recipe, session, slice, storage};

const ALL: usize = usize::MAX;

fn go_on(_: &openledger_trainer::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn train(session: &mut GradientSession, rows: &[Contribution], folder: &Path) -> Examples {
    let examples = encoded(rows, session);
    Training::begin(session, &examples, &recipe(), 1).unwrap().run(&storage(folder, 4), go_on).unwrap();
    examples
}

fn check(session: &mut GradientSession, rows: &Examples, folder: &Path) -> Result<Verification, TrainError> {
    verify(session, rows, folder, ALL, 1, 1)
}

fn refuted(result: Result<Verification, TrainError>) -> (Option<u64>, String) {
    match result {
        Err(TrainError::Refuted { step, reason }) => (step, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_honest_transcript_holds_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let examples = train(&mut session, &slice(3, 4), folder.path());
    let found = check(&mut session, &examples, folder.path()).unwrap();
    assert!(found.is_exact());
    assert_eq!((found.steps, found.replayed), (12, 12));
    assert_eq!((found.loss_difference, found.way_difference), (0.0, 0.0));
    // One drawn step replays the span that holds it.
    let one = verify(&mut session, &examples, folder.path(), 1, 5, 1).unwrap();
    assert_eq!((one.replayed, one.exact), (4, 4));
    // Nothing replayed says nothing.
    let none = verify(&mut session, &examples, folder.path(), 0, 5, 1).unwrap();
    assert!(none.replayed == 0 && !none.is_exact());
    let transcript = Transcript::from_bytes(&fs::read(folder.path().join(TRANSCRIPT_FILE)).unwrap()).unwrap();
    assert_eq!(transcript.steps().len(), 12);
    assert_eq!(transcript.recipe(), &recipe());
}

#[test]
fn a_changed_row_is_found_by_its_root_and_by_replay() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let honest = encoded(&slice(3, 4), &session);
    let forged_rows = train(&mut session, &forged(slice(3, 4)), folder.path());
    let (step, reason) = refuted(check(&mut session, &honest, folder.path()));
    assert!(step.is_none() && reason.contains("the Datanet's content"), "{reason}");
    assert!(check(&mut session, &forged_rows, folder.path()).is_ok());
    // The trainer names the honest rows and order in its head, over steps and states made with others.
    let clean = tempfile::tempdir().unwrap();
    train(&mut session, &slice(3, 4), clean.path());
    let read = |folder: &Path| -> wire::Transcript {
        wire::Transcript::decode(fs::read(folder.join(TRANSCRIPT_FILE)).unwrap().as_slice()).unwrap()
    };
    let (truth, lie) = (read(clean.path()), read(folder.path()));
    let head = |message: &wire::Transcript| wire::Transcript {
        dataset_root: truth.dataset_root.clone(),
        order_root: truth.order_root.clone(),
        ..message.clone()
    };
    rewrite(folder.path(), head(&lie));
    for step in Checkpoint::list(folder.path()).unwrap() {
        let place = folder.path().join(format!("checkpoints/step-{step:08}"));
        let stored = read(&place);
        rewrite(&place, head(&stored));
    }
    let (step, reason) = refuted(check(&mut session, &honest, folder.path()));
    assert!(step.is_some(), "{reason}");
}

#[test]
fn a_changed_step_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let examples = train(&mut session, &slice(3, 4), folder.path());
    let path = folder.path().join(TRANSCRIPT_FILE);
    let whole = fs::read(&path).unwrap();
    let told = wire::Transcript::decode(whole.as_slice()).unwrap();
    // Without the chain.
    let mut changed = told.clone();
    changed.steps[5].loss += 1;
    fs::write(&path, changed.encode_to_vec()).unwrap();
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("chain"));
    // With it: loss, state of a step inside a span, and a checkpoint's step.
    for (at, loss, state) in [(5, 1, 0), (5, 0, 1), (7, 0, 1)] {
        let mut changed = told.clone();
        changed.steps[at].loss += loss;
        changed.steps[at].state_digest[0] ^= state;
        rewrite(folder.path(), changed);
        let (step, reason) = refuted(check(&mut session, &examples, folder.path()));
        assert_eq!(step, Some(at as u64 + 1), "{reason}");
    }
    // A step less, another recipe, other bytes for the same message.
    let mut shorter = told.clone();
    shorter.steps.pop();
    rewrite(folder.path(), shorter);
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("12"));
    let mut seeded = told.clone();
    seeded.recipe.as_mut().unwrap().init_seed += 1;
    rewrite(folder.path(), seeded);
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("the initial state"));
    fs::write(&path, [&whole[..], &[0x7A, 0]].concat()).unwrap();
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("one encoding"));
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        assert!(Transcript::from_bytes(&whole[..length]).is_err(), "{length}");
    }
    fs::write(&path, &whole).unwrap();
    assert!(check(&mut session, &examples, folder.path()).unwrap().is_exact());
}

#[test]
fn another_adapter_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let examples = train(&mut session, &slice(3, 4), folder.path());
    let path = folder.path().join("adapter_model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, &bytes).unwrap();
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("adapter_model.safetensors"));
    // The right factors under a configuration that scales them differently.
    bytes.last_mut().map(|byte| *byte ^= 1).unwrap();
    fs::write(&path, &bytes).unwrap();
    assert!(check(&mut session, &examples, folder.path()).is_ok());
    let config = folder.path().join("adapter_config.json");
    let honest = fs::read_to_string(&config).unwrap();
    fs::write(&config, honest.replace("\"lora_alpha\": 8", "\"lora_alpha\": 16")).unwrap();
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("adapter_config.json"));
    fs::write(&config, honest.replace("examples/model", "elsewhere")).unwrap();
    assert!(check(&mut session, &examples, folder.path()).is_ok());
    // Named by the transcript, but not the last state.
    bytes.last_mut().map(|byte| *byte ^= 1).unwrap();
    fs::write(&path, &bytes).unwrap();
    let told = fs::read(folder.path().join(TRANSCRIPT_FILE)).unwrap();
    let mut changed = wire::Transcript::decode(told.as_slice()).unwrap();
    changed.adapter_digest = sha256(&bytes);
    rewrite(folder.path(), changed);
    assert!(refuted(check(&mut session, &examples, folder.path())).1.contains("state after the last step"));
}

/// Writes tensors over a checkpoint, with a chain and an index that fit them, as a liar would.
fn put_state(folder: &Path, told: &mut wire::Transcript, state: &TrainState) {
    let step = usize::try_from(state.step).unwrap();
    told.steps[step - 1].state_digest = state.digest().to_vec();
    let place = folder.join(format!("checkpoints/step-{step:08}"));
    let names = ["parameters", "first_moment", "second_moment"];
    let bytes = [&state.parameters, &state.first, &state.second]
        .map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    let tensors = names.into_iter().zip(&bytes).map(|(name, bytes)| {
        let shape = vec![bytes.len() / 4];
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape, bytes).unwrap())
    });
    fs::write(place.join("state.safetensors"), safetensors::serialize(tensors, None).unwrap()).unwrap();
    let steps = told.steps[..step].to_vec();
    rewrite(&place, wire::Transcript { steps, adapter_digest: Vec::new(), ..told.clone() });
    let chain = wire::Transcript::decode(fs::read(place.join(TRANSCRIPT_FILE)).unwrap().as_slice()).unwrap().chain;
    let index = serde_json::json!({
        "version": 1, "step": step, "state_digest": hex::encode(state.digest()), "chain": hex::encode(chain),
    });
    fs::write(place.join("checkpoint.json"), index.to_string()).unwrap();
}

#[test]
fn a_state_that_would_hold_parameters_still_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let examples = train(&mut session, &slice(3, 4), folder.path());
    let told = wire::Transcript::decode(fs::read(folder.path().join(TRANSCRIPT_FILE)).unwrap().as_slice()).unwrap();
    let honest = Checkpoint::read(folder.path(), 4).unwrap().state;
    // Moments for the first ten parameters only; then fewer parameters altogether.
    let moments = TrainState { first: vec![0.0; 10], second: vec![0.0; 10], ..honest.clone() };
    put_state(folder.path(), &mut told.clone(), &moments);
    let error = Checkpoint::read(folder.path(), 4).unwrap_err();
    assert!(error.to_string().contains("differ in size"), "{error}");
    let few = |values: &[f32]| values[..10].to_vec();
    let small = TrainState {
        step: 4,
        parameters: few(&honest.parameters),
        first: few(&honest.first),
        second: few(&honest.second),
    };
    let mut lie = told;
    put_state(folder.path(), &mut lie, &small);
    rewrite(folder.path(), lie);
    // Seed 1 draws every step, so the span that begins with the lie is replayed too.
    let (step, _) = refuted(check(&mut session, &examples, folder.path()));
    assert_eq!(step, Some(4));
}

#[test]
fn a_replay_that_rounds_differently_is_within_tolerance_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session();
    let examples = train(&mut session, &slice(3, 4), folder.path());
    // What another machine would have stored: the same training with every parameter of the middle span a hair off.
    let mut told = wire::Transcript::decode(fs::read(folder.path().join(TRANSCRIPT_FILE)).unwrap().as_slice()).unwrap();
    let mut last = Checkpoint::read(folder.path(), 12).unwrap().state;
    last.parameters.iter_mut().for_each(|value| *value *= 1.0 + 1e-6);
    put_state(folder.path(), &mut told, &last);
    let adapter = {
        // The adapter of the stored state, by the trainer's own hand: resume from it and let it finish.
        let place = storage(folder.path(), 4);
        Training::resume(&mut session, &examples, &recipe(), 1, &place).unwrap().run(&place, go_on).unwrap();
        sha256(&fs::read(folder.path().join("adapter_model.safetensors")).unwrap())
    };
    rewrite(folder.path(), wire::Transcript { adapter_digest: adapter, ..told });
    let found = check(&mut session, &examples, folder.path()).unwrap();
    assert!(!found.is_exact());
    assert_eq!((found.replayed, found.exact), (12, 11));
    assert!(found.way_difference > 0.0 && found.way_difference < 1e-3, "{found:?}");
}

#[test]
fn a_family_is_one_that_attribution_reads() {
    let folder = tempfile::tempdir().unwrap();
    let mut opened = opened(&slice(3, 4));
    let plan = FamilyPlan {
        datanet: "wordnet".to_owned(),
        placebo_seeds: vec![101, 102],
        weights: Weights::Float32,
        base: "examples/model".to_owned(),
        tail: None,
    };
    let out = folder.path();
    assert!(train_family(&mut opened, &recipe(), &plan, out, go_on).unwrap());
    let family = Family::read(out).unwrap();
    assert_eq!(family.contributors().collect::<Vec<_>>(), opened.examples.contributors());
    assert_eq!(family.placebos.len(), 2);
    let jobs = [Job::without(LeftOut::Nothing, recipe().order_seed)];
    let alone = train_many(&mut opened.session, &opened.examples, &recipe(), &jobs, go_on).unwrap().remove(0);
    let bytes = fs::read(family.full.folder.join("adapter_model.safetensors")).unwrap();
    assert_eq!(sha256(&bytes), family.full.digest);
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let first = file.tensor("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight").unwrap();
    let expected: Vec<u8> = alone.parameters[..128 * 4].iter().flat_map(|value| value.to_le_bytes()).collect();
    assert_eq!(first.data(), expected);
    let again = train_family(&mut opened, &recipe(), &plan, out, go_on).unwrap_err();
    assert_eq!(again.code(), "TRAIN_EXISTS");
    let other = tempfile::tempdir().unwrap();
    let stop = |_: &openledger_trainer::Progress| ControlFlow::Break(());
    assert!(!train_family(&mut opened, &recipe(), &plan, other.path(), stop).unwrap());
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
    let twice = FamilyPlan { placebo_seeds: vec![101, 101], ..plan.clone() };
    let error = train_family(&mut opened, &recipe(), &twice, other.path(), go_on).unwrap_err();
    assert!(matches!(error, TrainError::Recipe { field: "placebo_seeds", .. }), "{error}");
    let own = Recipe { left_out: Some(opened.examples.contributors()[0].clone()), ..recipe() };
    let error = train_family(&mut opened, &own, &plan, other.path(), go_on).unwrap_err();
    assert_eq!(error.code(), "TRAIN_RECIPE_INVALID");
}

#[test]
fn a_part_of_a_family_has_the_bits_that_it_has_among_all() {
    let mut session = session();
    let examples = encoded(&slice(3, 6), &session);
    // Two adapters in a run. Eighteen rows in steps of four leave a step of two, in which four would fit.
    let recipe = Recipe { batch_rows: 4, run_rows: 8, epochs: 1, ..recipe() };
    let plan = FamilyPlan {
        datanet: "wordnet".to_owned(),
        placebo_seeds: vec![101],
        weights: Weights::Float32,
        base: "examples/model".to_owned(),
        tail: None,
    };
    let variants = plan.variants(&recipe, examples.contributors()).unwrap();
    let jobs: Vec<Job> = variants.iter().map(|variant| variant.job.clone()).collect();
    let whole = train_many(&mut session, &examples, &recipe, &jobs, go_on).unwrap();
    let mut parts = Vec::new();
    for part in shards(&recipe, &variants).rev() {
        assert!(part.len() <= 2);
        let jobs: Vec<Job> = part.iter().map(|variant| variant.job.clone()).collect();
        parts.insert(0, train_many(&mut session, &examples, &recipe, &jobs, go_on).unwrap());
    }
    assert_eq!(parts.len(), 3);
    assert!(parts.concat() == whole);
}

/// Writes a transcript with a chain that follows from its steps, as a liar would.
fn rewrite(folder: &Path, mut message: wire::Transcript) {
    let head = wire::Transcript { steps: Vec::new(), chain: Vec::new(), adapter_digest: Vec::new(), ..message.clone() };
    let mut chain = tagged("training-chain", &head.encode_to_vec());
    for step in &message.steps {
        chain = tagged("training-step", &[&chain[..], &step.state_digest, &step.loss.to_be_bytes()].concat());
    }
    message.chain = chain.to_vec();
    fs::write(folder.join(TRANSCRIPT_FILE), message.encode_to_vec()).unwrap();
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).to_vec()
}

/// The messages as anybody would generate them from `proto/transcript.proto`.
#[allow(dead_code)]
mod wire {
    include!(concat!(env!("OUT_DIR"), "/openledger.training.v1.rs"));
}
