//! Validators have executed a disputed answer again and signed what they found.

use cosmwasm_std::{Addr, DepsMut, Env, Response, StdError, Storage, SubMsg, Uint128, Uint64};
use openledger_contract_kit::event::Event;
use openledger_protocol::{DisputeVerdict, Scope, Signed as _, Verdict as Found};
use staking::{client::Client as Staking, quorum};

use super::{case, token};
use crate::{
    decide::Records,
    error::ContractError,
    events::DisputesEvent,
    msg::{BlsSignature, DisputeResponse, DisputeStatus, Verdict},
    state::{load_dispute, Config, BONDS, CONFIG, DISPUTES},
};

/// What the sender brings.
pub struct Signed {
    pub set_id: u64,
    pub verdict: Verdict,
    pub absentees: Vec<u32>,
    pub signature: BlsSignature,
}

/// Checks deadline, set and signature, gives the bond to whom it belongs, and opens a case against a guilty node.
pub fn run(mut deps: DepsMut, env: Env, dispute_id: u64, signed: Signed) -> Result<Response, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let mut dispute = load_open(deps.storage, dispute_id)?;
    let deadline = dispute.deadline.u64();
    if env.block.time.seconds() >= deadline {
        return Err(ContractError::DeadlinePassed { dispute_id, deadline });
    }
    check(&deps, &env, &config, &dispute, &signed)?;
    release(deps.storage, dispute.bond)?;

    let mut response = Response::new();
    let mut case_id = None;
    match signed.verdict {
        Verdict::Honest => response = response.add_submessages(compensate(&config, &dispute)?),
        Verdict::Fraud => {
            response = response.add_message(token::pay(&config, &dispute.challenger, dispute.bond)?);
            if let Some(judgement) = accuse(deps.branch(), &env, &config, &dispute)? {
                case_id = Some(Uint64::new(judgement.case_id));
                response = response.add_event(judgement.event).add_submessages(judgement.messages);
            }
        }
    }
    let set_id = Uint64::new(signed.set_id);
    dispute.status = DisputeStatus::Resolved { verdict: signed.verdict, set_id, case_id };
    DISPUTES.save(deps.storage, dispute_id, &dispute)?;
    let resolved =
        DisputesEvent::DisputeResolved { dispute_id, verdict: signed.verdict, set_id: signed.set_id, case_id };
    Ok(response.add_event(resolved.to_cosmwasm()))
}

/// An open dispute, or a typed error.
pub fn load_open(storage: &dyn Storage, dispute_id: u64) -> Result<DisputeResponse, ContractError> {
    let dispute = load_dispute(storage, dispute_id)?;
    match dispute.status {
        DisputeStatus::Open => Ok(dispute),
        _ => Err(ContractError::DisputeEnded { dispute_id }),
    }
}

/// Takes a bond off the books before it is paid.
pub fn release(storage: &mut dyn Storage, bond: Uint128) -> Result<(), ContractError> {
    let bonds = BONDS.load(storage)?.checked_sub(bond)?;
    Ok(BONDS.save(storage, &bonds)?)
}

fn check(
    deps: &DepsMut,
    env: &Env,
    config: &Config,
    dispute: &DisputeResponse,
    signed: &Signed,
) -> Result<(), ContractError> {
    let set_id = signed.set_id;
    let staking = Staking::new(&config.staking);
    let unknown = |error: StdError| ContractError::UnknownSet { set_id, reason: error.to_string() };
    let newest = staking.latest_set_id(&deps.querier).map_err(unknown)?;
    if set_id != newest {
        return Err(ContractError::OtherSet { set_id, newest });
    }
    let set = staking.set(&deps.querier, set_id).map_err(unknown)?;
    let contract = env.contract.address.to_string();
    let verdict = match signed.verdict {
        Verdict::Honest => Found::Honest,
        Verdict::Fraud => Found::Fraud,
    };
    let digest = DisputeVerdict {
        scope: Some(Scope { chain_id: env.block.chain_id.clone(), contract }),
        dispute_id: dispute.dispute_id.u64(),
        set_id,
        receipt_id: dispute.receipt_id.as_ref().to_vec(),
        verdict: verdict.into(),
    }
    .digest();
    quorum::check(deps.api, &set, &signed.absentees, &digest, &signed.signature)?;
    Ok(())
}

/// A lost bond pays for the trouble: half to the node, the rest to the stakers whose validators executed again.
fn compensate(config: &Config, dispute: &DisputeResponse) -> Result<Vec<SubMsg>, ContractError> {
    let node = dispute.bond.multiply_ratio(1u8, 2u8);
    let stakers = dispute.bond.checked_sub(node)?;
    let mut messages = Vec::with_capacity(2);
    if !node.is_zero() {
        messages.push(SubMsg::new(token::pay(config, &dispute.node, node)?));
    }
    // A bond is at least one, so its larger half is too.
    messages.push(SubMsg::new(token::fund_stakers(config, stakers)?));
    Ok(messages)
}

/// A case against the node, unless the batch was proven false, or its money went back, in the meantime.
fn accuse(
    deps: DepsMut,
    env: &Env,
    config: &Config,
    dispute: &DisputeResponse,
) -> Result<Option<case::Judgement>, ContractError> {
    let batch = Records::new(config, deps.querier, env).batch(dispute.batch_id.u64())?;
    let challenger: Addr = dispute.challenger.clone();
    let detail = format!("validators executed receipt {} again", dispute.receipt_id);
    let finding = case::Finding { challenger, fraud: "false_execution".to_owned(), detail };
    match case::against_node(deps, env, finding, &batch) {
        Ok(judgement) => Ok(Some(judgement)),
        Err(ContractError::AlreadyProven { .. } | ContractError::NothingAtStake { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
