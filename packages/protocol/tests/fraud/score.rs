use openledger_protocol::{
    commitment,
    fraud::{
        Fraud, Rejected,
        score::{self, IndexFacts, Query, Row, ScoreClaim, row_leaf},
    },
    merkle,
};
use proptest::prelude::*;

use crate::world::{Batch, DIMENSIONS, INDEXED, ROWS, World, follow, index_facts, world};

/// A batch with an answer scored by the index, and the answer's position.
fn indexed(world: &World) -> Option<(&Batch, usize)> {
    world
        .batches
        .iter()
        .find_map(|batch| Some((batch, batch.receipts.iter().position(|receipt| receipt.adapter_id == INDEXED)?)))
}

/// What the challenger finds, and what the chain says to it.
fn shown(world: &World, batch: &Batch, query: &Query) -> Option<Fraud> {
    let facts = index_facts(&world.rows);
    let index_of = |adapter, _| (adapter == INDEXED).then_some((facts, world.rows.as_slice()));
    let (opening, claim) = score::prove(&batch.facts, &batch.data, index_of, |_| Some(query.clone())).unwrap()?;
    Some(score::check(&batch.open(&opening), Some(&facts), &claim).unwrap())
}

fn row(world: &World, cluster: usize) -> Row {
    let leaves: Vec<_> = (0u32..).zip(&world.rows).map(|(cluster, row)| row_leaf(cluster, row)).collect();
    let siblings = merkle::proof(&leaves, cluster as u64).unwrap();
    Row { cluster: cluster as u32, vector: world.rows[cluster].clone(), siblings }
}

proptest! {
    #![proptest_config(crate::world::cases(64))]

    #[test]
    fn a_score_that_is_no_dot_product_is_shown(world in world(), cluster in 0..ROWS, by in prop_oneof![-9i64..0, 1i64..9]) {
        let Some((batch, at)) = indexed(&world) else { return Ok(()) };
        let query = batch.queries[&batch.open_at(at).digest()].clone();
        let exact = batch.receipts[at].attribution.as_ref().unwrap().deltas[cluster];
        let forged = batch.change(at, |receipt| {
            receipt.attribution.as_mut().unwrap().deltas[cluster] += by;
            follow(receipt);
        });
        let expected = Fraud::WrongScore { cluster: cluster as u32, claimed: exact + by, exact };
        prop_assert_eq!(shown(&world, &forged, &query), Some(expected));
        // Another row is as it should be.
        let other = ScoreClaim::Row { query, row: row(&world, (cluster + 1) % ROWS) };
        let facts = index_facts(&world.rows);
        prop_assert_eq!(score::check(&forged.open_at(at), Some(&facts), &other), Err(Rejected::Honest));
    }

    #[test]
    fn a_receipt_of_the_wrong_shape_is_shown(world in world()) {
        let Some((batch, at)) = indexed(&world) else { return Ok(()) };
        let query = batch.queries[&batch.open_at(at).digest()].clone();
        let facts = index_facts(&world.rows);

        let short = batch.change(at, |receipt| {
            receipt.attribution.as_mut().unwrap().deltas.pop();
            follow(receipt);
        });
        let expected = Fraud::ScoreCount { scores: ROWS - 1, rows: ROWS as u32 };
        prop_assert_eq!(shown(&world, &short, &query), Some(expected));

        let silent = batch.change(at, |receipt| receipt.attribution.as_mut().unwrap().query_commitment.clear());
        prop_assert_eq!(shown(&world, &silent, &query), Some(Fraud::NoQuery { length: 0 }));

        let honest = batch.open_at(at);
        prop_assert_eq!(score::check(&honest, None, &ScoreClaim::Shape), Ok(Fraud::NoIndex));
        prop_assert_eq!(score::check(&honest, Some(&facts), &ScoreClaim::Shape), Err(Rejected::Honest));

        let long = Query { vector: vec![1; DIMENSIONS + 1], ..query };
        let stretched = batch.change(at, |receipt| {
            let commitment = commitment::query(&long.salt, &long.vector);
            receipt.attribution.as_mut().unwrap().query_commitment = commitment.to_vec();
        });
        let expected = Fraud::QueryLength { length: DIMENSIONS + 1, dimensions: DIMENSIONS as u32 };
        prop_assert_eq!(shown(&world, &stretched, &long), Some(expected));
    }

    #[test]
    fn what_does_not_open_is_refused(world in world(), cluster in 0..ROWS, bend in 0..DIMENSIONS) {
        let Some((batch, at)) = indexed(&world) else { return Ok(()) };
        let opened = batch.open_at(at);
        let facts = index_facts(&world.rows);
        let query = batch.queries[&opened.digest()].clone();
        let check = |facts: &IndexFacts, query: &Query, row: Row| {
            score::check(&opened, Some(facts), &ScoreClaim::Row { query: query.clone(), row })
        };
        prop_assert_eq!(check(&facts, &query, row(&world, cluster)), Err(Rejected::Honest));
        let mut other = query.clone();
        other.vector[bend] ^= 1;
        prop_assert_eq!(check(&facts, &other, row(&world, cluster)), Err(Rejected::QueryDoesNotOpen));
        let salted = Query { salt: [9; 32], ..query.clone() };
        prop_assert_eq!(check(&facts, &salted, row(&world, cluster)), Err(Rejected::QueryDoesNotOpen));
        let claim = ScoreClaim::Query(query.clone());
        prop_assert_eq!(score::check(&opened, Some(&facts), &claim), Err(Rejected::Honest));

        let mut bent = row(&world, cluster);
        bent.vector[bend] ^= 1;
        shape!(check(&facts, &query, bent), Err(Rejected::BadOpening { what: "row", .. }));
        let mut moved = row(&world, cluster);
        moved.cluster = (cluster as u32 + 1) % ROWS as u32;
        shape!(check(&facts, &query, moved), Err(Rejected::BadOpening { what: "row", .. }));
        let mut outside = row(&world, cluster);
        outside.cluster = u32::MAX;
        shape!(check(&facts, &query, outside), Err(Rejected::BadOpening { what: "row", .. }));
        let mut cut = row(&world, cluster);
        cut.vector.pop();
        shape!(check(&facts, &query, cut), Err(Rejected::RowLength { .. }));
    }

    #[test]
    fn scores_that_need_the_model_need_a_dispute(world in world()) {
        for batch in &world.batches {
            for index in 0..batch.receipts.len() {
                let opened = batch.open_at(index);
                if opened.receipt().adapter_id != INDEXED {
                    let refused = score::check(&opened, Some(&index_facts(&world.rows)), &ScoreClaim::Shape);
                    let policy = "counterfactual-forward/1".to_owned();
                    prop_assert_eq!(refused, Err(Rejected::NeedsDispute { policy }));
                }
            }
        }
    }
}

#[test]
fn query_and_row_travel_as_the_bytes_that_were_committed_to() {
    let query = Query { salt: [3; 32], vector: vec![-128, 0, 127] };
    assert_eq!(Query::from_bytes(&query.to_bytes()), Ok(query.clone()));
    assert_eq!(Query::from_bytes(&query.to_bytes()[..32]), Ok(Query { vector: vec![], ..query.clone() }));
    assert_eq!(Query::from_bytes(&query.to_bytes()[..31]), Err(Rejected::QueryDoesNotOpen));

    let row = Row { cluster: 7, vector: vec![-1, 1], siblings: vec![[9; 32]] };
    let opening = row.clone().into_opening();
    assert_eq!(Row::from_opening(opening.clone()), Ok(row));
    let no_row = || Err(Rejected::BadOpening { what: "row", reason: merkle::MerkleError::RootMismatch });
    let mut elsewhere = opening.clone();
    elsewhere.index = 8;
    assert_eq!(Row::from_opening(elsewhere), no_row());
    let mut short = opening;
    short.leaf.truncate(3);
    assert_eq!(Row::from_opening(short), no_row());
}
