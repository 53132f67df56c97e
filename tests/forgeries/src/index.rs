//! The attribution index of the adapter, and the query of the answer that is scored by it.

use openledger_protocol::{
    Attribution, Hash,
    attribution::{POLICY_DOT_PRODUCT, attribute},
    commitment,
    dot::dot,
    fraud::score::{IndexFacts, Query, Row, index_root, row_leaf},
    merkle,
};

use crate::ground::{EXPLAINED, FLOOR};

/// Dimensions of every row.
const DIMENSIONS: u32 = 4;

/// One row per cluster, each with a score of its own and above the floor.
#[derive(Debug, Clone)]
pub struct Index {
    /// By cluster.
    pub rows: Vec<Vec<i8>>,
}

impl Index {
    /// For a Datanet version of at most 64 clusters.
    pub fn new(clusters: usize) -> Self {
        Self { rows: (0i8..64).take(clusters).map(|cluster| vec![100 - cluster, 60, cluster - 20, 3]).collect() }
    }

    /// As the registry of models has it.
    pub fn facts(&self) -> IndexFacts {
        IndexFacts { root: index_root(&self.rows), rows: self.rows.len() as u32, dimensions: DIMENSIONS }
    }

    /// The answer's gradient, said the node.
    pub fn query(&self) -> Query {
        Query { salt: [7; 32], vector: vec![90, 50, -10, 1] }
    }

    /// A row with its place.
    pub fn row(&self, cluster: usize) -> Row {
        let leaves: Vec<_> = (0..).zip(&self.rows).map(|(cluster, row)| row_leaf(cluster, row)).collect();
        let siblings = merkle::proof(&leaves, cluster as u64).unwrap();
        Row { cluster: cluster as u32, vector: self.rows[cluster].clone(), siblings }
    }

    /// What an honest receipt says.
    pub fn attribution(&self) -> Attribution {
        scored(&self.scores(), commit(&self.query()))
    }

    /// Exact scores of the query, by cluster.
    pub fn scores(&self) -> Vec<i64> {
        self.rows.iter().map(|row| dot(&self.query().vector, row).unwrap().into()).collect()
    }
}

/// An attribution by dot products that commits to a query.
pub fn scored(scores: &[i64], query: Hash) -> Attribution {
    Attribution {
        policy: POLICY_DOT_PRODUCT.into(),
        query_commitment: query.to_vec(),
        ..attribute(scores, FLOOR, EXPLAINED).unwrap()
    }
}

/// What a receipt says of a query.
pub fn commit(query: &Query) -> Hash {
    commitment::query(&query.salt, &query.vector)
}
