//! Rows as Parquet files, where every machine can read them.

use std::{
    fs::File,
    io,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    sync::Arc,
};

use datafusion::{
    arrow::{
        array::{ArrayRef, BinaryArray, RecordBatch, StringArray, UInt32Array},
        datatypes::{DataType, Field, Schema},
    },
    parquet::{arrow::ArrowWriter, file::properties::WriterProperties},
};
use openledger_corpus::{Row, clusters::Gradients};

/// Rows of a batch: a few MiB at most of ordinary rows.
const BATCH: usize = 1 << 12;
/// Rows of a row group, the least that a machine reads.
const GROUP: usize = 1 << 14;

/// Writes rows with their numbers, and with their vectors if there are any, as so many files of about equal length.
pub(crate) fn write(
    folder: &Path,
    rows: &[&Row],
    gradients: Option<&Gradients<'_>>,
    files: NonZeroUsize,
) -> io::Result<()> {
    let each = rows.len().div_ceil(files.get()).max(1);
    for (index, part) in rows.chunks(each).enumerate() {
        let vectors = gradients.map(|gradients| gradients.vectors.iter().skip(index * each).map(Vec::as_slice));
        let first = u32::try_from(index * each).map_err(io::Error::other)?;
        write_file(&file(folder, index), first, part, vectors.map(Iterator::collect))?;
    }
    Ok(())
}

fn file(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("{index:05}.parquet"))
}

fn write_file(file: &Path, first: u32, rows: &[&Row], vectors: Option<Vec<&[i8]>>) -> io::Result<()> {
    let mut fields = vec![
        Field::new("row", DataType::UInt32, false),
        Field::new("prompt", DataType::Utf8, false),
        Field::new("completion", DataType::Utf8, false),
    ];
    if vectors.is_some() {
        fields.push(Field::new("vector", DataType::Binary, false));
    }
    let schema = Arc::new(Schema::new(fields));
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(GROUP)).build();
    let mut writer = ArrowWriter::try_new(File::create_new(file)?, schema.clone(), Some(properties))?;
    for (index, batch) in rows.chunks(BATCH).enumerate() {
        let from = index * BATCH;
        let start = first.saturating_add(u32::try_from(from).map_err(io::Error::other)?);
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new((start..).take(batch.len()).collect::<UInt32Array>()),
            Arc::new(batch.iter().map(|row| Some(row.prompt())).collect::<StringArray>()),
            Arc::new(batch.iter().map(|row| Some(row.completion())).collect::<StringArray>()),
        ];
        if let Some(vectors) = &vectors {
            let bytes = vectors.iter().skip(from).take(batch.len()).map(|vector| Some(unsigned(vector)));
            columns.push(Arc::new(bytes.collect::<BinaryArray>()));
        }
        writer.write(&RecordBatch::try_new(schema.clone(), columns).map_err(io::Error::other)?)?;
    }
    writer.close()?;
    Ok(())
}

fn unsigned(vector: &[i8]) -> Vec<u8> {
    vector.iter().map(|value| value.cast_unsigned()).collect()
}
