//! What was measured: the file of a part, all parts together, and the digest of an audit.

use std::{
    fs::File,
    io::{Read, Write},
    path::Path,
};

use openledger_attribution::{Family, Measurement};
use openledger_protocol::{Hash, digest::tagged};
use serde::{Deserialize, Serialize};

use super::answers_digest;
use crate::{Answered, AuditJob, Instrument, JobsError, Results, results::file_digest};

/// File of a part's measurements.
pub(crate) const MEASUREMENTS_FILE: &str = "measurements.json";
/// Form of the file.
const VERSION: u32 = 1;
/// Largest file that is read: 32 answers, each under 8,192 adapters, with 15 digits and a comma.
const MAX_FILE_BYTES: u64 = 8 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    measurements: Vec<Measurement>,
}

/// Writes a part's measurements and says the SHA-256 of the file.
///
/// # Errors
/// [`JobsError::File`].
pub(crate) fn write_measurements(folder: &Path, measurements: Vec<Measurement>) -> Result<Hash, JobsError> {
    let path = folder.join(MEASUREMENTS_FILE);
    let bytes = serde_json::to_vec(&Stored { version: VERSION, measurements });
    let bytes = bytes.map_err(|error| JobsError::file(&path, error))?;
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&bytes)?;
        file.sync_all()?;
        file_digest(&path)
    });
    written.map_err(|error| JobsError::file(&path, error))
}

/// The measurements of an audit in the order of its answers; `None` when a part has no result, or had a damaged one, which is
/// removed then.
///
/// # Errors
/// [`JobsError::File`], also for measurements that are none of the part's answers under the family.
pub fn gather(results: &Results, parts: &[AuditJob], family: &Family) -> Result<Option<Vec<Measurement>>, JobsError> {
    // All of them, so that every damage shows at once.
    let made = parts.iter().map(|part| results.read(&part.id())).collect::<Result<Vec<_>, JobsError>>()?;
    let mut all = Vec::new();
    for (part, made) in parts.iter().zip(made) {
        let Some(made) = made else { return Ok(None) };
        all.extend(read(&made.folder.join(MEASUREMENTS_FILE), part, family)?);
    }
    Ok(Some(all))
}

fn read(path: &Path, part: &AuditJob, family: &Family) -> Result<Vec<Measurement>, JobsError> {
    let fail = |error: std::io::Error| JobsError::file(path, error);
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(MAX_FILE_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(fail)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(JobsError::file(path, format!("larger than {MAX_FILE_BYTES} bytes")));
    }
    let stored: Stored = serde_json::from_slice(&bytes).map_err(|error| JobsError::file(path, error))?;
    let fits = |measured: &Measurement| {
        measured.counterfactuals.len() == family.counterfactuals.len()
            && measured.placebos.len() == family.placebos.len()
    };
    let count = usize::try_from(part.count).unwrap_or(usize::MAX);
    if stored.version != VERSION || stored.measurements.len() != count || !stored.measurements.iter().all(fits) {
        return Err(JobsError::file(path, "it is of another form, family or number of answers"));
    }
    Ok(stored.measurements)
}

/// Digest of an audit: `tagged("audit", family || base || answers || measurements)`, with the digests of family, base and all
/// answers, and of each answer the likelihoods under the served adapter, the base, every counterfactual and every placebo as 8 bytes,
/// big-endian, in micro-nats. It is the same for any number of workers, and wherever the measurements are.
#[must_use]
pub fn audit_digest(instrument: &Instrument, answers: &[Answered], measurements: &[Measurement]) -> Hash {
    let mut bytes = [instrument.family, instrument.base, answers_digest(answers)].concat();
    for Measurement { full, base, counterfactuals, placebos } in measurements {
        let all = [full, base].into_iter().chain(counterfactuals).chain(placebos);
        bytes.extend(all.flat_map(|value| value.to_be_bytes()));
    }
    tagged("audit", &bytes)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use openledger_attribution::{QueryPoint, Variant, VariantKind};

    use super::*;
    use crate::{AuditPlaces, Contents};

    fn family() -> Family {
        let variant = |kind| Variant {
            name: String::new(),
            kind,
            contributor: None,
            folder: PathBuf::new(),
            digest: [0; 32],
            rows: None,
        };
        Family {
            datanet: "d".to_owned(),
            full: variant(VariantKind::Full),
            counterfactuals: vec![variant(VariantKind::Counterfactual)],
            tail: Vec::new(),
            placebos: vec![variant(VariantKind::Placebo)],
            query: QueryPoint::default(),
            recipe: None,
        }
    }

    fn measured(full: i64) -> Measurement {
        Measurement { full, base: -9, counterfactuals: vec![-5], placebos: vec![-1] }
    }

    fn instrument() -> Instrument {
        Instrument { family: [1; 32], settings: [2; 32], base: [3; 32], threads: 1 }
    }

    fn part() -> AuditJob {
        let answers =
            [Answered { prompt: vec![1], response: vec![2] }, Answered { prompt: vec![3], response: vec![4] }];
        let places = AuditPlaces { model: "m".into(), family: "f".into(), answers: "a".into() };
        AuditJob::parts(&instrument(), &answers, &places).remove(0)
    }

    fn keep(results: &Results, measurements: Vec<Measurement>) {
        let (id, made) = (part().id(), results.begin(&part().id()).unwrap());
        let measurements = Some(write_measurements(made.path(), measurements).unwrap());
        results.keep(made, &id, Contents { measurements, ..Contents::default() }).unwrap();
    }

    #[test]
    fn parts_are_gathered_and_what_does_not_fit_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (results, parts) = (Results::at(folder.path()), [part()]);
        assert_eq!(gather(&results, &parts, &family()).unwrap(), None);
        keep(&results, vec![measured(-1), measured(-2)]);
        assert_eq!(gather(&results, &parts, &family()).unwrap(), Some(vec![measured(-1), measured(-2)]));
        let place = folder.path().join(hex::encode(part().id()));
        fs::write(place.join(MEASUREMENTS_FILE), b"{}").unwrap();
        assert_eq!(gather(&results, &parts, &family()).unwrap(), None, "damaged");
        assert!(!place.exists());
        let wide = Measurement { placebos: vec![-1, -2], ..measured(-1) };
        for wrong in [vec![measured(-1)], vec![measured(-1), wide]] {
            keep(&results, wrong);
            assert_eq!(gather(&results, &parts, &family()).unwrap_err().code(), "JOBS_FILE");
            fs::remove_dir_all(&place).unwrap();
        }
    }

    #[test]
    fn the_digest_of_an_audit_is_of_what_was_measured_and_not_of_threads() {
        let answers = [Answered { prompt: vec![1], response: vec![2] }];
        let digest = audit_digest(&instrument(), &answers, &[measured(-1)]);
        let others = Instrument { threads: 8, ..instrument() };
        assert_eq!(audit_digest(&others, &answers, &[measured(-1)]), digest);
        assert_ne!(audit_digest(&instrument(), &answers, &[measured(-2)]), digest);
        assert_ne!(audit_digest(&Instrument { base: [9; 32], ..instrument() }, &answers, &[measured(-1)]), digest);
        let other = [Answered { prompt: vec![1], response: vec![3] }];
        assert_ne!(audit_digest(&instrument(), &other, &[measured(-1)]), digest);
    }
}
