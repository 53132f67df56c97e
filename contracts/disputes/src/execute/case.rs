//! What follows from a proven fraud: a case, the end of what was false, and the slash.

use cosmwasm_std::{Addr, DepsMut, Env, Event as ChainEvent, Response, Storage, SubMsg, Uint128, Uint64};
use openledger_contract_kit::event::Event;
use openledger_protocol::fraud::Fraud;
use settlement::{client::Client as Settlement, msg::BatchSummary};

use super::{is_voidable, slash};
use crate::{
    decide::Records,
    error::ContractError,
    events::DisputesEvent,
    msg::{CaseResponse, Culprit},
    state::{next, CASES, CASE_OF_BATCH, CONFIG, LAST_CASE, PARAMS},
};

/// What was shown, and who showed it.
pub struct Finding {
    /// Gets the reward.
    pub challenger: Addr,
    /// Stable name of the fraud.
    pub fraud: String,
    /// For people.
    pub detail: String,
}

impl Finding {
    /// A fraud that a proof showed.
    pub fn of(fraud: &Fraud, challenger: Addr) -> Self {
        Self { challenger, fraud: fraud.name().to_owned(), detail: fraud.to_string() }
    }
}

/// What a case does to the chain.
pub struct Judgement {
    /// Its id.
    pub case_id: u64,
    /// What happened.
    pub event: ChainEvent,
    /// What settlement must do, and staking should.
    pub messages: Vec<SubMsg>,
}

impl Judgement {
    /// As the answer to a message.
    pub fn respond(self) -> Response {
        Response::new().add_event(self.event).add_submessages(self.messages)
    }
}

/// A fraud of a batch's node: voids the batch or, when its epoch pays already, lets the slash restore its sessions.
pub fn against_node(
    deps: DepsMut,
    env: &Env,
    finding: Finding,
    batch: &BatchSummary,
) -> Result<Judgement, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let batch_id = batch.batch_id.u64();
    if let Some(case_id) = CASE_OF_BATCH.may_load(deps.storage, batch_id)? {
        return Err(ContractError::AlreadyProven { batch_id, case_id });
    }
    let voidable = is_voidable(&Records::new(&config, deps.querier, env), env, batch)?;
    let due = if voidable { Uint128::zero() } else { batch.total };
    let node = batch.node.clone();
    let culprit = Culprit::Node { node: node.clone(), batch_id: Uint64::new(batch_id) };
    let (case_id, event) = record(deps.storage, env, finding, culprit, due)?;
    CASE_OF_BATCH.save(deps.storage, batch_id, &case_id)?;

    let settlement = Settlement::new(&config.settlement);
    let mut messages = Vec::with_capacity(3);
    if voidable {
        messages.push(SubMsg::new(settlement.void_batch(batch_id)?));
    }
    messages.push(SubMsg::new(settlement.bar_node(&node)?));
    let fraction = PARAMS.load(deps.storage)?.node_slash;
    messages.push(slash::operator(&config, case_id, &node, fraction)?);
    Ok(Judgement { case_id, event, messages })
}

/// A fraud of validators, whose money went nowhere yet.
pub fn against_validators(
    deps: DepsMut,
    env: &Env,
    finding: Finding,
    set_id: u64,
    validators: Vec<Addr>,
) -> Result<Judgement, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let fraction = PARAMS.load(deps.storage)?.validator_slash;
    let culprit = Culprit::Validators { set_id: Uint64::new(set_id), validators: validators.clone() };
    let (case_id, event) = record(deps.storage, env, finding, culprit, Uint128::zero())?;
    let messages = vec![slash::validators(&config, case_id, set_id, &validators, fraction)?];
    Ok(Judgement { case_id, event, messages })
}

fn record(
    storage: &mut dyn Storage,
    env: &Env,
    finding: Finding,
    culprit: Culprit,
    due: Uint128,
) -> Result<(u64, ChainEvent), ContractError> {
    let case_id = next(storage, &LAST_CASE)?;
    let case = CaseResponse {
        case_id: Uint64::new(case_id),
        challenger: finding.challenger,
        fraud: finding.fraud,
        culprit,
        due,
        slashed: Uint128::zero(),
        restored: Uint128::zero(),
        rewarded: Uint128::zero(),
        burned: Uint128::zero(),
        proven_at: Uint64::new(env.block.time.seconds()),
    };
    CASES.save(storage, case_id, &case)?;
    let proven = DisputesEvent::FraudProven { case, detail: finding.detail };
    Ok((case_id, proven.to_cosmwasm()))
}
