//! The commons' part of the Datanet's income.

use cosmwasm_std::{DepsMut, Env, Response};
use openledger_contract_kit::{event::respond, Bps};

use crate::{
    error::ContractError,
    events::SharesEvent,
    msg::CommonsPart,
    state::{COMMONS, PARAMS},
};

/// Sets part and account for income that arrives from now on, within the bound that holders were promised.
pub fn run(deps: DepsMut, env: Env, part: Bps, account: String) -> Result<Response, ContractError> {
    let account = deps.api.addr_validate(&account)?;
    if account == env.contract.address {
        return Err(ContractError::ToItself);
    }
    let max = PARAMS.load(deps.storage)?.max_commons_part;
    if part > max {
        return Err(ContractError::CommonsPartTooLarge { part, max });
    }
    COMMONS.save(deps.storage, &CommonsPart { part, account: account.clone() })?;
    Ok(respond(SharesEvent::CommonsPartSet { part, account }))
}
