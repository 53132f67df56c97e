use std::path::Path;

use crate::{error::CorpusError, format::bounded, limits::Limits, row::Row};

pub(crate) fn parse(file: &Path, bytes: &[u8], words: usize, limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    let mut rows = Vec::new();
    for (line, bytes) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = std::str::from_utf8(bytes).map_err(|cause| CorpusError::NotUtf8 {
            file: file.into(),
            line,
            byte: cause.valid_up_to(),
        })?;
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        if rows.len() == limits.rows {
            return Err(CorpusError::TooManyRows { file: file.into(), limit: limits.rows });
        }
        let (prompt, completion) = text.split_at(end_of(text, words));
        rows.push(bounded(file, line, prompt.into(), completion.trim_start().into(), limits)?);
    }
    if rows.is_empty() { Err(CorpusError::NoRows { file: file.into() }) } else { Ok(rows) }
}

/// Byte behind the given number of words; the text begins with a word.
fn end_of(text: &str, words: usize) -> usize {
    let mut left = words;
    let mut inside = false;
    for (at, sign) in text.char_indices() {
        if inside && sign.is_whitespace() {
            left = left.saturating_sub(1);
        }
        inside = !sign.is_whitespace();
        if left == 0 {
            return at;
        }
    }
    text.len()
}
