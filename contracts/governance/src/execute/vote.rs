//! Voting.

use cosmwasm_std::{Addr, DepsMut, Env, Response};
use openledger_contract_kit::event::Event;

use crate::{
    error::ContractError,
    events::GovernanceEvent,
    msg::{Ballot, Status, VoteOption},
    power,
    state::{load_proposal, BALLOTS, CONFIG, PROPOSALS},
};

/// Counts the sender's power for an answer, and takes back what it said before.
///
/// Because answers may change, nothing is decided before voting ends. The first vote after a missed expedited majority
/// records that the vote is an ordinary one now.
pub fn run(
    deps: DepsMut,
    env: Env,
    sender: Addr,
    proposal_id: u64,
    vote: VoteOption,
) -> Result<Response, ContractError> {
    let mut proposal = load_proposal(deps.storage, proposal_id)?;
    let standing = proposal.standing(env.block.time.seconds())?;
    if standing.status != Status::Voting {
        return Err(ContractError::NotVoting { proposal_id, status: standing.status });
    }
    let mut response = Response::new();
    if proposal.expedited && !standing.expedited {
        proposal.expedited = false;
        let ends_at = standing.voting_ends_at.unwrap_or_default().u64();
        response = response.add_event(GovernanceEvent::BecameOrdinary { proposal_id, ends_at }.to_cosmwasm());
    }

    let config = CONFIG.load(deps.storage)?;
    let height = proposal.power_height;
    let power = match proposal.datanet_id {
        None => power::staked(&deps.querier, &config.staking, &sender, height)?,
        Some(datanet_id) => power::in_datanet(&deps.querier, &config.datanets, datanet_id, &sender, height)?,
    };
    if power.power.is_zero() {
        return Err(ContractError::NoPower { account: sender, height: height.u64() });
    }

    let key = (proposal_id, power.voter.as_str());
    let before = BALLOTS.may_load(deps.storage, key)?;
    if let Some(before) = &before {
        let side = proposal.tally.of(before.vote);
        *side = side.checked_sub(before.power)?;
    }
    let side = proposal.tally.of(vote);
    *side = side.checked_add(power.power)?;
    let ballot = Ballot { voter: power.voter.clone(), account: sender, vote, power: power.power };
    BALLOTS.save(deps.storage, key, &ballot)?;
    PROPOSALS.save(deps.storage, proposal_id, &proposal)?;
    let event = GovernanceEvent::Voted { proposal_id, ballot, before: before.map(|before| before.vote) };
    Ok(response.add_event(event.to_cosmwasm()))
}
