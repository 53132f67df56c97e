//! Deposits.

use cosmwasm_std::{Addr, DepsMut, Env, Event as ChainEvent, Response, Storage, Uint128, Uint64, WasmMsg};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::GovernanceEvent,
    msg::{DepositEntry, Status},
    state::{load_proposal, Proposal, PROPOSALS},
};

/// Adds to the deposit of a proposal that waits for it.
pub fn run(
    deps: DepsMut,
    env: Env,
    from: Addr,
    proposal_id: u64,
    amount: Uint128,
    source: token::Source,
) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let mut proposal = load_proposal(deps.storage, proposal_id)?;
    let status = proposal.standing(env.block.time.seconds())?.status;
    if status != Status::DepositPeriod {
        return Err(ContractError::NoDepositNow { proposal_id, status });
    }
    let (pull, events) = add(deps.storage, &env, proposal_id, &mut proposal, &from, amount, source)?;
    PROPOSALS.save(deps.storage, proposal_id, &proposal)?;
    Ok(Response::new().add_messages(pull).add_events(events))
}

/// Books a deposit in the proposal and opens the vote once the minimum is reached.
///
/// A new depositor brings at least a sixteenth of the minimum, or all that is missing. So at most sixteen share a deposit,
/// and nobody can fill the list with dust to keep a proposal from its vote.
pub fn add(
    storage: &mut dyn Storage,
    env: &Env,
    proposal_id: u64,
    proposal: &mut Proposal,
    from: &Addr,
    amount: Uint128,
    source: token::Source,
) -> Result<(Option<WasmMsg>, Vec<ChainEvent>), ContractError> {
    let missing = proposal.rules.min_deposit.saturating_sub(proposal.deposited);
    match proposal.deposits.iter_mut().find(|entry| entry.account == *from) {
        Some(entry) => entry.amount = entry.amount.checked_add(amount)?,
        None => {
            let least = proposal.rules.least_part().min(missing);
            if amount < least {
                return Err(ContractError::DepositTooSmall { found: amount, min: least });
            }
            proposal.deposits.push(DepositEntry { account: from.clone(), amount });
        }
    }
    proposal.deposited = proposal.deposited.checked_add(amount)?;
    let pull = token::take(storage, env, from, amount, source)?;
    let deposited = GovernanceEvent::Deposited { proposal_id, from: from.clone(), amount, total: proposal.deposited };
    let mut events = vec![deposited.to_cosmwasm()];
    if proposal.deposited >= proposal.rules.min_deposit {
        let now = env.block.time.seconds();
        proposal.voting_starts_at = Some(Uint64::new(now));
        let standing = proposal.standing(now)?;
        let ends_at = standing.voting_ends_at.unwrap_or_default().u64();
        let opened = GovernanceEvent::VotingStarted { proposal_id, expedited: standing.expedited, ends_at };
        events.push(opened.to_cosmwasm());
    }
    Ok((pull, events))
}
