//! How far the queries of two computations of one answer are apart.

use std::{error::Error, path::Path};

use openledger_attribution::{
    Family, Question,
    index::{Answer, Apart, DEFAULT_DIMENSIONS, Index, Querier, Query, Tolerance},
};
use openledger_engine::gradient::{Executor, GradientConfig, GradientSession};
use openledger_simd::Level;
use openledger_strict::{StrictConfig, StrictOptions};

/// A pair of computations.
struct Pair {
    name: &'static str,
    /// Of each answer.
    apart: Vec<Apart>,
}

pub struct Drift(Vec<Pair>);

/// Queries of all answers, each alone and in batches, by ONNX Runtime with one and two threads and in strict arithmetic.
pub fn measure(examples: &Path, questions: &[Question]) -> Result<Drift, Box<dyn Error>> {
    let mut pairs: Vec<Pair> = [
        "ONNX Runtime, 1 and 2 threads",
        "ONNX Runtime, alone and in a batch",
        "ONNX Runtime and strict",
        "strict, 1 and 2 threads, AVX2 or better and portable",
    ]
    .map(|name| Pair { name, apart: Vec::new() })
    .into();
    for datanet in ["sotu", "wordnet"] {
        let family = Family::read(&examples.join("adapters").join(datanet))?;
        let model = examples.join("model");
        let runtime = |threads| {
            GradientSession::open(&GradientConfig {
                model_dir: model.clone(),
                ort_library: None,
                threads,
                targets: Vec::new(),
            })
        };
        let strict = |threads, level| {
            let options = StrictOptions { threads, level };
            openledger_strict::open(&StrictConfig { model_dir: model.clone(), targets: Vec::new(), options })
        };
        let session = runtime(1)?;
        let index = Index::build(&session, &family, DEFAULT_DIMENSIONS)?;
        let own = questions.iter().filter(|question| question.datanet == datanet);
        let tokens =
            own.map(|question| Ok((session.encode(&question.prompt)?, session.encode_completion(&question.answer)?)));
        let tokens = tokens.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        let answers: Vec<Answer<'_>> = tokens.iter().map(|(prompt, response)| Answer { prompt, response }).collect();
        let alone = each(Querier::open(session, &family, &index)?, &index, &answers)?;
        let two = each(Querier::open(runtime(2)?, &family, &index)?, &index, &answers)?;
        let batch = Querier::open(runtime(1)?, &family, &index)?.queries(&index, &answers)?;
        let best = each(Querier::open(strict(1, Level::best())?, &family, &index)?, &index, &answers)?;
        let plain = each(Querier::open(strict(2, Level::Portable)?, &family, &index)?, &index, &answers)?;
        for (pair, (left, right)) in
            pairs.iter_mut().zip([(&alone, &two), (&alone, &batch), (&alone, &best), (&best, &plain)])
        {
            for (left, right) in left.iter().zip(right) {
                pair.apart.push(Apart::of(left, right)?);
            }
        }
    }
    Ok(Drift(pairs))
}

fn each<E: Executor>(
    mut querier: Querier<E>,
    index: &Index,
    answers: &[Answer<'_>],
) -> Result<Vec<Query>, Box<dyn Error>> {
    let mut found = Vec::with_capacity(answers.len());
    for answer in answers {
        found.extend(querier.queries(index, &[*answer])?);
    }
    Ok(found)
}

impl Drift {
    /// Whether honest pairs are within the tolerance, and strict ones equal.
    pub fn holds(&self) -> bool {
        let within = self.0.iter().flat_map(|pair| &pair.apart).all(|apart| apart.within(Tolerance::default()));
        within && self.0.last().is_some_and(|strict| strict.apart.iter().all(|apart| apart.differing == 0))
    }

    pub fn to_markdown(&self) -> String {
        let mut out = String::from(
            "| pair | answers | coordinates that differ: median | 99th percentile | most | largest difference |\n|---|---|---|---|---|---|\n",
        );
        for pair in &self.0 {
            let mut counts: Vec<usize> = pair.apart.iter().map(|apart| apart.differing).collect();
            counts.sort_unstable();
            let at = |part: usize| counts.get(counts.len().saturating_sub(1) * part / 100).copied().unwrap_or(0);
            let largest = pair.apart.iter().map(|apart| apart.largest).max().unwrap_or(0);
            out.push_str(&format!(
                "| {} | {} | {} | {} | {} | {largest} |\n",
                pair.name,
                counts.len(),
                at(50),
                at(99),
                at(100)
            ));
        }
        out
    }
}
