//! Continuous batching, the cache's blocks, tiers of adapters and limits, with the engine double: whatever is mixed up there gives
//! another answer.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use openledger_engine::{
    Engine, EngineError, FinishReason, GenerateEvent, GenerateRequest, Limits, ScoreRow,
    double::{Double, EOS, answer, write_adapter},
};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::sync::mpsc::Receiver;

type Events = Receiver<Result<GenerateEvent, EngineError>>;

/// All tokens of an answer, or how it failed.
async fn collect(mut events: Events) -> Result<(Vec<u32>, FinishReason), EngineError> {
    let mut seen = Vec::new();
    while let Some(event) = events.recv().await {
        match event? {
            GenerateEvent::Token { id, .. } => seen.push(id),
            GenerateEvent::Finished { tokens, reason, .. } => {
                assert_eq!(seen, tokens);
                return Ok((tokens, reason));
            }
        }
    }
    panic!("the stream ended without a last event")
}

struct Adapters {
    folder: TempDir,
    generations: Vec<[u8; 32]>,
}

impl Adapters {
    /// Registers `count` adapters named by their numbers.
    async fn register(engine: &Engine, count: u16) -> Self {
        let folder = TempDir::new().unwrap();
        let mut generations = Vec::new();
        for seed in 0..count {
            let own = folder.path().join(seed.to_string());
            write_adapter(&own, seed).unwrap();
            generations.push(engine.load_adapter(&seed.to_string(), &own, None).await.unwrap().generation);
        }
        Self { folder, generations }
    }
}

fn request(adapter: Option<usize>, prompt: Vec<u32>, count: usize) -> GenerateRequest {
    GenerateRequest { adapter: adapter.map(|number| number.to_string()), ..GenerateRequest::greedy(prompt, count) }
}

fn prompt(seed: u32, length: usize) -> Vec<u32> {
    (0..length as u32).map(|at| (seed.wrapping_mul(31).wrapping_add(at * 7)) % 256).collect()
}

async fn idle(engine: &Engine) -> openledger_engine::EngineStats {
    for _ in 0..500 {
        let stats = engine.stats().await.unwrap();
        if stats.running + stats.waiting + stats.kv_blocks_used == 0 {
            return stats;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("something never ended: {:?}", engine.stats().await.unwrap())
}

#[derive(Debug, Clone)]
struct Ask {
    adapter: Option<usize>,
    /// Texts of one seed begin alike.
    seed: u32,
    prompt: usize,
    answer: usize,
    leaves_after: Option<usize>,
    scored: bool,
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let ask = (
        prop::option::of(0..6_usize),
        0..3_u32,
        1..60_usize,
        1..30_usize,
        prop::option::weighted(0.2, 0..5_usize),
        prop::bool::weighted(0.2),
    );
    let ask = ask.prop_map(|(adapter, seed, prompt, answer, leaves_after, scored)| Ask {
        adapter,
        seed,
        prompt,
        answer,
        leaves_after,
        scored,
    });
    prop::collection::vec(ask, 1..40)
}

fn limits() -> impl Strategy<Value = Limits> {
    (1..9_usize, 1..40_usize, 1..40_usize, 1..9_usize, 90..600_usize, 1..6_usize).prop_map(
        |(max_batch, prefill_chunk, max_step_tokens, block_tokens, tokens, max_resident)| Limits {
            max_batch,
            prefill_chunk,
            max_step_tokens,
            block_tokens,
            // The double counts one byte per token.
            kv_bytes: tokens + block_tokens,
            max_resident,
            max_adapter_bytes: 64,
            max_step_adapter_bytes: 33,
            ..Limits::default()
        },
    )
}

/// Probability that the double gives to its own choice, as a logarithm.
fn own_choice() -> f64 {
    8.0 - (8.0_f64.exp() + 256.0).ln()
}

async fn one(engine: &Engine, ask: &Ask, generation: Option<[u8; 32]>) {
    let text = prompt(ask.seed, ask.prompt);
    let expected = answer(generation, &text, ask.answer);
    if ask.scored {
        let row = ScoreRow {
            adapter: ask.adapter.map(|number| number.to_string()),
            prompt: text,
            completion: expected.clone(),
        };
        let scored = engine.score(vec![row]).await.unwrap();
        assert!((scored[0] - own_choice() * expected.len() as f64).abs() < 1e-4, "{ask:?} {scored:?}");
        return;
    }
    let mut events = engine.generate(request(ask.adapter, text, ask.answer)).await.unwrap();
    match ask.leaves_after {
        Some(tokens) => {
            for _ in 0..tokens {
                if events.recv().await.is_none() {
                    break;
                }
            }
        }
        None => {
            let (tokens, reason) = collect(events).await.unwrap();
            assert_eq!(tokens, expected, "{ask:?}");
            assert_eq!(reason == FinishReason::Eos, expected.last() == Some(&EOS));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any mix of requests, under any limits, gives everybody the answer that it would get alone, and leaves nothing behind.
    #[test]
    fn everybody_gets_its_own_answer(asks in asks(), limits in limits()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let engine = Double { limits, token_bytes: 1, ..Double::default() }.start().unwrap();
            let adapters = Adapters::register(&engine, 6).await;
            let mut all = Vec::new();
            for ask in asks {
                let engine = engine.clone();
                let generation = ask.adapter.map(|number| adapters.generations[number]);
                all.push(tokio::spawn(async move { one(&engine, &ask, generation).await }));
            }
            for ask in all {
                ask.await.unwrap();
            }
            idle(&engine).await;
        });
    }
}

#[tokio::test]
async fn a_long_prompt_never_holds_up_those_who_decode() {
    let limits = Limits { prefill_chunk: 8, max_prompt_tokens: 4000, max_step_tokens: 4000, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let text = (0..).map(|seed| prompt(seed, 4)).find(|text| answer(None, text, 400).len() == 400).unwrap();
    let mut decoding = engine.generate(request(None, text, 400)).await.unwrap();
    decoding.recv().await.unwrap().unwrap();
    let before = engine.stats().await.unwrap();
    let long = engine.generate(request(None, prompt(2, 800), 1)).await.unwrap();
    collect(long).await.unwrap();
    let after = engine.stats().await.unwrap();
    // A hundred parts of eight tokens, each beside a token of the other.
    assert!(after.prefill_tokens - before.prefill_tokens >= 800);
    let decoded = after.decode_tokens - before.decode_tokens;
    assert!(decoded >= 99, "{decoded}");
}

#[tokio::test]
async fn a_hot_adapter_does_not_starve_another() {
    let limits = Limits { max_batch: 2, ..Limits::default() };
    let engine = Double { limits, step: Duration::from_millis(1), ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 2).await;
    let mut hot = Vec::new();
    for seed in 0..40 {
        hot.push(engine.generate(request(Some(0), prompt(seed, 3), 10)).await.unwrap());
    }
    let text = prompt(77, 3);
    let cold = engine.generate(request(Some(1), text.clone(), 10)).await.unwrap();
    assert_eq!(collect(cold).await.unwrap().0, answer(Some(adapters.generations[1]), &text, 10));
    // It overtook most of those that were there before it.
    let waiting = engine.stats().await.unwrap().waiting;
    assert!(waiting >= 25, "{waiting}");
    for events in hot {
        collect(events).await.unwrap();
    }
}

#[tokio::test]
async fn a_beginning_that_is_known_is_not_computed_again() {
    let limits = Limits { block_tokens: 4, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 2).await;
    let text = prompt(3, 41);
    let ask = |adapter, text: &[u32]| {
        let (engine, text) = (engine.clone(), text.to_vec());
        async move {
            let before = engine.stats().await.unwrap().shared_tokens;
            let found = collect(engine.generate(request(adapter, text.clone(), 6)).await.unwrap()).await.unwrap().0;
            (found, engine.stats().await.unwrap().shared_tokens - before)
        }
    };
    let own =
        |adapter: Option<usize>, text: &[u32]| answer(adapter.map(|number| adapters.generations[number]), text, 6);
    assert_eq!(ask(None, &text).await, (own(None, &text), 0));
    assert_eq!(ask(None, &text).await, (own(None, &text), 40));
    // Another adapter never reads what this one wrote.
    assert_eq!(ask(Some(0), &text).await, (own(Some(0), &text), 0));
    assert_eq!(ask(Some(1), &text).await, (own(Some(1), &text), 0));
    assert_eq!(ask(Some(1), &text[..30]).await, (own(Some(1), &text[..30]), 28));
    // A replaced adapter has another generation, and nothing in common with the one before.
    let folder = adapters.folder.path().join("new");
    write_adapter(&folder, 900).unwrap();
    let new = engine.replace_adapter("1", &folder, None, adapters.generations[1]).await.unwrap().generation;
    assert_eq!(ask(Some(1), &text).await, (answer(Some(new), &text, 6), 0));
    // A turn of a conversation continues what was generated.
    let mut longer = text.clone();
    longer.extend(own(None, &text));
    if longer.last() != Some(&EOS) {
        longer.extend([1, 2]);
        assert_eq!(ask(None, &longer).await, (own(None, &longer), 44));
    }
}

#[tokio::test]
async fn more_adapters_than_memory_are_served_from_their_folders() {
    let limits = Limits { max_resident: 4, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 60).await;
    let mut all = Vec::new();
    for turn in 0..180_usize {
        let number = (turn * 7) % 60;
        let text = prompt(turn as u32, 9);
        let expected = answer(Some(adapters.generations[number]), &text, 8);
        let events = engine.generate(request(Some(number), text, 8)).await.unwrap();
        all.push((tokio::spawn(collect(events)), expected));
    }
    for (found, expected) in all {
        assert_eq!(found.await.unwrap().unwrap().0, expected);
    }
    let stats = idle(&engine).await.adapters;
    assert_eq!((stats.registered, stats.resident), (60, 4));
    assert!(stats.loads >= 56 && stats.loads <= 180, "each is read at most once per request: {stats:?}");
    assert!(stats.slowest_load <= stats.load_time);
}

#[tokio::test]
async fn a_folder_that_changed_or_went_away_is_told() {
    let limits = Limits { max_resident: 1, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 3).await;
    let ask = |number| {
        let engine = engine.clone();
        async move { collect(engine.generate(request(Some(number), vec![1, 2], 3)).await.unwrap()).await }
    };
    // Only the first is in memory now.
    assert!(ask(0).await.is_ok());
    write_adapter(&adapters.folder.path().join("1"), 901).unwrap();
    std::fs::remove_dir_all(adapters.folder.path().join("2")).unwrap();
    for number in [1, 2] {
        assert_eq!(ask(number).await.unwrap_err().code(), "ADAPTER_UNAVAILABLE");
    }
    assert!(ask(0).await.is_ok());
    idle(&engine).await;
}

#[tokio::test]
async fn replacing_under_load_mixes_nothing() {
    let engine = Double { step: Duration::from_micros(300), ..Double::default() }.start().unwrap();
    let folder = TempDir::new().unwrap();
    let mut generation = None;
    let mut answers = Vec::new();
    for seed in 0..30_u16 {
        let own = folder.path().join(seed.to_string());
        write_adapter(&own, seed).unwrap();
        let info = match generation {
            None => engine.load_adapter("0", &own, None).await.unwrap(),
            Some(expected) => engine.replace_adapter("0", &own, None, expected).await.unwrap(),
        };
        generation = Some(info.generation);
        for extra in 0..3 {
            let text = prompt(u32::from(seed) * 3 + extra, 12);
            let expected = answer(generation, &text, 20);
            let events = engine.generate(request(Some(0), text, 20)).await.unwrap();
            answers.push((tokio::spawn(collect(events)), expected));
        }
    }
    for (found, expected) in answers {
        assert_eq!(found.await.unwrap().unwrap().0, expected);
    }
    assert_eq!(idle(&engine).await.adapters.registered, 1);
    let late = engine.replace_adapter("0", &folder.path().join("0"), None, [0; 32]).await.unwrap_err();
    assert_eq!(late.code(), "ADAPTER_CONFLICT");
}

#[tokio::test]
async fn deadlines_end_what_waits_and_what_runs() {
    let limits = Limits { max_batch: 1, ..Limits::default() };
    let engine = Double { limits, step: Duration::from_millis(5), ..Double::default() }.start().unwrap();
    let soon = || Some(Instant::now() + Duration::from_millis(40));
    // A text whose answer is long enough.
    let text = (0..).map(|seed| prompt(seed, 4)).find(|text| answer(None, text, 200).len() == 200).unwrap();
    let runs = GenerateRequest { deadline: soon(), ..GenerateRequest::greedy(text.clone(), 200) };
    let waits = GenerateRequest { deadline: soon(), ..GenerateRequest::greedy(text.clone(), 200) };
    let runs = engine.generate(runs).await.unwrap();
    let waits = engine.generate(waits).await.unwrap();
    for events in [runs, waits] {
        assert_eq!(collect(events).await.unwrap_err().code(), "DEADLINE_EXCEEDED");
    }
    idle(&engine).await;
    let over = GenerateRequest { deadline: Some(Instant::now()), ..GenerateRequest::greedy(text, 2) };
    assert_eq!(collect(engine.generate(over).await.unwrap()).await.unwrap_err().code(), "DEADLINE_EXCEEDED");
}

#[tokio::test]
async fn limits_of_tenants_and_of_the_cache_are_typed() {
    let limits = Limits { max_tenant_requests: 2, kv_bytes: 64, block_tokens: 4, ..Limits::default() };
    let engine =
        Double { limits, step: Duration::from_millis(3), token_bytes: 1, ..Double::default() }.start().unwrap();
    let of = |tenant: &str, prompt, count| GenerateRequest {
        tenant: Some(tenant.to_owned()),
        ..GenerateRequest::greedy(prompt, count)
    };
    let text = (0..).map(|seed| prompt(seed, 4)).find(|text| answer(None, text, 50).len() == 50).unwrap();
    let first = engine.generate(of("a", text.clone(), 50)).await.unwrap();
    let second = engine.generate(of("a", text.clone(), 50)).await.unwrap();
    assert_eq!(engine.generate(of("a", text.clone(), 1)).await.unwrap_err().code(), "TENANT_LIMIT");
    let other = engine.generate(of("b", text.clone(), 1)).await.unwrap();
    assert_eq!(engine.generate(of("b", text.clone(), 70)).await.unwrap_err().code(), "REQUEST_OVER_LIMIT");
    for events in [first, second, other] {
        collect(events).await.unwrap();
    }
    idle(&engine).await;
    // The places are free again.
    collect(engine.generate(of("a", text, 1)).await.unwrap()).await.unwrap();
}

#[tokio::test]
async fn failing_steps_are_told_and_leave_nothing_behind() {
    let limits = Limits { block_tokens: 4, ..Limits::default() };
    let engine = Double { limits, fails_every: Some(7), ..Double::default() }.start().unwrap();
    let mut failed = 0;
    for turn in 0..60 {
        // The same few texts again and again, so that what a failed step left would be found.
        let text = prompt(turn % 3, 30);
        let ask = request(None, text.clone(), 6);
        match collect(engine.generate(ask).await.unwrap()).await {
            Ok((tokens, _)) => assert_eq!(tokens, answer(None, &text, 6)),
            Err(error) => {
                assert_eq!(error.code(), "INFERENCE_FAILED");
                failed += 1;
            }
        }
        let row = ScoreRow { adapter: None, prompt: text.clone(), completion: answer(None, &text, 3) };
        match engine.score(vec![row; 3]).await {
            Ok(scores) => assert!(scores.windows(2).all(|pair| (pair[0] - pair[1]).abs() < 1e-9)),
            Err(error) => {
                assert_eq!(error.code(), "INFERENCE_FAILED");
                failed += 1;
            }
        }
    }
    assert!(failed > 0);
    idle(&engine).await;
}

/// Texts whose answers are long enough to overlap.
fn long_texts(generation: Option<[u8; 32]>, count: usize, length: usize) -> Vec<Vec<u32>> {
    (0..)
        .map(|seed| prompt(seed, 3))
        .filter(|text| answer(generation, text, length).len() == length)
        .take(count)
        .collect()
}

/// Keeps an adapter in use: answers of different lengths, so that one always goes on while another ends.
async fn keep_busy(engine: &Engine, adapter: usize, texts: &[Vec<u32>]) {
    let turns = texts.iter().zip([40, 29, 19]).map(|(text, length)| {
        let (engine, ask) = (engine.clone(), request(Some(adapter), text.clone(), length));
        async move {
            loop {
                collect(engine.generate(ask.clone()).await.unwrap()).await.unwrap();
            }
        }
    });
    let running: Vec<_> = turns.map(tokio::spawn).collect();
    std::future::pending::<()>().await;
    drop(running);
}

#[tokio::test]
async fn an_adapter_that_finds_no_memory_is_not_starved_by_those_in_use() {
    let limits = Limits { max_batch: 8, max_resident: 2, ..Limits::default() };
    let engine = Double { limits, step: Duration::from_micros(200), ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 3).await;
    let own = |adapter: usize| long_texts(Some(adapters.generations[adapter]), 3, 40);
    let (first, second) = (own(0), own(1));
    let busy = async { tokio::join!(keep_busy(&engine, 0, &first), keep_busy(&engine, 1, &second)) };
    let cold = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        for seed in 0..3 {
            let text = prompt(seed, 3);
            let events = engine.generate(request(Some(2), text.clone(), 10)).await.unwrap();
            assert_eq!(collect(events).await.unwrap().0, answer(Some(adapters.generations[2]), &text, 10));
        }
    };
    tokio::select! {
        _ = busy => unreachable!(),
        served = tokio::time::timeout(Duration::from_secs(10), cold) => served.expect("it is never served"),
    }
}

#[tokio::test]
async fn a_step_of_one_large_adapter_has_room_for_more_of_its_rows() {
    // Its matrices alone are more than a step may read.
    let limits = Limits { max_step_adapter_bytes: 1, ..Limits::default() };
    let engine = Double { limits, step: Duration::from_millis(2), ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 1).await;
    let texts = long_texts(Some(adapters.generations[0]), 4, 40);
    let mut all = Vec::new();
    for text in &texts {
        all.push(engine.generate(request(Some(0), text.clone(), 40)).await.unwrap());
    }
    let base = long_texts(None, 1, 40).remove(0);
    all.push(engine.generate(request(None, base, 40)).await.unwrap());
    for events in &mut all {
        events.recv().await.unwrap().unwrap();
    }
    // Whoever waited for another to end would see its end first.
    assert_eq!(engine.stats().await.unwrap().running, 5);
}

#[tokio::test]
async fn whoever_left_counts_no_more_when_its_tenant_comes_again() {
    let limits = Limits { max_tenant_requests: 1, max_queue: 1, max_batch: 1, ..Limits::default() };
    let engine = Double { limits, step: Duration::from_millis(1), ..Double::default() }.start().unwrap();
    let text = long_texts(None, 1, 200).remove(0);
    let of = |tenant: &str| GenerateRequest {
        tenant: Some(tenant.to_owned()),
        ..GenerateRequest::greedy(text.clone(), 200)
    };
    let mut runs = engine.generate(of("a")).await.unwrap();
    runs.recv().await.unwrap().unwrap();
    for _ in 0..50 {
        let waits = engine.generate(of("b")).await.unwrap();
        // Both the place in line and the tenant's are free again.
        drop(waits);
    }
    drop(runs);
    engine.generate(of("a")).await.unwrap();
}

#[tokio::test]
async fn the_folder_that_an_adapter_was_last_loaded_from_is_the_one_it_is_read_from() {
    let limits = Limits { max_resident: 1, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 2).await;
    let moved = adapters.folder.path().join("moved");
    write_adapter(&moved, 0).unwrap();
    engine.load_adapter("0", &moved, None).await.unwrap();
    std::fs::remove_dir_all(adapters.folder.path().join("0")).unwrap();
    for number in [1, 0] {
        let found = collect(engine.generate(request(Some(number), vec![1, 2], 3)).await.unwrap()).await.unwrap();
        assert_eq!(found.0, answer(Some(adapters.generations[number]), &[1, 2], 3));
    }
}

#[tokio::test]
async fn a_pinned_adapter_leaves_room_for_another() {
    let limits = Limits { max_resident: 1, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let _adapters = Adapters::register(&engine, 2).await;
    assert_eq!(engine.pin_adapter("0", true).await.unwrap_err().code(), "ADAPTER_LIMIT");
    for number in [0, 1] {
        let events = engine.generate(request(Some(number), vec![1, 2], 3)).await.unwrap();
        tokio::time::timeout(Duration::from_secs(10), collect(events)).await.expect("it waits for ever").unwrap();
    }
}

#[tokio::test]
async fn a_deadline_passes_while_an_adapter_is_read() {
    let limits = Limits { max_resident: 1, ..Limits::default() };
    let engine = Double { limits, ..Double::default() }.start().unwrap();
    let adapters = Adapters::register(&engine, 2).await;
    let slow = adapters.folder.path().join("0/adapter_config.json");
    std::fs::remove_file(&slow).unwrap();
    // A pipe without a writer: whoever reads it waits.
    assert!(std::process::Command::new("mkfifo").arg(&slow).status().unwrap().success());
    let deadline = Some(Instant::now() + Duration::from_millis(50));
    let events = engine.generate(GenerateRequest { deadline, ..request(Some(0), vec![1, 2], 3) }).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(5), collect(events)).await;
    let stats = tokio::time::timeout(Duration::from_secs(5), engine.stats()).await;
    // Lets the reader go on, so that the engine can end.
    std::fs::write(&slow, "").unwrap();
    assert_eq!(ended.expect("it waits for the reader").unwrap_err().code(), "DEADLINE_EXCEEDED");
    assert_eq!(stats.unwrap().unwrap().waiting, 0);
}
