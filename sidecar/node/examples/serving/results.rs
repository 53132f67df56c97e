//! What the processes printed.

use std::{collections::BTreeMap, error::Error, fs, path::Path};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::date::today;

/// What the processes of one case printed, repeat by repeat.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Printed {
    /// When, `YYYY-MM-DD`.
    pub date: String,
    pub values: Vec<Value>,
}

/// By the case's key.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Results(BTreeMap<String, Printed>);

/// The median, the lowest and the highest of some numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let (low, high) = (*values.first()?, *values.last()?);
        let (left, right) = (values.get((values.len() - 1) / 2)?, values.get(values.len() / 2)?);
        Some(Self { median: (left + right) / 2.0, low, high })
    }
}

impl Results {
    /// Reads what was kept; nothing when there is no such file.
    pub fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        match fs::read(path) {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    pub fn write(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(path, serde_json::to_vec_pretty(self)?)?)
    }

    /// Adds what a process printed today.
    pub fn add(&mut self, key: &str, value: Value) {
        let printed = self.0.entry(key.to_owned()).or_insert_with(|| Printed { date: today(), values: Vec::new() });
        printed.values.push(value);
    }

    /// Takes newer results; those of the same cases are replaced.
    pub fn put(&mut self, newer: Self) {
        self.0.extend(newer.0);
    }

    pub fn date(&self, key: &str) -> Option<&str> {
        Some(&self.0.get(key)?.date)
    }

    /// A number of every repeat of a case.
    pub fn all(&self, key: &str, pick: impl Fn(&Value) -> Option<f64>) -> Vec<f64> {
        self.0.get(key).map(|printed| printed.values.iter().filter_map(pick).collect()).unwrap_or_default()
    }

    /// Tokens a second until the last token.
    pub fn speeds(&self, key: &str) -> Vec<f64> {
        self.all(key, |value| value["tokens_per_second"].as_f64())
    }

    /// One case's speed by another's, repeat by repeat: both met the same minutes of the machine.
    pub fn ratio(&self, ours: &str, other: &str) -> Option<Spread> {
        let pairs = self.speeds(ours).into_iter().zip(self.speeds(other));
        Spread::of(pairs.map(|(ours, other)| ours / other).collect())
    }
}
