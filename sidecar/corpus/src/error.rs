use std::{io, path::PathBuf};

use crate::row::Field;

/// Why rows are refused. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The operating system refuses.
    #[error("cannot read {}: {source}; check that it exists and that you may read it", file.display())]
    Io {
        /// File or folder.
        file: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// More text than evidence is kept for.
    #[error("the rows have more than {limit} bytes; look for evidence in fewer contributions")]
    TooMuchEvidence {
        /// Bytes allowed.
        limit: usize,
    },
    /// A text that is too long to look for evidence of it.
    #[error("the text has {bytes} bytes and {limit} are allowed; look for parts of it")]
    QueryTooLong {
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// A threshold at which near pairs would be missed, or that nothing reaches.
    #[error("rows cannot be clustered at a threshold of {threshold} %; choose one of 65 to 100")]
    BadThreshold {
        /// Per cent.
        threshold: u32,
    },
    /// More text than is clustered at once.
    #[error("the rows have more than {limit} bytes of text; cluster fewer contributions at once")]
    TooMuchText {
        /// Bytes allowed.
        limit: u64,
    },
    /// Rows made so that all look alike in part.
    #[error("more than {limit} pairs of rows look alike in part; raise the number of pairs or leave such rows out")]
    TooManyPairs {
        /// Pairs allowed.
        limit: u64,
    },
    /// Vectors that are not the rows'.
    #[error(
        "the gradient vectors do not fit {rows} rows; give one per row, all of one length up to 2^20, and a threshold of \
         1 to 100 %"
    )]
    BadGradients {
        /// Rows.
        rows: usize,
    },
    /// Larger than [`Limits::file_bytes`](crate::Limits::file_bytes).
    #[error("{} is larger than {limit} bytes; divide it among several contributions", file.display())]
    FileTooLarge {
        /// Where.
        file: PathBuf,
        /// Bytes allowed.
        limit: usize,
    },
    /// A line above [`Limits::line_bytes`](crate::Limits::line_bytes).
    #[error("{} line {line} has {bytes} bytes and {limit} are allowed; shorten or divide the row", file.display())]
    LineTooLong {
        /// Where.
        file: PathBuf,
        /// Line.
        line: usize,
        /// Bytes found.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// More rows than [`Limits::rows`](crate::Limits::rows).
    #[error("{} has more than {limit} rows; divide it among several contributions", file.display())]
    TooManyRows {
        /// Where.
        file: PathBuf,
        /// Rows allowed.
        limit: usize,
    },
    /// Bytes that are no text.
    #[error("{} line {line} is not UTF-8 from byte {byte} on; save the file as UTF-8", file.display())]
    NotUtf8 {
        /// Where.
        file: PathBuf,
        /// Line.
        line: usize,
        /// First bad byte of the line, from zero.
        byte: usize,
    },
    /// A line without anything.
    #[error("{} line {line} is blank; every line holds one row, remove it", file.display())]
    BlankLine {
        /// Where.
        file: PathBuf,
        /// Line.
        line: usize,
    },
    /// Not a JSON object of two texts.
    #[error(
        "{} line {line} is not a row: {reason}; write {{\"prompt\": \"…\", \"completion\": \"…\"}} and nothing else",
        file.display()
    )]
    NotARow {
        /// Where.
        file: PathBuf,
        /// Line.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A row of a table that is not two texts.
    #[error("{} line {line}: {reason}; keep the columns prompt and completion, both text, and nothing else", file.display())]
    NotATableRow {
        /// Where.
        file: PathBuf,
        /// Line, or row of a Parquet file.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A Parquet file that cannot be used.
    #[error(
        "{} is not usable as Parquet: {reason}; keep the text columns prompt and completion alone, plain or Snappy",
        file.display()
    )]
    BadParquet {
        /// Where.
        file: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file that is in none of the formats.
    #[error("{} has no known format; end its name in .jsonl, .parquet or .csv", file.display())]
    UnknownFormat {
        /// Where.
        file: PathBuf,
    },
    /// The operating system refuses to write.
    #[error("cannot write {}: {source}; choose a name that is free, in a folder you may write to", file.display())]
    CannotWrite {
        /// Where.
        file: PathBuf,
        /// Its reason.
        source: io::Error,
    },
    /// Two files of one contributor.
    #[error("{} and {} are of the same contributor; keep one", file.display(), other.display())]
    TwoFiles {
        /// One.
        file: PathBuf,
        /// The other.
        other: PathBuf,
    },
    /// A field without any letter.
    #[error("{} line {line} has an empty {field}; fill it or remove the row", file.display())]
    EmptyField {
        /// Where.
        file: PathBuf,
        /// Line.
        line: usize,
        /// Which.
        field: Field,
    },
    /// The same row twice, in one file or in two.
    #[error(
        "{} line {line} repeats {} line {first_line}; remove one, nobody is paid twice for a row",
        file.display(), first_file.display()
    )]
    DuplicateRow {
        /// Where.
        file: PathBuf,
        /// Line.
        line: usize,
        /// Where it stood before.
        first_file: PathBuf,
        /// Its line there.
        first_line: usize,
    },
    /// A contribution of nothing.
    #[error("{} has no rows; fill it or remove it", file.display())]
    NoRows {
        /// Where.
        file: PathBuf,
    },
    /// A file name that cannot name a contributor.
    #[error(
        "{} does not name a contributor; use 1 to 64 of a-z, 0-9, hyphen and underscore, then .jsonl, .parquet or .csv",
        file.display()
    )]
    BadName {
        /// Where.
        file: PathBuf,
    },
    /// A folder or device that is named like a contribution.
    #[error("{} is not a regular file; put the rows themselves there", file.display())]
    NotAFile {
        /// Where.
        file: PathBuf,
    },
    /// A folder without contributions.
    #[error("{} holds no contribution; add one .jsonl, .parquet or .csv file per contributor", folder.display())]
    NoContributions {
        /// Which.
        folder: PathBuf,
    },
    /// More than [`Limits::contributions`](crate::Limits::contributions).
    #[error("{} holds more than {limit} contributions; divide it into several Datanets", folder.display())]
    TooManyContributions {
        /// Which.
        folder: PathBuf,
        /// Contributions allowed.
        limit: usize,
    },
    /// The data card cannot be read.
    #[error("{} is not a data card: {reason}; see examples/datanets for its fields", file.display())]
    BadCard {
        /// Where.
        file: PathBuf,
        /// What the parser says.
        reason: String,
    },
    /// The data card speaks of other data.
    #[error("{} and {} disagree: {reason}; write the card again or restore the file", card.display(), file.display())]
    CardMismatch {
        /// The card.
        card: PathBuf,
        /// The contribution.
        file: PathBuf,
        /// In what.
        reason: String,
    },
}

impl CorpusError {
    /// A name that stays the same when the wording changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "CORPUS_IO",
            Self::FileTooLarge { .. } => "CORPUS_FILE_TOO_LARGE",
            Self::LineTooLong { .. } => "CORPUS_LINE_TOO_LONG",
            Self::TooManyRows { .. } => "CORPUS_TOO_MANY_ROWS",
            Self::NotUtf8 { .. } => "CORPUS_NOT_UTF8",
            Self::BlankLine { .. } => "CORPUS_BLANK_LINE",
            Self::NotARow { .. } => "CORPUS_NOT_A_ROW",
            Self::NotATableRow { .. } => "CORPUS_NOT_A_TABLE_ROW",
            Self::BadParquet { .. } => "CORPUS_BAD_PARQUET",
            Self::UnknownFormat { .. } => "CORPUS_UNKNOWN_FORMAT",
            Self::CannotWrite { .. } => "CORPUS_CANNOT_WRITE",
            Self::TwoFiles { .. } => "CORPUS_TWO_FILES",
            Self::EmptyField { .. } => "CORPUS_EMPTY_FIELD",
            Self::DuplicateRow { .. } => "CORPUS_DUPLICATE_ROW",
            Self::NoRows { .. } => "CORPUS_NO_ROWS",
            Self::BadName { .. } => "CORPUS_BAD_NAME",
            Self::NotAFile { .. } => "CORPUS_NOT_A_FILE",
            Self::NoContributions { .. } => "CORPUS_NO_CONTRIBUTIONS",
            Self::TooManyContributions { .. } => "CORPUS_TOO_MANY_CONTRIBUTIONS",
            Self::BadCard { .. } => "CORPUS_BAD_CARD",
            Self::CardMismatch { .. } => "CORPUS_CARD_MISMATCH",
            Self::TooMuchEvidence { .. } => "CORPUS_TOO_MUCH_EVIDENCE",
            Self::BadThreshold { .. } => "CORPUS_BAD_THRESHOLD",
            Self::TooMuchText { .. } => "CORPUS_TOO_MUCH_TEXT",
            Self::TooManyPairs { .. } => "CORPUS_TOO_MANY_PAIRS",
            Self::BadGradients { .. } => "CORPUS_BAD_GRADIENTS",
            Self::QueryTooLong { .. } => "CORPUS_QUERY_TOO_LONG",
        }
    }
}

/// Keeps a parser's message bounded whatever the input was.
pub(crate) fn shorten(reason: &impl ToString) -> String {
    reason.to_string().chars().take(160).collect()
}
