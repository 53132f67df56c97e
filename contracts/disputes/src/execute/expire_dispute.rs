//! Silence costs a challenger nothing.

use cosmwasm_std::{DepsMut, Env, Response};
use openledger_contract_kit::event::Event;

use super::{
    resolve_dispute::{load_open, release},
    token,
};
use crate::{
    error::ContractError,
    events::DisputesEvent,
    msg::DisputeStatus,
    state::{CONFIG, DISPUTES, DISPUTE_OF_RECEIPT},
};

/// Gives the bond of a dispute without a verdict back; the receipt may be disputed again.
pub fn run(deps: DepsMut, env: Env, dispute_id: u64) -> Result<Response, ContractError> {
    let mut dispute = load_open(deps.storage, dispute_id)?;
    let deadline = dispute.deadline.u64();
    if env.block.time.seconds() < deadline {
        return Err(ContractError::DeadlineAhead { dispute_id, deadline });
    }
    release(deps.storage, dispute.bond)?;
    dispute.status = DisputeStatus::Expired;
    DISPUTES.save(deps.storage, dispute_id, &dispute)?;
    DISPUTE_OF_RECEIPT.remove(deps.storage, (dispute.batch_id.u64(), dispute.receipt_id.as_ref()));
    let config = CONFIG.load(deps.storage)?;
    let payment = token::pay(&config, &dispute.challenger, dispute.bond)?;
    let expired = DisputesEvent::DisputeExpired { dispute_id };
    Ok(Response::new().add_event(expired.to_cosmwasm()).add_message(payment))
}
