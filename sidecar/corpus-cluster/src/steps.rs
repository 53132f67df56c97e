//! The plans, in the order in which they run.

use std::{
    future::Future,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use datafusion::{
    arrow::{
        array::{Array, AsArray, RecordBatch},
        compute::cast,
        datatypes::{DataType, UInt64Type},
    },
    dataframe::DataFrameWriteOptions,
    error::DataFusionError,
    prelude::{DataFrame, ParquetReadOptions, SessionContext},
};
use futures::TryStreamExt;
use openledger_corpus::{CorpusError, clusters::parts::Links};

use crate::error::ClusterError;

/// Names of what is being done, for errors.
const SIGNING: &str = "signing the rows";
const COPIES: &str = "looking for equal texts";
const COUNTING: &str = "counting the pairs";
const COMPARING: &str = "comparing near texts";

/// Every key of a band, with the text that has it.
const KEYS: &str = "keys AS (SELECT text, unnest(numbers) AS band, unnest(bands) AS key FROM signed)";
/// Texts that share a band, each pair once however many bands they share.
const CANDIDATES: &str = "candidates AS (\
    SELECT DISTINCT a.text AS a, b.text AS b FROM keys a \
    JOIN keys b ON a.band = b.band AND a.key = b.key AND a.text < b.text)";

/// One question.
pub(crate) struct Steps {
    context: SessionContext,
    rows: PathBuf,
    /// One file: a machine that signs again after another was lost puts it in the other's place.
    signed: PathBuf,
    row_count: usize,
    asked: Instant,
    deadline: Duration,
}

impl Steps {
    /// Over the rows that were staged below a folder.
    pub(crate) fn new(context: SessionContext, folder: &Path, row_count: usize, deadline: Duration) -> Self {
        let (rows, signed) = (folder.join("rows"), folder.join("signed.parquet"));
        Self { context, rows, signed, row_count, asked: Instant::now(), deadline }
    }

    /// Writes every distinct text's signature once, with its rows.
    pub(crate) async fn sign(&self, vectors: bool) -> Result<(), ClusterError> {
        self.table(SIGNING, "rows", &self.rows).await?;
        let (gathered, vectors) = if vectors { (", array_agg(vector) AS vectors", ", vectors") } else { ("", "") };
        let signed = format!(
            "SELECT text, members{vectors}, get_field(signature, 'shingles') AS shingles, \
               get_field(signature, 'bands') AS bands, get_field(signature, 'numbers') AS numbers \
             FROM (SELECT text, members{vectors}, openledger_signature(words) AS signature \
               FROM (SELECT words, min(row) AS text, array_agg(row) AS members{gathered} \
                 FROM (SELECT *, openledger_normalised(prompt, completion) AS words FROM rows) GROUP BY words))"
        );
        let write = async {
            let options = DataFrameWriteOptions::new().with_single_file_output(true);
            self.context.sql(&signed).await?.write_parquet(&self.signed.to_string_lossy(), options, None).await
        };
        self.within(SIGNING, write).await?;
        self.table(SIGNING, "signed", &self.signed).await
    }

    /// Joins the rows of each text.
    pub(crate) async fn join_copies(&self, links: &mut Links) -> Result<(), ClusterError> {
        let copies = "SELECT text, unnest(members) AS row FROM signed WHERE cardinality(members) > 1";
        self.pairs(COPIES, copies, |text, row| {
            let (text, row) = (self.row(COPIES, text)?, self.row(COPIES, row)?);
            links.join(text, row);
            Ok(())
        })
        .await
    }

    /// Refuses more pairs than are allowed before any is looked at: of texts in the same bucket, and of the rows behind
    /// them where vectors are compared too.
    pub(crate) async fn bound_pairs(&self, limit: u64, vectors: bool) -> Result<(), ClusterError> {
        let sizes = format!(
            "WITH {KEYS} SELECT size, count(*) AS buckets FROM \
               (SELECT count(*) AS size FROM keys GROUP BY band, key HAVING count(*) > 1) GROUP BY size"
        );
        let mut pairs: u64 = 0;
        self.pairs(COUNTING, &sizes, |size, buckets| {
            let of_one = size.saturating_mul(size.saturating_sub(1)) / 2;
            pairs = pairs.saturating_add(of_one.saturating_mul(buckets));
            Ok(())
        })
        .await?;
        if pairs <= limit && vectors {
            let sizes = format!(
                "WITH {KEYS}, {CANDIDATES} SELECT together, count(*) AS times FROM \
                   (SELECT cardinality(x.members) * cardinality(y.members) AS together FROM candidates c \
                    JOIN signed x ON c.a = x.text JOIN signed y ON c.b = y.text) GROUP BY together"
            );
            pairs = 0;
            self.pairs(COUNTING, &sizes, |together, times| {
                pairs = pairs.saturating_add(together.saturating_mul(times));
                Ok(())
            })
            .await?;
        }
        if pairs > limit { Err(CorpusError::TooManyPairs { limit }.into()) } else { Ok(()) }
    }

    /// Joins candidates that pass a test.
    pub(crate) async fn join_near(
        &self,
        links: &mut Links,
        threshold: u32,
        vectors: Option<u32>,
    ) -> Result<(), ClusterError> {
        let or_vectors = vectors.map_or_else(String::new, |threshold| {
            format!(" OR openledger_near_vectors(x.vectors, y.vectors, {threshold})")
        });
        let near = format!(
            "WITH {KEYS}, {CANDIDATES} SELECT c.a, c.b FROM candidates c \
             JOIN signed x ON c.a = x.text JOIN signed y ON c.b = y.text \
             WHERE openledger_near(x.shingles, y.shingles, {threshold}){or_vectors}"
        );
        self.pairs(COMPARING, &near, |a, b| {
            let (a, b) = (self.row(COMPARING, a)?, self.row(COMPARING, b)?);
            links.join(a, b);
            Ok(())
        })
        .await
    }

    async fn table(&self, step: &'static str, name: &str, path: &Path) -> Result<(), ClusterError> {
        let path = path.to_string_lossy();
        self.within(step, self.context.register_parquet(name, path.as_ref(), ParquetReadOptions::default())).await
    }

    /// Hands on a plan's two columns of numbers, batch by batch as they come.
    async fn pairs(
        &self,
        step: &'static str,
        plan: &str,
        mut each: impl FnMut(u64, u64) -> Result<(), ClusterError>,
    ) -> Result<(), ClusterError> {
        let frame: DataFrame = self.within(step, self.context.sql(plan)).await?;
        let mut batches = self.within(step, frame.execute_stream()).await?;
        while let Some(batch) = self.within(step, batches.try_next()).await? {
            let [left, right] =
                numbers(&batch).map_err(ClusterError::at(step))?.ok_or(ClusterError::BadAnswer { step })?;
            for (left, right) in left.into_iter().zip(right) {
                each(left, right)?;
            }
        }
        Ok(())
    }

    /// A row that exists.
    fn row(&self, step: &'static str, number: u64) -> Result<u32, ClusterError> {
        let row = u32::try_from(number).ok().filter(|row| (*row as usize) < self.row_count);
        row.ok_or(ClusterError::BadAnswer { step })
    }

    /// What is left of the question's time.
    async fn within<T>(
        &self,
        step: &'static str,
        work: impl Future<Output = Result<T, DataFusionError>>,
    ) -> Result<T, ClusterError> {
        let left = self.deadline.saturating_sub(self.asked.elapsed());
        match tokio::time::timeout(left, work).await {
            Ok(result) => result.map_err(ClusterError::at(step)),
            Err(_) => Err(ClusterError::TooLate { step, seconds: self.deadline.as_secs() }),
        }
    }
}

/// Two columns of numbers without nulls; nothing where a batch is anything else.
fn numbers(batch: &RecordBatch) -> Result<Option<[Vec<u64>; 2]>, DataFusionError> {
    let [left, right] = batch.columns() else { return Ok(None) };
    if left.null_count() > 0 || right.null_count() > 0 {
        return Ok(None);
    }
    let (left, right) = (cast(left, &DataType::UInt64)?, cast(right, &DataType::UInt64)?);
    if left.null_count() > 0 || right.null_count() > 0 {
        return Ok(None);
    }
    let values = |array: &dyn Array| array.as_primitive::<UInt64Type>().values().to_vec();
    Ok(Some([values(&left), values(&right)]))
}
