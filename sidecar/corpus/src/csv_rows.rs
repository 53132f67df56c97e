use std::path::Path;

use crate::{
    error::{CorpusError, shorten},
    format::bounded,
    limits::Limits,
    row::Row,
};

const HEADER: [&str; 2] = ["prompt", "completion"];

pub(crate) fn parse(file: &Path, bytes: &[u8], limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    // Spreadsheets put a byte order mark before the header.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let bad = |line: u64, reason: String| CorpusError::NotATableRow {
        file: file.into(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        reason,
    };
    let mut reader = csv::Reader::from_reader(bytes);
    let header = reader.headers().map_err(|cause| bad(1, shorten(&cause)))?;
    if header != HEADER.as_slice() {
        return Err(bad(1, "the header is not prompt,completion".into()));
    }
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let line = reader.position().line();
        if !reader.read_record(&mut record).map_err(|cause| bad(line, shorten(&cause)))? {
            break;
        }
        if rows.len() == limits.rows {
            return Err(CorpusError::TooManyRows { file: file.into(), limit: limits.rows });
        }
        let line = record.position().map_or(line, csv::Position::line);
        let (Some(prompt), Some(completion)) = (record.get(0), record.get(1)) else {
            return Err(bad(line, "not two fields".into()));
        };
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        rows.push(bounded(file, line, prompt.into(), completion.into(), limits)?);
    }
    if rows.is_empty() { Err(CorpusError::NoRows { file: file.into() }) } else { Ok(rows) }
}

pub(crate) fn content(file: &Path, rows: &[Row]) -> Result<Vec<u8>, CorpusError> {
    let failed = |cause: csv::Error| CorpusError::CannotWrite { file: file.into(), source: cause.into() };
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).map_err(failed)?;
    for row in rows {
        writer.write_record([row.prompt(), row.completion()]).map_err(failed)?;
    }
    writer.into_inner().map_err(|cause| CorpusError::CannotWrite { file: file.into(), source: cause.into_error() })
}
