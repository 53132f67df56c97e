//! Reading.

use cosmwasm_std::{to_json_binary, Binary, Deps, Env, Order, StdResult, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use openledger_contract_kit::page;

use crate::{
    error::ContractError,
    msg::{CasesResponse, ConfigResponse, DisputesResponse, QueryMsg, SolvencyResponse},
    state::{load_case, load_dispute, BONDS, CASES, CONFIG, DISPUTES, OWNERSHIP, PARAMS},
};

/// Answers a query.
pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Case { case_id } => to_json_binary(&load_case(deps.storage, case_id.u64())?),
        QueryMsg::Cases { start_after, limit } => to_json_binary(&cases(deps, start_after, limit)?),
        QueryMsg::Dispute { dispute_id } => to_json_binary(&load_dispute(deps.storage, dispute_id.u64())?),
        QueryMsg::Disputes { start_after, limit } => to_json_binary(&disputes(deps, start_after, limit)?),
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, env)?),
    };
    Ok(answer?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    let config = CONFIG.load(deps.storage)?;
    Ok(ConfigResponse {
        ownership: OWNERSHIP.load(deps.storage)?,
        settlement: config.settlement,
        token: config.token,
        staking: config.staking,
        params: PARAMS.load(deps.storage)?,
    })
}

fn cases(deps: Deps, start_after: Option<Uint64>, limit: Option<u32>) -> Result<CasesResponse, ContractError> {
    let found = CASES.range(deps.storage, page::after(start_after), None, Order::Ascending);
    let cases = found.take(page::limit(limit)).map(|item| Ok(item?.1)).collect::<StdResult<_>>()?;
    Ok(CasesResponse { cases })
}

fn disputes(deps: Deps, start_after: Option<Uint64>, limit: Option<u32>) -> Result<DisputesResponse, ContractError> {
    let found = DISPUTES.range(deps.storage, page::after(start_after), None, Order::Ascending);
    let disputes = found.take(page::limit(limit)).map(|item| Ok(item?.1)).collect::<StdResult<_>>()?;
    Ok(DisputesResponse { disputes })
}

fn solvency(deps: Deps, env: Env) -> Result<SolvencyResponse, ContractError> {
    let token = CONFIG.load(deps.storage)?.token;
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let bonds = BONDS.load(deps.storage)?;
    Ok(SolvencyResponse { bonds, held, solvent: bonds <= held })
}
