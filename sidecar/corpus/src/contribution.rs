use std::{
    collections::{HashMap, hash_map::Entry},
    path::Path,
};

use openledger_protocol::{Hash, digest::tagged, merkle};

use crate::{
    error::CorpusError,
    format::Format,
    limits::Limits,
    reader::read_bounded,
    row::{Row, length, push_text},
};

/// Longest name of a contributor.
pub const MAX_NAME_BYTES: usize = 64;

/// The rows of one contributor and what the chain knows of them. Cannot be empty and holds no row twice.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contribution {
    /// Name of the contributor: the file's name without its extension.
    pub contributor: String,
    /// In file order.
    pub rows: Vec<Row>,
    /// RFC 6962 root over the row digests.
    pub rows_root: Hash,
    /// `tagged("manifest", len(name) || name || rows || text bytes || rows root)`.
    pub manifest_digest: Hash,
}

impl Contribution {
    /// Reads a contribution; the file's name without its extension names the contributor.
    pub fn read(file: &Path, limits: &Limits) -> Result<Self, CorpusError> {
        Ok(Self::read_with_bytes(file, limits)?.0)
    }

    /// [`Self::read`], with the file's bytes, so that a digest of the file is one of what was parsed.
    pub(crate) fn read_with_bytes(file: &Path, limits: &Limits) -> Result<(Self, Vec<u8>), CorpusError> {
        let name = contributor(file).ok_or_else(|| CorpusError::BadName { file: file.into() })?;
        let format = Format::of(file).ok_or_else(|| CorpusError::UnknownFormat { file: file.into() })?;
        let bytes = read_bounded(file, limits.file_bytes)?;
        let rows = format.parse(file, bytes.clone(), limits)?;
        Ok((Self::checked(file, name, rows, limits)?, bytes))
    }

    /// Takes rows that come from elsewhere; errors name the contributor in place of a file, and rows as lines.
    pub fn from_rows(contributor: &str, rows: Vec<Row>, limits: &Limits) -> Result<Self, CorpusError> {
        let source = Path::new(contributor);
        if !is_name(contributor) {
            return Err(CorpusError::BadName { file: source.into() });
        }
        Self::checked(source, contributor, rows, limits)
    }

    fn checked(source: &Path, contributor: &str, rows: Vec<Row>, limits: &Limits) -> Result<Self, CorpusError> {
        if rows.is_empty() {
            return Err(CorpusError::NoRows { file: source.into() });
        }
        if rows.len() > limits.rows {
            return Err(CorpusError::TooManyRows { file: source.into(), limit: limits.rows });
        }
        let mut seen: HashMap<&Row, usize> = HashMap::with_capacity(rows.len());
        for (line, row) in (1..).zip(&rows) {
            match seen.entry(row) {
                Entry::Vacant(place) => drop(place.insert(line)),
                Entry::Occupied(first) => {
                    let (file, first_line) = (source.to_path_buf(), *first.get());
                    return Err(CorpusError::DuplicateRow { first_file: file.clone(), file, line, first_line });
                }
            }
        }
        drop(seen);
        let rows_root = rows_root(&rows);
        let manifest_digest = manifest_digest(contributor, &rows, &rows_root);
        Ok(Self { contributor: contributor.into(), rows, rows_root, manifest_digest })
    }

    /// Bytes of all prompts and completions.
    pub fn text_bytes(&self) -> u64 {
        text_bytes(&self.rows)
    }
}

/// Contributor that a file's name stands for.
fn contributor(file: &Path) -> Option<&str> {
    let name = file.file_stem()?.to_str()?;
    is_name(name).then_some(name)
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(allowed)
}

fn rows_root(rows: &[Row]) -> Hash {
    let digests: Vec<Hash> = rows.iter().map(Row::digest).collect();
    merkle::root(&digests)
}

fn text_bytes(rows: &[Row]) -> u64 {
    rows.iter().fold(0, |sum: u64, row| sum.saturating_add(row.text_bytes()))
}

fn manifest_digest(contributor: &str, rows: &[Row], rows_root: &Hash) -> Hash {
    let mut bytes = Vec::with_capacity(contributor.len().saturating_add(52));
    push_text(&mut bytes, contributor);
    bytes.extend_from_slice(&length(rows.len()).to_be_bytes());
    bytes.extend_from_slice(&text_bytes(rows).to_be_bytes());
    bytes.extend_from_slice(rows_root);
    tagged("manifest", &bytes)
}
