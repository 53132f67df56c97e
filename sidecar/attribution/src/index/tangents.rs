//! Vectors of a family's tail, as they lie in files.

use std::{collections::HashMap, fs::File, io::Read, path::Path};

use openledger_protocol::Hash;
use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::IndexError;
use crate::{AuditError, Family, Tangent};

/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 30;

/// What is wanted of a file: its digest, and the tangents in it with their places in the tail.
type Part<'f> = (Hash, Vec<(usize, &'f Tangent)>);

/// The vectors of a family's tail, in its order, each of so many elements. Every file is read once and checked against its digest.
///
/// # Errors
/// [`IndexError::Family`] for a file that cannot be read, is another one, or lacks a contributor; [`IndexError::Variant`] for a
/// vector of another length; [`IndexError::NotFinite`].
pub(super) fn read(family: &Family, parameters: usize) -> Result<Vec<Vec<f32>>, IndexError> {
    let mut parts: HashMap<&Path, Part<'_>> = HashMap::new();
    for (at, tangent) in family.tail.iter().enumerate() {
        let (digest, members) = parts.entry(&tangent.file).or_insert_with(|| (tangent.digest, Vec::new()));
        if *digest != tangent.digest {
            return Err(file(&tangent.file, "adapters.json has two digests of it"));
        }
        members.push((at, tangent));
    }
    let mut vectors = vec![Vec::new(); family.tail.len()];
    for (path, (digest, members)) in parts {
        let bytes = whole(path, &digest)?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|error| file(path, format!("{error:?}")))?;
        for (at, Tangent { contributor, .. }) in members {
            let view = tensors.tensor(&format!("tangent/{contributor}"));
            let view = view.ok().filter(|view| view.dtype() == Dtype::F32);
            let view = view.ok_or_else(|| file(path, format!("it has no 32-bit vector of {contributor}")))?;
            let vector: Vec<f32> =
                view.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            if vector.len() != parameters {
                let reason = format!("its tangent has {} elements, the served adapter {parameters}", vector.len());
                return Err(IndexError::Variant { variant: contributor.clone(), reason });
            }
            if !vector.iter().all(|value| value.is_finite()) {
                return Err(IndexError::NotFinite { what: "a tangent" });
            }
            if let Some(into) = vectors.get_mut(at) {
                *into = vector;
            }
        }
    }
    Ok(vectors)
}

fn whole(path: &Path, digest: &Hash) -> Result<Vec<u8>, IndexError> {
    let opened = File::open(path).map_err(|error| file(path, error))?;
    let mut bytes = Vec::new();
    opened.take(MAX_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| file(path, error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_BYTES {
        return Err(file(path, format!("larger than {MAX_BYTES} bytes")));
    }
    if Hash::from(Sha256::digest(&bytes)) != *digest {
        return Err(file(path, "its digest is not that in adapters.json"));
    }
    Ok(bytes)
}

fn file(path: &Path, reason: impl std::fmt::Display) -> IndexError {
    AuditError::File { path: path.to_owned(), reason: reason.to_string() }.into()
}
