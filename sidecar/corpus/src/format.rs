//! The files that rows come in. Whatever the format, the same rows have the same digests and roots.

use std::{fs, path::Path};

use crate::{
    csv_rows,
    error::CorpusError,
    limits::Limits,
    parquet_rows,
    reader::{parse_rows, read_bounded},
    row::Row,
    text_rows,
};

/// A format of rows, told by the end of the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.jsonl`: one JSON object per line.
    JsonLines,
    /// `.parquet`: the columns `prompt` and `completion`, as Hugging Face datasets keep them; plain or Snappy.
    Parquet,
    /// `.csv`: the header `prompt,completion`, RFC 4180.
    Csv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::JsonLines, Self::Parquet, Self::Csv];

    /// End of file names, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// Format that a file's name tells.
    pub fn of(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_str()?;
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// Parses a file's content; `file` only names it.
    pub(crate) fn parse(self, file: &Path, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Row>, CorpusError> {
        match self {
            Self::JsonLines => parse_rows(file, &bytes, limits),
            Self::Parquet => parquet_rows::parse(file, bytes, limits),
            Self::Csv => csv_rows::parse(file, &bytes, limits),
        }
    }

    /// Rows as the content of a file.
    fn content(self, file: &Path, rows: &[Row]) -> Result<Vec<u8>, CorpusError> {
        match self {
            Self::JsonLines => {
                let mut out = Vec::new();
                for row in rows {
                    let line = serde_json::json!({ "prompt": row.prompt(), "completion": row.completion() });
                    out.extend_from_slice(line.to_string().as_bytes());
                    out.push(b'\n');
                }
                Ok(out)
            }
            Self::Parquet => parquet_rows::content(file, rows),
            Self::Csv => csv_rows::content(file, rows),
        }
    }
}

/// Reads the rows of a file in any [`Format`].
///
/// # Errors
///
/// An unknown format, or anything that [`Limits`] or validation refuse, with the file and the line; rows count as lines
/// in Parquet.
pub fn read_rows(file: &Path, limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    let format = Format::of(file).ok_or_else(|| CorpusError::UnknownFormat { file: file.into() })?;
    format.parse(file, read_bounded(file, limits.file_bytes)?, limits)
}

/// Reads plain text: every line that is not blank is a row, its first `prompt_words` words the prompt and the others the
/// completion. Text has no prompts of its own, so that the caller has to say where they end.
///
/// # Errors
///
/// A line with nothing left for the completion, or anything that [`Limits`] refuse.
pub fn read_text(file: &Path, prompt_words: usize, limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    text_rows::parse(file, &read_bounded(file, limits.file_bytes)?, prompt_words, limits)
}

/// Writes rows in the [`Format`] that the name tells. A file that exists is not replaced.
///
/// # Errors
///
/// An unknown format, or what the operating system refuses.
pub fn write_rows(file: &Path, rows: &[Row]) -> Result<(), CorpusError> {
    let format = Format::of(file).ok_or_else(|| CorpusError::UnknownFormat { file: file.into() })?;
    let content = format.content(file, rows)?;
    let io = |source| CorpusError::CannotWrite { file: file.into(), source };
    let mut out = fs::OpenOptions::new().write(true).create_new(true).open(file).map_err(io)?;
    std::io::Write::write_all(&mut out, &content).map_err(io)
}

/// A row from a format without lines of its own, under the bounds that a line has.
pub(crate) fn bounded(
    file: &Path,
    line: usize,
    prompt: String,
    completion: String,
    limits: &Limits,
) -> Result<Row, CorpusError> {
    let bytes = prompt.len().saturating_add(completion.len());
    if bytes > limits.line_bytes {
        return Err(CorpusError::LineTooLong { file: file.into(), line, bytes, limit: limits.line_bytes });
    }
    Row::new(prompt, completion).map_err(|field| CorpusError::EmptyField { file: file.into(), line, field })
}
