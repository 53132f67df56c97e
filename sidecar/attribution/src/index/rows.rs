//! The index of a family in memory.

use std::collections::HashMap;

use openledger_engine::gradient::{Executor, GradientSession};
use openledger_protocol::{
    Hash,
    fraud::score::{IndexFacts, index_root},
};

use super::{Frame, IndexError, Projection, Secants, leverage, leverage::Leverage, quantise};
use crate::Family;

/// One 8-bit row per cluster, and what turns a gradient into a query for them.
///
/// All rows have one scale. The chain knows rows and not scales, and a receipt's score is the plain dot product of query and
/// row: with a scale per row, products of different rows could not be compared, and every receipt that did so
/// would be proven false.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Digest of the family the rows come from.
    pub family: Hash,
    /// Digest of the base the family was trained on.
    pub base: Hash,
    /// One per row: the clusters.
    pub contributors: Vec<String>,
    /// Of each cluster, as many integers as there are dimensions, one row after the other.
    pub rows: Vec<i8>,
    /// Of each placebo, likewise: how far training moves for no reason. Not under the root.
    pub placebos: Vec<i8>,
    /// One integer of a row means `2^exponent` in units of parameters: times an integer of a query, whose unit is one over that,
    /// a number of nats.
    pub exponent: i32,
    /// How long rows may be, and how many were longer.
    pub leverage: Leverage,
    /// From gradients to coordinates.
    pub projection: Projection,
    /// From coordinates to as many integers as a row has.
    pub frame: Frame,
}

impl Index {
    /// Reads a family's adapters and builds its index with at most `dimensions` dimensions.
    ///
    /// # Errors
    /// All errors of adapters, and as [`Index::of`].
    pub fn build<E: Executor>(
        session: &GradientSession<E>,
        family: &Family,
        dimensions: usize,
    ) -> Result<Self, IndexError> {
        Self::of(&Secants::read(session, family)?, session.model().base_digest, dimensions)
    }

    /// Projects, caps, spreads and rounds secants. Placebos are not capped: a shorter one would lower the noise floor. Rows have
    /// a power of two of dimensions, at most `dimensions`, and there are at most as many directions as the largest such
    /// power.
    ///
    /// # Errors
    /// [`IndexError::Size`] for too many clusters or dimensions, or none, [`IndexError::NoDirections`],
    /// [`IndexError::NotFinite`], [`IndexError::Length`].
    pub fn of(secants: &Secants, base: Hash, dimensions: usize) -> Result<Self, IndexError> {
        let (clusters, limit) = (secants.clusters.len(), super::MAX_CLUSTERS);
        if clusters == 0 || clusters > limit {
            return Err(IndexError::Size { what: "clusters", value: clusters, limit });
        }
        if secants.contributors.len() != clusters {
            let found = secants.contributors.len();
            return Err(IndexError::Length { what: "the list of contributors", found, expected: clusters });
        }
        let limit = super::MAX_DIMENSIONS;
        if dimensions == 0 || dimensions > limit {
            return Err(IndexError::Size { what: "dimensions", value: dimensions, limit });
        }
        let all = secants.clusters.iter().chain(&secants.placebos).map(Vec::as_slice);
        let projection = Projection::principal(all, Frame::widest(dimensions).dimensions())?;
        let frame = Frame::of(projection.dimensions(), dimensions)?;
        let project = |vectors: &[Vec<f32>]| -> Result<Vec<Vec<f64>>, IndexError> {
            vectors.iter().map(|vector| projection.project(vector)).collect()
        };
        let (mut rows, mut placebos) = (project(&secants.clusters)?, project(&secants.placebos)?);
        let leverage = leverage::cap(&mut rows, &secants.sizes)?;
        for row in rows.iter_mut().chain(&mut placebos) {
            *row = frame.row(row)?;
        }
        let exponent = quantise::exponent_of(rows.iter().chain(&placebos).flatten(), "a row")?;
        let steps = |rows: &[Vec<f64>]| rows.iter().flat_map(|row| quantise::steps(row, exponent)).collect();
        Ok(Self {
            family: secants.family,
            base,
            contributors: secants.contributors.clone(),
            rows: steps(&rows),
            placebos: steps(&placebos),
            exponent,
            leverage,
            projection,
            frame,
        })
    }

    /// Brings the rows into the order of `contributors`: that of the Datanet version's clusters on chain, where a score is
    /// proven by its place.
    ///
    /// # Errors
    /// [`IndexError::Mismatch`] unless they are the index's own, each once.
    pub fn arranged<'n>(mut self, contributors: impl IntoIterator<Item = &'n str>) -> Result<Self, IndexError> {
        let mut places: HashMap<&str, usize> =
            self.contributors.iter().enumerate().map(|(place, name)| (name.as_str(), place)).collect();
        let order = contributors.into_iter().map(|name| places.remove(name)).collect::<Option<Vec<usize>>>();
        let order = order.filter(|order| order.len() == self.contributors.len());
        let order = order.ok_or(IndexError::Mismatch { what: "list of contributors" })?;
        let rows: Vec<&[i8]> = self.clusters().collect();
        let moved = order.iter().filter_map(|place| rows.get(*place).copied()).flatten().copied().collect();
        let names = order.iter().filter_map(|place| self.contributors.get(*place).cloned()).collect();
        (self.rows, self.contributors) = (moved, names);
        Ok(self)
    }

    /// What all clusters together did to the adapter, as far as the rows know it.
    ///
    /// # Errors
    /// [`IndexError::Length`] for a projection that the frame has no room for.
    pub fn displacement(&self) -> Result<Vec<f32>, IndexError> {
        let mut sums = vec![0_i64; self.dimensions()];
        for row in self.clusters() {
            sums.iter_mut().zip(row).for_each(|(sum, step)| *sum += i64::from(*step));
        }
        let unit = quantise::power_of_two(self.exponent);
        let spread = sums.into_iter().map(|sum| sum as f64 * unit).collect();
        self.projection.lift(&self.frame.coordinates(spread, self.projection.dimensions())?)
    }

    /// Length of a row.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.frame.dimensions()
    }

    /// Rows of the clusters, in the order of the contributors.
    pub fn clusters(&self) -> impl Iterator<Item = &[i8]> {
        self.rows.chunks_exact(self.dimensions().max(1))
    }

    /// What an adapter version's registration says of its index.
    #[must_use]
    pub fn facts(&self) -> IndexFacts {
        let count = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
        let rows: Vec<Vec<i8>> = self.clusters().map(<[i8]>::to_vec).collect();
        IndexFacts { root: index_root(&rows), rows: count(rows.len()), dimensions: count(self.dimensions()) }
    }
}
