//! A stub of the staking contract: power from a table, with the start-of-height meaning of the real one.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    to_json_binary, Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdResult, Uint128, Uint64,
};
use cw_multi_test::{Contract, ContractWrapper};
use cw_storage_plus::{Item, SnapshotItem, SnapshotMap, Strategy};

const POWER: SnapshotMap<&Addr, Uint128> = SnapshotMap::new("power", "power_keys", "power_log", Strategy::EveryBlock);
const TOTAL: SnapshotItem<Uint128> = SnapshotItem::new("total", "total_keys", "total_log", Strategy::EveryBlock);
const TOKEN: Item<String> = Item::new("token");

#[cw_serde]
pub struct Init {
    pub token: String,
}

#[cw_serde]
pub enum Exec {
    SetPower { account: String, power: Uint128 },
}

#[cw_serde]
pub enum Query {
    Config {},
    PowerAt { account: String, height: Option<Uint64> },
    TotalPowerAt { height: Option<Uint64> },
}

#[cw_serde]
pub struct Config {
    pub token: String,
    pub params: Empty,
}

#[cw_serde]
pub struct Power {
    pub power: Uint128,
    pub height: Uint64,
}

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, msg: Init) -> StdResult<Response> {
    TOKEN.save(deps.storage, &msg.token)?;
    Ok(Response::new())
}

fn execute(deps: DepsMut, env: Env, _: MessageInfo, msg: Exec) -> StdResult<Response> {
    let Exec::SetPower { account, power } = msg;
    let account = deps.api.addr_validate(&account)?;
    let before = POWER.may_load(deps.storage, &account)?.unwrap_or_default();
    let total = TOTAL.may_load(deps.storage)?.unwrap_or_default() - before + power;
    POWER.save(deps.storage, &account, &power, env.block.height)?;
    TOTAL.save(deps.storage, &total, env.block.height)?;
    Ok(Response::new())
}

fn query(deps: Deps, env: Env, msg: Query) -> StdResult<Binary> {
    let here = Uint64::new(env.block.height);
    match msg {
        Query::Config {} => to_json_binary(&Config { token: TOKEN.load(deps.storage)?, params: Empty {} }),
        Query::PowerAt { account, height } => {
            let height = height.unwrap_or(here);
            let account = deps.api.addr_validate(&account)?;
            let power = POWER.may_load_at_height(deps.storage, &account, height.u64())?.unwrap_or_default();
            to_json_binary(&Power { power, height })
        }
        Query::TotalPowerAt { height } => {
            let height = height.unwrap_or(here);
            let power = TOTAL.may_load_at_height(deps.storage, height.u64())?.unwrap_or_default();
            to_json_binary(&Power { power, height })
        }
    }
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query))
}
