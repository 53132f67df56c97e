//! Reading.

use cosmwasm_std::{to_json_binary, Binary, Deps, Env, Order, StdResult};
use openledger_contract_kit::{page, pause};

use crate::{
    msg::{Adapter, AdapterResponse, AdaptersResponse, BasesResponse, ConfigResponse, QueryMsg},
    state::{self, ADAPTERS, BASES, DATANETS, DATANET_ADAPTERS, OWNERSHIP, PARAMS},
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
            to_json_binary(&with_latest(deps, adapter)?)
        }
        QueryMsg::Adapters { start_after, limit } => {
            let range = ADAPTERS.range(deps.storage, page::after(start_after), None, Order::Ascending);
            let adapters = range.take(page::limit(limit)).map(|entry| with_latest(deps, entry?.1));
            to_json_binary(&AdaptersResponse { adapters: adapters.collect::<Result<_, _>>()? })
        }
        QueryMsg::AdaptersOfDatanet { datanet_id, start_after, limit } => {
            let all = DATANET_ADAPTERS.prefix(datanet_id.u64());
            let range = all.keys(deps.storage, page::after(start_after), None, Order::Ascending);
            let adapters =
                range.take(page::limit(limit)).map(|id| with_latest(deps, state::adapter(deps.storage, id?)?));
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
        params: PARAMS.load(deps.storage)?,
        paused_until: pause::running(deps.storage, env.block.time)?.map(|pause| pause.until),
    })
}

fn with_latest(deps: Deps, adapter: Adapter) -> Result<AdapterResponse, ContractError> {
    let latest = state::version(deps.storage, adapter.id.u64(), adapter.latest_version)?;
    let serving = match adapter.serving_version {
        number if number == latest.version => latest.clone(),
        number => state::version(deps.storage, adapter.id.u64(), number)?,
    };
    Ok(AdapterResponse { adapter, latest, serving })
}
