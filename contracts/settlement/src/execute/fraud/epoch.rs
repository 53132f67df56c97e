//! Proofs about an epoch's payouts.

use cosmwasm_std::{Deps, DepsMut, Env, MessageInfo, Response};
use openledger_contract_kit::event::Event;
use openledger_protocol::{
    fraud::{payout, payout::PayoutProof, sums, EpochFacts, Fraud, SumTree, Tree},
    merkle_sum::Node,
};

use super::{terms, void};
use crate::{
    error::ContractError,
    events::SettlementEvent,
    execute::scope,
    msg::{EpochFraud, EpochResponse},
    state::{load_batch, load_epoch, EPOCHS},
};

/// Voids the epoch, and those after it, if the proof shows that its payouts are false. Its batches wait for another epoch.
pub fn run(
    deps: DepsMut,
    env: Env,
    info: MessageInfo,
    epoch: u64,
    proof: EpochFraud,
) -> Result<Response, ContractError> {
    let accepted = load_epoch(deps.storage, epoch)?;
    void::check_window(&env, &accepted)?;
    let facts = facts(deps.as_ref(), &env, &accepted)?;
    let fraud = decide(&facts, proof)?;
    let proven = SettlementEvent::EpochFraudProven {
        epoch,
        set_id: accepted.set_id.u64(),
        fraud: fraud.name().to_owned(),
        detail: fraud.to_string(),
        challenger: info.sender,
    };
    let events = void::epochs(deps.storage, &env, epoch)?;
    Ok(Response::new().add_event(proven.to_cosmwasm()).add_events(events))
}

fn facts(deps: Deps, env: &Env, accepted: &EpochResponse) -> Result<EpochFacts, ContractError> {
    let previous = match accepted.epoch.u64().checked_sub(1) {
        None | Some(0) => None,
        Some(previous) => Some(payouts(&EPOCHS.load(deps.storage, previous)?)),
    };
    let batches = accepted
        .batch_ids
        .iter()
        .map(|id| Ok(terms::credits(&load_batch(deps.storage, id.u64())?)))
        .collect::<Result<_, ContractError>>()?;
    Ok(EpochFacts { scope: scope(env), payouts: payouts(accepted), previous, batches })
}

fn payouts(epoch: &EpochResponse) -> SumTree {
    let root = Node { sum: epoch.payout_total.u128(), hash: epoch.payout_root.into_bytes() };
    SumTree { root, count: epoch.payout_count.u64() }
}

fn decide(epoch: &EpochFacts, proof: EpochFraud) -> Result<Fraud, ContractError> {
    Ok(match proof {
        EpochFraud::PayoutLeaf { payout } => payout::check_leaf(epoch, &payout.into())?,
        EpochFraud::PayoutOrder { first, second } => payout::check_order(epoch, &first.into(), &second.into())?,
        EpochFraud::Payout { payee, now, before, credits } => {
            let proof = PayoutProof {
                payee,
                now: now.into(),
                before: before.map(Into::into),
                credits: credits.into_iter().map(Into::into).collect(),
            };
            payout::check(epoch, &proof)?
        }
        EpochFraud::PayoutSum { path } => sums::check(Tree::Payouts, &epoch.payouts, &path.into())?,
    })
}
