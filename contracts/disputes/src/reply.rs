//! The staking contract refused to slash. The proof stands, and what it voided stays void.

use cosmwasm_std::{DepsMut, Reply, Response, SubMsgResult};
use openledger_contract_kit::event::respond;

use crate::{error::ContractError, events::DisputesEvent};

/// Longest reason that an event carries, in characters.
const MAX_REASON: usize = 200;

/// Notes the reason. Only refusals are replied to.
pub fn run(_deps: DepsMut, reply: Reply) -> Result<Response, ContractError> {
    match reply.result {
        SubMsgResult::Ok(_) => Ok(Response::new()),
        SubMsgResult::Err(reason) => {
            let reason = reason.chars().take(MAX_REASON).collect();
            Ok(respond(DisputesEvent::SlashRefused { case_id: reply.id, reason }))
        }
    }
}
