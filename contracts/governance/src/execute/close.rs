//! Ending what is decided: the deposit goes back, or burns after a veto.

use cosmwasm_std::{DepsMut, Env, Event as ChainEvent, Response, Storage, WasmMsg};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::GovernanceEvent,
    msg::{DepositState, Status},
    state::{load_proposal, Proposal, PROPOSALS},
};

/// Anyone: settles the deposit of a proposal whose vote is over.
pub fn run(deps: DepsMut, env: Env, proposal_id: u64) -> Result<Response, ContractError> {
    let mut proposal = load_proposal(deps.storage, proposal_id)?;
    let status = proposal.standing(env.block.time.seconds())?.status;
    if matches!(status, Status::DepositPeriod | Status::Voting) {
        return Err(ContractError::NotOver { proposal_id, status });
    }
    if proposal.deposit_state != DepositState::Held {
        return Err(ContractError::AlreadyClosed { proposal_id, deposit_state: proposal.deposit_state });
    }
    let (messages, events) = settle_deposit(deps.storage, proposal_id, &mut proposal, status)?;
    PROPOSALS.save(deps.storage, proposal_id, &proposal)?;
    let closed = GovernanceEvent::Closed { proposal_id, status, tally: proposal.tally };
    Ok(Response::new().add_messages(messages).add_event(closed.to_cosmwasm()).add_events(events))
}

/// Sends the deposit where it belongs, once. At most sixteen transfers.
pub fn settle_deposit(
    storage: &mut dyn Storage,
    proposal_id: u64,
    proposal: &mut Proposal,
    status: Status,
) -> Result<(Vec<WasmMsg>, Vec<ChainEvent>), ContractError> {
    if proposal.deposit_state != DepositState::Held {
        return Ok((Vec::new(), Vec::new()));
    }
    if status == Status::Vetoed {
        proposal.deposit_state = DepositState::Burned;
        let message = token::burn(storage, proposal.deposited)?;
        let event = GovernanceEvent::DepositBurned { proposal_id, amount: proposal.deposited };
        return Ok((vec![message], vec![event.to_cosmwasm()]));
    }
    proposal.deposit_state = DepositState::Returned;
    let mut messages = Vec::with_capacity(proposal.deposits.len());
    let mut events = Vec::with_capacity(proposal.deposits.len());
    for entry in &proposal.deposits {
        messages.push(token::give_back(storage, &entry.account, entry.amount)?);
        let event = GovernanceEvent::DepositReturned { proposal_id, to: entry.account.clone(), amount: entry.amount };
        events.push(event.to_cosmwasm());
    }
    Ok((messages, events))
}
