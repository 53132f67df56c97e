//! Reading.

use cosmwasm_std::{to_json_binary, Addr, Binary, Deps, Env, Order, Uint128, Uint64};
use cw20::{BalanceResponse, Cw20QueryMsg};
use cw_storage_plus::Bound;
use openledger_contract_kit::page;

use crate::{
    error::ContractError,
    execute::reward,
    exits, liens,
    msg::{
        ConfigResponse, DelegationResponse, DelegationsResponse, EpochSet, OperatorResponse, PowerResponse, QueryMsg,
        RedelegationResponse, RedelegationsResponse, RewardsResponse, SolvencyResponse, UnbondingEntryResponse,
        UnbondingResponse, ValidatorResponse, ValidatorsResponse,
    },
    power,
    state::{
        load_operator, load_validator, Validator, BACKED, LATEST_SET, LEDGER, LIENS, OWNERSHIP, PARAMS, SETS, SHARES,
        SLASHER, STAKES, TOKEN, UNBONDING, VALIDATORS,
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
        QueryMsg::Delegations { delegator } => to_json_binary(&delegations(deps, &delegator)?),
        QueryMsg::Redelegations { delegator } => to_json_binary(&redelegations(deps, &delegator)?),
        QueryMsg::Operator { operator } => to_json_binary(&operator_of(deps, &operator)?),
        QueryMsg::PowerAt { account, height } => {
            let account = deps.api.addr_validate(&account)?;
            let height = height.unwrap_or(Uint64::new(env.block.height));
            let power = power::of_account(deps.storage, &account, height.u64())?;
            to_json_binary(&PowerResponse { power, height })
        }
        QueryMsg::TotalPowerAt { height } => {
            let height = height.unwrap_or(Uint64::new(env.block.height));
            to_json_binary(&PowerResponse { power: power::total(deps.storage, height.u64())?, height })
        }
        QueryMsg::Solvency {} => to_json_binary(&solvency(deps, env)?),
    };
    Ok(answer?)
}

fn config(deps: Deps) -> Result<ConfigResponse, ContractError> {
    Ok(ConfigResponse {
        ownership: OWNERSHIP.load(deps.storage)?,
        token: TOKEN.load(deps.storage)?,
        params: PARAMS.load(deps.storage)?,
        slasher: SLASHER.may_load(deps.storage)?,
    })
}

fn one_validator(deps: Deps, address: &str) -> Result<ValidatorResponse, ContractError> {
    let address = deps.api.addr_validate(address)?;
    let validator = load_validator(deps.storage, &address)?;
    describe(deps, address, validator)
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
        .map(|entry| entry.map_err(Into::into).and_then(|(address, validator)| describe(deps, address, validator)))
        .collect::<Result<_, ContractError>>()?;
    Ok(ValidatorsResponse { validators })
}

fn describe(deps: Deps, address: Addr, validator: Validator) -> Result<ValidatorResponse, ContractError> {
    let stake = STAKES.may_load(deps.storage, &address)?.unwrap_or_default();
    Ok(ValidatorResponse {
        validator: address,
        bls_public_key: validator.bls_public_key,
        endpoint: validator.endpoint,
        moniker: validator.moniker,
        bonded: stake.tokens,
        self_bond: stake.worth(validator.own_shares)?,
        shares: stake.shares,
        commission: validator.commission,
        description: validator.description,
        jailed_until: validator.jailed_until,
        tombstoned: validator.tombstoned,
        registered_at: validator.registered_at,
    })
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
        let amount = exits::worth(deps.storage, &entry)?;
        total = total.checked_add(amount)?;
        entries.push(UnbondingEntryResponse {
            entry_id: Uint64::new(entry_id),
            validator: entry.validator,
            amount,
            set_id: entry.set_id,
            started_at: entry.started_at,
            completes_at: entry.completes_at,
        });
    }
    Ok(UnbondingResponse { entries, total })
}

fn rewards(deps: Deps, address: &str) -> Result<RewardsResponse, ContractError> {
    let address = deps.api.addr_validate(address)?;
    Ok(RewardsResponse { claimable: reward::claimable(deps.storage, &address)? })
}

fn delegations(deps: Deps, address: &str) -> Result<DelegationsResponse, ContractError> {
    let delegator = deps.api.addr_validate(address)?;
    let mut total = Uint128::zero();
    let mut delegations = Vec::new();
    // At most 16: `max_delegations` bounds them.
    for validator in BACKED.may_load(deps.storage, &delegator)?.unwrap_or_default() {
        let shares = SHARES.load(deps.storage, (&delegator, &validator))?;
        let amount = STAKES.may_load(deps.storage, &validator)?.unwrap_or_default().worth(shares)?;
        total = total.checked_add(amount)?;
        delegations.push(DelegationResponse { validator, shares, amount });
    }
    Ok(DelegationsResponse { delegations, total })
}

fn redelegations(deps: Deps, address: &str) -> Result<RedelegationsResponse, ContractError> {
    let delegator = deps.api.addr_validate(address)?;
    let mut redelegations = Vec::new();
    // At most 16 delegations with 8 liens each: where there is a lien, there are shares.
    for entry in LIENS.prefix(&delegator).range(deps.storage, None, None, Order::Ascending) {
        let (to, liens) = entry?;
        let stake = STAKES.may_load(deps.storage, &to)?.unwrap_or_default();
        for lien in liens {
            redelegations.push(RedelegationResponse {
                to: to.clone(),
                shares: lien.shares,
                amount: stake.worth(lien.shares)?,
                unread_slashes: Uint64::new(liens::unread(deps.storage, &lien)?),
                from: lien.from,
                set_id: lien.set_id,
                started_at: lien.started_at,
                completes_at: lien.completes_at,
            });
        }
    }
    Ok(RedelegationsResponse { redelegations })
}

fn operator_of(deps: Deps, address: &str) -> Result<OperatorResponse, ContractError> {
    let operator = deps.api.addr_validate(address)?;
    let record = load_operator(deps.storage, &operator)?;
    let mut unbonding = Uint128::zero();
    for exit in &record.exits {
        unbonding = unbonding.checked_add(exit.amount)?;
    }
    Ok(OperatorResponse {
        operator,
        bond: record.bond,
        unbonding,
        barred: record.barred,
        endpoint: record.endpoint,
        moniker: record.moniker,
        registered_at: record.registered_at,
    })
}

fn solvency(deps: Deps, env: Env) -> Result<SolvencyResponse, ContractError> {
    let ledger = LEDGER.load(deps.storage)?;
    let token = TOKEN.load(deps.storage)?;
    let question = Cw20QueryMsg::Balance { address: env.contract.address.into_string() };
    let held = deps.querier.query_wasm_smart::<BalanceResponse>(token, &question)?.balance;
    let owed =
        ledger.bonded.checked_add(ledger.unbonding)?.checked_add(ledger.operators)?.checked_add(ledger.rewards)?;
    Ok(SolvencyResponse {
        bonded: ledger.bonded,
        unbonding: ledger.unbonding,
        operators: ledger.operators,
        rewards: ledger.rewards,
        orphaned: ledger.orphaned,
        held,
        solvent: owed <= held,
    })
}
