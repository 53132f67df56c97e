//! Runs an answer again: the same tokens must come out, and the same attribution within tolerance.

use openledger_attribution::index::{
    Apart, Indexed, Said, Tolerance as QueryTolerance, agreement::payout_distance, micro_nats, units,
};
use openledger_engine::{Engine, GenerateEvent, GenerateRequest};
use openledger_protocol::{Attribution, attribution::AttributionError};
use serde::{Deserialize, Serialize};

use super::arithmetic::opened_query;
use crate::{
    api::OpenedReceipt,
    error::NodeError,
    serving::{Audit, ClusterMeasurement, Lane, ServedAdapter, sampling},
};

/// How far a recomputed measurement may lie from the receipt's: floating-point sums differ between machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tolerance {
    /// Absolute part, in micro-nats.
    pub micro_nats: u64,
    /// Relative part, in parts per million of the larger magnitude.
    pub parts_per_million: u64,
}

impl Default for Tolerance {
    fn default() -> Self {
        Self { micro_nats: 2_000, parts_per_million: 1_000 }
    }
}

impl Tolerance {
    fn holds(&self, a: i64, b: i64) -> bool {
        let larger = u128::from(a.unsigned_abs().max(b.unsigned_abs()));
        let relative = larger.saturating_mul(u128::from(self.parts_per_million)) / 1_000_000;
        u128::from(a.abs_diff(b)) <= u128::from(self.micro_nats).saturating_add(relative)
    }
}

/// Generates and attributes the answer of a receipt again.
pub async fn reexecute(
    engine: &Engine,
    adapter: &ServedAdapter,
    opened: &OpenedReceipt,
    tolerance: Tolerance,
) -> Result<(), NodeError> {
    let signed = opened.receipt.as_ref();
    let id = signed.map(|signed| hex::encode(&signed.id)).unwrap_or_default();
    let invalid = |problem: String| NodeError::ReceiptInvalid { receipt: id.clone(), problem };
    let claimed = signed
        .and_then(|signed| signed.receipt.as_ref())
        .and_then(|receipt| receipt.attribution.as_ref())
        .ok_or_else(|| invalid("it has no attribution".into()))?;
    let sampling = opened.sampling.as_ref().ok_or_else(|| invalid("its sampling parameters are missing".into()))?;

    let replayed = replay(engine, adapter, opened, sampling).await?;
    // A client that left early pays for a prefix.
    if !replayed.starts_with(&opened.response) {
        return Err(invalid("its response does not follow from its prompt and seed".into()));
    }
    match adapter.lane() {
        Lane::Audit(audit) => {
            let measured = audit.measure(&opened.prompt, &opened.response).await?;
            counterfactual(&measured, claimed, tolerance).map_err(invalid)
        }
        Lane::Index(lane) => {
            // Whatever the node noted, a validator scores both sides of the lift itself.
            let answer = Said { tokens: (opened.prompt.clone(), opened.response.clone()), log_prob: None };
            let own = lane.attribute(vec![answer]).await?.pop();
            let own = own.ok_or_else(|| NodeError::Internal("the index said nothing".into()))?;
            indexed(&own, lane.index().exponent, opened, claimed, tolerance).map_err(invalid)?;
            if let Some(audit) = adapter.audit() {
                let measured = audit.measure(&opened.prompt, &opened.response).await?;
                held_against(audit, &measured, claimed, &id)?;
            }
            Ok(())
        }
    }
}

/// Whether own measurements under every variant are those of the receipt.
fn counterfactual(measured: &ClusterMeasurement, claimed: &Attribution, tolerance: Tolerance) -> Result<(), String> {
    let floor = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    if measured.deltas.len() != claimed.deltas.len()
        || !tolerance.holds(measured.lift, claimed.lift)
        || !tolerance.holds(floor(measured.floor), floor(claimed.floor))
    {
        return Err("its lift or noise floor cannot be reproduced".into());
    }
    for (cluster, (mine, theirs)) in measured.deltas.iter().zip(&claimed.deltas).enumerate() {
        if !tolerance.holds(*mine, *theirs) {
            return Err(format!("cluster {cluster} measures {mine} micro-nats here and {theirs} in the receipt"));
        }
    }
    Ok(())
}

/// Whether the own query and lift are those of the receipt; that its scores follow from its query was checked before.
fn indexed(
    own: &Indexed,
    exponent: i32,
    opened: &OpenedReceipt,
    claimed: &Attribution,
    tolerance: Tolerance,
) -> Result<(), String> {
    let query = opened_query(opened);
    let apart = Apart::of(&own.query, &query).map_err(|error| error.to_string())?;
    if !apart.within(QueryTolerance::default()) {
        return Err(format!(
            "its query differs from the own one in {} of {} integers, by up to {}",
            apart.differing, apart.dimensions, apart.largest
        ));
    }
    // Both on the receipt's scale: one that is too small for a lift bounds it.
    let exponent = query.exponent.saturating_add(exponent);
    let (lift, own) = (micro_nats(claimed.lift, exponent), micro_nats(units(own.lift, exponent), exponent));
    if !tolerance.holds(own, lift) {
        return Err(format!("its lift is {lift} micro-nats and {own} here"));
    }
    Ok(())
}

/// Tells how far the index is from what the audit lane measures on the same answer. The index is the published rule, so a
/// difference is no lie of the node; operators and developers see by it what an index is worth. Nothing can be measured of a family's
/// tail, so both divide among the other clusters alone.
fn held_against(
    audit: &Audit,
    measured: &ClusterMeasurement,
    claimed: &Attribution,
    receipt: &str,
) -> Result<(), NodeError> {
    let failed = |error: AttributionError| NodeError::Internal(error.to_string());
    let truth = measured.attribution().map_err(failed)?;
    let part = payout_distance(&truth, &audit.among_measured(claimed).map_err(failed)?);
    tracing::info!(receipt, part, "the audit lane would divide this part of the fee otherwise");
    Ok(())
}

async fn replay(
    engine: &Engine,
    adapter: &ServedAdapter,
    opened: &OpenedReceipt,
    parameters: &openledger_protocol::Sampling,
) -> Result<Vec<u32>, NodeError> {
    let request = GenerateRequest {
        adapter: Some(adapter.engine_id()),
        more_adapters: Vec::new(),
        prompt: opened.prompt.clone(),
        sampling: sampling::of(parameters),
        max_new_tokens: parameters.max_new_tokens as usize,
        stop: parameters.stop.clone(),
        grammar: sampling::grammar(parameters),
        logprobs: None,
        tenant: None,
        deadline: None,
    };
    let mut events = engine.generate(request).await?;
    while let Some(event) = events.recv().await {
        if let GenerateEvent::Finished { tokens, .. } = event? {
            return Ok(tokens);
        }
    }
    Err(NodeError::Internal("the replay ended without a result".into()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use openledger_attribution::index::{Query, Scores};

    use super::*;

    #[test]
    fn tolerance_is_absolute_plus_relative() {
        let tolerance = Tolerance { micro_nats: 10, parts_per_million: 1_000 };
        assert!(tolerance.holds(0, 10));
        assert!(!tolerance.holds(0, 11));
        assert!(tolerance.holds(-1_000_000, -1_001_010));
        assert!(!tolerance.holds(-1_000_000, -1_001_100));
        assert!(!tolerance.holds(i64::MIN, i64::MAX));
    }

    #[test]
    fn an_indexed_answer_has_the_own_query_and_lift_up_to_the_tolerance() {
        let query = |at: usize, by: i8| {
            let mut vector: Vec<i8> = (0..100).map(|value| value - 50).collect();
            vector[at] += by;
            Query { vector, exponent: -10, explained: 1.0, log_prob: -2.0 }
        };
        let scores = Scores { clusters: vec![40_000, 10], floor: 5, exponent: -22 };
        let own = Indexed { query: query(0, 0), scores: scores.clone(), lift: 3_000_000 };
        let with = |query: &Query, lift| {
            let claimed = scores.attribution(query, lift, &[1; 32]).unwrap();
            let opened = OpenedReceipt {
                query: query.vector.iter().map(|value| value.cast_unsigned()).collect(),
                query_exponent: query.exponent,
                ..OpenedReceipt::default()
            };
            indexed(&own, -12, &opened, &claimed, Tolerance::default())
        };
        assert_eq!(with(&query(0, 0), 3_000_000), Ok(()));
        assert_eq!(with(&query(3, 1), 3_004_000), Ok(()), "a step and a thousandth");
        assert!(with(&query(3, 2), 3_000_000).unwrap_err().contains("its query differs"));
        assert!(with(&query(0, 0), 3_100_000).unwrap_err().contains("its lift"));
        let other_scale = Query { exponent: -7, ..query(0, 0) };
        assert!(with(&other_scale, 3_000_000).is_err());
    }
}
