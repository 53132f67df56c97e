//! The first message.

use cosmwasm_std::{Addr, DepsMut, Env, MessageInfo, Response, Uint128, Uint64};
use openledger_contract_kit::{event::Event, funds::refuse_coins};

use crate::{
    error::ContractError,
    events::GovernanceEvent,
    identity::{NAME, VERSION},
    json::Json,
    known,
    msg::{Guardian, InstantiateMsg, RegisteredContract},
    power, registry,
    state::{Config, CONFIG, DATANET_MESSAGES, DEPOSITS, GUARDIANS, PARAMS},
};

/// Checks parameters and contracts, and starts with empty books and a registry of the contracts that were named.
pub fn run(mut deps: DepsMut, env: Env, info: MessageInfo, msg: InstantiateMsg) -> Result<Response, ContractError> {
    refuse_coins(&info)?;
    msg.params.validate()?;
    let optional = |account: &Option<String>| account.as_ref().map(|text| deps.api.addr_validate(text)).transpose();
    let config = Config {
        token: deps.api.addr_validate(&msg.token)?,
        staking: deps.api.addr_validate(&msg.staking)?,
        datanets: deps.api.addr_validate(&msg.datanets)?,
    };
    let (models, settlement, disputes) = (optional(&msg.models)?, optional(&msg.settlement)?, optional(&msg.disputes)?);
    let guardian = optional(&msg.guardian)?;
    // A wrong address shows now, not when nobody can vote.
    let staking = registry::config_of(deps.as_ref(), &config.staking)?;
    let found = staking.get("token").and_then(Json::as_str).unwrap_or("no token").to_owned();
    if found != config.token.as_str() {
        return Err(ContractError::StakingToken { staking: config.staking, found, token: config.token });
    }
    power::total_staked(&deps.querier, &config.staking, Uint64::new(env.block.height))?;

    let term_ends_at = Uint64::new(env.block.time.seconds()).saturating_add(msg.params.guardian_term_seconds);
    let guardians: Vec<Guardian> = guardian.into_iter().map(|account| Guardian { account, term_ends_at }).collect();
    let datanet_messages =
        known::DATANET_MESSAGES.iter().map(|name| known::name_of(name)).collect::<Result<Vec<_>, _>>()?;

    cw2::set_contract_version(deps.storage, NAME, VERSION)?;
    CONFIG.save(deps.storage, &config)?;
    PARAMS.save(deps.storage, &msg.params)?;
    DEPOSITS.save(deps.storage, &Uint128::zero())?;
    GUARDIANS.save(deps.storage, &guardians)?;
    DATANET_MESSAGES.save(deps.storage, &datanet_messages)?;
    let began = GovernanceEvent::Instantiated { config: config.clone(), params: msg.params };
    let mut response = Response::new().add_event(began.to_cosmwasm());
    if !guardians.is_empty() {
        response = response.add_event(GovernanceEvent::GuardiansSet { guardians }.to_cosmwasm());
    }

    let contracts = [
        (Some(env.contract.address), "governance", false, known::GOVERNANCE),
        (Some(config.staking), "staking", false, known::STAKING),
        (Some(config.datanets), "datanets", true, known::DATANETS),
        (models, "models", true, known::MODELS),
        (settlement, "settlement", true, known::SETTLEMENT),
        (disputes, "disputes", false, known::DISPUTES),
    ];
    for (contract, name, pausable, rows) in contracts {
        let Some(contract) = contract else { continue };
        let entry = register(&mut deps, contract, name, pausable, rows)?;
        response = response.add_event(GovernanceEvent::ContractRegistered { entry }.to_cosmwasm());
    }
    Ok(response)
}

fn register(
    deps: &mut DepsMut,
    contract: Addr,
    name: &str,
    pausable: bool,
    rows: &[known::Row],
) -> Result<RegisteredContract, ContractError> {
    let entry = RegisteredContract { contract, name: known::name_of(name)?, pausable, params: known::rules(rows)? };
    registry::enter(deps.storage, &entry)?;
    Ok(entry)
}
