//! All tokens come into being here, once.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use cw20_base::msg::{InstantiateMarketingInfo, InstantiateMsg as BaseInstantiateMsg};
use openledger_contract_kit::{
    event::{respond, Event as _},
    funds,
};

use crate::{
    allocation::Allocations,
    events::Event,
    identity::{NAME, VERSION},
    msg::{InstantiateMsg, DECIMALS, SYMBOL, TOTAL_SUPPLY},
    ContractError,
};

/// Credits the whole supply and tells the vesting contract, if one is named, what it holds for whom.
pub fn run(mut deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    funds::refuse_coins(&info)?;
    let allocations = Allocations::check(deps.api, &msg)?;
    let reports = allocations.reports(&info.sender)?;
    let base = BaseInstantiateMsg {
        name: crate::msg::NAME.to_owned(),
        symbol: SYMBOL.to_owned(),
        decimals: DECIMALS,
        initial_balances: allocations.balances()?,
        mint: None,
        marketing: msg.marketing.clone().map(|account| InstantiateMarketingInfo {
            project: None,
            description: None,
            marketing: Some(account),
            logo: None,
        }),
    };
    cw20_base::contract::instantiate(deps.branch(), env, info, base)?;
    // The base records its own name; migrations must find ours.
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    let vesting = allocations.vesting.as_ref();
    let begun = Event::Instantiated { supply: TOTAL_SUPPLY, allocations: allocations.count(), vesting };
    let parts = allocations.events().map(|event| event.to_cosmwasm());
    Ok(respond(begun).add_events(parts).add_messages(reports))
}
