//! Stored states, from which a training goes on or is replayed.
//!
//! `checkpoints/step-00000040/` holds `state.safetensors` (`parameters`, `first_moment` and `second_moment`, 32-bit),
//! `transcript.binpb` with the steps so far, and `checkpoint.json` with step and digests. The folder appears under its
//! name only when all of it is on disk. `checkpoints/.lock` is locked by whoever trains into the folder.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use openledger_protocol::Hash;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};

use crate::{
    TRANSCRIPT_FILE, TrainError, TrainState, Transcript,
    files::{self, sync_folder},
};

const FOLDER: &str = "checkpoints";
const STATE: &str = "state.safetensors";
const INDEX: &str = "checkpoint.json";
const PREFIX: &str = "step-";
const UNFINISHED: &str = ".unfinished-";
const LOCK: &str = ".lock";
/// Version of the folder's form.
const VERSION: u32 = 1;
const MAX_INDEX_BYTES: u64 = 1 << 16;
const MAX_STATE_BYTES: u64 = 8 << 30;
/// Checkpoints that are looked at.
const MAX_CHECKPOINTS: usize = 100_000;
const NAMES: [&str; 3] = ["parameters", "first_moment", "second_moment"];

/// A stored state and what led to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The state.
    pub state: TrainState,
    /// The steps up to it.
    pub transcript: Transcript,
}

/// Whoever holds it is the only one to train into a folder. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Claim {
    _lock: File,
}

impl Claim {
    /// Claims a training's folder and removes what a training that was killed left unfinished.
    ///
    /// # Errors
    /// [`TrainError::InUse`], [`TrainError::File`].
    pub fn of(training: &Path) -> Result<Self, TrainError> {
        let all = training.join(FOLDER);
        files::folder(&all)?;
        let place = all.join(LOCK);
        let fail = |error: std::io::Error| TrainError::file(&place, error);
        let lock = File::options().create(true).truncate(false).write(true).open(&place).map_err(fail)?;
        match lock.try_lock() {
            Ok(()) => remove_unfinished(&all)?,
            Err(TryLockError::WouldBlock) => return Err(TrainError::InUse { path: training.to_owned() }),
            // Some network file systems have no locks. What lies there may then belong to somebody.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {}
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        Ok(Self { _lock: lock })
    }
}

fn remove_unfinished(all: &Path) -> Result<(), TrainError> {
    let fail = |error: std::io::Error| TrainError::file(all, error);
    for entry in fs::read_dir(all).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(UNFINISHED)) {
            fs::remove_dir_all(entry.path()).map_err(|error| TrainError::file(&entry.path(), error))?;
        }
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    version: u32,
    step: u64,
    state_digest: String,
    chain: String,
}

impl Checkpoint {
    /// Stores a checkpoint of a training in its folder. One that is there already is left as it is.
    ///
    /// # Errors
    /// [`TrainError::File`].
    pub(crate) fn write(training: &Path, state: &TrainState, transcript: &Transcript) -> Result<PathBuf, TrainError> {
        let all = training.join(FOLDER);
        let place = all.join(format!("{PREFIX}{:08}", state.step));
        if place.exists() {
            return Ok(place);
        }
        files::folder(&all)?;
        let fail = |error: std::io::Error| TrainError::file(&place, error);
        let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(&all).map_err(fail)?;
        let index = Index {
            version: VERSION,
            step: state.step,
            state_digest: hex::encode(state.digest()),
            chain: hex::encode(transcript.chain()),
        };
        let index = serde_json::to_vec_pretty(&index).map_err(|error| TrainError::file(&place, error))?;
        files::write(&unfinished.path().join(STATE), &stored(state, &place)?)?;
        files::write(&unfinished.path().join(TRANSCRIPT_FILE), &transcript.to_bytes())?;
        files::write(&unfinished.path().join(INDEX), &index)?;
        fs::rename(unfinished.path(), &place).map_err(fail)?;
        sync_folder(&all).map_err(fail)?;
        Ok(place)
    }

    /// Steps of the checkpoints that a training's folder holds, ascending.
    ///
    /// # Errors
    /// [`TrainError::File`] for a folder that cannot be listed, [`TrainError::Limit`].
    pub fn list(training: &Path) -> Result<Vec<u64>, TrainError> {
        let all = training.join(FOLDER);
        if !all.exists() {
            return Ok(Vec::new());
        }
        let mut steps = Vec::new();
        for entry in fs::read_dir(&all).map_err(|error| TrainError::file(&all, error))? {
            let name = entry.map_err(|error| TrainError::file(&all, error))?.file_name();
            let Some(number) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
            if steps.len() == MAX_CHECKPOINTS {
                let limit = u64::try_from(MAX_CHECKPOINTS).unwrap_or(u64::MAX);
                return Err(TrainError::Limit { what: "checkpoints", value: limit.saturating_add(1), limit });
            }
            steps.extend(number.parse::<u64>());
        }
        steps.sort_unstable();
        Ok(steps)
    }

    /// Reads the checkpoint of a step and checks its digests.
    ///
    /// # Errors
    /// [`TrainError::File`] for a damaged one, [`TrainError::Refuted`] for a transcript that does not hold.
    pub fn read(training: &Path, step: u64) -> Result<Self, TrainError> {
        let place = training.join(FOLDER).join(format!("{PREFIX}{step:08}"));
        let damaged = |reason: &str| TrainError::file(&place, format!("{reason}; delete this checkpoint"));
        let index: Index = serde_json::from_slice(&files::read(&place.join(INDEX), MAX_INDEX_BYTES)?)
            .map_err(|error| damaged(&error.to_string()))?;
        if index.version != VERSION {
            return Err(TrainError::file(&place, format!("its form is {}, not {VERSION}", index.version)));
        }
        let transcript = Transcript::read(&place)?;
        let bytes = files::read(&place.join(STATE), MAX_STATE_BYTES)?;
        let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(&format!("{error:?}")))?;
        let [parameters, first, second] = NAMES.map(|name| floats(&file, name));
        let (Some(parameters), Some(first), Some(second)) = (parameters, first, second) else {
            return Err(damaged("a tensor is missing or not 32-bit"));
        };
        // Moments of fewer elements would leave the other parameters as they are.
        if [&first, &second].iter().any(|moments| moments.len() != parameters.len()) {
            return Err(damaged("its tensors differ in size"));
        }
        let state = TrainState { step: index.step, parameters, first, second };
        let last: Option<Hash> = transcript.steps().last().map(|step| step.state_digest);
        let told = last.as_ref().map_or(transcript.initial_digest(), |digest| &digest[..]);
        let found = state.digest();
        let counted = u64::try_from(transcript.steps().len()) == Ok(state.step);
        if index.step != step || !counted || found[..] != *told || hex::encode(found) != index.state_digest {
            return Err(damaged("state, transcript and index do not belong together"));
        }
        Ok(Self { state, transcript })
    }
}

fn stored(state: &TrainState, place: &Path) -> Result<Vec<u8>, TrainError> {
    let bytes = [&state.parameters, &state.first, &state.second]
        .map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
    let shape = vec![state.parameters.len()];
    let mut tensors = Vec::with_capacity(NAMES.len());
    for (name, bytes) in NAMES.into_iter().zip(&bytes) {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        tensors.push((name, view.map_err(|error| TrainError::file(place, format!("{error:?}")))?));
    }
    safetensors::serialize(tensors, None::<HashMap<String, String>>)
        .map_err(|error| TrainError::file(place, format!("{error:?}")))
}

fn floats(file: &SafeTensors<'_>, name: &str) -> Option<Vec<f32>> {
    let view = file.tensor(name).ok().filter(|view| view.dtype() == Dtype::F32)?;
    let whole = |four: &[u8]| four.try_into().ok().map(f32::from_le_bytes);
    view.data().chunks_exact(4).map(whole).collect()
}
