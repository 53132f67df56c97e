//! JSON lines to rows, within bounds.

use std::{fs::File, io::Read, path::Path};

use crate::{
    error::{CorpusError, shorten},
    limits::Limits,
    row::{Line, Row},
};

/// Reads a file, looking at no more than `limit` bytes and one: its length on disk may change while it is read.
pub(crate) fn read_bounded(file: &Path, limit: usize) -> Result<Vec<u8>, CorpusError> {
    let io = |source| CorpusError::Io { file: file.into(), source };
    let opened = File::open(file).map_err(io)?;
    if !opened.metadata().map_err(io)?.is_file() {
        return Err(CorpusError::NotAFile { file: file.into() });
    }
    let mut bytes = Vec::new();
    let ceiling = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    opened.take(ceiling).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() > limit {
        return Err(CorpusError::FileTooLarge { file: file.into(), limit });
    }
    Ok(bytes)
}

/// Parses the content of a file; `file` only names it. Row `n` stands on line `n + 1`: blank lines are refused.
pub(crate) fn parse_rows(file: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    if bytes.is_empty() {
        return Err(CorpusError::NoRows { file: file.into() });
    }
    // The last line may end with a line feed; that does not begin another one.
    let content = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let mut rows = Vec::new();
    for (line, bytes) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        if rows.len() == limits.rows {
            return Err(CorpusError::TooManyRows { file: file.into(), limit: limits.rows });
        }
        rows.push(parse_row(file, line, bytes, limits)?);
    }
    Ok(rows)
}

fn parse_row(file: &Path, line: usize, bytes: &[u8], limits: &Limits) -> Result<Row, CorpusError> {
    let file = || file.to_path_buf();
    if bytes.len() > limits.line_bytes {
        return Err(CorpusError::LineTooLong { file: file(), line, bytes: bytes.len(), limit: limits.line_bytes });
    }
    let text = std::str::from_utf8(bytes).map_err(|cause| CorpusError::NotUtf8 {
        file: file(),
        line,
        byte: cause.valid_up_to(),
    })?;
    if text.trim().is_empty() {
        return Err(CorpusError::BlankLine { file: file(), line });
    }
    // A derived parser would also take `["…", "…"]`, a second spelling that nobody documented.
    if !text.trim_start().starts_with('{') {
        return Err(CorpusError::NotARow { file: file(), line, reason: "not a JSON object".into() });
    }
    let parsed: Line = serde_json::from_str(text).map_err(|cause| CorpusError::NotARow {
        file: file(),
        line,
        reason: shorten(&cause),
    })?;
    Row::new(parsed.prompt, parsed.completion).map_err(|field| CorpusError::EmptyField { file: file(), line, field })
}
