//! The first message.

use cosmwasm_std::{DepsMut, MessageInfo, Response, Uint128};
use openledger_contract_kit::{event::respond, funds::refuse_coins, ownership::Ownership};
use settlement::client::Client as Settlement;

use crate::{
    error::ContractError,
    events::DisputesEvent,
    identity::{NAME, VERSION},
    msg::InstantiateMsg,
    state::{Config, BONDS, CONFIG, OWNERSHIP, PARAMS},
};

/// Checks parameters and settlement, and takes the addresses that settlement names.
pub fn run(deps: DepsMut, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    msg.params.validate()?;
    let owner = deps.api.addr_validate(&msg.owner)?;
    let settlement = deps.api.addr_validate(&msg.settlement)?;
    // A wrong address shows now, not when a fraud is to be voided.
    let named = Settlement::new(&settlement).config(&deps.querier)?;
    let config = Config {
        settlement,
        token: named.token,
        staking: named.staking,
        models: named.models,
        treasury: named.treasury,
    };
    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    OWNERSHIP.save(deps.storage, &Ownership::new(owner.clone()))?;
    CONFIG.save(deps.storage, &config)?;
    PARAMS.save(deps.storage, &msg.params)?;
    BONDS.save(deps.storage, &Uint128::zero())?;
    Ok(respond(DisputesEvent::Instantiated { owner, config, params: msg.params }))
}
