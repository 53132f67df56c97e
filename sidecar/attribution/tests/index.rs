//! The index of the example families: what it commits to, and what it measures.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use openledger_attribution::{
    AuditLane, Family, QueryPoint,
    index::{
        Answer, Apart, Gradients, Index, IndexLane, Querier, Said, Scores, Secants, Tolerance,
        agreement::{same_top, spearman},
        build_calibrated, micro_nats,
    },
    read_questions,
};
use openledger_engine::{
    Engine, EngineConfig, GenerateEvent, GenerateRequest, Penalties, Sampling, ScoreRow,
    gradient::{GradientConfig, GradientRow, GradientSession},
};
use openledger_protocol::{
    commitment,
    dot::dot,
    fraud::score::{Row, index_root, row_leaf},
    merkle,
    shares::SHARE_ONE,
};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn family(name: &str) -> Family {
    Family::read(&examples().join("adapters").join(name)).unwrap()
}

fn session() -> GradientSession {
    let config =
        GradientConfig { model_dir: examples().join("model"), ort_library: None, threads: 1, targets: Vec::new() };
    GradientSession::open(&config).unwrap()
}

/// Prompt and response of a family's questions, in token ids.
fn answers(session: &GradientSession, datanet: &str) -> Vec<(Vec<u32>, Vec<u32>)> {
    let questions = read_questions(&examples().join("questions.json")).unwrap();
    let own = questions.iter().filter(|question| question.datanet == datanet);
    own.map(|question| {
        (session.encode(&question.prompt).unwrap(), session.encode_completion(&question.answer).unwrap())
    })
    .collect()
}

fn views(answers: &[(Vec<u32>, Vec<u32>)]) -> Vec<Answer<'_>> {
    answers.iter().map(|(prompt, response)| Answer { prompt, response }).collect()
}

#[test]
fn rows_are_what_the_chain_and_its_proofs_take() {
    let session = session();
    for name in ["sotu", "wordnet"] {
        let family = family(name);
        let index = Index::build(&session, &family, 1024).unwrap();
        let facts = index.facts();
        let rows: Vec<Vec<i8>> = index.clusters().map(<[i8]>::to_vec).collect();
        assert_eq!(facts.root, index_root(&rows));
        assert_eq!(facts.rows as usize, family.contributors().count());
        let directions = family.contributors().count() + family.placebos.len();
        assert_eq!(index.projection.dimensions(), directions, "all are independent");
        assert_eq!(index.dimensions(), 64, "spread over a frame");
        let leaves: Vec<Vec<u8>> = (0..).zip(&rows).map(|(cluster, row)| row_leaf(cluster, row)).collect();
        for (cluster, vector) in (0..).zip(&rows) {
            let siblings = merkle::proof(&leaves, u64::from(cluster)).unwrap();
            let opening = Row { cluster, vector: vector.clone(), siblings }.into_opening();
            let size = u64::from(facts.rows);
            merkle::verify(&facts.root, &opening.leaf, opening.index, size, &opening.siblings).unwrap();
        }
        assert_eq!(Index::build(&session, &family, 1024).unwrap(), index, "building twice gives the same bytes");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("index");
        index.write(&path).unwrap();
        assert_eq!(Index::read(&path).unwrap(), index);
    }
}

#[test]
fn products_are_derivatives_along_the_secants() {
    let session = session();
    // At full strength: there a query's log-probability is that of the served adapter.
    let family = Family { query: QueryPoint::default(), ..family("wordnet") };
    let secants = Secants::read(&session, &family).unwrap();
    let index = Index::of(&secants, session.model().base_digest, 1024).unwrap();
    assert_eq!(index.leverage.capped, 0, "a shortened row would not be its secant");
    let answers = answers(&session, "wordnet");
    let mut querier = Querier::open(self::session(), &family, &index).unwrap();
    let queries = querier.queries(&index, &views(&answers[..3])).unwrap();
    let mut session = session;
    for ((prompt, response), query) in answers.iter().zip(&queries) {
        let tokens = [prompt.as_slice(), response].concat();
        let weights = [vec![0.0; prompt.len()], vec![1.0; response.len()]].concat();
        let mut log_prob = |adapter: &[f32]| -> f64 {
            let row = [GradientRow { tokens: &tokens, weights: &weights }];
            let run = session.run(&row, &[adapter], &secants.served.layout, secants.served.scale).unwrap();
            run.log_probs.iter().flatten().map(|&value| f64::from(value)).sum()
        };
        assert!((log_prob(&secants.served.parameters) - query.log_prob).abs() < 1e-3);
        let scores = Scores::of(&index, query).unwrap();
        let derivatives: Vec<f64> = secants
            .clusters
            .iter()
            .map(|secant| {
                let mut moved = |by: f32| {
                    let parameters = secants.served.parameters.iter().zip(secant);
                    log_prob(&parameters.map(|(value, way)| value + by * way).collect::<Vec<f32>>())
                };
                let step = 0.01;
                (moved(step) - moved(-step)) / (2.0 * f64::from(step))
            })
            .collect();
        let largest = derivatives.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        assert!(largest > 0.5, "{largest} nats are no rounding noise");
        // 8 bits keep a hundredth of the largest product of coordinates; the differences themselves are as exact.
        for (found, expected) in scores.nats().iter().zip(&derivatives) {
            println!("{found:.3} nats, by differences {expected:.3}");
            assert!((found - expected).abs() < 0.05 * largest, "{found} instead of {expected}");
            assert!(expected.abs() < 0.05 * largest || found.signum() == expected.signum());
        }
    }
}

#[test]
fn an_answer_has_the_same_query_alone_and_among_others_up_to_a_step() {
    let session = session();
    let family = family("sotu");
    let index = Index::build(&session, &family, 1024).unwrap();
    let answers = answers(&session, "sotu");
    let mut querier = Querier::open(session, &family, &index).unwrap();
    let together = querier.queries(&index, &views(&answers)).unwrap();
    assert_eq!(together.len(), answers.len());
    for (answer, among) in views(&answers).iter().zip(&together) {
        let alone = querier.queries(&index, &[*answer]).unwrap().remove(0);
        assert_eq!(alone.exponent, among.exponent);
        assert!(alone.vector.iter().zip(&among.vector).all(|(left, right)| left.abs_diff(*right) <= 1));
        assert!((alone.log_prob - among.log_prob).abs() < 1e-3);
        assert!(alone.explained > 0.0 && alone.explained <= 1.0);
    }
}

#[tokio::test]
async fn scores_follow_the_audit_lane_and_become_shares() {
    let engine = Engine::start(EngineConfig::new(examples().join("model"))).unwrap();
    for name in ["sotu", "wordnet"] {
        let session = session();
        let family = family(name);
        let index = Index::build(&session, &family, 1024).unwrap();
        let answers = answers(&session, name);
        let mut querier = Querier::open(session, &family, &index).unwrap();
        let queries = querier.queries(&index, &views(&answers)).unwrap();
        let lane = AuditLane::load(engine.clone(), name, family).await.unwrap();
        let (mut correlation, mut tops) = (0.0, 0.0);
        for ((prompt, response), query) in answers.iter().zip(&queries) {
            let measured = lane.attribute(prompt, response).await.unwrap();
            let scores = Scores::of(&index, query).unwrap();
            let deltas: Vec<f64> = measured.deltas().iter().map(|&delta| delta as f64).collect();
            correlation += spearman(&scores.nats(), &deltas).unwrap() / answers.len() as f64;
            tops += f64::from(same_top(&scores.nats(), &deltas)) / answers.len() as f64;
            for (row, score) in index.clusters().zip(&scores.clusters) {
                assert_eq!(i64::from(dot(&query.vector, row).unwrap()), *score, "the protocol's own product");
            }
            let shares = scores.attribution(query, measured.lift(), &[3; 32]).unwrap();
            let unit = (2.0_f64.powi(scores.exponent) * 1e6) as u64;
            let lift = micro_nats(shares.lift, scores.exponent);
            assert!(lift.abs_diff(measured.lift()) <= unit / 2 + 1, "{lift} and {}", measured.lift());
            assert_eq!(shares.deltas, scores.clusters);
            assert_eq!(shares.shares.iter().sum::<u64>() + shares.unattributed, SHARE_ONE);
            assert_eq!(shares.query_commitment, commitment::query(&[3; 32], &query.vector));
        }
        println!("{name}: Spearman {correlation:.3}, same first {tops:.3}");
        // docs/benchmarks/index.md has what was found; these bars only notice when it gets worse.
        assert!(tops >= 0.9, "{name}: {tops}");
        assert!(correlation >= 0.4, "{name}: {correlation}");
    }
}

async fn score(engine: &Engine, adapter: &str, (prompt, completion): &(Vec<u32>, Vec<u32>)) -> f64 {
    let row = ScoreRow { adapter: Some(adapter.into()), prompt: prompt.clone(), completion: completion.clone() };
    engine.score(vec![row]).await.unwrap()[0]
}

/// The lift of an answer that a node made is the same by what it saw while making it: no bit of the likelihood is another.
#[tokio::test]
async fn what_generation_saw_is_what_scoring_finds() {
    let engine = Engine::start(EngineConfig::new(examples().join("model"))).unwrap();
    let family = family("wordnet");
    engine.load_adapter("served", &family.full.folder, Some(family.full.digest)).await.unwrap();
    let session = session();
    let mut streams = Vec::new();
    for (seed, (prompt, _)) in (1..).zip(answers(&session, "wordnet")) {
        let sampling = Sampling {
            penalties: Penalties { repetition: 1.2, presence: 0.3, frequency: 0.1 },
            temperature: 1.2,
            top_k: 40,
            seed,
            ..Sampling::greedy()
        };
        let greedy = GenerateRequest::greedy(prompt.clone(), 24);
        let request = GenerateRequest { adapter: Some("served".into()), sampling, logprobs: Some(0), ..greedy };
        streams.push((prompt, engine.generate(request).await.unwrap()));
    }
    for (prompt, mut stream) in streams {
        let (mut response, mut nats) = (Vec::new(), 0.0);
        while let Some(event) = stream.recv().await {
            if let GenerateEvent::Token { id, likelihood, .. } = event.unwrap() {
                response.push(id);
                nats += likelihood.unwrap().logprob;
            }
        }
        assert!(nats < 0.0);
        assert_eq!(score(&engine, "served", &(prompt, response)).await.to_bits(), f64::to_bits(nats));
    }
}

/// What a node does with an answer is what the parts of the index do one by one, whoever else is in the batch.
#[tokio::test]
async fn a_node_attributes_as_the_index_does() {
    let engine = Engine::start(EngineConfig::new(examples().join("model"))).unwrap();
    let config =
        GradientConfig { model_dir: examples().join("model"), ort_library: None, threads: 1, targets: Vec::new() };
    let gradients = Gradients::start(config).unwrap();
    let mut lanes = Vec::new();
    for name in ["sotu", "wordnet"] {
        let (session, family) = (session(), family(name));
        let index = Index::build(&session, &family, 1024).unwrap();
        let answers = answers(&session, name);
        let queries = Querier::open(session, &family, &index).unwrap().queries(&index, &views(&answers)).unwrap();
        let audit = AuditLane::load(engine.clone(), name, family.clone()).await.unwrap();
        let served = audit.served_id();
        let lane = IndexLane::load(engine.clone(), gradients.clone(), served, &family, index).await.unwrap();
        lanes.push((lane, audit, answers, queries));
    }
    for (lane, audit, answers, queries) in &lanes {
        let mut asked = answers.clone();
        asked.insert(1, (vec![7, 8], Vec::new()));
        // Every other answer comes with what its maker knows, and it makes no difference.
        let mut said = Vec::new();
        for (at, tokens) in asked.into_iter().enumerate() {
            let known = at % 2 == 0;
            let log_prob = if known { Some(score(&engine, &audit.served_id(), &tokens).await) } else { None };
            said.push(Said { tokens, log_prob });
        }
        let mut found = lane.attribute(said.clone()).await.unwrap();
        said.iter_mut().for_each(|said| said.log_prob = None);
        let unknown = lane.attribute(said).await.unwrap();
        assert!(found.iter().map(|found| found.lift).eq(unknown.iter().map(|found| found.lift)));
        let silent = found.remove(1);
        assert_eq!((silent.lift, silent.scores.floor, silent.scores.clusters.iter().sum::<i64>()), (0, 0, 0));
        for ((indexed, query), (prompt, response)) in found.iter().zip(queries).zip(answers) {
            let apart = Apart::of(&indexed.query, query).unwrap();
            assert!(apart.within(Tolerance::default()), "{apart:?}");
            let measured = audit.attribute(prompt, response).await.unwrap();
            assert!(indexed.lift.abs_diff(measured.lift()) < 100, "{} and {}", indexed.lift, measured.lift());
        }
        assert_eq!(
            lane.attribute(vec![Said { tokens: (Vec::new(), vec![1]), log_prob: None }]).await.unwrap_err().code(),
            "REQUEST_INVALID"
        );
    }
}

#[test]
fn a_shifted_point_is_the_adapter_less_what_the_contributors_did_to_it() {
    let session = session();
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("wordnet");
    copy(&examples().join("adapters/wordnet"), &own);
    for bad in [QueryPoint::shifted(101), QueryPoint::weaker(0)] {
        assert_eq!(Family::set_query_point(&own, bad).unwrap_err().code(), "AUDIT_FAMILY_INVALID");
    }
    let family = Family::set_query_point(&own, QueryPoint { strength: 90, shift: 30 }).unwrap();
    assert_eq!(Family::read(&own).unwrap().query, QueryPoint { strength: 90, shift: 30 });
    let secants = Secants::read(&session, &family).unwrap();
    let index = Index::build(&session, &family, 1024).unwrap();
    let mut expected = secants.served.parameters.clone();
    for (_, b) in &secants.served.layout.modules {
        expected[b.clone()].iter_mut().for_each(|value| *value *= 0.9);
    }
    for secant in &secants.clusters {
        expected.iter_mut().zip(secant).for_each(|(value, way)| *value -= 0.3 * way);
    }
    let answers = answers(&session, "wordnet");
    let (prompt, response) = &answers[0];
    let mut querier = Querier::open(self::session(), &family, &index).unwrap();
    let (gradient, log_prob) = querier.gradients(&views(&answers[..1])).unwrap().remove(0);
    let tokens = [prompt.as_slice(), response].concat();
    let weights = [vec![0.0; prompt.len()], vec![1.0; response.len()]].concat();
    let mut session = session;
    let row = [GradientRow { tokens: &tokens, weights: &weights }];
    let run = session.run(&row, &[&expected], &secants.served.layout, secants.served.scale).unwrap();
    let own: f64 = run.log_probs.iter().flatten().map(|&value| f64::from(value)).sum();
    // The rows are of 8 bits, so the point is where they say.
    assert!((own - log_prob).abs() < 0.02 * (1.0 + own.abs()), "{log_prob} instead of {own}");
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let (found, expected) = (&gradient, &run.gradients[0]);
    let cosine = product(found, expected) / (product(found, found) * product(expected, expected)).sqrt();
    assert!(cosine > 0.99, "{cosine}");
    let plain = Family::set_query_point(&folder.path().join("wordnet"), QueryPoint::default()).unwrap();
    assert!(!std::fs::read_to_string(folder.path().join("wordnet/adapters.json")).unwrap().contains("query_shift"));
    let index = Index { family: plain.digest(), ..index };
    let (_, served) =
        Querier::open(self::session(), &plain, &index).unwrap().gradients(&views(&answers[..1])).unwrap().remove(0);
    assert!((served - log_prob).abs() > 0.1, "{served} and {log_prob}");
}

/// The adapters know their rows by heart: at full strength their answers have no slope left, further back they have.
#[test]
fn the_strength_is_where_the_index_comes_closest_to_the_counterfactual_adapters() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("wordnet");
    copy(&examples().join("adapters/wordnet"), &own);
    let before = Family::set_query_point(&own, QueryPoint::default()).unwrap();
    let mut session = session();
    let answers = answers(&session, "wordnet");
    let (family, index, found) = build_calibrated(&mut session, &own, 1024, &views(&answers)).unwrap();
    let error = |point: QueryPoint| found.tried.iter().find(|tried| tried.point == point).unwrap().without_floor;
    println!("{found:?}");
    assert_eq!(found.answers, answers.len());
    assert!(found.best.payout_error < 0.25 && error(QueryPoint::default()) > 0.8);
    assert!(found.tried.iter().all(|tried| tried.without_floor >= found.best.without_floor));
    assert_eq!(family.query, found.best.point);
    assert_ne!(family.digest(), before.digest());
    assert_eq!((index.family, Family::read(&own).unwrap()), (family.digest(), family.clone()));
    assert_eq!(index.facts(), Index::build(&session, &before, 1024).unwrap().facts(), "rows do not depend on it");
    let manifest = own.join("adapters.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let written = manifest.metadata().unwrap().modified().unwrap();
    Family::set_query_point(&own, found.best.point).unwrap();
    assert_eq!(manifest.metadata().unwrap().modified().unwrap(), written, "nothing to write");
    for bad in ["0", "101", "-3", "35.5"] {
        let known = format!("\"query_strength\": {}", found.best.point.strength);
        let changed = text.replace(&known, &format!("\"query_strength\": {bad}"));
        assert_ne!(changed, text);
        std::fs::write(&manifest, changed).unwrap();
        assert!(Family::read(&own).is_err(), "{bad}");
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn rows_can_stand_in_the_order_of_the_clusters() {
    let index = Index::build(&session(), &family("sotu"), 1024).unwrap();
    let mut order = index.contributors.clone();
    order.reverse();
    let names = |order: &[String]| order.iter().map(String::to_owned).collect::<Vec<_>>();
    let moved = index.clone().arranged(order.iter().map(String::as_str)).unwrap();
    assert_eq!(moved.contributors, names(&order));
    assert!(moved.clusters().eq(index.clusters().collect::<Vec<_>>().into_iter().rev()));
    assert_ne!(moved.facts().root, index.facts().root);
    assert_eq!(moved.arranged(index.contributors.iter().map(String::as_str)).unwrap(), index);
    let (short, strange) = (&order[1..], [&order[1..], &["nobody".to_owned()]].concat());
    let twice = [&order[1..], &order[1..2]].concat();
    for bad in [short, &strange, &twice] {
        let error = index.clone().arranged(bad.iter().map(String::as_str)).unwrap_err();
        assert_eq!(error.code(), "INDEX_MISMATCH");
    }
}

#[test]
fn an_index_of_other_weights_is_refused() {
    let session = session();
    let index = Index::build(&session, &family("sotu"), 1024).unwrap();
    let other = Querier::open(session, &family("wordnet"), &index).err().unwrap();
    assert_eq!(other.code(), "INDEX_MISMATCH");
    let foreign = Index { base: [0; 32], ..index.clone() };
    let error = Querier::open(self::session(), &family("sotu"), &foreign).err().unwrap();
    assert_eq!(error.code(), "INDEX_MISMATCH");
    let mut changed = family("sotu");
    changed.placebos[0].digest[0] ^= 1;
    let error = Index::build(&self::session(), &changed, 1024).unwrap_err();
    assert_eq!(error.code(), "ADAPTER_DIGEST_MISMATCH");
    let mut querier = Querier::open(self::session(), &family("sotu"), &index).unwrap();
    for (prompt, response) in [(&[1_u32][..], &[][..]), (&[], &[1])] {
        let error = querier.queries(&index, &[Answer { prompt, response }]).unwrap_err();
        assert_eq!(error.code(), "INDEX_LENGTH_MISMATCH");
    }
    let long = vec![1; 100_000];
    assert!(querier.queries(&index, &[Answer { prompt: &long, response: &[1] }]).is_err());
}

#[test]
fn variants_of_another_rank_or_alpha_are_refused() {
    let session = session();
    let changed = |from: &str, to: &str| {
        let folder = tempfile::tempdir().unwrap();
        let mut family = family("sotu");
        let variant = &mut family.counterfactuals[0];
        let config = std::fs::read_to_string(variant.folder.join("adapter_config.json")).unwrap();
        std::fs::write(folder.path().join("adapter_config.json"), config.replace(from, to)).unwrap();
        let weights = "adapter_model.safetensors";
        std::fs::copy(variant.folder.join(weights), folder.path().join(weights)).unwrap();
        variant.folder = folder.path().to_owned();
        Index::build(&session, &family, 1024).unwrap_err().code()
    };
    assert_eq!(changed("\"lora_alpha\": 32", "\"lora_alpha\": 16"), "INDEX_VARIANT_DIFFERS");
    assert_eq!(changed("\"r\": 16", "\"r\": 8"), "ADAPTER_RANK_MISMATCH");
    assert_eq!(
        changed("\"alpha_pattern\": {}", "\"alpha_pattern\": {\"q_proj\": 8}"),
        "ADAPTER_UNSUPPORTED",
        "one scale for all modules"
    );
}
