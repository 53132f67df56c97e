//! Answers that are measured by the adapters of a family.

use std::path::PathBuf;

use openledger_protocol::{Hash, digest::tagged};

use super::short;
use crate::{Answered, audit::answers_digest};

/// Most answers of a part. A worker that is killed loses what it measured of one part, so a part is to take minutes at most even
/// where an answer takes seconds; and it is to outweigh what a job costs the queue, which is some milliseconds.
pub const PART_ANSWERS: usize = 32;

/// What measures: everything that decides a measurement besides the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Instrument {
    /// [`openledger_attribution::Family::digest`].
    pub family: Hash,
    /// [`openledger_attribution::Family::settings_digest`].
    pub settings: Hash,
    /// Digest of the base.
    pub base: Hash,
    /// Threads of one operator, on which last bits may depend.
    pub threads: u32,
}

/// Where base, family and answers lie: the same on every host, in folders that all of them see. They are no part of a job's id; a
/// worker checks what lies there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlaces {
    /// Folder of the base.
    pub model: PathBuf,
    /// Folder with the family's `adapters.json`.
    pub family: PathBuf,
    /// The answers, one a line.
    pub answers: PathBuf,
}

/// Successive answers of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditJob {
    /// What measures.
    pub instrument: Instrument,
    /// Digest of the answers' tokens.
    pub answers: Hash,
    /// Lines before the part's first answer in the file.
    pub first: u32,
    /// Answers of the part, 1 to [`PART_ANSWERS`].
    pub count: u32,
    /// Where base, family and answers lie.
    pub places: AuditPlaces,
}

impl AuditJob {
    /// The jobs of an audit, in the order of the answers. None without answers.
    #[must_use]
    pub fn parts(instrument: &Instrument, answers: &[Answered], places: &AuditPlaces) -> Vec<Self> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let firsts = (0..answers.len()).step_by(PART_ANSWERS);
        let part = |(some, first): (&[Answered], usize)| Self {
            instrument: *instrument,
            answers: answers_digest(some),
            first: number(first),
            count: number(some.len()),
            places: places.clone(),
        };
        answers.chunks(PART_ANSWERS).zip(firsts).map(part).collect()
    }

    /// Digest of everything that decides the result:
    /// `tagged("audit-part", family || settings || base || threads || answers)`, with the threads as 4 bytes, big-endian. Where the
    /// answers stand in their file is no part of it.
    #[must_use]
    pub fn id(&self) -> Hash {
        let Instrument { family, settings, base, threads } = self.instrument;
        tagged("audit-part", &[&family[..], &settings, &base, &threads.to_be_bytes(), &self.answers].concat())
    }

    /// For people: which answers, by which family.
    #[must_use]
    pub fn name(&self) -> String {
        let (first, last) = (self.first.saturating_add(1), self.first.saturating_add(self.count));
        format!("answers {first} to {last} by family {}", short(&self.instrument.family))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::HashSet;

    use super::*;

    fn answers(count: usize) -> Vec<Answered> {
        let answer = |token| Answered { prompt: vec![1, token], response: vec![token] };
        (0..u32::try_from(count).unwrap()).map(answer).collect()
    }

    fn instrument() -> Instrument {
        Instrument { family: [1; 32], settings: [2; 32], base: [3; 32], threads: 1 }
    }

    fn places() -> AuditPlaces {
        AuditPlaces { model: "/model".into(), family: "/family".into(), answers: "/answers.jsonl".into() }
    }

    /// Two whole parts and a rest.
    pub fn parts() -> Vec<AuditJob> {
        AuditJob::parts(&instrument(), &answers(2 * PART_ANSWERS + 1), &places())
    }

    #[test]
    fn an_audit_falls_into_parts_in_the_order_of_its_answers() {
        let found: Vec<(u32, u32)> = parts().iter().map(|job| (job.first, job.count)).collect();
        assert_eq!(found, [(0, 32), (32, 32), (64, 1)]);
        assert_eq!(parts()[1].name(), "answers 33 to 64 by family 010101010101");
        assert!(AuditJob::parts(&instrument(), &[], &places()).is_empty());
    }

    #[test]
    fn the_id_is_of_what_decides_the_measurements_and_of_nothing_else() {
        let job = parts().remove(0);
        let elsewhere = AuditPlaces { model: "/m".into(), family: "/f".into(), answers: "/a".into() };
        assert_eq!(AuditJob { places: elsewhere, ..job.clone() }.id(), job.id());
        assert_eq!(AuditJob { first: 7, ..job.clone() }.id(), job.id(), "the same answers in another file");
        let by = |instrument| AuditJob { instrument, ..job.clone() };
        let others = [
            by(Instrument { family: [9; 32], ..instrument() }),
            by(Instrument { settings: [9; 32], ..instrument() }),
            by(Instrument { base: [9; 32], ..instrument() }),
            by(Instrument { threads: 2, ..instrument() }),
            AuditJob { answers: [9; 32], ..job.clone() },
        ];
        let ids: HashSet<Hash> = others.iter().chain([&job]).map(AuditJob::id).collect();
        assert_eq!(ids.len(), 6);
    }
}
