//! Money in and out, and the sums of what is held.

use cosmwasm_std::{to_json_binary, Addr, Env, Response, StdResult, Storage, Uint128, WasmMsg};
use cw20::Cw20ExecuteMsg;
use openledger_contract_kit::{event::Event as _, KitError};

use crate::{
    events::MoneyEvent,
    identities,
    msg::Contribution,
    state::{Ledger, LEDGER, TOKEN},
    ContractError,
};

/// Takes `amount` from `from` by its allowance; nothing for zero. The whole transaction fails when allowance or balance is short.
pub fn pull(storage: &dyn Storage, env: &Env, from: &Addr, amount: Uint128) -> Result<Option<WasmMsg>, ContractError> {
    if amount.is_zero() {
        return Ok(None);
    }
    let recipient = env.contract.address.to_string();
    Ok(Some(call(storage, &Cw20ExecuteMsg::TransferFrom { owner: from.to_string(), recipient, amount })?))
}

/// Sends `amount` to `to`. A plain transfer calls nobody, so no receiver can block it.
pub fn pay(storage: &dyn Storage, to: &Addr, amount: Uint128) -> Result<WasmMsg, ContractError> {
    Ok(call(storage, &Cw20ExecuteMsg::Transfer { recipient: to.to_string(), amount })?)
}

/// Changes the sums of what is held.
pub fn book(
    storage: &mut dyn Storage,
    change: impl FnOnce(&mut Ledger) -> Result<(), ContractError>,
) -> Result<(), ContractError> {
    let mut ledger = LEDGER.may_load(storage)?.unwrap_or_default();
    change(&mut ledger)?;
    Ok(LEDGER.save(storage, &ledger)?)
}

/// Adds to a sum.
pub fn add(sum: &mut Uint128, amount: Uint128) -> Result<(), ContractError> {
    *sum = sum.checked_add(amount).map_err(|_| KitError::Overflow { what: "amount" })?;
    Ok(())
}

/// Takes from a sum.
pub fn take(sum: &mut Uint128, amount: Uint128) -> Result<(), ContractError> {
    *sum = sum.checked_sub(amount).map_err(|_| KitError::Overflow { what: "amount" })?;
    Ok(())
}

/// Destroys `amount` of what this contract holds.
pub fn burn(storage: &dyn Storage, amount: Uint128) -> Result<WasmMsg, ContractError> {
    Ok(call(storage, &Cw20ExecuteMsg::Burn { amount })?)
}

/// Where a deposit goes.
pub enum DepositTo<'a> {
    /// Where the contributor's income goes.
    Contributor,
    /// To whoever found spam.
    Reviewer(&'a Addr),
    /// Nowhere: drawn reviewers do not earn by finding spam.
    Burned,
}

/// Releases a contribution's deposit.
pub fn release_deposit(
    storage: &mut dyn Storage,
    env: &Env,
    contribution: &mut Contribution,
    to: DepositTo<'_>,
    response: Response,
) -> Result<Response, ContractError> {
    let amount = std::mem::take(&mut contribution.deposit);
    if amount.is_zero() {
        return Ok(response);
    }
    book(storage, |ledger| take(&mut ledger.deposits, amount))?;
    let to = match to {
        DepositTo::Reviewer(account) => Some(account.clone()),
        DepositTo::Contributor => {
            Some(identities::load(storage, contribution.identity_id.u64())?.at(env.block.time).payout)
        }
        DepositTo::Burned => None,
    };
    let (datanet_id, contribution_id) = (contribution.datanet_id, contribution.contribution_id);
    let event = MoneyEvent::DepositReleased { datanet_id, contribution_id, to: to.as_ref(), amount };
    let message = match &to {
        Some(account) => pay(storage, account, amount)?,
        None => burn(storage, amount)?,
    };
    Ok(response.add_event(event.to_cosmwasm()).add_message(message))
}

fn call(storage: &dyn Storage, message: &Cw20ExecuteMsg) -> StdResult<WasmMsg> {
    Ok(WasmMsg::Execute {
        contract_addr: TOKEN.load(storage)?.into_string(),
        msg: to_json_binary(message)?,
        funds: vec![],
    })
}
