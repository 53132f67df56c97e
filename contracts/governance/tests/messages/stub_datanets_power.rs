//! A stub of the Datanets contract: credit from a table with the start-of-height meaning of the real one, an owner per
//! Datanet, curators that only the owner sets.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    to_json_binary, Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, Uint128,
    Uint64,
};
use cw_multi_test::{Contract, ContractWrapper};
use cw_storage_plus::{Map, SnapshotMap, Strategy};

const CREDIT: SnapshotMap<(u64, u64), Uint128> =
    SnapshotMap::new("credit", "credit_keys", "credit_log", Strategy::EveryBlock);
const TOTAL: SnapshotMap<u64, Uint128> = SnapshotMap::new("total", "total_keys", "total_log", Strategy::EveryBlock);
const CONTROLLERS: Map<&Addr, u64> = Map::new("controllers");
const OWNERS: Map<u64, Addr> = Map::new("owners");
const PROPOSED: Map<u64, Addr> = Map::new("proposed");
const CURATORS: Map<(u64, &str), Empty> = Map::new("curators");

#[cw_serde]
pub enum Exec {
    SetCredit { datanet_id: Uint64, identity_id: Uint64, power: Uint128 },
    SetController { identity_id: Uint64, account: String },
    SetOwner { datanet_id: Uint64, owner: String },
    ProposeDatanetOwner { datanet_id: Uint64, account: String, expires_at: Uint64 },
    AcceptDatanetOwnership { datanet_id: Uint64 },
    ProposeCurator { datanet_id: Uint64, account: String, expires_at: Uint64 },
}

#[cw_serde]
pub enum Query {
    Config {},
    Datanet { datanet_id: Uint64 },
    DatanetPowerAt { datanet_id: Uint64, account: String, height: Option<Uint64> },
    IsCurator { datanet_id: Uint64, account: String },
}

#[cw_serde]
pub struct Owner {
    pub owner: Addr,
}

#[cw_serde]
pub struct Datanet {
    pub ownership: Owner,
}

#[cw_serde]
pub struct Power {
    pub power: Uint128,
    pub total: Uint128,
    pub identity_id: Option<Uint64>,
}

fn instantiate(_: DepsMut, _: Env, _: MessageInfo, _: Empty) -> StdResult<Response> {
    Ok(Response::new())
}

fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: Exec) -> StdResult<Response> {
    let height = env.block.height;
    let owned = |deps: &DepsMut, datanet_id: Uint64| match OWNERS.load(deps.storage, datanet_id.u64())? == info.sender {
        true => Ok(()),
        false => Err(StdError::generic_err("only the owner of the Datanet")),
    };
    match msg {
        Exec::SetCredit { datanet_id, identity_id, power } => {
            let key = (datanet_id.u64(), identity_id.u64());
            let before = CREDIT.may_load(deps.storage, key)?.unwrap_or_default();
            let total = TOTAL.may_load(deps.storage, key.0)?.unwrap_or_default() - before + power;
            CREDIT.save(deps.storage, key, &power, height)?;
            TOTAL.save(deps.storage, key.0, &total, height)?;
        }
        Exec::SetController { identity_id, account } => {
            CONTROLLERS.save(deps.storage, &Addr::unchecked(account), &identity_id.u64())?;
        }
        Exec::SetOwner { datanet_id, owner } => {
            OWNERS.save(deps.storage, datanet_id.u64(), &Addr::unchecked(owner))?;
        }
        Exec::ProposeDatanetOwner { datanet_id, account, .. } => {
            owned(&deps, datanet_id)?;
            PROPOSED.save(deps.storage, datanet_id.u64(), &Addr::unchecked(account))?;
        }
        Exec::AcceptDatanetOwnership { datanet_id } => {
            if PROPOSED.may_load(deps.storage, datanet_id.u64())? != Some(info.sender.clone()) {
                return Err(StdError::generic_err("not proposed"));
            }
            OWNERS.save(deps.storage, datanet_id.u64(), &info.sender)?;
        }
        Exec::ProposeCurator { datanet_id, account, .. } => {
            owned(&deps, datanet_id)?;
            CURATORS.save(deps.storage, (datanet_id.u64(), &account), &Empty {})?;
        }
    }
    Ok(Response::new())
}

fn query(deps: Deps, env: Env, msg: Query) -> StdResult<Binary> {
    match msg {
        Query::Config {} => to_json_binary(&Empty {}),
        Query::Datanet { datanet_id } => {
            let owner = OWNERS.load(deps.storage, datanet_id.u64())?;
            to_json_binary(&Datanet { ownership: Owner { owner } })
        }
        Query::DatanetPowerAt { datanet_id, account, height } => {
            let height = height.map_or(env.block.height, |height| height.u64());
            let identity_id = CONTROLLERS.may_load(deps.storage, &Addr::unchecked(account))?;
            let power = match identity_id {
                Some(id) => CREDIT.may_load_at_height(deps.storage, (datanet_id.u64(), id), height)?,
                None => None,
            };
            let total = TOTAL.may_load_at_height(deps.storage, datanet_id.u64(), height)?.unwrap_or_default();
            let identity_id = identity_id.map(Uint64::new);
            to_json_binary(&Power { power: power.unwrap_or_default(), total, identity_id })
        }
        Query::IsCurator { datanet_id, account } => {
            to_json_binary(&CURATORS.has(deps.storage, (datanet_id.u64(), &account)))
        }
    }
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query))
}
