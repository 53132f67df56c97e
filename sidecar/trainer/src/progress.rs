//! Adapters under way, so that a part that was interrupted goes on where it was.
//!
//! One safetensors file: of every adapter `N.parameters`, `N.first_moment` and `N.second_moment`, 32-bit, and in the metadata whose
//! they are, the step, and a digest over all states.

use std::{collections::HashMap, fs, path::Path};

use openledger_protocol::{Hash, digest::tagged};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

use crate::{TrainError, TrainState, files};

/// Largest file that is read.
const MAX_BYTES: u64 = 64 << 30;
const TENSORS: [&str; 3] = ["parameters", "first_moment", "second_moment"];

/// Writes states of one step, whole or not at all. `of` says whose they are.
///
/// # Errors
/// [`TrainError::File`].
pub(crate) fn write_progress(place: &Path, of: &Hash, states: &[TrainState]) -> Result<(), TrainError> {
    let step = states.first().map_or(0, |state| state.step);
    let mut tensors = Vec::with_capacity(states.len().saturating_mul(TENSORS.len()));
    for (number, state) in states.iter().enumerate() {
        for (name, values) in TENSORS.into_iter().zip([&state.parameters, &state.first, &state.second]) {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            tensors.push((format!("{number}.{name}"), values.len(), bytes));
        }
    }
    let fail = |error: safetensors::SafeTensorError| TrainError::file(place, format!("{error:?}"));
    let views = tensors
        .iter()
        .map(|(name, length, bytes)| Ok((name.as_str(), TensorView::new(Dtype::F32, vec![*length], bytes)?)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(fail)?;
    let metadata = HashMap::from([
        ("of".to_owned(), hex::encode(of)),
        ("step".to_owned(), step.to_string()),
        ("digest".to_owned(), hex::encode(digest(states))),
    ]);
    if let Some(folder) = place.parent() {
        files::folder(folder)?;
    }
    files::write(place, &safetensors::serialize(views, Some(metadata)).map_err(fail)?)
}

/// The states that were written; `None` when there are none, or others, or damaged ones: then the work begins anew.
pub(crate) fn read_progress(place: &Path, of: &Hash, adapters: usize, parameters: usize) -> Option<Vec<TrainState>> {
    if !place.exists() {
        return None;
    }
    let bytes = files::read(place, MAX_BYTES).ok()?;
    let (_, header) = SafeTensors::read_metadata(&bytes).ok()?;
    let told = header.metadata().as_ref()?;
    if told.get("of") != Some(&hex::encode(of)) {
        return None;
    }
    let step: u64 = told.get("step")?.parse().ok()?;
    let file = SafeTensors::deserialize(&bytes).ok()?;
    let floats = |number: usize, name: &str| -> Option<Vec<f32>> {
        let view = file.tensor(&format!("{number}.{name}")).ok().filter(|view| view.dtype() == Dtype::F32)?;
        let whole = |four: &[u8]| four.try_into().ok().map(f32::from_le_bytes);
        let values: Vec<f32> = view.data().chunks_exact(4).map(whole).collect::<Option<_>>()?;
        (values.len() == parameters).then_some(values)
    };
    let state = |number: usize| -> Option<TrainState> {
        let [parameters, first, second] = TENSORS.map(|name| floats(number, name));
        Some(TrainState { step, parameters: parameters?, first: first?, second: second? })
    };
    let states: Vec<TrainState> = (0..adapters).map(state).collect::<Option<_>>()?;
    (told.get("digest") == Some(&hex::encode(digest(&states)))).then_some(states)
}

/// Removes what is not needed any more.
///
/// # Errors
/// [`TrainError::File`].
pub fn remove_progress(place: &Path) -> Result<(), TrainError> {
    match fs::remove_file(place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(TrainError::file(place, error)),
        _ => Ok(()),
    }
}

fn digest(states: &[TrainState]) -> Hash {
    tagged("training-progress", &states.iter().flat_map(TrainState::digest).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_come_back_and_what_is_not_theirs_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("part/progress.safetensors");
        let state = |first: f32| TrainState {
            step: 7,
            parameters: vec![first, -0.0, f32::MIN_POSITIVE],
            first: vec![0.5; 3],
            second: vec![0.25; 3],
        };
        let states = vec![state(1.0), state(2.0)];
        assert!(read_progress(&place, &[1; 32], 2, 3).is_none());
        write_progress(&place, &[1; 32], &states).unwrap();
        assert_eq!(read_progress(&place, &[1; 32], 2, 3).unwrap(), states);
        assert!(read_progress(&place, &[2; 32], 2, 3).is_none(), "another part's");
        assert!(read_progress(&place, &[1; 32], 3, 3).is_none(), "more adapters");
        assert!(read_progress(&place, &[1; 32], 1, 3).is_none(), "fewer");
        assert!(read_progress(&place, &[1; 32], 2, 4).is_none(), "larger ones");
        let mut bytes = fs::read(&place).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&place, &bytes).unwrap();
        assert!(read_progress(&place, &[1; 32], 2, 3).is_none(), "a bit that changed");
        remove_progress(&place).unwrap();
        remove_progress(&place).unwrap();
        assert!(!place.exists());
    }
}
