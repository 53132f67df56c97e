//! Reading.

use cosmwasm_std::{to_json_binary, Addr, Binary, Deps, Env, Order, StdResult, Uint128, Uint256, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use cw_storage_plus::Bound;
use openledger_contract_kit::page;

use crate::{
    check,
    error::ContractError,
    msg::{
        Action, Bps, ConfigResponse, DiffResponse, GuardiansResponse, NewProposal, ProposalResponse, ProposalSummary,
        ProposalsResponse, QueryMsg, RegistryResponse, Rules, SimulateResponse, SolvencyResponse, VoteResponse,
        VotesResponse, VotingPowerResponse,
    },
    power, registry,
    state::{
        load_body, load_proposal, load_registered, Proposal, BALLOTS, CONFIG, DATANET_MESSAGES, DEPOSITS, GUARDIANS,
        PARAMS, PROPOSALS, REGISTRY, RUN,
    },
};

/// Answers a query.
pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Proposal { proposal_id } => to_json_binary(&proposal(deps, &env, proposal_id.u64())?),
        QueryMsg::Proposals { start_after, limit } => to_json_binary(&proposals(deps, &env, start_after, limit)?),
        QueryMsg::Vote { proposal_id, voter } => {
            load_proposal(deps.storage, proposal_id.u64())?;
            let ballot = BALLOTS.may_load(deps.storage, (proposal_id.u64(), &voter))?;
            to_json_binary(&VoteResponse { ballot })
        }
        QueryMsg::Votes { proposal_id, start_after, limit } => {
            to_json_binary(&votes(deps, proposal_id.u64(), start_after, limit)?)
        }
        QueryMsg::VotingPower { proposal_id, account } => {
            to_json_binary(&voting_power(deps, proposal_id.u64(), &account)?)
        }
        QueryMsg::Guardians {} => to_json_binary(&GuardiansResponse { guardians: GUARDIANS.load(deps.storage)? }),
        QueryMsg::Registry { start_after, limit } => to_json_binary(&registered(deps, start_after, limit)?),
        QueryMsg::RegisteredContract { contract } => {
            to_json_binary(&load_registered(deps.storage, &deps.api.addr_validate(&contract)?)?)
        }
        QueryMsg::Diff { proposal_id } => to_json_binary(&diff(deps, proposal_id.u64())?),
        QueryMsg::Simulate { proposal } => to_json_binary(&simulate(deps, &env, &proposal)?),
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, env)?),
    };
    Ok(answer?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        token: config.token,
        staking: config.staking,
        datanets: config.datanets,
        params: PARAMS.load(deps.storage)?,
        datanet_messages: DATANET_MESSAGES.load(deps.storage)?,
        executing: RUN.may_load(deps.storage)?.map(|run| run.proposal_id),
    })
}

fn proposal(deps: Deps, env: &Env, proposal_id: u64) -> Result<ProposalResponse, ContractError> {
    let proposal = load_proposal(deps.storage, proposal_id)?;
    let body = load_body(deps.storage, proposal_id)?;
    let deposits = proposal.deposits.clone();
    let summary = summary(env, proposal_id, proposal)?;
    Ok(ProposalResponse { summary, description: body.description, action: body.action, deposits })
}

fn proposals(
    deps: Deps,
    env: &Env,
    start_after: Option<Uint64>,
    limit: Option<u32>,
) -> Result<ProposalsResponse, ContractError> {
    let proposals = PROPOSALS
        .range(deps.storage, page::after(start_after), None, Order::Ascending)
        .take(page::limit(limit))
        .map(|entry| entry.and_then(|(proposal_id, proposal)| summary(env, proposal_id, proposal)))
        .collect::<StdResult<_>>()?;
    Ok(ProposalsResponse { proposals })
}

fn summary(env: &Env, proposal_id: u64, proposal: Proposal) -> StdResult<ProposalSummary> {
    let standing = proposal.standing(env.block.time.seconds())?;
    Ok(ProposalSummary {
        proposal_id: Uint64::new(proposal_id),
        proposer: proposal.proposer,
        title: proposal.title,
        kind: proposal.kind,
        datanet_id: proposal.datanet_id,
        status: standing.status,
        expedited: standing.expedited,
        submitted_at: proposal.submitted_at,
        power_height: proposal.power_height,
        total_power: proposal.total_power,
        rules: proposal.rules,
        deposit_ends_at: proposal.deposit_ends_at,
        voting_starts_at: proposal.voting_starts_at,
        voting_ends_at: standing.voting_ends_at,
        executable_at: standing.executable_at,
        expires_at: standing.expires_at,
        tally: proposal.tally,
        deposited: proposal.deposited,
        deposit_state: proposal.deposit_state,
        outcome: proposal.outcome,
    })
}

fn votes(
    deps: Deps,
    proposal_id: u64,
    start_after: Option<String>,
    limit: Option<u32>,
) -> Result<VotesResponse, ContractError> {
    load_proposal(deps.storage, proposal_id)?;
    let ballots = BALLOTS
        .prefix(proposal_id)
        .range(deps.storage, start_after.as_deref().map(Bound::exclusive), None, Order::Ascending)
        .take(page::limit(limit))
        .map(|entry| entry.map(|(_, ballot)| ballot))
        .collect::<StdResult<_>>()?;
    Ok(VotesResponse { ballots })
}

fn voting_power(deps: Deps, proposal_id: u64, account: &str) -> Result<VotingPowerResponse, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let proposal = load_proposal(deps.storage, proposal_id)?;
    let config = CONFIG.load(deps.storage)?;
    let height = proposal.power_height;
    let power = match proposal.datanet_id {
        None => power::staked(&deps.querier, &config.staking, &account, height)?,
        Some(datanet_id) => power::in_datanet(&deps.querier, &config.datanets, datanet_id, &account, height)?,
    };
    Ok(VotingPowerResponse { voter: power.voter, power: power.power, total: power.total })
}

fn registered(deps: Deps, start_after: Option<String>, limit: Option<u32>) -> Result<RegistryResponse, ContractError> {
    let start_after = start_after.map(|contract| deps.api.addr_validate(&contract)).transpose()?;
    let contracts = REGISTRY
        .range(deps.storage, start_after.as_ref().map(Bound::exclusive), None, Order::Ascending)
        .take(page::limit(limit))
        .map(|entry| entry.map(|(_, contract)| contract))
        .collect::<StdResult<_>>()?;
    Ok(RegistryResponse { contracts })
}

fn diff(deps: Deps, proposal_id: u64) -> Result<DiffResponse, ContractError> {
    match load_body(deps.storage, proposal_id)?.action {
        Action::ParamChange { contract, changes } => {
            let contract = deps.api.addr_validate(&contract)?;
            let (_, changes) = registry::merge(deps, &contract, &changes)?;
            Ok(DiffResponse { contract: Some(contract), changes })
        }
        Action::Text {} | Action::Messages { .. } | Action::Datanet { .. } | Action::EmergencyPause { .. } => {
            Ok(DiffResponse { contract: None, changes: Vec::new() })
        }
    }
}

/// A refusal is part of the answer, so that whoever drafts a proposal reads why; only a contract that cannot be asked makes
/// the query fail.
fn simulate(deps: Deps, env: &Env, new: &NewProposal) -> Result<SimulateResponse, ContractError> {
    let params = PARAMS.load(deps.storage)?;
    let (mut refusal, mut changes, mut expedited) = (None, Vec::new(), new.expedited);
    match check::check(deps, env, &params, new) {
        Ok(checked) => {
            changes = checked.diff;
            expedited = checked.expedited;
        }
        Err(error) => refusal = Some(error.to_string()),
    }
    let rules = params.rules(&new.action, expedited);
    let total_power = total_power(deps, env, &new.action)?;
    if refusal.is_none() && total_power.is_zero() {
        refusal = Some(ContractError::NobodyCanVote { height: env.block.height }.to_string());
    }
    // What was refused may not even parse as addresses; there is nothing to say about its calls.
    let calls = if refusal.is_none() { check::authority(deps, env, &new.action)? } else { Vec::new() };
    Ok(SimulateResponse {
        accepted: refusal.is_none(),
        authorised: refusal.is_none() && calls.iter().all(|call| call.authorised),
        refusal,
        calls,
        changes,
        size: Uint64::new(u64::try_from(check::size(new)?).unwrap_or(u64::MAX)),
        min_deposit: rules.min_deposit,
        initial_deposit: params.initial_deposit(&rules),
        total_power,
        quorum_power: quorum_power(total_power, &rules)?,
        earliest_execution: earliest_execution(env, &rules, expedited),
    })
}

fn total_power(deps: Deps, env: &Env, action: &Action) -> Result<Uint128, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    let height = Uint64::new(env.block.height);
    Ok(match action {
        Action::Datanet { datanet_id, .. } => {
            // The total is the same whoever asks.
            let anybody: &Addr = &env.contract.address;
            power::in_datanet(&deps.querier, &config.datanets, *datanet_id, anybody, height)
                .map(|power| power.total)
                .unwrap_or_default()
        }
        _ => power::total_staked(&deps.querier, &config.staking, height)?,
    })
}

/// Least power that meets the quorum, rounded up.
fn quorum_power(total: Uint128, rules: &Rules) -> Result<Uint128, ContractError> {
    let whole = Uint256::from(u128::from(Bps::ONE));
    let up = whole.saturating_sub(Uint256::one());
    let part = Uint256::from(total).checked_mul(Uint256::from(u128::from(rules.quorum.points())))?;
    let power = part.checked_add(up)?.checked_div(whole).unwrap_or_default();
    Ok(Uint128::try_from(power)?.max(Uint128::one()))
}

fn earliest_execution(env: &Env, rules: &Rules, expedited: bool) -> Uint64 {
    let (voting, timelock) = if expedited {
        (rules.expedited_voting_seconds, rules.expedited_timelock_seconds)
    } else {
        (rules.voting_seconds, rules.timelock_seconds)
    };
    Uint64::new(env.block.time.seconds()).saturating_add(voting).saturating_add(timelock)
}

fn solvency(deps: Deps, env: Env) -> Result<SolvencyResponse, ContractError> {
    let token = CONFIG.load(deps.storage)?.token;
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let deposits = DEPOSITS.load(deps.storage)?;
    Ok(SolvencyResponse { deposits, held, solvent: deposits <= held })
}
