//! Reading.

use cosmwasm_std::{to_json_binary, Binary, Deps, Env, Order, StdResult, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use openledger_contract_kit::{page, pause};

use crate::{
    error::ContractError,
    msg::{
        BatchResponse, BatchStatus, BatchesResponse, ClaimedResponse, ConfigResponse, MaybeEpochResponse, NodeResponse,
        QueryMsg, RoundResponse, SessionResponse, SessionsResponse, SolvencyResponse,
    },
    round,
    state::{
        claimable_epoch, latest_epoch, load_batch, load_epoch, load_session, next_epoch, ARBITER, BATCHES,
        BATCHES_BY_STATUS, CHARGES, CLAIMED, CONFIG, LEDGER, NODES, OWNERSHIP, PARAMS, ROUND, SESSIONS_BY_OWNER,
    },
};

/// Answers a query.
pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps, &env)?),
        QueryMsg::Session { session_id } => to_json_binary(&session(deps, session_id.u64())?),
        QueryMsg::Sessions { owner, start_after, limit } => {
            to_json_binary(&sessions(deps, &owner, start_after, limit)?)
        }
        QueryMsg::Batch { batch_id } => to_json_binary(&batch(deps, batch_id.u64())?),
        QueryMsg::Batches { status, start_after, limit } => to_json_binary(&batches(deps, status, start_after, limit)?),
        QueryMsg::Epoch { epoch } => to_json_binary(&load_epoch(deps.storage, epoch.u64())?),
        QueryMsg::LatestEpoch {} => to_json_binary(&MaybeEpochResponse { epoch: latest_epoch(deps.storage)? }),
        QueryMsg::ClaimableEpoch {} => {
            let epoch = claimable_epoch(deps.storage, env.block.time.seconds())?;
            to_json_binary(&MaybeEpochResponse { epoch })
        }
        QueryMsg::Round {} => to_json_binary(&present_round(deps)?),
        QueryMsg::Claimed { payee } => to_json_binary(&claimed(deps, &payee)?),
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, env)?),
        QueryMsg::Node { address } => to_json_binary(&node(deps, &address)?),
    };
    Ok(answer?)
}

fn config(deps: Deps, env: &Env) -> Result<ConfigResponse, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        ownership: OWNERSHIP.load(deps.storage)?,
        token: config.token,
        staking: config.staking,
        models: config.models,
        treasury: config.treasury,
        arbiter: ARBITER.may_load(deps.storage)?,
        params: PARAMS.load(deps.storage)?,
        paused_until: pause::running(deps.storage, env.block.time)?.map(|pause| pause.until),
    })
}

fn present_round(deps: Deps) -> Result<RoundResponse, ContractError> {
    let present = ROUND.may_load(deps.storage)?.unwrap_or_default();
    Ok(RoundResponse {
        epoch: Uint64::new(next_epoch(deps.storage)?),
        round: present.number,
        began_at: Uint64::new(present.began_at),
        advances_at: round::advances_at(deps.storage, &present)?.map(Uint64::new),
    })
}

fn session(deps: Deps, session_id: u64) -> Result<SessionResponse, ContractError> {
    let session = load_session(deps.storage, session_id)?;
    Ok(SessionResponse {
        session_id: Uint64::new(session_id),
        available: session.available()?,
        owner: session.owner,
        session_public_key: session.session_public_key,
        adapter_id: session.adapter_id,
        node: session.node,
        max_prompt_price: session.max_prompt_price,
        max_response_price: session.max_response_price,
        deposit: session.deposit,
        charged: session.charged,
        refunded: session.refunded,
        paid_back: session.paid_back,
        voucher_sequence: Uint64::new(session.voucher_sequence),
        opened_at: Uint64::new(session.opened_at),
        expires_at: Uint64::new(session.expires_at),
        settles_at: Uint64::new(session.settles_at),
        settled: session.settled,
    })
}

fn sessions(
    deps: Deps,
    owner: &str,
    start_after: Option<Uint64>,
    limit: Option<u32>,
) -> Result<SessionsResponse, ContractError> {
    let owner = deps.api.addr_validate(owner)?;
    let ids = SESSIONS_BY_OWNER
        .prefix(&owner)
        .keys(deps.storage, page::after(start_after), None, Order::Ascending)
        .take(page::limit(limit))
        .collect::<StdResult<Vec<_>>>()?;
    let sessions = ids.into_iter().map(|id| session(deps, id)).collect::<Result<_, _>>()?;
    Ok(SessionsResponse { sessions })
}

fn batch(deps: Deps, batch_id: u64) -> Result<BatchResponse, ContractError> {
    let batch = load_batch(deps.storage, batch_id)?;
    let charges = CHARGES.load(deps.storage, batch_id)?;
    Ok(BatchResponse { batch, charges })
}

fn batches(
    deps: Deps,
    status: BatchStatus,
    start_after: Option<Uint64>,
    limit: Option<u32>,
) -> Result<BatchesResponse, ContractError> {
    let batches = BATCHES_BY_STATUS
        .prefix(status.key())
        .keys(deps.storage, page::after(start_after), None, Order::Ascending)
        .take(page::limit(limit))
        .map(|id| BATCHES.load(deps.storage, id?))
        .collect::<StdResult<_>>()?;
    Ok(BatchesResponse { batches })
}

fn claimed(deps: Deps, payee: &str) -> Result<ClaimedResponse, ContractError> {
    Ok(ClaimedResponse { claimed: CLAIMED.may_load(deps.storage, payee)?.unwrap_or_default() })
}

fn solvency(deps: Deps, env: Env) -> Result<SolvencyResponse, ContractError> {
    let ledger = LEDGER.load(deps.storage)?;
    let token = CONFIG.load(deps.storage)?.token;
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let owed =
        ledger.sessions.checked_add(ledger.pending)?.checked_add(ledger.unclaimed)?.checked_add(ledger.refunds)?;
    Ok(SolvencyResponse {
        sessions: ledger.sessions,
        pending: ledger.pending,
        unclaimed: ledger.unclaimed,
        refunds: ledger.refunds,
        held,
        solvent: owed <= held,
    })
}

fn node(deps: Deps, address: &str) -> Result<NodeResponse, ContractError> {
    let address = deps.api.addr_validate(address)?;
    let node = NODES.may_load(deps.storage, &address)?.unwrap_or_default();
    Ok(NodeResponse {
        last_sequence: Uint64::new(node.last_sequence),
        last_batch_id: Some(node.last_batch_id).filter(|id| *id > 0).map(Uint64::new),
        pending: node.pending,
        barred: node.barred,
    })
}
