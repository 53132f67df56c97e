//! Becoming and ceasing to be a reviewer who can be drawn.

use cosmwasm_std::{Addr, DepsMut, Env, Response, Storage, Uint128, Uint64};
use openledger_contract_kit::event::{respond, Event as _};

use super::money;
use crate::{
    events::ReviewEvent,
    msg::{DatanetResponse, ReviewTerms, Reviewer},
    panel::{self, REVIEWERS},
    state, ContractError,
};

/// Part of the bond that a missed vote costs.
const FINE: Uint128 = Uint128::new(10);

pub fn terms(datanet: &DatanetResponse) -> Result<&ReviewTerms, ContractError> {
    let datanet_id = datanet.datanet_id.u64();
    datanet.review.as_ref().ok_or(ContractError::NotReviewed { datanet_id })
}

pub fn bond(deps: DepsMut, env: &Env, sender: Addr, datanet_id: u64) -> Result<Response, ContractError> {
    let datanet = state::living(deps.storage, datanet_id)?;
    let amount = terms(&datanet)?.bond;
    if REVIEWERS.has(deps.storage, (datanet_id, &sender)) {
        return Err(ContractError::AlreadyReviewer { account: sender });
    }
    let reviewer = Reviewer { account: sender.clone(), seat: Uint64::zero(), bond: amount, duties: 0 };
    panel::sit(deps.storage, datanet_id, reviewer)?;
    money::book(deps.storage, |ledger| money::add(&mut ledger.reviewers, amount))?;
    let pull = money::pull(deps.storage, env, &sender, amount)?;
    Ok(respond(ReviewEvent::Bonded { datanet_id, reviewer: &sender, bond: amount }).add_messages(pull))
}

pub fn unbond(deps: DepsMut, sender: &Addr, datanet_id: u64) -> Result<Response, ContractError> {
    let reviewer = REVIEWERS.load(deps.storage, (datanet_id, sender))?;
    if reviewer.duties > 0 {
        return Err(ContractError::OnDuty { duties: reviewer.duties });
    }
    leave(deps.storage, datanet_id, &reviewer, Uint128::zero(), Response::new())
}

/// Takes the seat and a tenth of the bond of a reviewer that missed its vote; nothing when it has left since.
pub fn strike(
    storage: &mut dyn Storage,
    datanet_id: u64,
    account: &Addr,
    response: Response,
) -> Result<Response, ContractError> {
    let Some(reviewer) = REVIEWERS.may_load(storage, (datanet_id, account))? else { return Ok(response) };
    let fine = reviewer.bond.checked_div(FINE).unwrap_or_default();
    leave(storage, datanet_id, &reviewer, fine, response)
}

fn leave(
    storage: &mut dyn Storage,
    datanet_id: u64,
    reviewer: &Reviewer,
    fine: Uint128,
    response: Response,
) -> Result<Response, ContractError> {
    panel::stand_up(storage, datanet_id, reviewer)?;
    money::book(storage, |ledger| money::take(&mut ledger.reviewers, reviewer.bond))?;
    let back = reviewer.bond.saturating_sub(fine);
    let event = ReviewEvent::Left { datanet_id, reviewer: &reviewer.account, back, fine };
    let mut response = response.add_event(event.to_cosmwasm());
    if !back.is_zero() {
        response = response.add_message(money::pay(storage, &reviewer.account, back)?);
    }
    if !fine.is_zero() {
        response = response.add_message(money::burn(storage, fine)?);
    }
    Ok(response)
}

/// Counts a reviewer's open reviews up or down; nothing when it has left since.
pub fn duty(storage: &mut dyn Storage, datanet_id: u64, account: &Addr, begins: bool) -> Result<(), ContractError> {
    if let Some(mut reviewer) = REVIEWERS.may_load(storage, (datanet_id, account))? {
        let duties = reviewer.duties;
        reviewer.duties = if begins { duties.saturating_add(1) } else { duties.saturating_sub(1) };
        REVIEWERS.save(storage, (datanet_id, account), &reviewer)?;
    }
    Ok(())
}
