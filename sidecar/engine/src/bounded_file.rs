//! Files that come from strangers are read within bounds.

use std::{io::Read, path::Path};

/// Reads a file of at most `limit` bytes; the error says what went wrong, without the path.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    // Room for all of it at once: growing would copy what is there already, again and again.
    let length = file.metadata().map_or(0, |meta| meta.len().min(limit));
    let mut bytes = Vec::new();
    let room = usize::try_from(length).ok().and_then(|length| length.checked_add(1));
    bytes.try_reserve_exact(room.unwrap_or_default()).map_err(|error| error.to_string())?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > limit {
        return Err(format!("larger than the limit of {limit} bytes"));
    }
    Ok(bytes)
}
