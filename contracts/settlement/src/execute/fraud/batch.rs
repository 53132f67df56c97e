//! Proofs about one batch.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use openledger_contract_kit::event::Event;
use openledger_protocol::fraud::{
    charge, credit, credit::MissingCredit, duplicate, receipt, share, sums, BatchFacts, Fraud, OpenedReceipt,
    ReceiptLeaf, Tree,
};

use super::{terms, void};
use crate::{
    error::ContractError,
    events::SettlementEvent,
    execute::scope,
    msg::{BatchFraud, LeafOpening},
    state::{load_batch, Node, NODES},
};

/// Voids the batch if the proof shows that it is false, refunds its sessions, and bars its node.
pub fn run(
    mut deps: DepsMut,
    env: Env,
    info: MessageInfo,
    batch_id: u64,
    proof: BatchFraud,
) -> Result<Response, ContractError> {
    let batch = load_batch(deps.storage, batch_id)?;
    void::check_in_time(deps.storage, &env, &batch)?;
    let facts = terms::facts(scope(&env), &batch);
    let fraud = decide(deps.as_ref(), &env, &facts, proof)?;

    let (node, name) = (batch.node.clone(), fraud.name());
    let mut events = vec![SettlementEvent::BatchFraudProven {
        batch_id,
        node: node.clone(),
        fraud: name.to_owned(),
        detail: fraud.to_string(),
        challenger: info.sender,
    }
    .to_cosmwasm()];
    events.extend(void::batch(deps.branch(), &env, batch)?);
    let standing = NODES.load(deps.storage, &node)?;
    NODES.save(deps.storage, &node, &Node { barred: true, ..standing })?;
    Ok(Response::new().add_events(events))
}

fn decide(deps: Deps, env: &Env, batch: &BatchFacts, proof: BatchFraud) -> Result<Fraud, ContractError> {
    // Whatever a proof is about, a leaf that is no receipt decides it.
    macro_rules! open {
        ($batch:expr, $opening:expr) => {
            match receipt::open($batch, &$opening.into())? {
                ReceiptLeaf::Receipt(opened) => opened,
                ReceiptLeaf::Broken(fraud) => return Ok(fraud),
            }
        };
    }
    Ok(match proof {
        BatchFraud::Receipt { receipt } => receipt::check(batch, &receipt.into())?,
        BatchFraud::Shares { receipt } => {
            let opened = open!(batch, receipt);
            share::check(&opened, clusters(deps, &opened)?)?
        }
        BatchFraud::Charge { receipt } => {
            let opened = open!(batch, receipt);
            charge::check(&opened, terms::charge(deps, &opened)?.as_ref())?
        }
        BatchFraud::Overlap { first, second } => charge::check_overlap(&open!(batch, first), &open!(batch, second))?,
        BatchFraud::Duplicate { first, other_batch_id, second } => {
            return duplicated(deps, env, batch, first, other_batch_id.u64(), second);
        }
        BatchFraud::CreditLeaf { credit } => credit::check_leaf(batch, &credit.into())?,
        BatchFraud::CreditOrder { first, second } => credit::check_order(batch, &first.into(), &second.into())?,
        BatchFraud::Credit { receipt, credit } => {
            let opened = open!(batch, receipt);
            let (table, payees) = terms::division(deps, &opened)?;
            credit::check(&opened, &table, &payees, &credit.into())?
        }
        BatchFraud::MissingCredit { receipt, role, cluster, gap } => {
            let opened = open!(batch, receipt);
            let (table, payees) = terms::division(deps, &opened)?;
            let missing = MissingCredit { role: role.into(), cluster: cluster.u64(), absence: gap.into() };
            credit::check_missing(&opened, &table, &payees, &missing)?
        }
        BatchFraud::CreditSum { path } => sums::check(Tree::Credits, &batch.credits, &path.into())?,
    })
}

fn clusters(deps: Deps, opened: &OpenedReceipt<'_>) -> Result<u64, ContractError> {
    let (_, payees) = terms::division(deps, opened)?;
    Ok(u64::try_from(payees.contributors.len()).unwrap_or(u64::MAX))
}

/// The later of two batches is at fault: the earlier one was there when it was made.
fn duplicated(
    deps: Deps,
    env: &Env,
    batch: &BatchFacts,
    first: LeafOpening,
    other_batch_id: u64,
    second: LeafOpening,
) -> Result<Fraud, ContractError> {
    if other_batch_id > batch.batch_id {
        return Err(ContractError::LaterBatch { batch_id: batch.batch_id, other_batch_id });
    }
    let other = terms::facts(scope(env), &load_batch(deps.storage, other_batch_id)?);
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
