//! What each cluster did to the adapter: secants, and tangents where nobody trained without it.

use openledger_engine::gradient::{Executor, GradientSession, StoredAdapter};
use openledger_protocol::Hash;

use super::{IndexError, tangents};
use crate::{Family, Variant};

/// Displacements of the served adapter, each as long as its parameters.
#[derive(Debug, Clone)]
pub struct Secants {
    /// Digest of the family they come from.
    pub family: Hash,
    /// Contributors, in the order of all deltas: the clusters.
    pub contributors: Vec<String>,
    /// Of each cluster its rows; 1 for all of them when the family does not say.
    pub sizes: Vec<u32>,
    /// Of each cluster: the served parameters less those trained without it; of those of the tail, the same to first order.
    pub clusters: Vec<Vec<f32>>,
    /// Of each placebo: the served parameters less the placebo's. What training moves for no reason.
    pub placebos: Vec<Vec<f32>>,
    /// The served adapter.
    pub served: StoredAdapter,
}

impl Secants {
    /// Reads all adapters and tangents of a family, each checked against its digest.
    ///
    /// # Errors
    /// Errors of adapters, [`IndexError::Variant`] for a variant of another rank or scale than the served adapter or a tangent of
    /// another length, [`IndexError::Family`] for tangents that cannot be read.
    pub fn read<E: Executor>(session: &GradientSession<E>, family: &Family) -> Result<Self, IndexError> {
        let served = session.read_adapter(&family.full.folder, Some(family.full.digest))?;
        let secant = |variant: &Variant| -> Result<Vec<f32>, IndexError> {
            let other = session.read_adapter(&variant.folder, Some(variant.digest))?;
            let differs = |reason: &str| IndexError::Variant { variant: variant.name.clone(), reason: reason.into() };
            if other.layout != served.layout {
                return Err(differs("its rank is not that of the served adapter"));
            }
            // With another scale the same parameters mean another adapter, and their difference means nothing.
            if other.scale.to_bits() != served.scale.to_bits() {
                return Err(differs("its alpha is not that of the served adapter"));
            }
            Ok(served.parameters.iter().zip(&other.parameters).map(|(with, without)| with - without).collect())
        };
        let all = |variants: &[Variant]| variants.iter().map(secant).collect::<Result<Vec<_>, _>>();
        let (mut clusters, placebos) = (all(&family.counterfactuals)?, all(&family.placebos)?);
        // Ascending places: every vector comes to stand where it belongs.
        for (tangent, vector) in family.tail.iter().zip(tangents::read(family, served.parameters.len())?) {
            clusters.insert(tangent.place.min(clusters.len()), vector);
        }
        let contributors: Vec<String> = family.contributors().map(str::to_owned).collect();
        let sizes: Option<Vec<u32>> = family.rows().map(|(_, rows)| rows).collect();
        let sizes = sizes.unwrap_or_else(|| vec![1; contributors.len()]);
        Ok(Self { family: family.digest(), contributors, sizes, clusters, placebos, served })
    }
}
