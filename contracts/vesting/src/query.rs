//! Reading.

use cosmwasm_std::{to_json_binary, Addr, Binary, Deps, Env, Order, QuerierWrapper, StdResult, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use openledger_contract_kit::page;

use crate::{
    error::ContractError,
    msg::{GrantResponse, GrantsResponse, QueryMsg, SolvencyResponse},
    state::{grant, owed, Grant, BY_RECIPIENT},
};

/// Answers a query.
pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let now = env.block.time.seconds();
    let answer = match msg {
        QueryMsg::Grant { grant_id } => {
            let grant_id = grant_id.u64();
            to_json_binary(&shown(grant_id, grant(deps.storage, grant_id)?, now)?)
        }
        QueryMsg::GrantsOf { recipient, start_after, limit } => {
            to_json_binary(&grants_of(deps, now, &recipient, start_after, limit)?)
        }
        QueryMsg::Solvency { token } => to_json_binary(&solvency(deps, &env, &token)?),
    };
    Ok(answer?)
}

/// What the token says this contract holds.
pub fn held(querier: &QuerierWrapper, env: &Env, token: &Addr) -> StdResult<Uint128> {
    let question = Cw20QueryMsg::Balance { address: env.contract.address.to_string() };
    Ok(querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance)
}

fn shown(grant_id: u64, grant: Grant, now: u64) -> Result<GrantResponse, ContractError> {
    let (vested, releasable) = (grant.vested(now)?, grant.releasable(now)?);
    let (revoked_at, returned) = grant.revocation.map(|end| (end.at, end.returned)).unzip();
    Ok(GrantResponse {
        grant_id: Uint64::new(grant_id),
        token: grant.token,
        grantor: grant.grantor,
        recipient: grant.recipient.owner,
        proposed_recipient: grant.recipient.proposed,
        revoker: grant.revoker,
        amount: grant.amount,
        starts_at: grant.schedule.starts_at,
        cliff_seconds: grant.schedule.cliff_seconds,
        duration_seconds: grant.schedule.duration_seconds,
        vested,
        released: grant.released,
        releasable,
        returned: returned.unwrap_or_default(),
        revoked_at,
    })
}

fn grants_of(
    deps: Deps,
    now: u64,
    recipient: &str,
    start_after: Option<Uint64>,
    limit: Option<u32>,
) -> Result<GrantsResponse, ContractError> {
    let recipient = deps.api.addr_validate(recipient)?;
    let ids = BY_RECIPIENT.prefix(&recipient);
    let page = ids.keys(deps.storage, page::after(start_after), None, Order::Ascending).take(page::limit(limit));
    let grants = page.map(|id| {
        let id = id?;
        shown(id, grant(deps.storage, id)?, now)
    });
    Ok(GrantsResponse { grants: grants.collect::<Result<_, ContractError>>()? })
}

fn solvency(deps: Deps, env: &Env, token: &str) -> Result<SolvencyResponse, ContractError> {
    let token = deps.api.addr_validate(token)?;
    let owed = owed(deps.storage, &token)?;
    let held = held(&deps.querier, env, &token)?;
    Ok(SolvencyResponse { owed, held, solvent: owed <= held })
}
