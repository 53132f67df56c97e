//! Reading.

use cosmwasm_std::{to_json_binary, Addr, Binary, Deps, Env, Order, StdResult, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use cw_storage_plus::Bound;
use openledger_contract_kit::page;

use crate::{
    error::ContractError,
    msg::{
        ConfigResponse, EpochSet, QueryMsg, RewardsResponse, SolvencyResponse, UnbondingEntryResponse,
        UnbondingResponse, ValidatorResponse, ValidatorsResponse,
    },
    state::{
        load_validator, Validator, LATEST_SET, LEDGER, OWNERSHIP, PARAMS, REWARD_INDEX, SETS, TOKEN, UNBONDING,
        VALIDATORS,
    },
};

/// Answers a query.
pub fn dispatch(deps: Deps, env: Env, msg: QueryMsg) -> Result<Binary, ContractError> {
    let answer = match msg {
        QueryMsg::Config {} => to_json_binary(&config(deps)?),
        QueryMsg::Validator { validator } => to_json_binary(&one_validator(deps, &validator)?),
        QueryMsg::Validators { start_after, limit } => to_json_binary(&validators(deps, start_after, limit)?),
        QueryMsg::Set { set_id } => to_json_binary(&set(deps, set_id.u64())?),
        QueryMsg::LatestSet {} => to_json_binary(&set(deps, LATEST_SET.may_load(deps.storage)?.unwrap_or_default())?),
        QueryMsg::Unbonding { validator } => to_json_binary(&unbonding(deps, &validator)?),
        QueryMsg::Rewards { validator } => to_json_binary(&rewards(deps, &validator)?),
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, env)?),
    };
    Ok(answer?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    Ok(ConfigResponse {
        ownership: OWNERSHIP.load(deps.storage)?,
        token: TOKEN.load(deps.storage)?,
        params: PARAMS.load(deps.storage)?,
    })
}

fn one_validator(deps: Deps, address: &str) -> Result<ValidatorResponse, ContractError> {
    let address = deps.api.addr_validate(address)?;
    let validator = load_validator(deps.storage, &address)?;
    Ok(describe(address, validator))
}

fn validators(
    deps: Deps,
    start_after: Option<String>,
    limit: Option<u32>,
) -> Result<ValidatorsResponse, ContractError> {
    let start_after = start_after.map(|address| deps.api.addr_validate(&address)).transpose()?;
    let validators = VALIDATORS
        .range(deps.storage, start_after.as_ref().map(Bound::exclusive), None, Order::Ascending)
        .take(page::limit(limit))
        .map(|entry| entry.map(|(address, validator)| describe(address, validator)))
        .collect::<StdResult<_>>()?;
    Ok(ValidatorsResponse { validators })
}

fn describe(address: Addr, validator: Validator) -> ValidatorResponse {
    ValidatorResponse {
        validator: address,
        bls_public_key: validator.bls_public_key,
        endpoint: validator.endpoint,
        moniker: validator.moniker,
        bonded: validator.bonded,
        registered_at: validator.registered_at,
    }
}

fn set(deps: Deps, set_id: u64) -> Result<EpochSet, ContractError> {
    match SETS.may_load(deps.storage, set_id)? {
        Some(set) => Ok(set),
        None => {
            let latest = LATEST_SET.may_load(deps.storage)?.unwrap_or_default();
            Err(ContractError::UnknownSet { set_id, latest })
        }
    }
}

fn unbonding(deps: Deps, address: &str) -> Result<UnbondingResponse, ContractError> {
    let address = deps.api.addr_validate(address)?;
    let mut total = Uint128::zero();
    let mut entries = Vec::new();
    // At most 32 entries: `max_unbonding_entries` bounds them.
    for entry in UNBONDING.prefix(&address).range(deps.storage, None, None, Order::Ascending) {
        let (entry_id, entry) = entry?;
        total = total.checked_add(entry.amount)?;
        entries.push(UnbondingEntryResponse {
            entry_id: Uint64::new(entry_id),
            amount: entry.amount,
            set_id: entry.set_id,
            started_at: entry.started_at,
            completes_at: entry.completes_at,
        });
    }
    Ok(UnbondingResponse { entries, total })
}

fn rewards(deps: Deps, address: &str) -> Result<RewardsResponse, ContractError> {
    let address = deps.api.addr_validate(address)?;
    let mut validator = load_validator(deps.storage, &address)?;
    validator.rewards.accrue(&REWARD_INDEX.load(deps.storage)?, validator.bonded)?;
    Ok(RewardsResponse { claimable: validator.rewards.pending })
}

fn solvency(deps: Deps, env: Env) -> Result<SolvencyResponse, ContractError> {
    let ledger = LEDGER.load(deps.storage)?;
    let token = TOKEN.load(deps.storage)?;
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let owed = ledger.bonded.checked_add(ledger.unbonding)?.checked_add(ledger.rewards)?;
    Ok(SolvencyResponse {
        bonded: ledger.bonded,
        unbonding: ledger.unbonding,
        rewards: ledger.rewards,
        orphaned: ledger.orphaned,
        held,
        solvent: owed <= held,
    })
}
