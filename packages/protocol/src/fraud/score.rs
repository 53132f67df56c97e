//! Scores: exact dot products of the committed query vector with the rows of the adapter version's index.

use alloc::vec::Vec;

use super::{
    data::BatchData,
    open::{BatchFacts, Opening, bound},
    receipt::{OpenedReceipt, readable},
    verdict::{Fraud, Rejected},
};
use crate::{
    Attribution, Hash,
    attribution::POLICY_DOT_PRODUCT,
    commitment,
    dot::{MAX_DIMENSIONS, dot},
    fraud::MAX_SIBLINGS,
    merkle::{self, MerkleError},
};

/// The index of an adapter version as the chain knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexFacts {
    /// RFC 6962 root over the rows: see [`row_leaf`].
    pub root: Hash,
    /// Rows: one per cluster of the Datanet version.
    pub rows: u32,
    /// Dimensions of each.
    pub dimensions: u32,
}

/// What the challenger opens beside the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScoreClaim {
    /// Nothing: the receipt's own shape is wrong (no index, no commitment, another number of scores).
    Shape,
    /// The query vector: it has another length than the index.
    Query(Query),
    /// The query vector and one row: the score is another.
    Row {
        /// The query.
        query: Query,
        /// The row.
        row: Row,
    },
}

/// The committed query vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Salt of the commitment.
    pub salt: [u8; 32],
    /// One per dimension.
    pub vector: Vec<i8>,
}

/// A row of the index with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Cluster: position in the index.
    pub cluster: u32,
    /// One per dimension.
    pub vector: Vec<i8>,
    /// From the leaf up.
    pub siblings: Vec<Hash>,
}

impl Query {
    /// What its commitment is made of: the salt, then one byte per dimension, two's complement.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.salt.to_vec();
        bytes.extend(self.vector.iter().map(|value| value.cast_unsigned()));
        bytes
    }

    /// Reads [`Query::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Rejected> {
        let (salt, vector) = bytes.split_first_chunk().ok_or(Rejected::QueryDoesNotOpen)?;
        Ok(Self { salt: *salt, vector: vector.iter().map(|byte| byte.cast_signed()).collect() })
    }
}

impl Row {
    /// As a leaf of the index: see [`row_leaf`].
    pub fn into_opening(self) -> Opening {
        let leaf = row_leaf(self.cluster, &self.vector);
        Opening { index: self.cluster.into(), leaf, siblings: self.siblings }
    }

    /// Reads [`Row::into_opening`]; a leaf that names another cluster than its position is none.
    pub fn from_opening(opening: Opening) -> Result<Self, Rejected> {
        let no_row = Rejected::BadOpening { what: "row", reason: MerkleError::RootMismatch };
        let Some((cluster, vector)) = opening.leaf.split_first_chunk() else { return Err(no_row) };
        let cluster = u32::from_be_bytes(*cluster);
        if u64::from(cluster) != opening.index {
            return Err(no_row);
        }
        let vector = vector.iter().map(|byte| byte.cast_signed()).collect();
        Ok(Self { cluster, vector, siblings: opening.siblings })
    }
}

/// Leaf of a row: the cluster as 4 bytes, big-endian, then one byte per dimension in two's complement.
pub fn row_leaf(cluster: u32, vector: &[i8]) -> Vec<u8> {
    let mut leaf = Vec::with_capacity(vector.len().saturating_add(4));
    leaf.extend_from_slice(&cluster.to_be_bytes());
    leaf.extend(vector.iter().map(|value| value.cast_unsigned()));
    leaf
}

/// Root over all rows, in the order of the clusters.
pub fn index_root(rows: &[Vec<i8>]) -> Hash {
    merkle::root(&row_leaves(rows))
}

fn row_leaves(rows: &[Vec<i8>]) -> Vec<Vec<u8>> {
    (0u32..).zip(rows).map(|(cluster, vector)| row_leaf(cluster, vector)).collect()
}

/// Fraud if the receipt's scores are not the dot products of its committed query with the rows of `index`; `None` where
/// the adapter version has no index.
pub fn check(opened: &OpenedReceipt<'_>, index: Option<&IndexFacts>, claim: &ScoreClaim) -> Result<Fraud, Rejected> {
    let attribution = scored(opened)?;
    let index = match shape(attribution, index) {
        Err(fraud) => return Ok(fraud),
        Ok(index) => index,
    };
    let (query, row) = match claim {
        ScoreClaim::Shape => return Err(Rejected::Honest),
        ScoreClaim::Query(query) => (query, None),
        ScoreClaim::Row { query, row } => (query, Some(row)),
    };
    bound("query vector", query.vector.len(), MAX_DIMENSIONS)?;
    if commitment::query(&query.salt, &query.vector).as_slice() != attribution.query_commitment {
        return Err(Rejected::QueryDoesNotOpen);
    }
    if let Some(fraud) = query_length(query, index) {
        return Ok(fraud);
    }
    let row = row.ok_or(Rejected::Honest)?;
    bound("row", row.siblings.len(), MAX_SIBLINGS)?;
    if !same_length(&row.vector, index.dimensions) {
        return Err(Rejected::RowLength { length: row.vector.len(), dimensions: index.dimensions });
    }
    let leaf = row_leaf(row.cluster, &row.vector);
    merkle::verify(&index.root, &leaf, u64::from(row.cluster), u64::from(index.rows), &row.siblings)
        .map_err(|reason| Rejected::BadOpening { what: "row", reason })?;
    wrong_score(attribution, query, row.cluster, &row.vector).ok_or(Rejected::Honest)
}

/// Finds the first receipt whose scores are wrong. `index_of` gives the index of an adapter version and its rows,
/// `query_of` the query of a receipt.
pub fn prove<'r>(
    batch: &BatchFacts,
    data: &BatchData,
    index_of: impl Fn(u64, u32) -> Option<(IndexFacts, &'r [Vec<i8>])>,
    query_of: impl Fn(&Hash) -> Option<Query>,
) -> Result<Option<(Opening, ScoreClaim)>, MerkleError> {
    for opened in readable(batch, data) {
        let Ok(attribution) = scored(&opened) else { continue };
        let found = index_of(opened.receipt().adapter_id, opened.receipt().adapter_version);
        let claim = match shape(attribution, found.as_ref().map(|(facts, _)| facts)) {
            Err(_) => Some(ScoreClaim::Shape),
            Ok(index) => {
                let rows = found.as_ref().map_or(&[][..], |(_, rows)| rows);
                match query_of(&opened.digest()) {
                    Some(query) => wrong_row(attribution, index, rows, query)?,
                    None => None,
                }
            }
        };
        if let Some(claim) = claim {
            return Ok(Some((data.open_receipt(opened.index())?, claim)));
        }
    }
    Ok(None)
}

fn wrong_row(
    attribution: &Attribution,
    index: &IndexFacts,
    rows: &[Vec<i8>],
    query: Query,
) -> Result<Option<ScoreClaim>, MerkleError> {
    if commitment::query(&query.salt, &query.vector).as_slice() != attribution.query_commitment {
        return Ok(None);
    }
    if query_length(&query, index).is_some() {
        return Ok(Some(ScoreClaim::Query(query)));
    }
    let wrong = (0u32..).zip(rows).find(|(cluster, row)| wrong_score(attribution, &query, *cluster, row).is_some());
    let Some((cluster, vector)) = wrong else { return Ok(None) };
    let siblings = merkle::proof(&row_leaves(rows), u64::from(cluster))?;
    Ok(Some(ScoreClaim::Row { query, row: Row { cluster, vector: vector.clone(), siblings } }))
}

/// The attribution, where its rule is the dot product.
fn scored<'a>(opened: &'a OpenedReceipt<'_>) -> Result<&'a Attribution, Rejected> {
    let attribution = opened.receipt().attribution.as_ref();
    let attribution = attribution.ok_or(Rejected::NoCredits(crate::credits::CreditError::NoAttribution))?;
    if attribution.policy == POLICY_DOT_PRODUCT {
        Ok(attribution)
    } else {
        Err(Rejected::NeedsDispute { policy: attribution.policy.chars().take(48).collect() })
    }
}

/// What the receipt shows by itself.
fn shape<'i>(attribution: &Attribution, index: Option<&'i IndexFacts>) -> Result<&'i IndexFacts, Fraud> {
    let index = index.ok_or(Fraud::NoIndex)?;
    let scores = attribution.deltas.len();
    if u32::try_from(scores).ok() != Some(index.rows) {
        return Err(Fraud::ScoreCount { scores, rows: index.rows });
    }
    let length = attribution.query_commitment.len();
    if length == 32 { Ok(index) } else { Err(Fraud::NoQuery { length }) }
}

fn query_length(query: &Query, index: &IndexFacts) -> Option<Fraud> {
    let length = query.vector.len();
    (!same_length(&query.vector, index.dimensions))
        .then_some(Fraud::QueryLength { length, dimensions: index.dimensions })
}

fn same_length(vector: &[i8], dimensions: u32) -> bool {
    u32::try_from(vector.len()).ok() == Some(dimensions)
}

fn wrong_score(attribution: &Attribution, query: &Query, cluster: u32, row: &[i8]) -> Option<Fraud> {
    let claimed = *attribution.deltas.get(usize::try_from(cluster).ok()?)?;
    let exact = i64::from(dot(&query.vector, row).ok()?);
    (claimed != exact).then_some(Fraud::WrongScore { cluster, claimed, exact })
}
