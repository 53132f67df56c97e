//! The first message.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint64};
use cw20::{Cw20QueryMsg, MinterResponse, TokenInfoResponse};
use cw20_base::msg::{InstantiateMarketingInfo, InstantiateMsg as BaseInstantiateMsg};
use openledger_contract_kit::{event::respond, funds::refuse_coins};

use super::minter;
use crate::{
    error::ContractError,
    events::SharesEvent,
    history::History,
    identity::{NAME, VERSION},
    income::{IncomeIndex, Stream},
    msg::{InstantiateMsg, DECIMALS},
    pool::Pool,
    state::{Ledger, DATANETS, DATANET_ID, HISTORY, INDEX, LEDGER, PARAMS, POOL, STREAM, TOKEN},
};

/// Checks parameters and token and starts with no shares and empty books.
pub fn run(mut deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    msg.params.validate()?;
    let datanets = deps.api.addr_validate(&msg.datanets)?;
    let token = deps.api.addr_validate(&msg.token)?;
    // A wrong address shows now, not when the first stake is lost in it.
    deps.querier.query_wasm_smart::<TokenInfoResponse>(&token, &Cw20QueryMsg::TokenInfo {})?;

    let mint = minter(&env, &msg.params)?;
    let now = env.block.time;
    let base = BaseInstantiateMsg {
        name: msg.name.to_string(),
        symbol: msg.symbol.to_string(),
        decimals: DECIMALS,
        initial_balances: Vec::new(),
        mint: Some(MinterResponse { minter: mint.minter.into_string(), cap: mint.cap }),
        marketing: msg.marketing.map(|account| InstantiateMarketingInfo {
            project: None,
            description: None,
            marketing: Some(account),
            logo: None,
        }),
    };
    cw20_base::contract::instantiate(deps.branch(), env, info, base)?;
    // The base records its own name; migrations must find ours.
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    DATANETS.save(deps.storage, &datanets)?;
    DATANET_ID.save(deps.storage, &msg.datanet_id.u64())?;
    TOKEN.save(deps.storage, &token)?;
    PARAMS.save(deps.storage, &msg.params)?;
    LEDGER.save(deps.storage, &Ledger::default())?;
    STREAM.save(deps.storage, &Stream { updated_at: Uint64::new(now.nanos()), ..Stream::default() })?;
    INDEX.save(deps.storage, &IncomeIndex::default())?;
    HISTORY.save(deps.storage, &History::default())?;
    POOL.save(deps.storage, &Pool::default())?;
    Ok(respond(SharesEvent::Instantiated {
        datanets,
        datanet_id: msg.datanet_id.u64(),
        token,
        name: msg.name.into(),
        symbol: msg.symbol.into(),
        params: msg.params,
    }))
}
