//! Where a payee's money goes now: the past names who earned it, the registries name who holds that today.

use cosmwasm_std::{Addr, Deps, StdError, Uint128, WasmMsg};
use datanets::client::{income_hook, Datanets};
use models::client::{adapter_income_hook, Models};
use openledger_protocol::payee::Payee;

use super::token;
use crate::{
    error::ContractError,
    state::{Config, CONFIG},
};

/// The message that pays it: a plain transfer to an account or to an identity's payout account, a `send` to the contract that
/// passes an adapter's or a Datanet's income on, or rewards for stakers.
pub fn pay(deps: Deps, payee: &str, amount: Uint128) -> Result<WasmMsg, ContractError> {
    let unknown = |reason: String| ContractError::UnknownPayee { payee: payee.to_owned(), reason };
    let config = CONFIG.load(deps.storage)?;
    let parsed: Payee =
        payee.parse().map_err(|error: openledger_protocol::payee::PayeeError| unknown(error.to_string()))?;
    Ok(match parsed {
        Payee::Account(account) => {
            let account = deps.api.addr_validate(&account)?;
            if account == config.staking {
                token::fund_stakers(&config, amount)?
            } else {
                token::pay(&config, &account, amount)?
            }
        }
        Payee::Identity(identity_id) => {
            let registry = datanets(deps, &config)?;
            let identity = Datanets::new(&registry, deps.querier).identity(identity_id);
            token::pay(&config, &identity.map_err(|error: StdError| unknown(error.to_string()))?.payout, amount)?
        }
        Payee::Adapter(adapter_id) => token::send(&config, &config.models, amount, adapter_income_hook(adapter_id)?)?,
        Payee::Datanet(datanet_id) => {
            token::send(&config, &datanets(deps, &config)?, amount, income_hook(datanet_id)?)?
        }
    })
}

/// The models contract names the contract of Datanets.
fn datanets(deps: Deps, config: &Config) -> Result<Addr, ContractError> {
    Ok(Models::new(&config.models, deps.querier).datanets()?)
}
