//! Execution: one call of the contract to itself sends all messages, so that all of them happen or none.
//!
//! `execute` writes the outcome as done, returns the deposit and calls `run_proposal`, whose failure undoes everything the
//! messages did and nothing else; the reply then writes the outcome as failed. `end_run` comes after the last message and
//! fails the run when it took what belongs to depositors.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    to_json_binary, Deps, DepsMut, Env, Event as ChainEvent, Response, StdResult, SubMsg, Uint64, WasmMsg,
};
use cw20::{BalanceResponse, Cw20QueryMsg};
use openledger_contract_kit::event::Event;

use super::{close::settle_deposit, pause::pause_message};
use crate::{
    check,
    error::ContractError,
    events::GovernanceEvent,
    json::Json,
    msg::{Action, Call, ExecuteMsg, RunOutcome, Status},
    registry,
    state::{load_body, load_proposal, Run, Step, CONFIG, DEPOSITS, PROPOSALS, RUN},
};

/// Id of the only reply that this contract asks for.
pub const RUN_REPLY: u64 = 1;

/// What the reply is told, beside its id.
#[cw_serde]
pub struct RunTag {
    /// Whose run it was.
    pub proposal_id: Uint64,
}

/// Anyone: begins the run of a passed proposal.
pub fn start(deps: DepsMut, env: Env, proposal_id: u64) -> Result<Response, ContractError> {
    let now = env.block.time.seconds();
    let mut proposal = load_proposal(deps.storage, proposal_id)?;
    let standing = proposal.standing(now)?;
    if !standing.may_run(now) {
        let waits = standing.status == Status::Timelocked;
        let from = standing.executable_at.filter(|_| waits).map(|time| time.u64());
        return Err(ContractError::NotExecutable { proposal_id, status: standing.status, from });
    }
    let (refunds, events) = settle_deposit(deps.storage, proposal_id, &mut proposal, standing.status)?;
    // Written first: whatever the messages do, this proposal cannot start again while they run.
    let attempts = proposal.attempts();
    proposal.outcome = Some(RunOutcome::Done { at: Uint64::new(now) });
    PROPOSALS.save(deps.storage, proposal_id, &proposal)?;
    let id = Uint64::new(proposal_id);
    RUN.save(deps.storage, &Run { proposal_id: id, step: Step::Prepared, attempts })?;
    let run = self_call(&env, &ExecuteMsg::RunProposal { proposal_id: id })?;
    let run = SubMsg::reply_always(run, RUN_REPLY).with_payload(to_json_binary(&RunTag { proposal_id: id })?);
    // Refunds first: what the messages may spend is what is left after them.
    Ok(Response::new().add_messages(refunds).add_submessage(run).add_events(events))
}

/// Itself: sends the proposal's messages and, after the last, `end_run`.
pub fn send_messages(deps: DepsMut, env: Env, proposal_id: u64) -> Result<Response, ContractError> {
    let run = RUN.load(deps.storage)?;
    if run.step != Step::Prepared || run.proposal_id.u64() != proposal_id {
        return Err(ContractError::Executing { proposal_id: run.proposal_id.u64() });
    }
    RUN.save(deps.storage, &Run { step: Step::Running, ..run })?;
    let action = load_body(deps.storage, proposal_id)?.action;
    let (messages, events) = compile(deps.as_ref(), &env, proposal_id, &action)?;
    let end = self_call(&env, &ExecuteMsg::EndRun {})?;
    Ok(Response::new().add_messages(messages).add_message(end).add_events(events))
}

/// Itself, after the last message: every deposit must still be there.
pub fn end(deps: DepsMut, env: Env) -> Result<Response, ContractError> {
    let run = RUN.load(deps.storage)?;
    if run.step != Step::Running {
        return Err(ContractError::Executing { proposal_id: run.proposal_id.u64() });
    }
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let token = CONFIG.load(deps.storage)?.token;
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let deposits = DEPOSITS.load(deps.storage)?;
    if held < deposits {
        return Err(ContractError::DepositsTouched { held, deposits });
    }
    RUN.save(deps.storage, &Run { step: Step::Ended, ..run })?;
    Ok(Response::new())
}

/// The messages of an action, at this moment.
fn compile(
    deps: Deps,
    env: &Env,
    proposal_id: u64,
    action: &Action,
) -> Result<(Vec<WasmMsg>, Vec<ChainEvent>), ContractError> {
    let (mut messages, mut events) = (Vec::new(), Vec::new());
    match action {
        Action::Text {} => {}
        Action::Messages { messages: calls } => {
            for call in calls {
                messages.push(match call {
                    Call::Execute { contract, message } => execute(contract.clone(), message)?,
                    Call::Migrate { contract, new_code_id, message } => WasmMsg::Migrate {
                        contract_addr: contract.clone(),
                        new_code_id: new_code_id.u64(),
                        msg: to_json_binary(message)?,
                    },
                });
            }
        }
        Action::ParamChange { contract, changes } => {
            let address = deps.api.addr_validate(contract)?;
            let (params, diff) = registry::merge(deps, &address, changes)?;
            let update = Json::message("update_params", Json::message("params", params));
            messages.push(execute(contract.clone(), &update)?);
            for change in diff {
                let event = GovernanceEvent::ParamChanged { proposal_id, contract: address.clone(), change };
                events.push(event.to_cosmwasm());
            }
        }
        Action::Datanet { messages: calls, .. } => {
            let datanets = CONFIG.load(deps.storage)?.datanets;
            for message in calls {
                messages.push(execute(datanets.to_string(), message)?);
            }
        }
        Action::EmergencyPause { contracts, seconds } => {
            let until = Uint64::new(env.block.time.seconds()).saturating_add(*seconds);
            for contract in check::pausable(deps, contracts)? {
                messages.push(pause_message(&contract, until)?);
                let by = env.contract.address.clone();
                events.push(GovernanceEvent::Paused { contract, by, until: until.u64() }.to_cosmwasm());
            }
        }
    }
    Ok((messages, events))
}

fn execute(contract_addr: String, message: &Json) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(message)?, funds: Vec::new() })
}

fn self_call(env: &Env, message: &ExecuteMsg) -> StdResult<WasmMsg> {
    let contract_addr = env.contract.address.to_string();
    Ok(WasmMsg::Execute { contract_addr, msg: to_json_binary(message)?, funds: Vec::new() })
}
