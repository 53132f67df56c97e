//! Parquet as Hugging Face datasets keep it: two columns of text, one row per row.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType},
    errors::ParquetError,
    file::{
        metadata::ParquetMetaData,
        properties::WriterProperties,
        reader::{FileReader, SerializedFileReader},
        writer::SerializedFileWriter,
    },
    record::Field as Value,
    schema::parser::parse_message_type,
};

use crate::{
    error::{CorpusError, shorten},
    format::bounded,
    limits::Limits,
    row::Row,
};

const SCHEMA: &str = "message rows { REQUIRED BYTE_ARRAY prompt (UTF8); REQUIRED BYTE_ARRAY completion (UTF8); }";
/// Rows of a row group: a reader holds one group at a time.
const GROUP: usize = 10_000;

pub(crate) fn parse(file: &Path, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    // The library checks less than a file from a stranger needs: what it does not expect may panic.
    catch_unwind(AssertUnwindSafe(|| read(file, bytes, limits)))
        .unwrap_or_else(|_| Err(bad(file, "it breaks the format")))
}

fn read(file: &Path, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Row>, CorpusError> {
    let failed = |cause: ParquetError| bad(file, &shorten(&cause));
    let reader = SerializedFileReader::new(Bytes::from(bytes)).map_err(failed)?;
    check(file, reader.metadata(), limits)?;
    let mut rows = Vec::new();
    let mut total: usize = 0;
    for (line, found) in (1..).zip(reader.get_row_iter(None).map_err(failed)?) {
        if rows.len() == limits.rows {
            return Err(CorpusError::TooManyRows { file: file.into(), limit: limits.rows });
        }
        let (mut prompt, mut completion) = (None, None);
        for (name, value) in found.map_err(failed)?.into_columns() {
            let Value::Str(text) = value else {
                let reason = format!("column {name} holds something else than text");
                return Err(CorpusError::NotATableRow { file: file.into(), line, reason });
            };
            total = total.saturating_add(text.len());
            match name.as_str() {
                "prompt" => prompt = Some(text),
                _ => completion = Some(text),
            }
        }
        if total > limits.file_bytes {
            return Err(CorpusError::FileTooLarge { file: file.into(), limit: limits.file_bytes });
        }
        let (Some(prompt), Some(completion)) = (prompt, completion) else {
            let reason = "not two fields".into();
            return Err(CorpusError::NotATableRow { file: file.into(), line, reason });
        };
        rows.push(bounded(file, line, prompt, completion, limits)?);
    }
    if rows.is_empty() { Err(CorpusError::NoRows { file: file.into() }) } else { Ok(rows) }
}

/// What the footer promises, before anything is unpacked. Codecs that pack without bound are refused: Snappy cannot
/// hide more than some twenty times the file, whatever the footer says.
fn check(file: &Path, metadata: &ParquetMetaData, limits: &Limits) -> Result<(), CorpusError> {
    let columns = metadata.file_metadata().schema_descr();
    let mut names: Vec<String> = columns.columns().iter().map(|column| column.path().string()).collect();
    names.sort_unstable();
    if names != ["completion", "prompt"] {
        return Err(bad(file, "its columns are not prompt and completion alone"));
    }
    let too_many = usize::try_from(metadata.file_metadata().num_rows()).is_ok_and(|rows| rows > limits.rows);
    if too_many {
        return Err(CorpusError::TooManyRows { file: file.into(), limit: limits.rows });
    }
    let mut unpacked: u64 = 0;
    for column in metadata.row_groups().iter().flat_map(|group| group.columns()) {
        if !matches!(column.compression(), Compression::UNCOMPRESSED | Compression::SNAPPY) {
            return Err(bad(file, "it is compressed otherwise than with Snappy"));
        }
        let size = u64::try_from(column.uncompressed_size()).map_err(|_| bad(file, "a size is negative"))?;
        unpacked = unpacked.saturating_add(size);
    }
    if unpacked > u64::try_from(limits.file_bytes).unwrap_or(u64::MAX) {
        return Err(CorpusError::FileTooLarge { file: file.into(), limit: limits.file_bytes });
    }
    Ok(())
}

fn bad(file: &Path, reason: &str) -> CorpusError {
    CorpusError::BadParquet { file: file.into(), reason: reason.into() }
}

pub(crate) fn content(file: &Path, rows: &[Row]) -> Result<Vec<u8>, CorpusError> {
    write(rows).map_err(|cause| CorpusError::CannotWrite { file: file.into(), source: std::io::Error::other(cause) })
}

fn write(rows: &[Row]) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut out = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut out, schema, Arc::new(properties))?;
    for rows in rows.chunks(GROUP) {
        let mut group = writer.next_row_group()?;
        for field in [Row::prompt, Row::completion] {
            let texts: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(field(row))).collect();
            if let Some(mut column) = group.next_column()? {
                column.typed::<ByteArrayType>().write_batch(&texts, None, None)?;
                column.close()?;
            }
        }
        group.close()?;
    }
    writer.close()?;
    Ok(out)
}
