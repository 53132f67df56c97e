//! The two ways to say who made an answer: by the adapter's index where its version registered one, else by scoring the answer
//! under every counterfactual adapter.

use std::{collections::HashMap, sync::Arc};

use openledger_attribution::{
    AuditError, AuditLane,
    index::{Index, IndexLane, Indexed, Query, Said, Scores},
};
use openledger_protocol::{
    Attribution,
    attribution::{AttributionError, attribute},
};

use crate::error::NodeError;

/// Who made an answer, and what the receipt commits to for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributed {
    /// Scores and shares.
    pub attribution: Attribution,
    /// The query vector behind them, where the policy has one.
    pub query: Option<Query>,
}

/// A measurement in the order of the Datanet version's clusters, those of a family's tail left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterMeasurement {
    /// Loss of log-probability per measured cluster, in micro-nats.
    pub deltas: Vec<i64>,
    /// Noise floor, in micro-nats.
    pub floor: u64,
    /// What the adapter adds over its base, in micro-nats.
    pub lift: i64,
}

impl ClusterMeasurement {
    /// Shares by the protocol's integers.
    pub fn attribution(&self) -> Result<Attribution, AttributionError> {
        attribute(&self.deltas, self.floor, self.lift)
    }
}

/// Counterfactual and placebo adapters in the engine.
pub struct Audit {
    lane: AuditLane,
    /// Clusters of the Datanet version that have a counterfactual adapter, ascending, each with that one's position in the family.
    measured: Vec<(usize, usize)>,
}

impl Audit {
    /// The lane of a family for the clusters of a Datanet version, given as names of contributors.
    pub(super) fn new(lane: AuditLane, clusters: &[String]) -> Self {
        let adapters = lane.family().counterfactuals.iter().enumerate();
        let positions: HashMap<&str, usize> =
            adapters.filter_map(|(position, variant)| Some((variant.contributor.as_deref()?, position))).collect();
        let position = |(cluster, name): (usize, &String)| Some((cluster, *positions.get(name.as_str())?));
        let measured = clusters.iter().enumerate().filter_map(position).collect();
        Self { lane, measured }
    }

    /// An attribution over all clusters as it divides the fee among the measured ones alone.
    pub fn among_measured(&self, whole: &Attribution) -> Result<Attribution, AttributionError> {
        let deltas: Vec<i64> =
            self.measured.iter().filter_map(|(cluster, _)| whole.deltas.get(*cluster).copied()).collect();
        attribute(&deltas, whole.floor, whole.lift)
    }

    /// Scores one answer under every variant, as one mixed batch.
    pub async fn measure(&self, prompt: &[u32], response: &[u32]) -> Result<ClusterMeasurement, NodeError> {
        if response.is_empty() {
            // Nothing was said, so nobody made it.
            return Ok(ClusterMeasurement { deltas: vec![0; self.measured.len()], floor: 0, lift: 0 });
        }
        let measured = self.lane.attribute(prompt, response).await.map_err(|error| match error {
            AuditError::Engine(error) => NodeError::Engine(error),
            other => failed(other),
        })?;
        let by_contributor = measured.deltas();
        let deltas = self.measured.iter().filter_map(|(_, position)| by_contributor.get(*position).copied()).collect();
        Ok(ClusterMeasurement { deltas, floor: measured.floor(), lift: measured.lift() })
    }
}

/// The lane that an adapter version is paid by.
#[derive(Clone)]
pub enum Lane {
    /// Forward passes under every counterfactual adapter.
    Audit(Arc<Audit>),
    /// One gradient and the registered index.
    Index(IndexLane),
}

impl Lane {
    /// Whether the log-probability of an answer under its adapter saves work here.
    pub fn uses_log_prob(&self) -> bool {
        matches!(self, Self::Index(_))
    }

    /// Attributes answers; each comes with the salt of its receipt's commitments.
    pub async fn attribute(&self, answers: Vec<(Said, [u8; 32])>) -> Result<Vec<Attributed>, NodeError> {
        let (said, salts): (Vec<Said>, Vec<[u8; 32]>) = answers.into_iter().unzip();
        match self {
            Self::Audit(audit) => {
                let measured =
                    said.iter().map(|Said { tokens: (prompt, response), .. }| audit.measure(prompt, response));
                let measured = futures::future::try_join_all(measured).await?;
                measured
                    .iter()
                    .map(|measured| {
                        Ok(Attributed { attribution: measured.attribution().map_err(failed)?, query: None })
                    })
                    .collect()
            }
            Self::Index(lane) => lane
                .attribute(said)
                .await?
                .into_iter()
                .zip(&salts)
                .map(|(Indexed { query, scores, lift }, salt)| {
                    let attribution = scores.attribution(&query, lift, salt)?;
                    Ok(Attributed { attribution, query: Some(query) })
                })
                .collect(),
        }
    }
}

/// Checks scores and noise floor of a receipt against its opened query: integers that everybody with the index gets alike.
pub fn check_scores(index: &Index, claimed: &Attribution, query: &Query) -> Result<(), String> {
    let own = Scores::of(index, query).map_err(|error| error.to_string())?;
    if own.clusters != claimed.deltas {
        return Err("its scores are not the products of its query with the index".into());
    }
    if own.floor != claimed.floor {
        return Err("its noise floor is not that of its query".into());
    }
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> NodeError {
    NodeError::Internal(format!("the answer could not be attributed: {error}"))
}

#[cfg(test)]
mod tests {
    use openledger_attribution::index::{Frame, Leverage, Projection};

    use super::*;

    #[test]
    fn scores_and_floor_are_recomputed_from_the_opened_query() {
        let index = Index {
            family: [1; 32],
            base: [2; 32],
            contributors: vec!["ann".into(), "bob".into()],
            rows: vec![100, 0, 0, 50],
            placebos: vec![-5, 3],
            exponent: -4,
            leverage: Leverage { cap: 1.0, capped: 0 },
            projection: Projection::from_basis(2, vec![1.0, 0.0, 0.0, 1.0]).unwrap(),
            frame: Frame::new(2).unwrap(),
        };
        let query = Query { vector: vec![64, 16], exponent: -6, explained: 1.0, log_prob: -3.0 };
        let honest = Scores::of(&index, &query).unwrap().attribution(&query, 1_000_000, &[9; 32]).unwrap();
        assert_eq!(check_scores(&index, &honest, &query), Ok(()));
        let with = |deltas: &[i64], floor| Attribution { deltas: deltas.to_vec(), floor, ..honest.clone() };
        let lies = [with(&[6401, 800], honest.floor), with(&[6400], honest.floor), with(&[6400, 800], 0)];
        for lie in &lies {
            assert!(check_scores(&index, lie, &query).is_err(), "{lie:?}");
        }
        let other = Query { vector: vec![65, 16], ..query.clone() };
        assert!(check_scores(&index, &honest, &other).is_err());
        assert!(check_scores(&index, &honest, &Query { vector: vec![64], ..query }).is_err());
    }
}
