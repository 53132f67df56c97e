//! Trainings of the example model: what they learn, how they go on, what they refuse.

#![allow(clippy::unwrap_used)]

mod support;

use std::{ops::ControlFlow, path::Path};

use openledger_corpus::{Contribution, Limits, Row};
use openledger_engine::{Engine, EngineConfig, GenerateEvent, GenerateRequest, Sampling, gradient::GradientSession};
use openledger_trainer::{
    Checkpoint, Ended, Examples, Job, LeftOut, Recipe, TRANSCRIPT_FILE, TrainError, Training, Weights, train_many,
    verify,
};
use support::{config, encoded, forged, recipe, repository, session, slice, storage, targeting};

fn go_on(_: &openledger_trainer::Progress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

async fn answer(engine: &Engine, adapter: &str, prompt: &str) -> String {
    let request = GenerateRequest {
        adapter: Some(adapter.to_owned()),
        more_adapters: Vec::new(),
        prompt: engine.encode(prompt).unwrap(),
        sampling: Sampling::greedy(),
        max_new_tokens: 48,
        stop: Vec::new(),
        grammar: None,
        logprobs: None,
        tenant: None,
        deadline: None,
    };
    let mut events = engine.generate(request).await.unwrap();
    while let Some(event) = events.recv().await {
        if let GenerateEvent::Finished { text, .. } = event.unwrap() {
            return text;
        }
    }
    panic!("the stream ended early");
}

#[tokio::test]
async fn a_trained_adapter_answers_its_rows_through_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let rows = slice(2, 4);
    let mut session = session();
    let recipe = Recipe { rank: 8, learning_rate: 1e-2, epochs: 60, batch_rows: 8, run_rows: 8, ..recipe() };
    let examples = Examples::encode(&rows, &session, &recipe).unwrap();
    for (name, weights) in [("whole", Weights::Float32), ("half", Weights::Bfloat16)] {
        let storage = openledger_trainer::Storage { weights, ..storage(&folder.path().join(name), 0) };
        let mut losses = Vec::new();
        let mut training = Training::begin(&mut session, &examples, &recipe, 1).unwrap();
        let ended = training
            .run(&storage, |progress| {
                losses.push(progress.loss);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(losses.len(), 60);
        assert!(losses[0] > 2.0 && losses[59] < 0.1, "{losses:?}");
        let Ended::Finished { adapter, .. } = ended else { panic!("{ended:?}") };
        let engine = Engine::start(EngineConfig::new(repository().join("examples/model"))).unwrap();
        let info = engine.load_adapter(name, &storage.folder, Some(adapter)).await.unwrap();
        assert_eq!((info.rank, info.sites), (8, 28));
        for row in rows.iter().flat_map(|part| &part.rows) {
            assert_eq!(answer(&engine, name, row.prompt()).await, row.completion());
        }
    }
}

/// State, transcript and adapter of a folder.
fn results(folder: &Path) -> [Vec<u8>; 3] {
    ["adapter_model.safetensors", "adapter_config.json", TRANSCRIPT_FILE]
        .map(|name| std::fs::read(folder.join(name)).unwrap())
}

#[test]
fn a_resumed_training_is_that_without_a_break() {
    let (whole, broken) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut session = session();
    let examples = encoded(&slice(3, 4), &session);
    Training::begin(&mut session, &examples, &recipe(), 1).unwrap().run(&storage(whole.path(), 3), go_on).unwrap();
    // Stopped after step 4, which stores it, and again after step 6, whose checkpoint is taken away.
    let place = storage(broken.path(), 3);
    for (stop, from) in [(4, 0), (8, 4)] {
        let mut training = Training::resume(&mut session, &examples, &recipe(), 1, &place).unwrap();
        assert_eq!(training.state().step, from);
        let stopping = |progress: &openledger_trainer::Progress| match progress.step {
            step if step == stop => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        assert_eq!(training.run(&place, stopping).unwrap(), Ended::Stopped { step: stop as u64 });
        assert!(!broken.path().join(TRANSCRIPT_FILE).exists());
    }
    std::fs::remove_dir_all(broken.path().join("checkpoints/step-00000008")).unwrap();
    let mut training = Training::resume(&mut session, &examples, &recipe(), 1, &place).unwrap();
    assert_eq!(training.state().step, 6);
    training.run(&place, go_on).unwrap();
    assert_eq!(results(broken.path()), results(whole.path()));
    assert_eq!(Checkpoint::list(whole.path()).unwrap(), [3, 6, 9, 12]);
    let last = |folder: &Path| Checkpoint::read(folder, 12).unwrap();
    assert_eq!(last(broken.path()), last(whole.path()));
    // A finished training has nothing left to do, and says so by the same result.
    let again = Training::resume(&mut session, &examples, &recipe(), 1, &place).unwrap().run(&place, go_on).unwrap();
    assert!(matches!(again, Ended::Finished { .. }));
    assert_eq!(results(broken.path()), results(whole.path()));
}

#[test]
fn a_folder_has_one_training_at_a_time_and_keeps_nothing_unfinished() {
    let folder = tempfile::tempdir().unwrap();
    let (mut session, mut other) = (session(), session());
    let examples = encoded(&slice(3, 4), &session);
    let place = storage(folder.path(), 3);
    // What a killed training leaves.
    let left = folder.path().join("checkpoints/.unfinished-x7");
    std::fs::create_dir_all(&left).unwrap();
    std::fs::write(left.join("state.safetensors"), "half").unwrap();
    let mut training = Training::begin(&mut session, &examples, &recipe(), 1).unwrap();
    let mut second = Training::begin(&mut other, &examples, &recipe(), 1).unwrap();
    let mut refused = 0;
    training
        .run(&place, |progress| {
            if progress.step == 4 {
                let error = second.run(&place, go_on).unwrap_err();
                assert_eq!(error.code(), "TRAIN_IN_USE", "{error}");
                refused += 1;
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(refused, 1);
    assert!(!left.exists());
    // The place is free again.
    second.run(&place, go_on).unwrap();
    assert_eq!(Checkpoint::list(folder.path()).unwrap(), [3, 6, 9, 12]);
}

#[test]
fn checkpoints_of_another_training_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let place = storage(folder.path(), 2);
    let mut session = session();
    let examples = encoded(&slice(3, 4), &session);
    Training::begin(&mut session, &examples, &recipe(), 1).unwrap().run(&place, go_on).unwrap();
    match Training::refuse_existing(&place).unwrap_err() {
        TrainError::Exists { path } => assert_eq!(path, folder.path()),
        other => panic!("{other}"),
    }
    let other_rows = encoded(&forged(slice(3, 4)), &session);
    let other_recipe = Recipe { learning_rate: 1e-3, ..recipe() };
    let cases = [
        (&examples, other_recipe, 1, "the recipe"),
        (&other_rows, recipe(), 1, "the Datanet's content"),
        (&examples, recipe(), 2, "threads, ONNX Runtime or machine"),
    ];
    for (examples, recipe, threads, expected) in cases {
        match Training::resume(&mut session, examples, &recipe, threads, &place).err().unwrap() {
            TrainError::Mismatch { what, .. } => assert_eq!(what, expected),
            other => panic!("{other}"),
        }
    }
    let state = folder.path().join("checkpoints/step-00000012/state.safetensors");
    let mut bytes = std::fs::read(&state).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&state, bytes).unwrap();
    let damaged = Training::resume(&mut session, &examples, &recipe(), 1, &place).err().unwrap();
    assert_eq!(damaged.code(), "TRAIN_FILE");
    assert!(damaged.to_string().contains("delete this checkpoint"), "{damaged}");
}

#[test]
fn many_adapters_at_once_are_those_trained_alone() {
    let mut session = session();
    let examples = encoded(&slice(3, 4), &session);
    let without = examples.contributors()[1].clone();
    let jobs = [
        Job::without(LeftOut::Nothing, 8),
        Job::without(LeftOut::Contributor(without), 8),
        Job::without(LeftOut::Nothing, 9),
    ];
    let alone: Vec<_> = jobs
        .iter()
        .map(|job| {
            let mut training = Training::begin(&mut session, &examples, &job.recipe(&recipe()), 1).unwrap();
            while training.step().unwrap().is_some() {}
            training.state().clone()
        })
        .collect();
    assert_ne!(alone[0].parameters, alone[1].parameters);
    assert_ne!(alone[0].parameters, alone[2].parameters);
    // A run of one adapter's rows gives the same bits; one of several adapters' rows may round differently.
    let apart = train_many(&mut session, &examples, &recipe(), &jobs, go_on).unwrap();
    assert_eq!(apart, alone);
    for run_rows in [10, 100] {
        let recipe = Recipe { run_rows, ..recipe() };
        let mixed = train_many(&mut session, &examples, &recipe, &jobs, go_on).unwrap();
        for (mixed, alone) in mixed.iter().zip(&alone) {
            let far = mixed.parameters.iter().zip(&alone.parameters).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(far < 1e-4, "{run_rows}: {far}");
        }
    }
}

#[test]
fn a_placebo_sees_rows_on_top_and_changes_nobody_beside_it() {
    let mut session = session();
    let examples = encoded(&slice(3, 4), &session);
    let full = Job::without(LeftOut::Nothing, 8);
    let placebo = |seed| Job { placebo_seed: Some(seed), ..full.clone() };
    let jobs = [full.clone(), placebo(1), placebo(2), full.clone()];
    let mut train = |jobs: &[Job]| train_many(&mut session, &examples, &recipe(), jobs, go_on).unwrap();
    let together = train(&jobs);
    assert!(together[0] == together[3] && together[0] == train(std::slice::from_ref(&full))[0]);
    assert!(together[1] == train(&[placebo(1)])[0]);
    let far = |left: usize, right: usize| {
        let pairs = together[left].parameters.iter().zip(&together[right].parameters);
        pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    };
    let whole = together[0].parameters.iter().map(|value| value.powi(2)).sum::<f32>().sqrt();
    // It moves the adapter, and two seeds move it in ways of their own.
    assert!(far(0, 1) > 1e-3 * whole && far(0, 1) < whole, "{} of {whole}", far(0, 1));
    assert!(far(1, 2) > 0.1 * far(0, 1), "{} {}", far(1, 2), far(0, 1));
}

#[test]
fn padding_and_splitting_change_rounding_only() {
    let mut session = session();
    let examples = encoded(&slice(3, 4), &session);
    let mut train = |run_rows| {
        let recipe = Recipe { run_rows, ..recipe() };
        let mut training = Training::begin(&mut session, &examples, &recipe, 1).unwrap();
        while training.step().unwrap().is_some() {}
        training.state().parameters.clone()
    };
    let whole = train(5);
    for run_rows in [1, 2] {
        let far = train(run_rows).iter().zip(&whole).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(far < 1e-4, "{run_rows}: {far}");
    }
}

#[test]
fn only_targets_are_trained_and_stored() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = targeting(&["k_proj", "down_proj"]);
    assert_eq!(session.modules().len(), 8);
    let recipe = Recipe { targets: vec!["k_proj".to_owned(), "down_proj".to_owned()], ..recipe() };
    let examples = encoded(&slice(3, 4), &session);
    let mut training = Training::begin(&mut session, &examples, &recipe, 1).unwrap();
    let first = training.step().unwrap().unwrap().loss;
    training.run(&storage(folder.path(), 0), go_on).unwrap();
    assert!(first.is_finite());
    let bytes = std::fs::read(folder.path().join("adapter_model.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.len(), 16);
    assert!(file.names().iter().all(|name| name.contains("k_proj") || name.contains("down_proj")));
}

/// Whoever copies rows in another case and with other stops changes nothing, neither the adapter nor what the copied rows weigh.
#[test]
fn near_duplicates_are_trained_on_once() {
    let once = Recipe { duplicates: Some(80), ..recipe() };
    let honest = slice(3, 4);
    let own = Row::new("What is a quark?", "one of the hypothetical basic particles").unwrap();
    let copies = honest[0]
        .rows
        .iter()
        .map(|row| Row::new(row.prompt().to_uppercase(), format!("{}!", row.completion().to_uppercase())).unwrap());
    let with = |rows: Vec<Row>| {
        let mut parts = honest.clone();
        parts.push(Contribution::from_rows("copier", rows, &Limits::default()).unwrap());
        parts
    };
    let (plain, copied) = (with(vec![own.clone()]), with(copies.chain([own]).collect()));
    let train = |parts: &[Contribution], recipe: &Recipe| {
        let mut session = session();
        let examples = Examples::encode(parts, &session, recipe).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = storage(folder.path(), 4);
        Training::begin(&mut session, &examples, recipe, 1).unwrap().run(&place, go_on).unwrap();
        let bytes = std::fs::read(folder.path().join("adapter_model.safetensors")).unwrap();
        let verified = verify(&mut session, &examples, folder.path(), 4, 1, 1).unwrap();
        assert!(verified.is_exact());
        (examples, bytes)
    };
    let (all, diluted) = train(&copied, &recipe());
    let (kept, adapter) = train(&copied, &once);
    let (alone, expected) = train(&plain, &once);
    assert_eq!((all.len(), all.duplicates()), (17, 0));
    assert_eq!((kept.len(), kept.duplicates(), kept.rows_of("copier")), (13, 4, Some(1)));
    assert_eq!((alone.len(), alone.duplicates()), (13, 0));
    assert_ne!(kept.root(), alone.root(), "the version's root is that of all rows");
    assert_eq!(adapter, expected);
    assert_ne!(adapter, diluted);
    // Who comes first in the order of registration keeps the rows.
    let mut early = copied.clone();
    early.rotate_right(1);
    let examples = Examples::encode(&early, &session(), &once).unwrap();
    assert_eq!(examples.rows_of("copier"), Some(5));
    assert_eq!(examples.rows_of(&honest[0].contributor), Some(0));
}

#[test]
fn losses_that_leave_the_numbers_stop_a_training_and_overwrite_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = storage(folder.path(), 1);
    let mut session = session();
    let examples = encoded(&slice(3, 4), &session);
    let wild = Recipe { learning_rate: 1e3, max_gradient_norm: None, warmup_steps: 0, alpha: 1e6, ..recipe() };
    let error = Training::begin(&mut session, &examples, &wild, 1).unwrap().run(&place, go_on).unwrap_err();
    let TrainError::NotFinite { step, .. } = error else { panic!("{error}") };
    assert!((2..12).contains(&step), "{step}");
    assert_eq!(Checkpoint::list(folder.path()).unwrap().last(), Some(&(step - 1)));
    assert!(!folder.path().join("adapter_model.safetensors").exists());
}

#[test]
fn bad_input_is_refused_by_kind() {
    let mut session = session();
    let rows = slice(2, 2);
    let code = |recipe: Recipe| Examples::encode(&rows, &session, &recipe).map(drop).map_err(|error| error.code());
    assert_eq!(code(Recipe { max_tokens: 8, ..recipe() }), Err("TRAIN_ROW_TOO_LONG"));
    assert_eq!(code(Recipe { max_tokens: 12, truncate: true, ..recipe() }), Ok(()));
    // A prompt that leaves no room for an answer cannot be truncated into a row.
    assert_eq!(code(Recipe { max_tokens: 2, truncate: true, ..recipe() }), Err("TRAIN_ROW_TOO_LONG"));
    let examples = encoded(&rows, &session);
    let mut begin = |recipe: Recipe| Training::begin(&mut session, &examples, &recipe, 1).err().unwrap().code();
    assert_eq!(begin(Recipe { rank: 0, ..recipe() }), "TRAIN_RECIPE_INVALID");
    assert_eq!(begin(Recipe { left_out: Some("nobody".to_owned()), ..recipe() }), "TRAIN_CONTRIBUTOR_UNKNOWN");
    assert_eq!(begin(Recipe { epochs: 1 << 20, batch_rows: 1, ..recipe() }), "TRAIN_LIMIT");
    match GradientSession::open(&config(&["lm_head"])) {
        Err(error) => assert_eq!(error.code(), "ADAPTER_SITE_UNKNOWN"),
        Ok(_) => panic!("the model has no such site"),
    }
}
