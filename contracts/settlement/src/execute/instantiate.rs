//! The first message.

use cosmwasm_std::{DepsMut, MessageInfo, Response};
use openledger_contract_kit::{event::respond, funds::refuse_coins, ownership::Ownership};

use crate::{
    error::ContractError,
    events::SettlementEvent,
    identity::{NAME, VERSION},
    msg::InstantiateMsg,
    state::{Config, Ledger, CONFIG, LEDGER, OWNERSHIP, PARAMS},
};

/// Checks parameters and the staking contract and starts with empty books.
pub fn run(deps: DepsMut, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    msg.params.validate()?;
    let owner = deps.api.addr_validate(&msg.owner)?;
    let config = Config {
        token: deps.api.addr_validate(&msg.token)?,
        staking: deps.api.addr_validate(&msg.staking)?,
        models: deps.api.addr_validate(&msg.models)?,
        treasury: deps.api.addr_validate(&msg.treasury)?,
    };
    // A wrong address shows now, not when stakers' rewards are stuck.
    let staking = staking::client::Client::new(&config.staking).config(&deps.querier)?;
    if staking.token != config.token {
        return Err(ContractError::StakingToken { staking: config.staking, found: staking.token, token: config.token });
    }
    msg.params.validate_against_unbonding(staking.params.unbonding_seconds.u64())?;

    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    OWNERSHIP.save(deps.storage, &Ownership::new(owner.clone()))?;
    CONFIG.save(deps.storage, &config)?;
    PARAMS.save(deps.storage, &msg.params)?;
    LEDGER.save(deps.storage, &Ledger::default())?;
    Ok(respond(SettlementEvent::Instantiated { owner, config, params: msg.params }))
}
