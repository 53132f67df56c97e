//! All tokens come into being here, once.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response, Uint128};
use cw20::Cw20Coin;
use cw20_base::msg::{InstantiateMarketingInfo, InstantiateMsg as BaseInstantiateMsg};
use openledger_contract_kit::{event::respond, funds, ids, KitError};

use crate::{
    events::Event,
    identity::{NAME, VERSION},
    msg::{InstantiateMsg, DECIMALS, MAX_ALLOCATIONS, SYMBOL, TOTAL_SUPPLY},
    ContractError,
};

pub fn run(mut deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    funds::refuse_coins(&info)?;
    let initial_balances = check(&deps, &msg)?;
    let allocations = msg.allocations.len();
    let marketing = msg.marketing.map(|account| InstantiateMarketingInfo {
        project: None,
        description: None,
        marketing: Some(account),
        logo: None,
    });
    let base = BaseInstantiateMsg {
        name: crate::msg::NAME.to_owned(),
        symbol: SYMBOL.to_owned(),
        decimals: DECIMALS,
        initial_balances,
        mint: None,
        marketing,
    };
    cw20_base::contract::instantiate(deps.branch(), env, info, base)?;
    // The base records its own name; migrations must find ours.
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    Ok(respond(Event::Instantiated { supply: TOTAL_SUPPLY, allocations }))
}

/// Balances with validated addresses; every rule on allocations holds.
fn check(deps: &DepsMut, msg: &InstantiateMsg) -> Result<Vec<Cw20Coin>, ContractError> {
    ids::bound("allocations", msg.allocations.len(), MAX_ALLOCATIONS)?;
    let mut sum = Uint128::zero();
    let mut coins: Vec<Cw20Coin> = Vec::with_capacity(msg.allocations.len());
    for allocation in &msg.allocations {
        let address = deps.api.addr_validate(&allocation.address)?;
        if allocation.amount.is_zero() {
            return Err(ContractError::ZeroAllocation { address });
        }
        if coins.iter().any(|coin| coin.address == address.as_str()) {
            return Err(ContractError::DuplicateAllocation { address });
        }
        sum = sum.checked_add(allocation.amount).map_err(|_| KitError::Overflow { what: "sum of allocations" })?;
        coins.push(Cw20Coin { address: address.into_string(), amount: allocation.amount });
    }
    if sum != TOTAL_SUPPLY {
        return Err(ContractError::SupplyMismatch { found: sum });
    }
    Ok(coins)
}
