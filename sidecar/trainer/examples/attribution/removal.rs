//! The removal test: take away what a method says mattered most, train again, and see what the answer really loses.

use std::{collections::HashMap, error::Error, fs};

use crate::{ours::Method, setting::Setting, truth};

/// Part of the rows that is taken away.
const PART: usize = 20;
/// Questions that it is done for.
const QUESTIONS: usize = 8;

/// Of each method the extra loss of each question over a random removal, in nats.
pub struct Removal {
    pub questions: usize,
    pub rows: usize,
    pub losses: Vec<(String, Vec<f64>)>,
}

impl Removal {
    /// `whole` are the log-probabilities under the adapter itself.
    pub fn of(setting: &Setting, whole: &[f64], methods: &[&Method]) -> Result<Self, Box<dyn Error>> {
        let rows = setting.examples.len() / PART;
        // Questions that every method scored.
        let shared: Vec<usize> = (0..setting.questions.len())
            .filter(|question| methods.iter().all(|method| method.questions.contains(question)))
            .collect();
        let step = (shared.len() / QUESTIONS).max(1);
        let chosen: Vec<usize> = shared.into_iter().step_by(step).take(QUESTIONS).collect();
        let path = setting.cache.join("removals.json");
        let mut known: HashMap<String, f64> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let mut wanted: Vec<(String, usize, Vec<usize>)> = Vec::new();
        for &question in &chosen {
            // An order that has nothing to do with any answer.
            let mut random: Vec<usize> = (0..setting.examples.len()).collect();
            random.sort_by_key(|row| (row * 7919 + question * 104_729) % 1009);
            random.truncate(rows);
            wanted.push(("at random".to_owned(), question, random));
            for method in methods {
                let place =
                    method.questions.iter().position(|at| *at == question).ok_or("a question without scores")?;
                let scores = method.rows.get(place).ok_or("a method without scores of rows")?;
                let mut order: Vec<usize> = (0..scores.len()).collect();
                order.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]));
                order.truncate(rows);
                wanted.push((method.name.clone(), question, order));
            }
        }
        let key = |question: usize, rows: &[usize]| {
            let mut rows = rows.to_vec();
            rows.sort_unstable();
            format!("{question}:{rows:?}")
        };
        let missing: Vec<&(String, usize, Vec<usize>)> =
            wanted.iter().filter(|(_, question, rows)| !known.contains_key(&key(*question, rows))).collect();
        let without: Vec<Vec<usize>> = missing.iter().map(|(_, _, rows)| rows.clone()).collect();
        for ((_, question, rows), log_probs) in missing.iter().zip(truth::without(setting, "removals", &without)?) {
            known.insert(key(*question, rows), whole[*question] - log_probs[*question]);
        }
        fs::write(&path, serde_json::to_vec(&known)?)?;
        let mut losses: Vec<(String, Vec<f64>)> = Vec::new();
        for (name, question, rows) in &wanted {
            let loss = known.get(&key(*question, rows)).copied().ok_or("a removal without a result")?;
            match losses.iter_mut().find(|(known, _)| known == name) {
                Some((_, own)) => own.push(loss),
                None => losses.push((name.clone(), vec![loss])),
            }
        }
        Ok(Self { questions: chosen.len(), rows, losses })
    }
}
