//! A stub of a governed contract: owner, parameters, a pause, and messages that fail or call back.

use cosmwasm_schema::cw_serde;
use cosmwasm_std::{
    to_json_binary, Addr, Binary, Deps, DepsMut, Empty, Env, MessageInfo, Response, StdError, StdResult, Uint128,
    Uint64, WasmMsg,
};
use cw_multi_test::{Contract, ContractWrapper};
use cw_storage_plus::Item;
use governance::json::Json;
use openledger_contract_kit::{ownership::Ownership, pause};

const OWNERSHIP: Item<Ownership> = Item::new("ownership");
const PARAMS: Item<Params> = Item::new("params");
const NOTES: Item<Vec<String>> = Item::new("notes");
const MAX_PAUSE: u64 = 500;

#[cw_serde]
pub struct Params {
    pub amount: Uint128,
    pub count: u32,
    pub active: bool,
    pub payee: Option<String>,
    pub label: String,
}

#[cw_serde]
pub struct Init {
    pub owner: String,
}

#[cw_serde]
pub enum Exec {
    UpdateParams {
        params: Params,
    },
    Pause {
        until: Uint64,
    },
    Unpause {},
    ProposeOwner {
        account: String,
        expires_at: Uint64,
    },
    AcceptOwnership {},
    /// The owner writes something down.
    Note {
        text: String,
    },
    /// Fails, also for the owner.
    Fail {},
    /// Sends any message to any contract, as this contract.
    CallBack {
        contract: String,
        message: Json,
    },
    /// Anybody leaves: never stopped by a pause.
    Exit {},
    /// Stopped by a pause.
    Enter {},
}

#[cw_serde]
pub enum Query {
    Config {},
    Notes {},
}

#[cw_serde]
pub struct Config {
    pub ownership: Ownership,
    pub params: Params,
    pub paused_until: Option<Uint64>,
}

fn instantiate(deps: DepsMut, _: Env, _: MessageInfo, msg: Init) -> StdResult<Response> {
    OWNERSHIP.save(deps.storage, &Ownership::new(Addr::unchecked(msg.owner)))?;
    let params = Params { amount: Uint128::new(7), count: 3, active: true, payee: None, label: "one".into() };
    PARAMS.save(deps.storage, &params)?;
    NOTES.save(deps.storage, &vec![])?;
    Ok(Response::new())
}

fn text(error: impl std::fmt::Display) -> StdError {
    StdError::generic_err(error.to_string())
}

fn execute(deps: DepsMut, env: Env, info: MessageInfo, msg: Exec) -> StdResult<Response> {
    let mut ownership = OWNERSHIP.load(deps.storage)?;
    let free = matches!(msg, Exec::AcceptOwnership {} | Exec::Exit {} | Exec::Enter {} | Exec::CallBack { .. });
    if !free && !ownership.is_owner(&info.sender) {
        return Err(text(format!("{} is not the owner", info.sender)));
    }
    match msg {
        Exec::UpdateParams { params } => PARAMS.save(deps.storage, &params)?,
        Exec::Pause { until } => {
            pause::start(deps.storage, env.block.time, until, MAX_PAUSE).map_err(text)?;
        }
        Exec::Unpause {} => pause::end(deps.storage, env.block.time).map_err(text)?,
        Exec::ProposeOwner { account, expires_at } => {
            ownership.propose(Addr::unchecked(account), expires_at, env.block.time).map_err(text)?;
            OWNERSHIP.save(deps.storage, &ownership)?;
        }
        Exec::AcceptOwnership {} => {
            ownership.accept(&info.sender, env.block.time).map_err(text)?;
            OWNERSHIP.save(deps.storage, &ownership)?;
        }
        Exec::Note { text } => {
            let mut notes = NOTES.load(deps.storage)?;
            notes.push(text);
            NOTES.save(deps.storage, &notes)?;
        }
        Exec::Fail {} => return Err(text("it fails")),
        Exec::CallBack { contract, message } => {
            let call = WasmMsg::Execute { contract_addr: contract, msg: to_json_binary(&message)?, funds: vec![] };
            return Ok(Response::new().add_message(call));
        }
        Exec::Exit {} => {}
        Exec::Enter {} => {
            if pause::running(deps.storage, env.block.time).map_err(text)?.is_some() {
                return Err(text("paused"));
            }
        }
    }
    Ok(Response::new())
}

fn query(deps: Deps, env: Env, msg: Query) -> StdResult<Binary> {
    match msg {
        Query::Config {} => to_json_binary(&Config {
            ownership: OWNERSHIP.load(deps.storage)?,
            params: PARAMS.load(deps.storage)?,
            paused_until: pause::running(deps.storage, env.block.time).map_err(text)?.map(|pause| pause.until),
        }),
        Query::Notes {} => to_json_binary(&NOTES.load(deps.storage)?),
    }
}

#[cw_serde]
pub struct Migrate {
    pub note: String,
}

fn migrate(deps: DepsMut, _: Env, msg: Migrate) -> StdResult<Response> {
    NOTES.save(deps.storage, &vec![msg.note])?;
    Ok(Response::new())
}

pub fn contract() -> Box<dyn Contract<Empty>> {
    Box::new(ContractWrapper::new(execute, instantiate, query).with_migrate(migrate))
}
