//! The first message.

use cosmwasm_std::{DepsMut, Env, MessageInfo, Response};
use cw20::{Cw20QueryMsg, TokenInfoResponse};
use openledger_contract_kit::{event::respond, funds::refuse_coins, ownership::Ownership};

use crate::{
    error::ContractError,
    events::StakingEvent,
    identity::{NAME, VERSION},
    msg::InstantiateMsg,
    state::{Ledger, RewardIndex, OWNERSHIP, PARAMS, REWARD_INDEX, TOKEN},
};

/// Checks parameters and token and starts with empty books.
pub fn run(deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    msg.params.validate()?;
    let owner = deps.api.addr_validate(&msg.owner)?;
    let token = deps.api.addr_validate(&msg.token)?;
    // A wrong address shows now, not when the first bond is lost in it.
    deps.querier.query_wasm_smart::<TokenInfoResponse>(&token, &Cw20QueryMsg::TokenInfo {})?;

    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    OWNERSHIP.save(deps.storage, &Ownership::new(owner.clone()))?;
    TOKEN.save(deps.storage, &token)?;
    PARAMS.save(deps.storage, &msg.params)?;
    Ledger::default().save(deps.storage, env.block.height)?;
    REWARD_INDEX.save(deps.storage, &RewardIndex::default())?;
    Ok(respond(StakingEvent::Instantiated { owner, token, params: msg.params }))
}
