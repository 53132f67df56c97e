//! Shares for accepted data.

use cosmwasm_std::{DepsMut, Env, Response, Uint128};
use openledger_contract_kit::event::Event;

use super::token;
use crate::{
    error::ContractError,
    events::SharesEvent,
    state::{contributions_left, mint_day, LEDGER, MINTED, MINT_DAY},
};

/// What the shares are for.
pub struct Contribution {
    /// Identity that contributed.
    pub identity_id: u64,
    /// Which contribution.
    pub contribution_id: u64,
}

/// Mints within the caps of the day and of the whole life, once for each contribution.
pub fn run(
    deps: DepsMut,
    env: Env,
    recipient: String,
    amount: Uint128,
    new: Contribution,
) -> Result<Response, ContractError> {
    if amount.is_zero() {
        return Err(ContractError::ZeroAmount);
    }
    let recipient = deps.api.addr_validate(&recipient)?;
    let Contribution { identity_id, contribution_id } = new;
    if let Some(minted) = MINTED.may_load(deps.storage, contribution_id)? {
        return Err(ContractError::AlreadyMinted { contribution_id, minted });
    }
    let now = env.block.time.seconds();
    let left = contributions_left(deps.storage, now)?;
    if amount > left {
        return Err(ContractError::MintCap { amount, left });
    }
    let mut today = mint_day(deps.storage, now)?;
    today.minted = today.minted.checked_add(amount)?;
    let mut ledger = LEDGER.load(deps.storage)?;
    ledger.contribution_shares = ledger.contribution_shares.checked_add(amount)?;
    MINT_DAY.save(deps.storage, &today)?;
    LEDGER.save(deps.storage, &ledger)?;
    MINTED.save(deps.storage, contribution_id, &amount)?;
    let minted = token::mint_shares(deps, &env, &recipient, amount)?;
    let event = SharesEvent::Minted { recipient, amount, identity_id, contribution_id };
    Ok(minted.add_event(event.to_cosmwasm()))
}
