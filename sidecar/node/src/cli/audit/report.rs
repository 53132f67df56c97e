//! What an audit found: a line for each answer, and who would be paid on the average.

use std::{io::Write, path::Path};

use comfy_table::{Table, presets::UTF8_BORDERS_ONLY};
use openledger_attribution::{Family, Measurement};
use openledger_jobs::{Instrument, JobsError};
use openledger_protocol::{Attribution, Hash, shares::SHARE_ONE};
use serde_json::{Map, Value, json};

use crate::error::NodeError;

/// An audit with the shares that follow from it.
pub struct Report<'a> {
    contributors: Vec<&'a str>,
    instrument: &'a Instrument,
    digest: Hash,
    answers: Vec<Attribution>,
}

impl<'a> Report<'a> {
    /// Divides the contributor fee of every answer by the protocol's rule.
    pub fn of(
        family: &'a Family,
        instrument: &'a Instrument,
        digest: Hash,
        measured: &[Measurement],
    ) -> Result<Self, NodeError> {
        let answers = measured.iter().map(Measurement::attribution).collect::<Result<_, _>>();
        let answers = answers.map_err(JobsError::from)?;
        Ok(Self { contributors: family.contributors().collect(), instrument, digest, answers })
    }

    /// Writes the lines beside their place and moves them there.
    pub fn write(&self, out: &Path) -> Result<(), NodeError> {
        let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
            for line in self.lines() {
                writeln!(file, "{line}")?;
            }
            file.as_file().sync_all()?;
            file.persist(out).map_err(|error| error.error)
        });
        written.map(drop).map_err(|error| NodeError::Config(format!("{}: {error}", out.display())))
    }

    /// Per answer: deltas, floor and lift in micro-nats, shares and what is unattributed in parts per billion of the fee.
    fn lines(&self) -> impl Iterator<Item = Value> {
        (1_usize..).zip(&self.answers).map(|(number, answer)| {
            json!({
                "answer": number,
                "deltas": self.named(&answer.deltas),
                "floor": answer.floor,
                "lift": answer.lift,
                "shares": self.named(&answer.shares),
                "unattributed": answer.unattributed,
            })
        })
    }

    fn named<T: Copy + Into<Value>>(&self, values: &[T]) -> Map<String, Value> {
        self.contributors.iter().zip(values).map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
    }

    /// Mean part of the fee, 0 to 1, and the answers with any, by contributor.
    fn means(&self) -> Vec<(&str, f64, usize)> {
        let of = |(place, name): (usize, &&'a str)| {
            let shares = self.answers.iter().filter_map(|answer| answer.shares.get(place).copied());
            (*name, self.mean(shares.clone()), shares.filter(|share| *share > 0).count())
        };
        self.contributors.iter().enumerate().map(of).collect()
    }

    fn unattributed(&self) -> f64 {
        self.mean(self.answers.iter().map(|answer| answer.unattributed))
    }

    fn mean(&self, shares: impl Iterator<Item = u64>) -> f64 {
        let sum: u128 = shares.map(u128::from).sum();
        sum as f64 / SHARE_ONE as f64 / self.answers.len().max(1) as f64
    }

    /// For people.
    pub fn text(&self, out: Option<&Path>) -> String {
        let mut table = Table::new();
        table.load_style(UTF8_BORDERS_ONLY);
        table.set_header(["contributor", "mean share", "answers paid"]);
        for (name, share, paid) in self.means() {
            table.add_row([name.to_owned(), format!("{:.1} %", share * 100.0), paid.to_string()]);
        }
        let lines = out.map_or_else(String::new, |file| format!("; each is in {}", file.display()));
        format!(
            "{table}\n{} answers, {:.1} % of the contributor fee unattributed{lines}\ndigest: {}",
            self.answers.len(),
            self.unattributed() * 100.0,
            hex::encode(self.digest),
        )
    }

    /// For programs. The answers are in the file, where there is one.
    pub fn json(&self, out: Option<&Path>) -> Value {
        let means = self.means().into_iter();
        let measured = out.is_none().then(|| self.lines().collect::<Vec<_>>());
        json!({
            "finished": true,
            "answers": self.answers.len(),
            "family": hex::encode(self.instrument.family),
            "base": hex::encode(self.instrument.base),
            "digest": hex::encode(self.digest),
            "contributors": means
                .map(|(name, share, paid)| json!({ "contributor": name, "share": share, "answers_paid": paid }))
                .collect::<Vec<_>>(),
            "unattributed": self.unattributed(),
            "out": out,
            "measured": measured,
        })
    }
}
