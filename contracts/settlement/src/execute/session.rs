//! Opening and closing sessions.

use cosmwasm_std::{to_json_binary, DepsMut, Empty, Env, MessageInfo, Response, Uint128, Uint64};
use openledger_contract_kit::{
    event::{respond, Event},
    ids, KitError,
};

use super::token;
use crate::{
    error::ContractError,
    events::SettlementEvent,
    msg::{OpenSessionData, PublicKey33},
    state::{load_session, Session, CONFIG, LAST_SESSION, LEDGER, PARAMS, SESSIONS, SESSIONS_BY_OWNER},
};

/// What a buyer asks for.
pub struct Request {
    pub amount: Uint128,
    pub session_public_key: PublicKey33,
    pub adapter_id: Option<Uint64>,
    pub node: Option<String>,
    pub max_prompt_price: Uint128,
    pub max_response_price: Uint128,
    pub expires_at: Uint64,
}

/// Locks the buyer's money.
pub fn open(deps: DepsMut, env: Env, info: MessageInfo, request: Request) -> Result<Response, ContractError> {
    if request.amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    if !request.session_public_key.has_compressed_prefix() {
        return Err(ContractError::SessionKeyNotCompressed);
    }
    let params = PARAMS.load(deps.storage)?;
    let now = env.block.time.seconds();
    let latest = now.saturating_add(params.max_session_seconds.u64());
    let expires_at = request.expires_at.u64();
    if expires_at <= now || expires_at > latest {
        return Err(ContractError::ExpiryOutOfBounds { expires_at, now, latest });
    }
    let settles_at =
        expires_at.checked_add(params.settle_grace_seconds.u64()).ok_or(KitError::Overflow { what: "settles_at" })?;
    let node = request.node.map(|node| deps.api.addr_validate(&node)).transpose()?;

    let session_id = ids::next(deps.storage, &LAST_SESSION)?;
    let session = Session {
        owner: info.sender.clone(),
        session_public_key: request.session_public_key,
        adapter_id: request.adapter_id,
        node,
        max_prompt_price: request.max_prompt_price,
        max_response_price: request.max_response_price,
        deposit: request.amount,
        charged: Uint128::zero(),
        refunded: Uint128::zero(),
        paid_back: Uint128::zero(),
        voucher_sequence: 0,
        opened_at: now,
        expires_at,
        settles_at,
        settled: false,
    };
    SESSIONS.save(deps.storage, session_id, &session)?;
    SESSIONS_BY_OWNER.save(deps.storage, (&info.sender, session_id), &Empty {})?;
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.sessions = ledger.sessions.checked_add(request.amount)?;
    LEDGER.save(deps.storage, &ledger)?;

    let pull = token::pull(&CONFIG.load(deps.storage)?, &env, &info.sender, request.amount)?;
    let data = to_json_binary(&OpenSessionData { session_id: Uint64::new(session_id) })?;
    let event = SettlementEvent::SessionOpened { session_id, session };
    Ok(Response::new().add_event(event.to_cosmwasm()).set_data(data).add_message(pull))
}

/// Ends a session now. The grace that it was opened with runs from here, so that nodes can submit what they served.
pub fn close(deps: DepsMut, env: Env, session_id: u64) -> Result<Response, ContractError> {
    let mut session = load_session(deps.storage, session_id)?;
    let now = env.block.time.seconds();
    if now >= session.expires_at {
        return Err(ContractError::SessionExpired { session_id, expires_at: session.expires_at });
    }
    let grace = session.settles_at.saturating_sub(session.expires_at);
    session.expires_at = now;
    session.settles_at = now.checked_add(grace).ok_or(KitError::Overflow { what: "settles_at" })?;
    SESSIONS.save(deps.storage, session_id, &session)?;
    let Session { expires_at, settles_at, .. } = session;
    Ok(respond(SettlementEvent::SessionClosed { session_id, expires_at, settles_at }))
}
