//! Reading.

use cosmwasm_std::{to_json_binary, Binary, Deps, Env, Order, Timestamp, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use cw20_base::{msg::QueryMsg as BaseQueryMsg, state::TOKEN_INFO};
use openledger_contract_kit::page;

use crate::{
    error::ContractError,
    income,
    msg::{
        BackingResponse, ClaimableResponse, ConfigResponse, IncomeResponse, IssuanceResponse, MintedResponse, QueryMsg,
        SolvencyResponse, UnbackingResponse,
    },
    state::{
        contributions_left, live_units, position, unbacking_pool, COMMONS, DATANETS, DATANET_ID, HISTORY, LEDGER,
        MINTED, PARAMS, POOL, STREAM, TOKEN, UNBACKING,
    },
};

/// Answers a query.
pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let now = env.block.time;
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Income {} => to_json_binary(&trailing(deps, now)?),
        QueryMsg::Claimable { account } => to_json_binary(&claimable(deps, now, &account)?),
        QueryMsg::Backing { account, start_after, limit } => {
            to_json_binary(&backing(deps, &account, start_after, limit)?)
        }
        QueryMsg::Issuance {} => to_json_binary(&issuance(deps, now)?),
        QueryMsg::Minted { contribution_id } => to_json_binary(&MintedResponse {
            amount: MINTED.may_load(deps.storage, contribution_id.u64())?.unwrap_or_default(),
        }),
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, env)?),
        QueryMsg::Balance { address } => standard(deps, env, BaseQueryMsg::Balance { address }),
        QueryMsg::TokenInfo {} => standard(deps, env, BaseQueryMsg::TokenInfo {}),
        QueryMsg::Minter {} => standard(deps, env, BaseQueryMsg::Minter {}),
        QueryMsg::Allowance { owner, spender } => standard(deps, env, BaseQueryMsg::Allowance { owner, spender }),
        QueryMsg::AllAllowances { owner, start_after, limit } => {
            standard(deps, env, BaseQueryMsg::AllAllowances { owner, start_after, limit })
        }
        QueryMsg::AllSpenderAllowances { spender, start_after, limit } => {
            standard(deps, env, BaseQueryMsg::AllSpenderAllowances { spender, start_after, limit })
        }
        QueryMsg::AllAccounts { start_after, limit } => {
            standard(deps, env, BaseQueryMsg::AllAccounts { start_after, limit })
        }
        QueryMsg::MarketingInfo {} => standard(deps, env, BaseQueryMsg::MarketingInfo {}),
        QueryMsg::DownloadLogo {} => standard(deps, env, BaseQueryMsg::DownloadLogo {}),
    };
    Ok(answer?)
}

fn standard(deps: Deps, env: Env, msg: BaseQueryMsg) -> cosmwasm_std::StdResult<Binary> {
    cw20_base::contract::query(deps, env, msg)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    Ok(ConfigResponse {
        datanets: DATANETS.load(deps.storage)?,
        datanet_id: Uint64::new(DATANET_ID.load(deps.storage)?),
        token: TOKEN.load(deps.storage)?,
        commons: COMMONS.may_load(deps.storage)?,
        params: PARAMS.load(deps.storage)?,
    })
}

fn trailing(deps: Deps, now: Timestamp) -> Result<IncomeResponse, ContractError> {
    let ledger = LEDGER.load(deps.storage)?;
    let params = PARAMS.load(deps.storage)?;
    let (stream, _) = income::at(deps.storage, now)?;
    let runs = !stream.remaining.is_zero() && !TOKEN_INFO.load(deps.storage)?.total_supply.is_zero();
    let streams_until = runs.then(|| now.plus_nanos(stream.left.u64()).seconds()).map(Uint64::new);
    let periods = HISTORY.load(deps.storage)?.last(now.seconds(), params.period_seconds.u64());
    let (mut received, mut per_million) = (Uint128::zero(), Uint128::zero());
    for period in &periods {
        received = received.saturating_add(period.received);
        per_million = per_million.saturating_add(period.per_million_shares);
    }
    Ok(IncomeResponse {
        lifetime_received: ledger.received,
        lifetime_claimed: ledger.claimed,
        streaming: stream.remaining,
        streams_until,
        period_seconds: params.period_seconds,
        periods,
        trailing_received: received,
        trailing_per_million_shares: per_million,
        trailing_yield_ppm: per_million.checked_div(params.price)?,
    })
}

fn claimable(deps: Deps, now: Timestamp, account: &str) -> Result<ClaimableResponse, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let (_, index) = income::at(deps.storage, now)?;
    Ok(ClaimableResponse { claimable: income::account_at(deps.storage, &index, &account)?.pending })
}

fn backing(
    deps: Deps,
    account: &str,
    start_after: Option<Uint64>,
    limit: Option<u32>,
) -> Result<BackingResponse, ContractError> {
    let account = deps.api.addr_validate(account)?;
    let pool = POOL.load(deps.storage)?;
    let position = position(deps.storage, &pool, &account)?;
    let mut unbacking = Vec::new();
    let entries = UNBACKING.prefix(&account);
    for entry in entries.range(deps.storage, page::after(start_after), None, Order::Ascending).take(page::limit(limit))
    {
        let (ends_at, entry) = entry?;
        let pool = unbacking_pool(deps.storage, ends_at)?;
        let amount = pool.worth(live_units(&pool, &entry))?;
        unbacking.push(UnbackingResponse { amount, ends_at: Uint64::new(ends_at) });
    }
    Ok(BackingResponse { staked: pool.worth(position.units)?, shares: position.shares, unbacking })
}

fn issuance(deps: Deps, now: Timestamp) -> Result<IssuanceResponse, ContractError> {
    let ledger = LEDGER.load(deps.storage)?;
    Ok(IssuanceResponse {
        for_contributions: ledger.contribution_shares,
        for_backing: ledger.backed_shares,
        contributions_left: contributions_left(deps.storage, now.seconds())?,
        backing_left: PARAMS.load(deps.storage)?.max_backed_shares.saturating_sub(ledger.backed_shares),
    })
}

fn solvency(deps: Deps, env: Env) -> Result<SolvencyResponse, ContractError> {
    let ledger = LEDGER.load(deps.storage)?;
    let backing = POOL.load(deps.storage)?.tokens;
    let token = TOKEN.load(deps.storage)?;
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let owed = backing.checked_add(ledger.unbacking)?.checked_add(ledger.income)?;
    let waits = TOKEN_INFO.load(deps.storage)?.total_supply.is_zero();
    let orphaned = if waits { STREAM.load(deps.storage)?.remaining } else { Uint128::zero() };
    Ok(SolvencyResponse {
        backing,
        unbacking: ledger.unbacking,
        income: ledger.income,
        orphaned,
        held,
        solvent: owed <= held,
    })
}
