//! Giving a buyer back what is left.

use cosmwasm_std::{DepsMut, Env, Response};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::SettlementEvent,
    state::{load_session, CONFIG, LEDGER, SESSIONS},
};

/// Sends what the session holds to its owner. A refund that arrives after settlement makes it possible once more, so a
/// refund never has to call the token for every buyer of a batch.
pub fn run(deps: DepsMut, env: Env, session_id: u64) -> Result<Response, ContractError> {
    let mut session = load_session(deps.storage, session_id)?;
    if env.block.time.seconds() < session.settles_at {
        return Err(ContractError::NotYetSettleable { session_id, settles_at: session.settles_at });
    }
    let amount = session.available()?;
    let mut ledger = LEDGER.load(deps.storage)?;
    if session.settled {
        if amount.is_zero() {
            return Err(ContractError::AlreadySettled { session_id });
        }
        ledger.refunds = ledger.refunds.checked_sub(amount)?;
    } else {
        ledger.sessions = ledger.sessions.checked_sub(amount)?;
    }
    session.settled = true;
    session.paid_back = session.paid_back.checked_add(amount)?;
    SESSIONS.save(deps.storage, session_id, &session)?;
    LEDGER.save(deps.storage, &ledger)?;

    let owner = session.owner;
    let mut response = Response::new();
    if !amount.is_zero() {
        response = response.add_message(token::pay(&CONFIG.load(deps.storage)?, &owner, amount)?);
    }
    Ok(response.add_event(SettlementEvent::SessionSettled { session_id, owner, amount }.to_cosmwasm()))
}
