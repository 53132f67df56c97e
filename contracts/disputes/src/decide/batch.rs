//! Proofs about one batch.

use cosmwasm_std::HexBinary;
use openledger_protocol::fraud::{
    charge, credit,
    credit::MissingCredit,
    duplicate, receipt, score,
    score::{Query, Row, ScoreClaim},
    share, sums, BatchFacts, Fraud, OpenedReceipt, ReceiptLeaf, Tree,
};
use settlement::msg::BatchSummary;

use super::Records;
use crate::{
    error::ContractError,
    msg::{BatchFraud, FalseSum, LeafOpening, Neighbours, OneReceipt, TwoReceipts},
};

/// What the proof shows.
pub fn decide(records: &Records<'_>, batch: &BatchSummary, proof: BatchFraud) -> Result<Fraud, ContractError> {
    let facts = &records.facts(batch);
    // Whatever a proof is about, a leaf that is no receipt decides it.
    macro_rules! open {
        ($opening:expr) => {
            match receipt::open(facts, &$opening.into())? {
                ReceiptLeaf::Receipt(opened) => opened,
                ReceiptLeaf::Broken(fraud) => return Ok(fraud),
            }
        };
    }
    Ok(match proof {
        BatchFraud::Receipt(OneReceipt { receipt }) => receipt::check(facts, &receipt.into())?,
        BatchFraud::Adapter(OneReceipt { receipt }) => {
            let opened = open!(receipt);
            receipt::check_adapter(&opened, records.is_registered(&opened)?)?
        }
        BatchFraud::Shares(OneReceipt { receipt }) => {
            let opened = open!(receipt);
            share::check(&opened, clusters(records, &opened)?)?
        }
        BatchFraud::Score { receipt, query, row } => {
            let opened = open!(receipt);
            score::check(&opened, records.index(&opened)?.as_ref(), &claim(query, row)?)?
        }
        BatchFraud::Charge(OneReceipt { receipt }) => {
            let opened = open!(receipt);
            charge::check(&opened, records.charge(&opened)?.as_ref())?
        }
        BatchFraud::Overlap(TwoReceipts { first, second }) => charge::check_overlap(&open!(first), &open!(second))?,
        BatchFraud::Duplicate { first, other_batch_id, second } => {
            return duplicated(records, facts, first, other_batch_id.u64(), second);
        }
        BatchFraud::CreditLeaf { credit } => credit::check_leaf(facts, &credit.into())?,
        BatchFraud::CreditOrder(Neighbours { first, second }) => {
            credit::check_order(facts, &first.into(), &second.into())?
        }
        BatchFraud::Credit { receipt, credit } => {
            let opened = open!(receipt);
            let (table, payees) = records.division(&opened)?;
            credit::check(&opened, &table, &payees, &credit.into())?
        }
        BatchFraud::MissingCredit { receipt, role, cluster, gap } => {
            let opened = open!(receipt);
            let (table, payees) = records.division(&opened)?;
            let missing = MissingCredit { role: role.into(), cluster: cluster.u64(), absence: gap.into() };
            credit::check_missing(&opened, &table, &payees, &missing)?
        }
        BatchFraud::CreditSum(FalseSum { path }) => sums::check(Tree::Credits, &facts.credits, &path.into())?,
    })
}

fn claim(query: Option<HexBinary>, row: Option<LeafOpening>) -> Result<ScoreClaim, ContractError> {
    let Some(query) = query else { return Ok(ScoreClaim::Shape) };
    let query = Query::from_bytes(&query)?;
    Ok(match row {
        None => ScoreClaim::Query(query),
        Some(row) => ScoreClaim::Row { query, row: Row::from_opening(row.into())? },
    })
}

fn clusters(records: &Records<'_>, opened: &OpenedReceipt<'_>) -> Result<u64, ContractError> {
    let (_, payees) = records.division(opened)?;
    Ok(u64::try_from(payees.contributors.len()).unwrap_or(u64::MAX))
}

/// The later of two batches is at fault: the earlier one was there when it was made.
fn duplicated(
    records: &Records<'_>,
    batch: &BatchFacts,
    first: LeafOpening,
    other_batch_id: u64,
    second: LeafOpening,
) -> Result<Fraud, ContractError> {
    if other_batch_id > batch.batch_id {
        return Err(ContractError::LaterBatch { batch_id: batch.batch_id, other_batch_id });
    }
    let other = records.facts(&records.batch(other_batch_id)?);
    let first = match receipt::open(batch, &first.into())? {
        ReceiptLeaf::Receipt(opened) => opened,
        ReceiptLeaf::Broken(fraud) => return Ok(fraud),
    };
    match receipt::open(&other, &second.into())? {
        ReceiptLeaf::Receipt(second) => Ok(duplicate::check(&first, &second)?),
        // A broken leaf of this batch is this batch's fault; one of another batch is that batch's.
        ReceiptLeaf::Broken(fraud) if other_batch_id == batch.batch_id => Ok(fraud),
        ReceiptLeaf::Broken(_) => Err(ContractError::OtherBatchBroken { other_batch_id }),
    }
}
