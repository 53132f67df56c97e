//! Requests of different adapters in one batch against each request alone.

#![allow(clippy::unwrap_used)]

mod support;

use std::time::Duration;

use openledger_engine::{
    Engine, EngineConfig, EngineError, FinishReason, GenerateEvent, GenerateRequest, Limits, Penalties, Sampling,
    ScaledAdapter, ScoreRow,
};
use safetensors::{SafeTensors, tensor::TensorView};
use support::{Case, answer, cases, collect, greedy, start_with_adapters};

fn score_row(case: &Case) -> ScoreRow {
    ScoreRow { adapter: case.adapter(), prompt: case.prompt_ids.clone(), completion: case.answer_ids.clone() }
}

#[tokio::test]
async fn a_mixed_batch_generates_what_each_request_alone_does() {
    let engine = start_with_adapters().await;
    let request = |case: &Case| greedy(case.adapter(), case.prompt_ids.clone(), 40);
    let mut alone = Vec::new();
    for case in cases() {
        alone.push(answer(&engine, request(&case)).await);
    }
    // Sent together they wait for one prefill; the later ones join a running batch.
    let mut streams = Vec::new();
    for (index, case) in cases().iter().enumerate() {
        if index % 4 == 3 {
            tokio::time::sleep(Duration::from_millis(7)).await;
        }
        streams.push(engine.generate(request(case)).await.unwrap());
    }
    for (stream, alone) in streams.into_iter().zip(alone) {
        assert_eq!(collect(stream).await.unwrap(), alone);
    }
}

#[tokio::test]
async fn a_mixed_batch_scores_what_each_row_alone_does() {
    let engine = start_with_adapters().await;
    let rows: Vec<ScoreRow> = cases().iter().map(score_row).collect();
    let together = engine.score(rows.clone()).await.unwrap();
    let mut worst = 0.0_f64;
    for (row, together) in rows.into_iter().zip(together) {
        let alone = engine.score(vec![row]).await.unwrap();
        worst = worst.max((alone[0] - together).abs());
    }
    println!("largest difference between a mixed batch and single rows: {worst:.2e} nats");
    // To the bit by our operators; the portable forms round by their shapes.
    let most = if support::is_portable() { 1e-4 } else { 0.0 };
    assert!(worst <= most, "{worst}");
}

#[tokio::test]
async fn scoring_is_repeatable_to_the_bit() {
    let engine = start_with_adapters().await;
    let rows: Vec<ScoreRow> = cases().iter().map(score_row).collect();
    let first = engine.score(rows.clone()).await.unwrap();
    assert_eq!(engine.score(rows).await.unwrap(), first);
}

#[tokio::test]
async fn adapters_change_the_answer_and_leave_the_base_alone() {
    let engine = support::start();
    let case = cases().into_iter().find(|case| case.adapter == "sotu/full").unwrap();
    let prompt = || case.prompt_ids.clone();
    let before = engine.prompt_logits(None, prompt(), 1).await.unwrap();
    let folder = support::adapter_dir("sotu/full");
    engine.load_adapter("sotu/full", &folder, None).await.unwrap();
    assert_eq!(engine.prompt_logits(None, prompt(), 1).await.unwrap(), before);
    assert_ne!(engine.prompt_logits(Some("sotu/full"), prompt(), 1).await.unwrap(), before);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_tokens_in_any_batch() {
    let engine = start_with_adapters().await;
    let request = |case: &Case, seed: u64| GenerateRequest {
        // Hot, so that two seeds cannot agree by chance.
        sampling: Sampling {
            penalties: Penalties { repetition: 1.2, presence: 0.3, frequency: 0.1 },
            temperature: 2.0,
            top_k: 400,
            min_p: 0.001,
            top_p: 0.99,
            seed,
        },
        ..greedy(case.adapter(), case.prompt_ids.clone(), 24)
    };
    let all = cases();
    let alone = answer(&engine, request(&all[4], 7)).await;
    let mut streams = Vec::new();
    for (index, case) in all.iter().enumerate() {
        let seed = if index == 4 { 7 } else { 100 + index as u64 };
        streams.push(engine.generate(request(case, seed)).await.unwrap());
    }
    let mut answers = Vec::new();
    for stream in streams {
        answers.push(collect(stream).await.unwrap());
    }
    assert_eq!(answers[4], alone);
    let other = answer(&engine, request(&all[4], 8)).await;
    assert_ne!(other.tokens, alone.tokens);
}

#[tokio::test]
async fn what_else_runs_changes_no_bit() {
    if support::is_portable() {
        return;
    }
    let config = support::config(support::model_dir());
    // Small parts, so that prompts are cut at other places when others run.
    let limits = Limits { prefill_chunk: 5, max_step_tokens: 23, ..config.limits };
    let engine = Engine::start(EngineConfig { limits, threads: 2, ..config }).unwrap();
    support::load_adapters(&engine).await;
    let request = |case: &Case| GenerateRequest {
        logprobs: Some(8),
        sampling: Sampling { temperature: 1.0, seed: 5, ..Sampling::greedy() },
        ..greedy(case.adapter(), case.prompt_ids.clone(), 30)
    };
    let mut alone = Vec::new();
    for case in cases() {
        alone.push(events(engine.generate(request(&case)).await.unwrap()).await);
    }
    let other = start_with_adapters().await;
    for (case, alone) in cases().iter().zip(&alone) {
        // One thread, other parts, nothing known of the beginning.
        assert_eq!(&events(other.generate(request(case)).await.unwrap()).await, alone, "{}", case.id);
    }
    let mut streams = Vec::new();
    for (index, case) in cases().iter().enumerate() {
        if index % 3 == 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        streams.push(tokio::spawn(events(engine.generate(request(case)).await.unwrap())));
    }
    for (stream, alone) in streams.into_iter().zip(alone) {
        assert_eq!(stream.await.unwrap(), alone);
    }
}

/// Everything that a request is told, likelihoods included.
async fn events(mut stream: tokio::sync::mpsc::Receiver<Result<GenerateEvent, EngineError>>) -> Vec<GenerateEvent> {
    let mut all = Vec::new();
    while let Some(event) = stream.recv().await {
        all.push(event.unwrap());
    }
    all
}

#[tokio::test]
async fn likelihoods_are_those_of_scoring_and_change_no_token() {
    let engine = start_with_adapters().await;
    let case = &cases()[0];
    let plain = answer(&engine, greedy(case.adapter(), case.prompt_ids.clone(), 12)).await;
    let request = GenerateRequest { logprobs: Some(3), ..greedy(case.adapter(), case.prompt_ids.clone(), 12) };
    let mut stream = engine.generate(request).await.unwrap();
    let (mut ids, mut total) = (Vec::new(), 0.0);
    while let Some(event) = stream.recv().await {
        let GenerateEvent::Token { id, likelihood, .. } = event.unwrap() else { break };
        let likelihood = likelihood.unwrap();
        // Greedy: the chosen token is the likeliest.
        assert_eq!(likelihood.candidates.len(), 3);
        assert_eq!((likelihood.candidates[0].id, likelihood.candidates[0].logprob), (id, likelihood.logprob));
        assert!(likelihood.candidates.is_sorted_by(|a, b| a.logprob >= b.logprob));
        ids.push(id);
        total += likelihood.logprob;
    }
    assert_eq!(ids, plain.tokens);
    let row = ScoreRow { adapter: case.adapter(), prompt: case.prompt_ids.clone(), completion: ids };
    let scored = engine.score(vec![row]).await.unwrap()[0];
    assert!((scored - total).abs() < 1e-3, "{scored} {total}");
    let too_many = GenerateRequest { logprobs: Some(65), ..greedy(None, vec![5], 4) };
    assert_eq!(engine.generate(too_many).await.unwrap_err().code(), "REQUEST_OVER_LIMIT");
}

#[tokio::test]
async fn what_an_answer_was_likely_to_be_is_known_when_it_is_made() {
    let config = support::config(support::model_dir());
    // Parts of prompts that scoring cuts elsewhere than generation did.
    let limits = Limits { prefill_chunk: 5, max_step_tokens: 23, ..config.limits };
    let engine = Engine::start(EngineConfig { limits, threads: 2, ..config }).unwrap();
    support::load_adapters(&engine).await;
    let hot = Sampling {
        penalties: Penalties { repetition: 1.2, presence: 0.3, frequency: 0.1 },
        temperature: 1.5,
        top_k: 40,
        seed: 3,
        ..Sampling::greedy()
    };
    let request = |case: &Case| GenerateRequest {
        logprobs: Some(0),
        sampling: hot.clone(),
        ..greedy(case.adapter(), case.prompt_ids.clone(), 24)
    };
    let mut streams = Vec::new();
    for case in cases() {
        streams.push(engine.generate(request(&case)).await.unwrap());
    }
    let mut worst = 0.0_f64;
    for (case, stream) in cases().iter().zip(streams) {
        let mut made: Vec<(u32, f64)> = Vec::new();
        for event in events(stream).await {
            let GenerateEvent::Token { id, likelihood, .. } = event else { continue };
            let likelihood = likelihood.unwrap();
            assert!(likelihood.candidates.is_empty());
            made.push((id, likelihood.logprob));
        }
        // A whole answer, and what a client that left early was sent.
        for some in [&made[..], &made[..made.len().min(3)]] {
            let completion = some.iter().map(|(id, _)| *id).collect();
            let row = ScoreRow { adapter: case.adapter(), prompt: case.prompt_ids.clone(), completion };
            let total: f64 = some.iter().map(|(_, nats)| nats).sum();
            worst = worst.max((engine.score(vec![row]).await.unwrap()[0] - total).abs());
        }
    }
    println!("largest difference between making and scoring an answer: {worst:.2e} nats");
    // To the bit by our operators; the portable forms round by their shapes.
    let most = if support::is_portable() { 1e-3 } else { 0.0 };
    assert!(worst <= most, "{worst}");
}

#[tokio::test]
async fn unloading_does_not_disturb_a_running_request() {
    let engine = start_with_adapters().await;
    let case = cases().into_iter().find(|case| case.adapter == "sotu/full").unwrap();
    let alone = answer(&engine, greedy(case.adapter(), case.prompt_ids.clone(), 60)).await;
    let stream = engine.generate(greedy(case.adapter(), case.prompt_ids.clone(), 60)).await.unwrap();
    engine.unload_adapter("sotu/full").await.unwrap();
    let left: Vec<String> = engine.adapters().await.unwrap().into_iter().map(|adapter| adapter.id).collect();
    assert_eq!(left, ["wordnet/full", "wordnet/without-animal"]);
    let refused = engine.generate(greedy(case.adapter(), case.prompt_ids.clone(), 4)).await;
    assert_eq!(refused.unwrap_err().code(), "ADAPTER_UNKNOWN");
    assert_eq!(collect(stream).await.unwrap(), alone);
}

#[tokio::test]
async fn stop_strings_end_the_text_before_them() {
    let engine = start_with_adapters().await;
    let (mut case, mut whole) = (cases().remove(0), None);
    for candidate in cases() {
        let found = answer(&engine, greedy(candidate.adapter(), candidate.prompt_ids.clone(), 24)).await;
        if whole.as_ref().is_none_or(|whole: &support::Answer| whole.text.len() < found.text.len()) {
            (case, whole) = (candidate, Some(found));
        }
    }
    let whole = whole.unwrap();
    // A stop string that begins inside a word, so that held-back text matters.
    let characters: Vec<char> = whole.text.chars().collect();
    let stop: String = characters[4..8].iter().collect();
    let request = GenerateRequest { stop: vec![stop.clone()], ..greedy(case.adapter(), case.prompt_ids.clone(), 24) };
    let stopped = answer(&engine, request).await;
    assert_eq!(stopped.reason, FinishReason::Stop);
    assert_eq!(stopped.text, whole.text[..whole.text.find(&stop).unwrap()]);
    assert_eq!(stopped.text, stopped.streamed);
    assert!(whole.tokens.starts_with(&stopped.tokens));
}

#[tokio::test]
async fn a_dropped_receiver_frees_its_place() {
    let engine = start_with_adapters().await;
    let case = &cases()[0];
    for _ in 0..100 {
        drop(engine.generate(greedy(None, case.prompt_ids.clone(), 200)).await.unwrap());
    }
    let next = answer(&engine, greedy(None, case.prompt_ids.clone(), 3)).await;
    assert_eq!(next.tokens.len(), 3);
}

#[tokio::test]
async fn dropping_the_engine_ends_open_streams() {
    let engine = start_with_adapters().await;
    let stream = engine.generate(greedy(None, cases()[0].prompt_ids.clone(), 400)).await.unwrap();
    tokio::task::spawn_blocking(move || drop(engine)).await.unwrap();
    match collect(stream).await {
        Err(error) => assert_eq!(error.code(), "ENGINE_STOPPED"),
        Ok(answer) => assert_eq!(answer.reason, FinishReason::Eos),
    }
}

/// The adapter cut to its first `rank` components, with the same scale.
fn cut_to_rank(name: &str, rank: usize) -> tempfile::TempDir {
    let copy = support::copy_of(&support::adapter_dir(name));
    let path = copy.path().join("adapter_model.safetensors");
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let cut = |name: &str, view: TensorView<'_>| {
        let (rows, columns) = (view.shape()[0], view.shape()[1]);
        let row_bytes = view.data().len() / rows;
        let (rows, columns) = if name.contains("lora_A") { (rank, columns) } else { (rows, rank) };
        let kept = row_bytes / view.shape()[1] * columns;
        let data: Vec<u8> =
            view.data().chunks_exact(row_bytes).take(rows).flat_map(|row| row[..kept].to_vec()).collect();
        (name.to_owned(), view.dtype(), vec![rows, columns], data)
    };
    let kept: Vec<_> = file.iter().map(|(name, view)| cut(name, view)).collect();
    let views: Vec<_> = kept
        .iter()
        .map(|(name, dtype, shape, data)| (name, TensorView::new(*dtype, shape.clone(), data).unwrap()))
        .collect();
    std::fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    let config = copy.path().join("adapter_config.json");
    let mut fields: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    let scale = fields["lora_alpha"].as_f64().unwrap() / fields["r"].as_f64().unwrap();
    fields["r"] = rank.into();
    fields["lora_alpha"] = (scale * rank as f64).into();
    std::fs::write(&config, fields.to_string()).unwrap();
    copy
}

#[tokio::test]
async fn adapters_of_different_ranks_share_a_batch() {
    let case = cases().into_iter().find(|case| case.adapter == "sotu/full").unwrap();
    let row = |adapter: &str| ScoreRow { adapter: Some(adapter.to_owned()), ..score_row(&case) };
    let narrow = cut_to_rank("sotu/full", 3);
    let alone = support::start();
    assert_eq!(alone.load_adapter("narrow", narrow.path(), None).await.unwrap().rank, 3);
    let expected = alone.score(vec![row("narrow")]).await.unwrap()[0];
    let mixed = start_with_adapters().await;
    mixed.load_adapter("narrow", narrow.path(), None).await.unwrap();
    let scores = mixed.score(vec![row("sotu/full"), row("narrow"), row("wordnet/full")]).await.unwrap();
    assert!((scores[1] - expected).abs() < 1e-4, "{} {expected}", scores[1]);
    assert!((scores[0] - case.answer_log_prob).abs() < 1e-3);
    assert!((scores[0] - scores[1]).abs() > 1e-2, "the cut adapter is another one");
}

/// A folder with the ranks of both adapters one after the other, each with its factor in B.
fn joined(parts: [(&str, f32); 2]) -> tempfile::TempDir {
    let copy = support::copy_of(&support::adapter_dir(parts[0].0));
    let config = copy.path().join("adapter_config.json");
    let mut fields: serde_json::Value = serde_json::from_slice(&std::fs::read(&config).unwrap()).unwrap();
    let (rank, alpha) = (fields["r"].as_u64().unwrap(), fields["lora_alpha"].as_f64().unwrap());
    (fields["r"], fields["lora_alpha"]) = ((2 * rank).into(), (2 * rank).into());
    std::fs::write(&config, fields.to_string()).unwrap();
    let path = |name: &str| support::adapter_dir(name).join("adapter_model.safetensors");
    let files = parts.map(|(name, _)| std::fs::read(path(name)).unwrap());
    let files = [&files[0], &files[1]].map(|bytes| SafeTensors::deserialize(bytes).unwrap());
    let numbers = |view: &TensorView<'_>| -> Vec<f32> {
        let width = view.data().len() / view.shape().iter().product::<usize>();
        let value = |bytes: &[u8]| match *bytes {
            [low, high] => f32::from_bits(u32::from(u16::from_le_bytes([low, high])) << 16),
            _ => f32::from_le_bytes(bytes.try_into().unwrap()),
        };
        view.data().chunks_exact(width).map(value).collect()
    };
    let scale = (alpha / rank as f64) as f32;
    let mut tensors = Vec::new();
    for (name, first) in files[0].iter() {
        let views = [first, files[1].tensor(name).unwrap()];
        let [rows, columns] = [views[0].shape()[0], views[0].shape()[1]];
        let all = views.map(|view| numbers(&view));
        let (shape, values) = if name.contains("lora_A") {
            ([2 * rows, columns], all.concat())
        } else {
            let row = |row: usize| {
                let part = |part: usize| {
                    all[part][row * columns..(row + 1) * columns].iter().map(move |b| b * scale * parts[part].1)
                };
                part(0).chain(part(1)).collect::<Vec<f32>>()
            };
            ([rows, 2 * columns], (0..rows).flat_map(row).collect())
        };
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        tensors.push((name.to_owned(), shape, bytes));
    }
    let views: Vec<_> = tensors
        .iter()
        .map(|(name, shape, bytes)| (name, TensorView::new(safetensors::Dtype::F32, shape.to_vec(), bytes).unwrap()))
        .collect();
    std::fs::write(copy.path().join("adapter_model.safetensors"), safetensors::serialize(views, None).unwrap())
        .unwrap();
    copy
}

#[tokio::test]
async fn several_adapters_of_a_request_add_up() {
    let engine = start_with_adapters().await;
    let parts = [("sotu/full", 0.75), ("wordnet/full", -0.5)];
    let folder = joined(parts);
    engine.load_adapter("joined", folder.path(), None).await.unwrap();
    let case = cases().into_iter().find(|case| case.adapter == "sotu/full").unwrap();
    let scaled = |(id, factor): (&str, f32)| ScaledAdapter { id: id.to_owned(), factor };
    let ask = |adapter: Option<&str>, more_adapters: Vec<ScaledAdapter>| GenerateRequest {
        more_adapters,
        logprobs: Some(4),
        ..greedy(adapter.map(str::to_owned), case.prompt_ids.clone(), 20)
    };
    let logprobs = |events: Vec<GenerateEvent>| -> Vec<(u32, f64)> {
        let token = |event| match event {
            GenerateEvent::Token { id, likelihood, .. } => Some((id, likelihood?.logprob)),
            GenerateEvent::Finished { .. } => None,
        };
        events.into_iter().filter_map(token).collect()
    };
    let mut streams = Vec::new();
    for request in [
        ask(None, parts.map(scaled).to_vec()),
        ask(Some("joined"), Vec::new()),
        ask(Some("sotu/full"), vec![scaled(("wordnet/full", 0.0))]),
        ask(Some("sotu/full"), Vec::new()),
        ask(None, vec![scaled(("sotu/full", 1.0))]),
    ] {
        streams.push(engine.generate(request).await.unwrap());
    }
    let mut found = Vec::new();
    for stream in streams {
        found.push(logprobs(events(stream).await));
    }
    for (left, right) in [(0, 1), (2, 3), (4, 3)] {
        assert_eq!(found[left].len(), found[right].len());
        for (left, right) in found[left].iter().zip(&found[right]) {
            assert_eq!(left.0, right.0);
            assert!((left.1 - right.1).abs() < 1e-4, "{left:?} {right:?}");
        }
    }
    assert_ne!(found[0], found[3]);
    // Nothing of a sum is kept when nobody asks for it.
    assert_eq!(engine.stats().await.unwrap().adapters.registered, 4);
    let refused = |request| {
        let engine = engine.clone();
        async move { engine.generate(request).await.unwrap_err().code() }
    };
    assert_eq!(refused(ask(None, vec![scaled(("nobody", 1.0))])).await, "ADAPTER_UNKNOWN");
    assert_eq!(refused(ask(None, vec![scaled(("joined", f32::NAN))])).await, "REQUEST_INVALID");
    assert_eq!(refused(ask(None, vec![scaled(("joined", 1.0)); 9])).await, "REQUEST_OVER_LIMIT");
    let rank = 2 * support::example_rank();
    let many = Limits::default().max_rank / rank + 1;
    if many <= 8 {
        assert_eq!(refused(ask(None, vec![scaled(("joined", 1.0)); many])).await, "ADAPTER_LIMIT");
    }
}
