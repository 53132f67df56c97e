//! Proposing.

use cosmwasm_std::{to_json_binary, Addr, DepsMut, Env, Response, Uint128, Uint64};
use openledger_contract_kit::{event::Event, ids};

use super::{deposit, token};
use crate::{
    check,
    error::ContractError,
    events::GovernanceEvent,
    msg::{DepositState, NewProposal, Tally},
    power,
    state::{Body, Proposal, BODIES, CONFIG, LAST_PROPOSAL, PARAMS, PROPOSALS},
};

/// Records a proposal with its first deposit. Rules and power are fixed now: the rules of this moment, the power of the
/// start of this block.
pub fn run(
    deps: DepsMut,
    env: Env,
    proposer: Addr,
    new: NewProposal,
    amount: Uint128,
    source: token::Source,
) -> Result<Response, ContractError> {
    let params = PARAMS.load(deps.storage)?;
    let checked = check::check(deps.as_ref(), &env, &params, &new)?;
    let least = params.initial_deposit(&checked.rules);
    if amount < least {
        return Err(ContractError::DepositTooSmall { found: amount, min: least });
    }

    let config = CONFIG.load(deps.storage)?;
    let height = Uint64::new(env.block.height);
    let total_power = match checked.datanet_id {
        None => power::total_staked(&deps.querier, &config.staking, height)?,
        Some(datanet_id) => power::in_datanet(&deps.querier, &config.datanets, datanet_id, &proposer, height)?.total,
    };
    if total_power.is_zero() {
        return Err(ContractError::NobodyCanVote { height: env.block.height });
    }

    let now = env.block.time.seconds();
    let mut proposal = Proposal {
        proposer: proposer.clone(),
        title: new.title,
        kind: checked.kind,
        datanet_id: checked.datanet_id,
        submitted_at: Uint64::new(now),
        power_height: height,
        total_power,
        rules: checked.rules,
        expedited: checked.expedited,
        deposit_ends_at: Uint64::new(now).saturating_add(params.deposit_seconds),
        voting_starts_at: None,
        tally: Tally::default(),
        deposits: Vec::new(),
        deposited: Uint128::zero(),
        deposit_state: DepositState::Held,
        outcome: None,
    };
    let proposal_id = ids::next(deps.storage, &LAST_PROPOSAL)?;
    let proposed = GovernanceEvent::Proposed { proposal_id, proposal: proposal.clone() };
    let (pull, deposited) = deposit::add(deps.storage, &env, proposal_id, &mut proposal, &proposer, amount, source)?;
    PROPOSALS.save(deps.storage, proposal_id, &proposal)?;
    BODIES.save(deps.storage, proposal_id, &Body { description: new.description, action: new.action })?;
    Ok(Response::new()
        .add_messages(pull)
        .add_event(proposed.to_cosmwasm())
        .add_events(deposited)
        .set_data(to_json_binary(&Uint64::new(proposal_id))?))
}
