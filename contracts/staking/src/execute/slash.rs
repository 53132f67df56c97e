//! What the slasher may do: take a fraction of what answers for an infraction, and nothing else.

use std::collections::BTreeSet;

use cosmwasm_std::{Addr, DepsMut, Env, Response, Uint128, Uint64};
use openledger_contract_kit::{
    event::{respond, Event},
    ids, Bps,
};

use super::token;
use crate::{
    book::Book,
    error::ContractError,
    events::StakingEvent,
    exits, liens,
    stake::part_up,
    state::{load_operator, LATEST_SET, LEDGER, OPERATORS, PARAMS, SLASHER},
};

/// Validators in one slash, at most.
const MAX_VALIDATORS: usize = 100;

/// Names the slasher, once.
pub fn set_slasher(deps: DepsMut, slasher: String) -> Result<Response, ContractError> {
    if let Some(slasher) = SLASHER.may_load(deps.storage)? {
        return Err(ContractError::SlasherSet { slasher });
    }
    let slasher = deps.api.addr_validate(&slasher)?;
    SLASHER.save(deps.storage, &slasher)?;
    Ok(respond(StakingEvent::SlasherSet { slasher }))
}

/// What members of a set are accused of.
pub struct Infraction {
    pub case_id: Uint64,
    pub set_id: Uint64,
    pub fraction: Bps,
    pub tombstone: bool,
}

/// Slashes validators for an infraction as members of a set, and jails them.
pub fn validators(
    deps: DepsMut,
    env: Env,
    named: Vec<String>,
    infraction: Infraction,
) -> Result<Response, ContractError> {
    let Infraction { case_id, set_id, fraction, tombstone } = infraction;
    if named.is_empty() {
        return Err(ContractError::NobodyNamed);
    }
    ids::bound("validators", named.len(), MAX_VALIDATORS)?;
    let latest = LATEST_SET.may_load(deps.storage)?.unwrap_or_default();
    if set_id.is_zero() || set_id.u64() > latest {
        return Err(ContractError::UnknownSet { set_id: set_id.u64(), latest });
    }
    let (now, height) = (env.block.time.seconds(), env.block.height);
    let until = now.saturating_add(PARAMS.load(deps.storage)?.jail_seconds.u64());
    let mut ledger = LEDGER.load(deps.storage)?;
    let mut seen: BTreeSet<Addr> = BTreeSet::new();
    let mut total = Uint128::zero();
    let mut response = Response::new();
    for name in named {
        let validator = deps.api.addr_validate(&name)?;
        if !seen.insert(validator.clone()) {
            return Err(ContractError::NamedTwice { validator });
        }
        let mut book = Book::open(deps.storage, &validator)?;
        let from_bonded = book.stake.slash(fraction)?;
        let from_unbonding = exits::slash(deps.storage, &mut ledger, &validator, set_id.u64(), fraction, now)?;
        total = total.checked_add(from_bonded)?.checked_add(from_unbonding)?;
        liens::record(deps.storage, &validator, (set_id, fraction, now))?;
        book.stop_earning();
        let jailed_until = book.validator.jailed_until.unwrap_or_default().max(Uint64::new(until));
        book.validator.jailed_until = Some(jailed_until);
        book.validator.tombstoned |= tombstone;
        let event = StakingEvent::Slashed {
            validator,
            case_id: case_id.u64(),
            set_id: set_id.u64(),
            fraction,
            bonded: book.stake.tokens,
            from_bonded,
            from_unbonding,
            jailed_until: jailed_until.u64(),
            tombstoned: book.validator.tombstoned,
        };
        book.close(deps.storage, height, &mut ledger)?;
        response = response.add_event(event.to_cosmwasm());
    }
    ledger.save(deps.storage, height)?;
    Ok(response.add_messages(token::hand_over(deps.storage, case_id, total)?))
}

/// Slashes an operator's bond, what is on its way out included, and bars it when asked.
pub fn operator(
    deps: DepsMut,
    env: Env,
    case_id: Uint64,
    operator: String,
    fraction: Bps,
    bar: bool,
) -> Result<Response, ContractError> {
    let operator = deps.api.addr_validate(&operator)?;
    let mut record = load_operator(deps.storage, &operator)?;
    let mut amount = part_up(record.bond, fraction)?;
    record.bond = record.bond.checked_sub(amount)?;
    // At most 32 exits.
    for exit in &mut record.exits {
        let taken = part_up(exit.amount, fraction)?;
        exit.amount = exit.amount.checked_sub(taken)?;
        amount = amount.checked_add(taken)?;
    }
    record.barred |= bar;
    OPERATORS.save(deps.storage, &operator, &record)?;
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.operators = ledger.operators.checked_sub(amount)?;
    ledger.save(deps.storage, env.block.height)?;
    let (bond, barred) = (record.bond, record.barred);
    let event = StakingEvent::OperatorSlashed { operator, case_id: case_id.u64(), fraction, amount, bond, barred };
    Ok(respond(event).add_messages(token::hand_over(deps.storage, case_id, amount)?))
}
