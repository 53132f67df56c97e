//! Reading.

use cosmwasm_std::{to_json_binary, Binary, Deps, Env, Order, StdResult, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use openledger_contract_kit::{page, pause};

use crate::{
    execute::bond,
    msg::{Adapter, AdapterResponse, AdaptersResponse, BasesResponse, ConfigResponse, QueryMsg, SolvencyResponse},
    state::{self, ADAPTERS, BASES, BONDED, BONDS, DATANETS, DATANET_ADAPTERS, OWNERSHIP, PARAMS, SETTLEMENT, TOKEN},
    ContractError,
};

pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps, &env)?),
        QueryMsg::Base { id } => to_json_binary(&state::base(deps.storage, id.u64())?),
        QueryMsg::Bases { start_after, limit } => {
            let range = BASES.range(deps.storage, page::after(start_after), None, Order::Ascending);
            let bases = range.take(page::limit(limit)).map(|entry| Ok(entry?.1)).collect::<StdResult<_>>()?;
            to_json_binary(&BasesResponse { bases })
        }
        QueryMsg::Adapter { id } => {
            let adapter = state::adapter(deps.storage, id.u64())?;
            to_json_binary(&with_versions(deps, &env, adapter)?)
        }
        QueryMsg::Adapters { start_after, limit } => {
            let range = ADAPTERS.range(deps.storage, page::after(start_after), None, Order::Ascending);
            let adapters = range.take(page::limit(limit)).map(|entry| with_versions(deps, &env, entry?.1));
            to_json_binary(&AdaptersResponse { adapters: adapters.collect::<Result<_, _>>()? })
        }
        QueryMsg::Bond { bonded } => {
            to_json_binary(&BONDS.may_load(deps.storage, bond::key(bonded))?.unwrap_or_default())
        }
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, &env)?),
        QueryMsg::AdaptersOfDatanet { datanet_id, start_after, limit } => {
            let all = DATANET_ADAPTERS.prefix(datanet_id.u64());
            let range = all.keys(deps.storage, page::after(start_after), None, Order::Ascending);
            let adapters =
                range.take(page::limit(limit)).map(|id| with_versions(deps, &env, state::adapter(deps.storage, id?)?));
            to_json_binary(&AdaptersResponse { adapters: adapters.collect::<Result<_, _>>()? })
        }
        QueryMsg::AdapterVersion { id, version } => to_json_binary(&state::version(deps.storage, id.u64(), version)?),
    };
    Ok(answer?)
}

fn config(deps: Deps, env: &Env) -> Result<ConfigResponse, ContractError> {
    Ok(ConfigResponse {
        ownership: OWNERSHIP.load(deps.storage)?,
        datanets: DATANETS.load(deps.storage)?,
        token: TOKEN.load(deps.storage)?,
        settlement: SETTLEMENT.may_load(deps.storage)?,
        params: PARAMS.load(deps.storage)?,
        paused_until: pause::running(deps.storage, env.block.time)?.map(|pause| pause.until),
    })
}

fn with_versions(deps: Deps, env: &Env, adapter: Adapter) -> Result<AdapterResponse, ContractError> {
    let latest = state::version(deps.storage, adapter.id.u64(), adapter.latest_version)?;
    let serving = match adapter.serving_version {
        number if number == latest.version => latest.clone(),
        number => state::version(deps.storage, adapter.id.u64(), number)?,
    };
    let now = Uint64::new(env.block.time.seconds());
    let payout = adapter.payout.at(now).clone();
    let suspended_until = adapter.suspension.filter(|suspension| suspension.runs(now)).map(|running| running.until);
    Ok(AdapterResponse { adapter, latest, serving, payout, suspended_until })
}

fn solvency(deps: Deps, env: &Env) -> StdResult<SolvencyResponse> {
    let question = Cw20QueryMsg::Balance { address: env.contract.address.to_string() };
    let token = TOKEN.load(deps.storage)?;
    let BalanceResponse { balance } = deps.querier.query_wasm_smart(token, &question)?;
    Ok(SolvencyResponse { balance, bonded: BONDED.load(deps.storage)? })
}
